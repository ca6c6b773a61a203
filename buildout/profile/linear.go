package profile

import (
	"path/filepath"
	"slices"
)

// linear merges the files in the SlapOS dialect: depth first, each file once,
// at its first place, over the built-in defaults (SPEC-engine 2, slapos).
func (l *loader) linear() sections {
	w := linearWalk{loader: l, result: sections{"buildout": l.defaults()}, done: map[string]bool{}}
	w.roots()
	overlay(w.result, l.commandLine())
	return w.result
}

type linearWalk struct {
	*loader
	result sections // nil: only the signs of a dialect are looked for
	done   map[string]bool
	stack  []string
	sign   string
}

// roots walks the children of the virtual root.
func (w *linearWalk) roots() {
	if w.UserDefaults != "" {
		w.walk(entry{name: w.UserDefaults}, w.UserDefaults)
	}
	w.walk(entry{name: w.Root}, w.Root)
	for _, e := range w.commandExtends() {
		w.walk(e, linearName(w.Dir, e.name, w.Home))
	}
}

func (w *linearWalk) walk(e entry, name string) {
	if slices.Contains(w.stack, name) {
		if w.result != nil {
			w.recursive(e, w.stack, name)
		}
		return
	}
	if w.done[name] {
		return
	}
	f := w.visit(e, name)
	if f == nil {
		return
	}
	w.stack = append(w.stack, name)
	for _, child := range f.entries("extends") {
		w.walk(child, linearName(baseOf(name), child.name, w.Home))
	}
	for _, child := range w.optional(f) {
		w.walk(child, linearName(baseOf(name), child.name, w.Home))
	}
	w.stack = w.stack[:len(w.stack)-1]
	w.done[name] = true
	if w.result != nil {
		overlay(w.result, w.content(f, name))
	}
}

// visit reads a file; while only signs are looked for, errors are left to the
// walk that merges.
func (w *linearWalk) visit(e entry, name string) *file {
	if w.result != nil {
		return w.open(name, name, e.at)
	}
	f := w.file(name)
	if f.failed != nil {
		return nil
	}
	if found := sign(f.sections); w.sign == "" && found != "" {
		w.sign = found + " in " + filepath.Base(name)
	}
	return f
}

// chooseDialect returns the dialect and why. Auto reads the closure first.
func (l *loader) chooseDialect() (Dialect, string) {
	if l.Dialect == Upstream || l.Dialect == SlapOS {
		return l.Dialect, "chosen by setting"
	}
	w := linearWalk{loader: l, done: map[string]bool{}}
	w.roots()
	for _, a := range l.Assignments {
		if a.Section == "buildout" && a.Option == "shared-part-list" && w.sign == "" {
			w.sign = "shared-part-list on the command line"
		}
	}
	if w.sign != "" {
		return SlapOS, w.sign
	}
	return Upstream, "no sign of the slapos dialect"
}
