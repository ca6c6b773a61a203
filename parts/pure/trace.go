package pure

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Trace finds what configure has found of the host in a build that can see it:
// what config.log and CMakeCache.txt note. It is used by one goroutine.
type Trace struct {
	host
	view *View
	seen map[string]bool      // what was told
	read map[string]time.Time // files, with their times
}

// NewTrace returns a Trace for builds that have the programs of v.
func NewTrace(v *View) *Trace {
	return &Trace{host: host{v.root}, view: v, seen: map[string]bool{}, read: map[string]time.Time{}}
}

const (
	traceDepth = 4       // directories below that of a command
	traceSize  = 8 << 20 // of a file
)

// Look reads the notes of configure and CMake in dir and below it that are new,
// and returns what they have found of the host beyond glibc, the compiler and
// the programs of the view: a sentence each, sorted, once for each Trace.
func (t *Trace) Look(dir string) []string {
	var found []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it went away, or is not ours to read
		}
		if d.IsDir() {
			if rest, err := filepath.Rel(dir, path); err == nil && strings.Count(rest, "/") >= traceDepth {
				return fs.SkipDir
			}
			return nil
		}
		if name := d.Name(); name == "config.log" || name == "CMakeCache.txt" {
			found = append(found, t.file(path, d)...)
		}
		return nil
	})
	slices.Sort(found)
	return slices.Compact(found)
}

func (t *Trace) file(path string, d fs.DirEntry) []string {
	info, err := d.Info()
	if err != nil || !info.Mode().IsRegular() || info.Size() > traceSize || t.read[path].Equal(info.ModTime()) {
		return nil
	}
	t.read[path] = info.ModTime()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	findings := t.configure(text)
	if d.Name() == "CMakeCache.txt" {
		findings = t.cmake(text)
	}
	var fresh []string
	for _, f := range findings {
		if !t.seen[f] {
			t.seen[f] = true
			fresh = append(fresh, f+": "+path+" notes it")
		}
	}
	return fresh
}

// assignment is a line NAME=VALUE or NAME='VALUE' of config.log.
var assignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)='?(.*?)'?$`) })

// configure reads the variables at the end of a config.log.
func (t *Trace) configure(text []byte) []string {
	values := map[string]string{}
	var names []string
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, traceSize)
	for s.Scan() {
		if m := assignment().FindStringSubmatch(s.Text()); m != nil {
			values[m[1]] = m[2]
			names = append(names, m[1])
		}
	}
	flags := strings.Fields(values["CPPFLAGS"] + " " + values["CFLAGS"] + " " + values["CXXFLAGS"] + " " + values["LDFLAGS"] + " " + values["LIBS"])
	includes, libraries := withPrefix(flags, "-I"), withPrefix(flags, "-L")
	var found []string
	for _, name := range names {
		value := values[name]
		switch {
		case value == "" || value == "no":
		case strings.HasPrefix(name, "ac_cv_path_"), strings.HasPrefix(name, "ac_cv_prog_"):
			found = append(found, t.programFound(value)...)
		case strings.HasPrefix(name, "ac_cv_header_"):
			found = append(found, t.headerFound(strings.TrimPrefix(name, "ac_cv_header_"), includes)...)
		case strings.HasPrefix(name, "ac_cv_lib_"):
			found = append(found, t.libraryFound(strings.TrimPrefix(name, "ac_cv_lib_"), libraries)...)
		case strings.HasPrefix(name, "ac_cv_search_"):
			found = append(found, t.linked(strings.Fields(value), libraries)...)
		case strings.HasPrefix(name, "pkg_cv_"):
			found = append(found, t.linked(strings.Fields(value), withPrefix(strings.Fields(value), "-L"))...)
		}
	}
	return found
}

func withPrefix(words []string, prefix string) []string {
	var list []string
	for _, w := range words {
		if rest, ok := strings.CutPrefix(w, prefix); ok && rest != "" {
			list = append(list, rest)
		}
	}
	return list
}

// programFound tells of a program in a directory of the host that the view does
// not have.
func (t *Trace) programFound(value string) []string {
	program, _, _ := strings.Cut(value, " ")
	dir, name := filepath.Dir(program), filepath.Base(program)
	if !filepath.IsAbs(program) || t.view.Programs[name] != "" || !t.isProgram(program) {
		return nil
	}
	if slices.Contains(programDirs, dir) || slices.ContainsFunc(ownDirs, func(own string) bool { return below(dir, own) }) {
		return []string{"found the program " + program + " of this machine"}
	}
	return nil
}

// headerFound tells of a header that is in an include directory of the host, and
// in none that the build names.
func (t *Trace) headerFound(variable string, includes []string) []string {
	for _, dir := range slices.Concat(includeDirs, []string{"/usr/local/include"}) {
		if path, ok := t.headerNamed(dir, "", variable); ok && !t.isIn(includes, path) {
			return []string{fmt.Sprintf("found the header <%s> of this machine", path)}
		}
		for name := range t.names(dir) {
			if !isMachine(name) {
				continue
			}
			if path, ok := t.headerNamed(dir+"/"+name, "", variable); ok && !t.isIn(includes, path) {
				return []string{fmt.Sprintf("found the header <%s> of this machine", path)}
			}
		}
	}
	return nil
}

// notShell is what configure writes as _ in the names of variables.
var notShell = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-zA-Z0-9_]`) })

