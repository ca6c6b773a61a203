package elf

import (
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLikeLoader makes trees at random, and compares what is loaded, and in
// which order, with what the loader of this machine says.
func TestLikeLoader(t *testing.T) {
	m, _ := machineOf(native())
	if _, err := os.Stat(m.loaders[0]); err != nil {
		t.Skip("no loader of glibc on this machine")
	}
	for seed := range uint64(40) {
		dir := t.TempDir()
		randomTree(t, dir, rand.New(rand.NewPCG(seed, 1)))
		w := newWorld(&Input{Parts: []Part{{Name: "p", Roots: []string{dir}}}})
		got, want := ours(w, dir+"/main"), theirs(t, m.loaders[0], dir+"/main")
		if !slices.Equal(got, want) {
			t.Fatalf("tree %d:\n%s\ngot\n%s\nwant\n%s", seed, describe(t, w, dir), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// randomTree makes some directories with libraries that need each other, some
// of them for another machine, linked, or in directories of the processor.
func randomTree(t *testing.T, dir string, r *rand.Rand) {
	t.Helper()
	list := func(n int, of func(int) string) (all []string) {
		for range r.IntN(n) {
			all = append(all, of(r.IntN(6)))
		}
		return all
	}
	library := func(i int) string { return fmt.Sprintf("libx%d.so.1", i) }
	where := func(i int) string {
		form := []string{dir + "/d%d", "$ORIGIN/../d%d", "${ORIGIN}/../d%d", "$ORIGINAL/d%d", dir + "/d0/../d%d/"}[r.IntN(5)]
		return fmt.Sprintf(form, i)
	}
	paths := func() string { return strings.Join(append(list(5, where), where(r.IntN(6))), ":") }
	describeOne := func(name string) made {
		one := made{needed: list(4, library), soname: name}
		switch r.IntN(4) {
		case 0:
			one.rpath = paths()
		case 1:
			one.runpath = paths()
		case 2:
			one.rpath, one.runpath = paths(), paths()
		}
		if r.IntN(4) == 0 {
			one.soname = []string{"", library(r.IntN(6))}[r.IntN(2)]
		}
		return one
	}
	main := made{needed: append(list(4, library), "libx0.so.1"), rpath: paths()}
	if r.IntN(2) == 0 {
		main.runpath = paths()
	}
	putELF(t, dir+"/main", main)
	for i := range 6 {
		for range 1 + r.IntN(5) {
			placeLibrary(t, dir, library(i), describeOne(library(i)), r)
		}
	}
}

// placeLibrary puts a library into one directory.
func placeLibrary(t *testing.T, dir, name string, one made, r *rand.Rand) {
	t.Helper()
	sub := fmt.Sprintf("%s/d%d/", dir, r.IntN(6))
	switch r.IntN(8) {
	case 0:
		sub += "glibc-hwcaps/x86-64-v2/"
	case 1:
		sub += "tls/"
	case 2:
		sub += "x86_64/"
	case 3:
		one.machine = elf.EM_S390
	case 4:
		target := fmt.Sprintf("%s/store/%s-%d", dir, name, r.IntN(3))
		if _, err := os.Stat(target); err != nil {
			putELF(t, target, one)
		}
		if _, err := os.Lstat(sub + name); err != nil {
			link(t, target, sub+name)
		}
		return
	}
	if _, err := os.Lstat(sub + name); err != nil {
		putELF(t, sub+name, one)
	}
}

// ours is what this package finds, as the loader prints it.
func ours(w *world, path string) (lines []string) {
	p := w.start(w.open(path))
	for _, m := range p.list[1:] {
		lines = append(lines, filepath.Clean(m.path))
	}
	missing := map[string]bool{}
	for _, m := range p.list {
		for _, f := range m.finds {
			if f.to == nil && !missing[f.name] {
				missing[f.name] = true
				lines = append(lines, f.name+" not found")
			}
		}
	}
	slices.Sort(lines[len(p.list)-1:])
	return lines
}

// theirs is what the loader prints.
func theirs(t *testing.T, loader, path string) (lines []string) {
	t.Helper()
	c := exec.Command(loader, path)
	c.Env = []string{"LD_TRACE_LOADED_OBJECTS=1"}
	text, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, text)
	}
	var missing []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch name, to, ok := strings.Cut(line, " => "); {
		case ok && to == "not found":
			missing = append(missing, name+" not found")
		case ok:
			lines = append(lines, filepath.Clean(strings.Fields(to)[0]))
		case line != "" && !strings.HasPrefix(line, "linux-") && !strings.HasPrefix(line, loader+" ") && line != "statically linked":
			t.Fatalf("the loader says %q", line)
		}
	}
	slices.Sort(missing)
	return append(lines, slices.Compact(missing)...)
}

// describe lists the libraries of a tree.
func describe(t *testing.T, w *world, dir string) string {
	t.Helper()
	var b strings.Builder
	found, _ := filepath.Glob(dir + "/*/*.so.1")
	deeper, _ := filepath.Glob(dir + "/*/*/*.so.1")
	deepest, _ := filepath.Glob(dir + "/*/*/*/*.so.1")
	for _, path := range append(append(append(found, deeper...), deepest...), dir+"/main") {
		if o := w.open(path); o != nil {
			fmt.Fprintf(&b, "%s soname=%s needs %v rpath=%q runpath=%q %v %s\n", path, o.soname, o.needed, o.rpath, o.runpath, o.class, o.problem)
		}
	}
	return b.String()
}
