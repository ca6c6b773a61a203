// Package settings reads gobuild's own settings: gobuild.ini of the system, of
// the user and of the project, and the environment. One table of keys drives
// reading, messages, completion and docs/settings.md.
package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gobuild/buildout/diag"
)

// Settings are the values in force.
type Settings struct {
	Dialect       string        // auto, upstream or slapos
	Jobs          int           // parallel jobs of a run; 0 is one for each processor
	Fsync         bool          // wait for the disk
	Namespaces    bool          // use mount namespaces where they are permitted
	Audit         string        // error, warn or off
	Cache         string        // directory of the source cache, absolute; "" is none
	Mirrors       []string      // URLs and absolute directories, tried in this order
	Color         string        // auto, always or never
	Tries         int           // attempts for each URL
	Timeout       time.Duration // for a server that says nothing
	PythonVersion string        // of section conditions: 3.11
	Python        string        // the program that is the default of [buildout] executable
	Instances     string        // directory of the instances; "" is the current one
	Supervisor    string        // supervisord, runit, s6 or none
	Supervisord   string        // the program
	History       int           // runs that are remembered
	Silence       []string      // codes of warnings that are not shown

	// Origins tells for each key where its value comes from: "default",
	// "environment NAME", or file:line:column.
	Origins map[string]string
}

// Where tells where to look. Files that are missing, and names that are empty,
// hold nothing.
type Where struct {
	System, User, Project string
	Environ               []string
	// CheckSilence tells why a code cannot be silenced; nil: any code can.
	CheckSilence func(code string) *diag.Diagnostic
}

// Name is the file name of settings.
const Name = "gobuild.ini"

// Places returns where the settings of a profile are. Profile is its path; ""
// or a URL means that there is no project.
func Places(profile string, environ []string) Where {
	w := Where{System: filepath.Join("/etc", Name), Environ: environ}
	if base := userDirectory(environ, "XDG_CONFIG_HOME", ".config"); base != "" {
		w.User = filepath.Join(base, "gobuild", Name)
	}
	if profile != "" && !strings.Contains(profile, "://") {
		w.Project = filepath.Join(filepath.Dir(profile), Name)
	}
	return w
}

// userDirectory returns the directory that an XDG variable names, or the
// default below HOME; "" when there is none. The XDG specification wants
// relative names ignored.
func userDirectory(environ []string, variable, below string) string {
	if dir := lookup(environ, variable); filepath.IsAbs(dir) {
		return dir
	}
	if home := lookup(environ, "HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, below)
	}
	return ""
}

func lookup(environ []string, name string) string {
	value, _ := find(environ, name)
	return value
}

// find returns the value of an environment variable and whether it is there.
func find(environ []string, name string) (value string, ok bool) {
	for _, e := range environ {
		if v, found := strings.CutPrefix(e, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// Load returns the settings in force: defaults, under the files of w.System,
// w.User and w.Project, under the environment. The error is a diag.List of all
// problems; the Settings beside it hold all that is good.
func Load(w Where) (*Settings, error) {
	l := &loader{settings: &Settings{Origins: map[string]string{}}, home: lookup(w.Environ, "HOME"), checkSilence: w.CheckSilence}
	l.defaults(w.Environ)
	files := []string{w.System, w.User, w.Project}
	for i, name := range files {
		if name != "" && !slices.Contains(files[:i], name) {
			l.file(name)
		}
	}
	l.environment(w.Environ)
	return l.settings, l.problems.Err()
}

// Get returns the value of a key as text, lists with blanks between.
func (s *Settings) Get(name string) string {
	if k := keyNamed(name); k != nil {
		return k.value(s).String()
	}
	return ""
}

// loader fills Settings and collects problems.
type loader struct {
	settings *Settings
	home     string
	problems diag.List

	checkSilence func(code string) *diag.Diagnostic
}

func (l *loader) defaults(environ []string) {
	for _, k := range keys {
		text := k.Default
		if k.fallback != nil {
			text = k.fallback(environ)
		}
		if err := k.value(l.settings).set(text, origin{}); err != nil && k.fallback == nil {
			panic("settings: default of " + k.Name + ": " + err.Error())
		}
		l.settings.Origins[k.Name] = "default"
	}
}

// file applies the settings of a file, if it exists.
func (l *loader) file(name string) {
	text, err := read(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return
	}
	if err != nil {
		d := diag.At(diag.Span{}, "settings-read", "%v", err).WithCause(err)
		l.problems.Add(d.WithHint("make the file readable, or remove it"))
		return
	}
	entries, problems := parse(diag.NewSource(name, text))
	l.problems = append(l.problems, problems...)
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil { // the current directory is gone
		dir = filepath.Dir(name)
	}
	for _, e := range entries {
		l.apply(e.key, e.value, e.at, origin{dir, l.home}, diag.Place(e.name.From))
	}
}

// maxFile is the most that a file of settings may hold.
const maxFile = 1 << 20

// read returns the content of a file.
func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	return text, err
}

// environment applies the variables. An empty one counts as unset where empty
// is no value. Places go in front of those of the files.
func (l *loader) environment(environ []string) {
	here, _ := filepath.Abs(".") // without one, relative names stay as they are
	o := origin{here, l.home}
	for _, k := range keys {
		text, ok := find(environ, k.Env)
		if !ok || text == "" && k.value(&Settings{}).set("", o) != nil {
			continue
		}
		v, front := k.value(l.settings).(*places)
		if front && len(items(text)) == 0 {
			continue
		}
		var before []string
		if front {
			before = *v.to
		}
		src := diag.NewSource("<environment>", []byte(k.Env+"="+text))
		at, files := diag.SpanOf(src, len(k.Env)+1, len(src.Text)), l.settings.Origins[k.Name]
		if l.apply(k, text, at, o, "environment "+k.Env) && len(before) > 0 {
			*v.to = append(*v.to, before...)
			l.settings.Origins[k.Name] += ", " + files
		}
	}
}

// apply sets a key and tells whether the text was a value of it.
func (l *loader) apply(k *Key, text string, at diag.Span, o origin, from string) bool {
	if err := k.value(l.settings).set(text, o); err != nil {
		d := diag.At(at, "settings-value", "%v", err).WithPath(section, k.Name)
		l.problems.Add(d.WithHint("%s", k.hint(text)))
		return false
	}
	l.settings.Origins[k.Name] = from
	if list, ok := k.value(l.settings).(*codes); ok && l.checkSilence != nil {
		l.checkCodes(*list.to, at, k.Name)
	}
	return true
}

// checkCodes reports codes that cannot be silenced, each at its place in the
// value.
func (l *loader) checkCodes(list []string, at diag.Span, key string) {
	text, from := at.Text(), at.From.Offset
	for _, code := range list {
		i := strings.Index(text, code)
		if i < 0 {
			break // a place without a text
		}
		if d := l.checkSilence(code); d != nil {
			d.At = diag.SpanOf(at.From.Src, from+i, from+i+len(code))
			l.problems.Add(d.WithPath(section, key))
		}
		text, from = text[i+len(code):], from+i+len(code)
	}
}
