package profile

import (
	"path/filepath"
	"slices"
)

// tree merges the files as zc.buildout does: each root file is folded by
// itself, depth first, a file reached by several paths once for each, and laid
// over the layer below (SPEC-engine 2, upstream).
func (l *loader) tree() sections {
	acc := sections{"buildout": l.defaults()}
	user := sections{}
	if l.UserDefaults != "" {
		t := treeWalk{loader: l, result: user}
		t.walk(entry{name: l.UserDefaults}, l.UserDefaults)
	}
	overlay(acc, l.root(entry{name: l.Root}, l.Root, user))
	for _, e := range l.commandExtends() {
		name := treeName(baseOf(e.name), filepath.Base(e.name))
		overlay(acc, l.root(e, name, user))
	}
	overlay(acc, l.commandLine())
	return acc
}

// root folds one root file; user goes under the first leaf that is reached.
func (l *loader) root(e entry, name string, user sections) sections {
	t := treeWalk{loader: l, result: sections{}, user: user}
	t.walk(e, name)
	return t.result
}

type treeWalk struct {
	*loader
	result sections
	user   sections // not yet used
	stack  []string
}

func (t *treeWalk) walk(e entry, name string) {
	f := t.open(name, e.at)
	if f == nil {
		return
	}
	if slices.Contains(t.stack, name) {
		t.recursive(e, t.stack, name)
		return
	}
	t.stack = append(t.stack, name)
	content := t.content(f, name)
	extends := f.entries("extends")
	for _, child := range extends {
		t.walk(child, treeName(baseOf(name), child.name))
	}
	if len(extends) == 0 && len(t.user) > 0 {
		under := sections{}
		for n, s := range t.user {
			under[n] = s.clone()
		}
		overlay(under, content)
		content, t.user = under, nil
	}
	for _, child := range t.optional(f) {
		t.walk(child, treeName(baseOf(name), child.name))
	}
	t.stack = t.stack[:len(t.stack)-1]
	overlay(t.result, content)
}
