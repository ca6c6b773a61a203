package elf

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// loader is a loader of the host or of the closure, with what is built into it.
type loader struct {
	machine  machine
	path     string // as programs name it
	present  bool
	dirs     []string // where libraries are by default
	lib      string   // $LIB
	platform string   // $PLATFORM
	release  version  // of glibc
	cache    cache
	// before are the names of directories that are searched ahead of each
	// directory, if they are in it.
	before []string
}

// maxLoader is how much of a loader is read: ld.so has a quarter of that.
const maxLoader = 1 << 20

// newLoader learns about the loader of a machine at path. What it does not tell
// is as on most machines.
func newLoader(d *disk, m machine, path string) *loader {
	l := &loader{machine: m, path: path, dirs: m.dirs}
	cachePath := "/etc/ld.so.cache"
	if text := readLoader(d.real(path)); text != nil {
		l.present = true
		if dirs := builtinDirs(text); dirs != nil {
			l.dirs = dirs
		}
		if p := builtinCache(text); p != "" {
			cachePath = p
		}
		l.release = builtinRelease(text)
	}
	l.lib = libOf(d, l.dirs)
	if m.arch == runtime.GOARCH {
		l.setProcessor(thisProcessor(d))
	}
	var ok bool
	if l.cache, ok = readCache(d, cachePath, m.cache); !ok {
		l.cache = cacheOfConf(d, strings.TrimSuffix(cachePath, "cache")+"conf")
	}
	return l
}

func readLoader(path string) []byte {
	f, err := openRegular(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLoader))
	if err != nil || !isELF(text) {
		return nil
	}
	return text
}

// builtinDirs finds the list of default directories: texts side by side that
// begin and end with a slash.
func builtinDirs(text []byte) []string {
	var longest, run []string
	for _, field := range bytes.Split(text, []byte{0}) {
		if n := len(field); n < 3 || n > maxPath || field[0] != '/' || field[n-1] != '/' || bytes.ContainsAny(field, "%\n ") {
			run = nil
			continue
		}
		run = append(run, filepath.Clean(string(field)))
		if len(run) > len(longest) {
			longest = slices.Clone(run)
		}
	}
	if !slices.ContainsFunc(longest, func(dir string) bool { return strings.Contains(dir, "/lib") }) {
		return nil
	}
	return longest
}

// builtinCache finds the path of ld.so.cache.
func builtinCache(text []byte) string {
	end := bytes.Index(text, []byte("/ld.so.cache\x00"))
	if end < 0 {
		return ""
	}
	start := bytes.LastIndexByte(text[:end], 0) + 1
	if start == end || text[start] != '/' {
		return ""
	}
	return string(text[start:end]) + "/ld.so.cache"
}

var releasePattern = regexp.MustCompile(`release version (2\.\d+(?:\.\d+)?)`)

// builtinRelease finds what --version prints; loaders before 2.33 do not say.
func builtinRelease(text []byte) version {
	found := releasePattern.FindSubmatch(text)
	if found == nil {
		return version{}
	}
	v, _ := parseVersion(string(found[1]))
	return v
}

// libOf returns what $LIB stands for: the default directory without what is
// before lib. Of directories that are guessed, the first that has libc counts.
func libOf(d *disk, dirs []string) string {
	for _, dir := range dirs {
		if _, err := os.Stat(d.real(dir + "/libc.so.6")); err != nil {
			continue
		}
		if i := strings.Index(dir, "/lib"); i >= 0 {
			return dir[i+1:]
		}
	}
	return "lib"
}

// lastLegacy is the newest glibc that still searches directories named after
// the platform and capabilities of the processor.
var lastLegacy = version{2, 36}

// setProcessor notes which directories are searched ahead of others.
func (l *loader) setProcessor(p processor) {
	for _, name := range p.levels {
		l.before = append(l.before, "glibc-hwcaps/"+name)
	}
	l.platform = p.platform
	if l.release == (version{}) || lastLegacy.less(l.release) {
		return
	}
	legacy := []string{"tls"}
	if p.oldPlatform != "" {
		l.platform = p.oldPlatform
	}
	if l.platform != "" {
		legacy = append(legacy, l.platform)
	}
	l.before = append(l.before, combinations(append(legacy, p.oldNames...))...)
}

// combinations returns the paths of all subsets of names but the empty one, in
// the order in which ld.so tries them.
func combinations(names []string) []string {
	var all []string
	for mask := 1<<len(names) - 1; mask > 0; mask-- {
		var path []string
		for i, name := range names {
			if mask&(1<<(len(names)-1-i)) != 0 {
				path = append(path, name)
			}
		}
		all = append(all, strings.Join(path, "/"))
	}
	return all
}
