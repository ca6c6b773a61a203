package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Toolchain is what compiles when a part does not say otherwise.
type Toolchain struct {
	ID   string // "" when no compiler was found
	Text string // versions, for people
}

const (
	idDigits = 32
	// patience is how long a compiler may take to tell its version.
	patience = 10 * time.Second
)

// wrappers are programs that stand in for a compiler and have no version that
// matters.
var wrappers = []string{"ccache", "sccache", "distcc", "icecc"}

// Toolchain finds the compilers and the linker that processes with this
// environment use: CC and CXX, or gcc, cc, g++ and c++ of PATH, and ld. What
// they say they are is kept in the manifest as long as the programs have the
// same size and time, so that none is started by a run that changes nothing.
// The id stands for the versions, not for the files: the same compiler
// installed anew is the same toolchain.
func (f *File) Toolchain(ctx context.Context, environ []string) Toolchain {
	t := toolchain{file: f, ctx: ctx, environ: environ}
	t.add("CC", "gcc", "cc")
	t.add("CXX", "g++", "c++")
	t.add("", "ld")
	if len(t.texts) == 0 || ctx.Err() != nil {
		return Toolchain{}
	}
	text := strings.Join(t.texts, ", ")
	sum := sha256.Sum256([]byte(text))
	found := Toolchain{hex.EncodeToString(sum[:])[:idDigits], text}
	f.put(versionLine, found.ID, found.Text)
	return found
}

// ToolchainText returns the versions that an id stands for, "" when they are
// not known.
func (f *File) ToolchainText(id string) string {
	if r, ok := f.get(versionLine, id); ok {
		return r.text()
	}
	return ""
}

// toolchain is the state of a search.
type toolchain struct {
	file    *File
	ctx     context.Context
	environ []string
	seen    []string // programs, links resolved
	texts   []string
}

func (t *toolchain) variable(name string) string {
	for _, v := range slices.Backward(t.environ) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// add adds the program that a variable names, or else those with these names.
func (t *toolchain) add(variable string, names ...string) {
	if variable != "" {
		for _, word := range strings.Fields(t.variable(variable)) {
			if !slices.Contains(wrappers, filepath.Base(word)) {
				names = []string{word}
				break
			}
		}
	}
	for _, name := range names {
		path, resolved, info := t.find(name)
		if path == "" || slices.Contains(t.seen, resolved) {
			continue
		}
		t.seen = append(t.seen, resolved)
		if text := t.describe(path, resolved, info); text != "" {
			t.texts = append(t.texts, text)
		}
	}
}

// find looks a program up in PATH, past wrappers.
func (t *toolchain) find(name string) (path, resolved string, info os.FileInfo) {
	dirs := filepath.SplitList(t.variable("PATH"))
	if strings.Contains(name, "/") {
		dirs = []string{""}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(path) {
			continue
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			continue
		}
		resolved, err := filepath.EvalSymlinks(path)
		if err != nil || slices.Contains(wrappers, filepath.Base(resolved)) {
			continue
		}
		return path, resolved, info
	}
	return "", "", nil
}

// describe returns what a program says it is, asking it only when the manifest
// does not know.
func (t *toolchain) describe(path, resolved string, info os.FileInfo) string {
	size, changed := strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10)
	if r, ok := t.file.get(programLine, path); ok {
		if r.text() == resolved && r.text() == size && r.text() == changed {
			return r.text()
		}
	}
	text := t.ask(path)
	if text != "" {
		t.file.put(programLine, path, resolved, size, changed, text)
	}
	return text
}

// ask starts a program. Compilers tell version and machine, anything else the
// first line of --version.
func (t *toolchain) ask(path string) string {
	version := t.output(path, "-dumpfullversion", "-dumpversion")
	machine := t.output(path, "-dumpmachine")
	if version != "" && machine != "" {
		return filepath.Base(path) + " " + version + " " + machine
	}
	return t.output(path, "--version")
}

// output returns the first line that a program prints, "" when it fails.
func (t *toolchain) output(path string, args ...string) string {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	c.Env = append(slices.Clone(t.environ), "LC_ALL=C")
	out, err := c.Output()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first)
}