// headerNamed returns the header below dir whose path is written as variable in
// the name of a variable, if it is none of glibc, the kernel or the compiler.
func (t *Trace) headerNamed(dir, at, variable string) (path string, ok bool) {
	for name := range t.names(dir + "/" + at) {
		path := filepath.Join(at, name)
		switch word := notShell().ReplaceAllString(path, "_"); {
		case word == variable && !t.isDirectory(dir+"/"+path):
			return path, !IsHeader(path)
		case strings.HasPrefix(variable, word+"_") && t.isDirectory(dir+"/"+path):
			if found, ok := t.headerNamed(dir, path, variable); ok {
				return found, true
			}
		}
	}
	return "", false
}

func (t *Trace) isIn(dirs []string, path string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		_, err := os.Stat(t.root + dir + "/" + path)
		return err == nil
	})
}

// libraryFound tells of a library by the name of a variable: NAME_FUNCTION.
func (t *Trace) libraryFound(variable string, dirs []string) []string {
	for end := len(variable); end > 0; end = strings.LastIndexByte(variable[:end], '_') {
		if found := t.linked([]string{"-l" + variable[:end]}, dirs); len(found) > 0 {
			return found
		}
	}
	return nil
}

// linked tells of libraries of the host that words -lNAME name and that are in
// none of dirs.
func (t *Trace) linked(words, dirs []string) []string {
	var found []string
	for _, name := range withPrefix(words, "-l") {
		if IsLibrary(name) || t.isIn(dirs, "lib"+name+".so") || t.isIn(dirs, "lib"+name+".a") {
			continue
		}
		for _, dir := range slices.Concat(libraryDirs, []string{"/usr/local/lib"}) {
			if file := t.libraryIn(dir, name); file != "" {
				found = append(found, "found the library "+file+" of this machine")
				break
			}
		}
	}
	return found
}

// libraryIn returns the file that -lNAME finds in a directory of the host or in
// those of machines in it.
func (t *Trace) libraryIn(dir, name string) string {
	for entry := range t.names(dir) {
		if entry == "lib"+name+".so" || entry == "lib"+name+".a" {
			return dir + "/" + entry
		}
		if isMachine(entry) {
			if file := t.libraryIn(dir+"/"+entry, name); file != "" {
				return file
			}
		}
	}
	return ""
}

// cmake reads the paths of a CMakeCache.txt: lines NAME:TYPE=VALUE.
func (t *Trace) cmake(text []byte) []string {
	var found []string
	for line := range strings.Lines(string(text)) {
		head, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		_, kind, _ := strings.Cut(head, ":")
		if kind != "FILEPATH" && kind != "PATH" || !filepath.IsAbs(value) {
			continue
		}
		for _, path := range strings.Split(value, ";") {
			found = append(found, t.pathFound(path)...)
		}
	}
	return found
}

// pathFound tells of a path of the host that is none of glibc or the compiler.
func (t *Trace) pathFound(path string) []string {
	for _, dir := range slices.Concat(libraryDirs, []string{"/usr/local/lib"}) {
		if below(path, dir) && path != dir && !showsFile(filepath.Base(path)) {
			return []string{"found the library " + path + " of this machine"}
		}
	}
	for _, dir := range includeDirs {
		if rest, ok := strings.CutPrefix(path, dir+"/"); ok && !IsHeader(rest) && !isMachine(rest) {
			return []string{"found the headers " + path + " of this machine"}
		}
	}
	return t.programFound(path)
}
