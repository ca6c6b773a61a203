package profile

import (
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// tree merges the files as zc.buildout does: each root file is folded by
// itself, depth first, a file reached by several paths once for each, and laid
// over the layer below (SPEC-engine 2, upstream). What a file with all that it
// extends does to the sections below it is worked out once, as a change.
func (l *loader) tree() sections {
	t := treeWalk{loader: l, nodes: map[string]*treeNode{}, real: map[string]string{}}
	roots := t.roots()
	acc := sections{"buildout": l.defaults()}
	if len(l.errs) > 0 {
		return acc
	}
	user := sections{}
	for _, r := range roots {
		folded := sections{}
		t.user = user
		t.stream(r.node, r.name, folded)
		if r.user {
			user = folded
		} else {
			overlay(acc, folded)
		}
	}
	overlay(acc, l.commandLine())
	l.checkSizes(acc)
	return acc
}

// treeNode is a file with the files that it extends, whatever the names are by
// which paths reach it.
type treeNode struct {
	*file
	children []treeChild // extends, then optional-extends
	leaf     bool        // it extends nothing, but for optional-extends
	parents  int         // entries that lead here
	asked    int         // those that asked for done
	many     bool        // more than one path leads here
	open     bool        // being read: a file that it extends may not extend it
	done     change      // what it does with all that it extends, once worked out
}

type treeChild struct {
	entry string
	node  *treeNode
}

// treeRoot is a root file and the name by which it is reached.
type treeRoot struct {
	name string
	node *treeNode
	user bool // the user defaults
}

type treeWalk struct {
	*loader
	nodes map[string]*treeNode // by clean path, or URL
	real  map[string]string    // clean paths of paths with `..`
	stack []string             // names of the files that are open
	user  sections             // user defaults that no leaf of this root has got yet
}

// roots reads all files.
func (t *treeWalk) roots() []treeRoot {
	var roots []treeRoot
	add := func(e entry, name string, user bool) {
		r := treeRoot{name, t.read(e, name, t.where("", name)), user}
		if r.node != nil {
			r.node.parents++
		}
		roots = append(roots, r)
	}
	if t.UserDefaults != "" {
		add(entry{name: t.UserDefaults}, t.UserDefaults, true)
	}
	add(entry{name: t.Root}, t.Root, false)
	for _, e := range t.commandExtends() {
		add(e, treeName(baseOf(e.name), filepath.Base(e.name)), false)
	}
	for _, r := range roots {
		if r.node != nil {
			r.node.count(false)
		}
	}
	return roots
}

// read returns the node of the file called name at path, with all that it
// extends; nil when it cannot be read, or when it is open.
func (t *treeWalk) read(e entry, name, path string) *treeNode {
	if n := t.nodes[path]; n != nil {
		if n.open {
			t.recursive(e, t.stack, name)
			return nil
		}
		return n
	}
	f := t.open(name, path, e.at)
	if f == nil {
		return nil
	}
	if len(t.stack) >= maxDepth {
		t.errs.Add(diag.At(e.at, "extends-depth", "more than %d files extend each other, the last one %s", maxDepth, name).
			WithHint("a URL that extends itself by another name never ends"))
		return nil
	}
	extends := f.entries("extends")
	n := &treeNode{file: f, leaf: len(extends) == 0, open: true}
	t.nodes[path] = n
	t.stack = append(t.stack, name)
	for _, child := range slices.Concat(extends, t.optional(f)) {
		c := t.read(child, treeName(baseOf(name), child.name), t.where(baseOf(path), child.name))
		if c != nil {
			c.parents++
			n.children = append(n.children, treeChild{child.name, c})
		}
	}
	t.stack = t.stack[:len(t.stack)-1]
	n.open = false
	return n
}

// maxDepth bounds how many files may be open at once.
const maxDepth = 1000

// count marks the nodes that more than one path leads to.
func (n *treeNode) count(many bool) {
	many = many || n.parents > 1
	if n.many && many || !many && len(n.children) == 0 {
		return
	}
	n.many = many
	for _, c := range n.children {
		c.node.count(many)
	}
}

// where returns the clean path, or the URL, of an entry in a file whose
// directory is dir.
func (t *treeWalk) where(dir, entry string) string {
	name := treeName(dir, entry)
	if IsURL(name) {
		return name
	}
	if !filepath.IsAbs(name) {
		name = t.Dir + "/" + name
	}
	clean, ok := t.Open.(cleaner)
	if !ok || !strings.Contains(name, "/../") {
		return filepath.Clean(name)
	}
	folder, base := filepath.Split(name)
	if _, known := t.real[folder]; !known {
		real, err := clean.Clean(folder)
		if err != nil {
			real = folder // opening it tells the error
		}
		t.real[folder] = strings.TrimSuffix(real, "/")
	}
	return t.real[folder] + "/" + base
}

// stream lays the file called name and all that it extends over acc; the user
// defaults go under the first leaf that is reached.
func (t *treeWalk) stream(n *treeNode, name string, acc sections) {
	content := t.content(n.file, name)
	for i, c := range n.children {
		if i == 0 && n.leaf {
			content = t.overUser(content)
		}
		child := treeName(baseOf(name), c.entry)
		if c.node.many && len(t.user) == 0 {
			t.change(c.node).applyTo(acc, child)
		} else {
			t.stream(c.node, child, acc)
		}
	}
	if len(n.children) == 0 {
		content = t.overUser(content)
	}
	overlay(acc, content)
}

// overUser lays the content of the first leaf over the user defaults.
func (t *treeWalk) overUser(content sections) sections {
	if len(t.user) == 0 {
		return content
	}
	under := make(sections, len(t.user))
	for name, s := range t.user {
		under[name] = s.clone()
	}
	t.user = nil
	overlay(under, content)
	return under
}

// change returns what n and all that it extends do. It is forgotten when the
// last entry that leads to n has asked for it.
func (t *treeWalk) change(n *treeNode) change {
	if n.done == nil {
		n.done = change{}
		t.add(n.done, n, "")
	}
	done := n.done
	if n.asked++; n.asked == n.parents {
		n.done = nil
	}
	return done
}

// add adds to c what n and all that it extends do; via leads from the file of c
// to n.
func (t *treeWalk) add(c change, n *treeNode, via string) {
	for _, child := range n.children {
		entry := treeName(baseOf(via), child.entry)
		if child.node.parents > 1 {
			c.after(t.change(child.node), entry)
		} else {
			t.add(c, child.node, entry)
		}
	}
	c.after(changeOf(t.content(n.file, "")), via)
}
