package relocate

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Wrapper is a script that takes the place of a program whose compiled-in
// directories do not fit, or those of a library that it uses.
type Wrapper struct {
	Root    int      `json:"root"`
	Path    string   `json:"path"`    // of the program, below its root
	Program string   `json:"program"` // where the program goes, below its root
	Names   []string `json:"names"`   // the variables that the script sets
	Script  []byte   `json:"-"`       // the text of the script, mode 0755
}

// A setting is a variable that a script sets: Value has directories of a root
// with a colon between them.
type setting struct {
	name string
	root int
	dirs []string
}

// Wrappers proposes wrappers for what does not fit (CodeWidth): for a program
// or library that is known to take its directories from variables, the
// programs that use it. The caller moves each program from Path to Program and
// puts Script at Path. Rewrite leaves the old names in the covered files. The
// problems are all that Check still has.
func (m *Mover) Wrappers() ([]Wrapper, []Problem) {
	settings := map[int][]setting{} // by the root of the file that does not fit
	for i := range m.facts.Files {
		f := &m.facts.Files[i]
		v := variablesOf(f)
		if len(v) == 0 || len(m.checkWidths(f)) == 0 || m.checkWidths(f)[0].Level != Error {
			continue
		}
		m.covered[m.facts.File(f)] = true
		for _, one := range v {
			settings[f.Root] = append(settings[f.Root], setting{name: one.name, root: f.Root, dirs: one.dirs})
		}
	}
	var all []Wrapper
	for root := range m.facts.Roots {
		all = append(all, m.wrappersOf(root, settings)...)
	}
	return all, m.Check()
}

// wrappersOf returns the wrappers of the programs of a root.
func (m *Mover) wrappersOf(root int, settings map[int][]setting) []Wrapper {
	var set []setting
	for _, r := range m.closure(root) {
		set = append(set, settings[r]...)
	}
	if len(set) == 0 {
		return nil
	}
	slices.SortFunc(set, func(a, b setting) int { return strings.Compare(a.name, b.name) })
	set = slices.CompactFunc(set, func(a, b setting) bool { return a.name == b.name && a.root == b.root })
	var all []Wrapper
	for i := range m.facts.Files {
		f := &m.facts.Files[i]
		if f.Root != root || f.Kind != KindELF || !isProgram(f) {
			continue
		}
		dir, base := path.Split(f.Path)
		w := Wrapper{Root: root, Path: f.Path, Program: dir + "." + base + "-wrapped"}
		w.Script = m.script(f, w.Program, set)
		for _, s := range set {
			w.Names = append(w.Names, s.name)
		}
		w.Names = slices.Compact(w.Names)
		all = append(all, w)
	}
	return all
}

// closure returns a root and all that its files need, step by step.
func (m *Mover) closure(root int) []int {
	all := []int{root}
	for i := 0; i < len(all); i++ {
		for _, n := range m.facts.References(all[i]) {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// isProgram reports whether a file is where programs are.
func isProgram(f *Fact) bool {
	dir := path.Base(path.Dir(f.Path))
	return (dir == "bin" || dir == "sbin") && !strings.HasSuffix(f.Path, ".so")
}

// script returns the text of a wrapper. It finds its own directory, through
// links, sets what is not set, and becomes the program.
func (m *Mover) script(f *Fact, program string, set []setting) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `#!/bin/sh
# The directories that are compiled into %s, or into libraries
# that it uses, have no room for their new names. These variables replace them.
self=$0
case $self in */*) ;; *) self=$(command -v -- "$self") ;; esac
while [ -h "$self" ]; do
	link=$(readlink "$self")
	case $link in /*) self=$link ;; *) self=${self%%/*}/$link ;; esac
done
here=$(cd -P -- "${self%%/*}" && pwd -P) || exit 127
`, path.Base(program))
	dir := path.Dir(m.file(f))
	for i, s := range set {
		var dirs []string
		for _, d := range s.dirs {
			dirs = append(dirs, "$here/"+relative(dir, join(m.to[s.root], d)))
		}
		value := strings.Join(dirs, ":")
		if i > 0 && set[i-1].name == s.name {
			fmt.Fprintf(&b, "%s=$%s:\"%s\"\n", s.name, s.name, value)
			continue
		}
		fmt.Fprintf(&b, "[ -n \"${%s-}\" ] || %s=\"%s\"\nexport %s\n", s.name, s.name, value, s.name)
	}
	fmt.Fprintf(&b, "exec \"$here/%s\" \"$@\"\n", path.Base(program))
	return b.Bytes()
}
