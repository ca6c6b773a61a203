package buildout

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// pathMapper is a Runner whose compilers write `.` instead of the directories
// that commands run in: into debug information and __FILE__.
//
// gcc is told so by a file of specs, which it looks for in
// LIBRARY_PATH/MACHINE/VERSION. No command line, no flag and no program differs
// from what they would be, so that nothing of it is written down by configure
// scripts, and no compilation can fail by it: a compiler of another version does
// not find the file. As gcc does not make its own specs when there is a file, the
// file has all of them.
type pathMapper struct {
	parts.Runner
	home      string   // of the specs; deleted by who made the mapper
	stay      []string // directories whose names are right in results
	compilers *compilers

	mu      sync.Mutex
	mapped  []string
	written map[compiler]int // how many of mapped its file has; 0 if it has none
}

// Run runs c.
func (m *pathMapper) Run(ctx context.Context, c parts.Command) error {
	if c.Env == nil {
		c.Env = m.Runner.Environ()
	}
	if m.prepare(ctx, c) {
		path := m.home
		if own, _ := run.LookupEnv(c.Env, "LIBRARY_PATH"); own != "" {
			path = own + ":" + path
		}
		c.Env = run.MergeEnv(c.Env, map[string]string{"LIBRARY_PATH": path})
	}
	return m.Runner.Run(ctx, c)
}

// prepare writes the files of specs that c needs. It reports whether there are
// some.
func (m *pathMapper) prepare(ctx context.Context, c parts.Command) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(c.Dir)
	if len(m.mapped) == 0 || !isPlain(m.home) || strings.Contains(m.home, ":") {
		return false
	}
	for _, cc := range m.compilers.of(ctx, c.Env) {
		m.write(cc)
	}
	return len(m.written) > 0
}

// add maps a directory. Of two that hold a file the later one counts.
func (m *pathMapper) add(dir string) {
	for _, dir := range []string{dir, resolved(dir)} {
		if filepath.IsAbs(dir) && m.isSource(dir) && !slices.Contains(m.mapped, dir) {
			m.mapped = append(m.mapped, dir)
		}
	}
}

// isSource reports whether a directory is that of sources. Its name must be one
// that can stand in specs.
func (m *pathMapper) isSource(dir string) bool {
	holds := func(path string) bool { return store.Holds(dir, path) }
	return isPlain(dir) && !slices.ContainsFunc(m.stay, holds)
}

// isPlain reports whether a path has no character that specs, which have no way
// to quote, take for something else.
func isPlain(path string) bool {
	return !strings.ContainsFunc(path, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("\\%{}()<>*|;:=,!&\"'`$?[]~#\x7f", r)
	})
}

// write writes the specs of a compiler. Without them it compiles as ever.
func (m *pathMapper) write(cc compiler) {
	if m.written[cc] == len(m.mapped) {
		return
	}
	text, ok := cc.mapping(m.mapped)
	dir := filepath.Join(m.home, cc.machine, cc.version)
	for other := range m.written { // another compiler of that name
		ok = ok && (other == cc || other.machine != cc.machine || other.version != cc.version)
	}
	if !ok {
		os.Remove(filepath.Join(dir, "specs"))
		return
	}
	if os.MkdirAll(dir, 0o777) != nil {
		return
	}
	if os.WriteFile(filepath.Join(dir, "specs.new"), []byte(text), 0o666) != nil ||
		os.Rename(filepath.Join(dir, "specs.new"), filepath.Join(dir, "specs")) != nil {
		return
	}
	if m.written == nil {
		m.written = map[compiler]int{}
	}
	m.written[cc] = len(m.mapped)
}

// compiler is a gcc.
type compiler struct{ machine, version, specs string }

// mapping returns the specs of the compiler with directories mapped. ok is false
// when it is not known how.
func (c compiler) mapping(dirs []string) (text string, ok bool) {
	flag := c.flag()
	if flag == "" {
		return "", false
	}
	text, ok = appendSpec(c.specs, "cc1", flag, dirs)
	if !ok {
		return "", false
	}
	return appendSpec(text, "asm", "--debug-prefix-map=", dirs)
}

// appendSpec appends options to the specs of one program: the line behind
// `*NAME:`.
func appendSpec(specs, name, flag string, dirs []string) (text string, ok bool) {
	before, after, ok := strings.Cut(specs, "\n*"+name+":\n")
	if !ok {
		return "", false
	}
	own, rest, ok := strings.Cut(after, "\n")
	for _, dir := range dirs {
		own += " " + flag + dir + "=."
	}
	return before + "\n*" + name + ":\n" + own + "\n" + rest, ok
}

// flag returns the option that maps directories, "" if there is none.
func (c compiler) flag() string {
	text, _, _ := strings.Cut(c.version, ".")
	switch major, err := strconv.Atoi(text); {
	case err != nil || major < 5:
		return ""
	case major < 8:
		return "-fdebug-prefix-map="
	}
	return "-ffile-prefix-map="
}

// compilers knows what programs call themselves. A program is asked once, as
// long as its file stays the same.
type compilers struct {
	mu    sync.Mutex
	known map[compilerFile]compiler
}

type compilerFile struct {
	path string
	size int64
	time time.Time
}

// compilerWrappers run the compiler that their argument names.
var compilerWrappers = []string{"ccache", "sccache", "distcc", "icecc"}

// of returns the compilers that a command with environment env would find.
func (k *compilers) of(ctx context.Context, env []string) []compiler {
	names := []string{"gcc", "cc"}
	for _, variable := range []string{"CC", "CXX"} {
		value, _ := run.LookupEnv(env, variable)
		words := slices.DeleteFunc(strings.Fields(value), func(w string) bool { return slices.Contains(compilerWrappers, filepath.Base(w)) })
		if len(words) > 0 {
			names = append(names, words[0])
		}
	}
	var list []compiler
	for _, name := range names {
		path, err := run.LookPath(name, "/", env)
		if err != nil {
			continue
		}
		if c := k.ask(ctx, path, env); c.version != "" && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func (k *compilers) ask(ctx context.Context, path string, env []string) compiler {
	info, err := os.Stat(path)
	if err != nil {
		return compiler{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	file := compilerFile{path, info.Size(), info.ModTime()}
	c, known := k.known[file]
	if !known {
		c = compiler{answer(ctx, path, "-dumpmachine", env), answer(ctx, path, "-dumpversion", env), "\n" + answer(ctx, path, "-dumpspecs", env) + "\n\n"}
		if !filepath.IsLocal(c.machine) || !filepath.IsLocal(c.version) {
			c = compiler{}
		}
		if k.known == nil {
			k.known = map[compilerFile]compiler{}
		}
		if ctx.Err() == nil {
			k.known[file] = c
		}
	}
	return c
}

// answer returns what a program prints, "" when it fails.
func answer(ctx context.Context, path, arg string, env []string) string {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := exec.CommandContext(ctx, path, arg)
	c.Env, c.Dir, c.WaitDelay = env, "/", time.Second
	out, err := c.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// resolved returns a path without links, or itself.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
