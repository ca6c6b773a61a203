package relocate

import (
	"bytes"
	"cmp"
	"slices"
)

// maxAnchor is the longest text that is searched for: longer ones take a
// slower way through bytes.Index.
const maxAnchor = 32

// matcher finds prefixes in content.
type matcher struct {
	groups []group
}

// A group is searched for by one anchor: a slash and the start of a component
// that all its prefixes share.
type group struct {
	anchor []byte
	before []string // the components in front of that of the anchor
	tree   *node
	single int    // the prefix of one component, easily found within other paths, or -1
	tails  []bool // by prefix: whether it is filled behind its end
}

// A node is a component of prefixes.
type node struct {
	name     string
	prefix   int // the prefix that ends here, or -1
	children map[byte][]*node
}

// newMatcher prepares the search for prefixes.
func newMatcher(prefixes []Prefix) *matcher {
	byCommon := map[string][]int{}
	tops := topPrefixes(prefixes)
	for i, p := range prefixes {
		common := commonOf(p.Path, tops)
		byCommon[common] = append(byCommon[common], i)
	}
	m := &matcher{}
	for _, common := range slices.Sorted(mapKeys(byCommon)) {
		m.groups = append(m.groups, newGroup(common, prefixes, byCommon[common]))
	}
	return m
}

// topPrefixes returns the directories that stand for groups: prefixes that are
// below no other, or their parent where many share it.
func topPrefixes(prefixes []Prefix) []string {
	var tops []string
	for _, p := range prefixes {
		if !slices.ContainsFunc(prefixes, func(q Prefix) bool { return q.Path != p.Path && within(p.Path, q.Path) }) {
			tops = append(tops, p.Path)
		}
	}
	slices.Sort(tops)
	tops = slices.Compact(tops)
	count := map[string]int{}
	for _, t := range tops {
		count[parent(t)]++
	}
	for i, t := range tops {
		if dir := parent(t); dir != "" && count[dir] > 1 {
			tops[i] = dir
		}
	}
	return slices.Compact(tops)
}

// commonOf returns the shortest of tops that path is within.
func commonOf(path string, tops []string) string {
	common := path
	for _, t := range tops {
		if within(path, t) && len(t) < len(common) {
			common = t
		}
	}
	return common
}

func newGroup(common string, prefixes []Prefix, members []int) group {
	parts := components(common)
	longest := 0
	for i, c := range parts {
		if len(c) > len(parts[longest]) {
			longest = i
		}
	}
	anchor := "/" + parts[longest]
	g := group{
		anchor: []byte(anchor[:min(len(anchor), maxAnchor)]),
		before: parts[:longest],
		tree:   &node{prefix: -1},
		single: -1,
		tails:  make([]bool, len(prefixes)),
	}
	for _, i := range members {
		path := components(prefixes[i].Path)
		g.tails[i] = prefixes[i].filledBehind()
		if g.tree.add(path, i); len(path) == 1 {
			g.single = i
		}
	}
	return g
}

func (n *node) add(path []string, prefix int) {
	if len(path) == 0 {
		if n.prefix < 0 {
			n.prefix = prefix
		}
		return
	}
	for _, c := range n.children[path[0][0]] {
		if c.name == path[0] {
			c.add(path[1:], prefix)
			return
		}
	}
	if n.children == nil {
		n.children = map[byte][]*node{}
	}
	c := &node{name: path[0], prefix: -1}
	n.children[path[0][0]] = append(n.children[path[0][0]], c)
	c.add(path[1:], prefix)
}

// find returns all sites of prefixes, sorted, without overlaps. Where several
// prefixes match, the longest does.
func (m *matcher) find(content []byte, form form) []Site {
	var all []Site
	for i := range m.groups {
		all = m.groups[i].find(all, content, form)
	}
	if len(m.groups) < 2 {
		return all
	}
	slices.SortFunc(all, func(a, b Site) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Width, a.Width))
	})
	var end int64
	return slices.DeleteFunc(all, func(s Site) bool {
		if s.Offset < end {
			return true
		}
		end = s.end()
		return false
	})
}

func (s Site) end() int64 { return s.Offset + int64(s.Width) }

func (g *group) find(all []Site, content []byte, form form) []Site {
	end := 0 // of the last site
	for from := 0; ; {
		i := bytes.Index(content[from:], g.anchor)
		if i < 0 {
			return all
		}
		from += i
		start, ok := g.start(content, from)
		if ok && start >= end {
			if s, ok := g.at(content, start, form); ok {
				all = append(all, s)
				end = int(s.end())
				from = max(end, from+1)
				continue
			}
		}
		from++
	}
}

// start returns where the path begins whose component with the anchor has its
// slash at the given place.
func (g *group) start(content []byte, at int) (int, bool) {
	for i := len(g.before) - 1; i >= 0; i-- {
		for at > 0 && content[at-1] == '/' {
			at--
		}
		at -= len(g.before[i]) + 1
		if at < 0 || content[at] != '/' || string(content[at+1:at+1+len(g.before[i])]) != g.before[i] {
			return 0, false
		}
	}
	return at, true
}

// at returns the site of the longest prefix that begins at start.
func (g *group) at(content []byte, start int, form form) (Site, bool) {
	prefix, end := g.tree.longest(content, start, start, form)
	if prefix < 0 {
		return Site{}, false
	}
	if prefix == g.single {
		start = widen(content, start)
	}
	if g.tails[prefix] {
		for end+1 < len(content) && content[end] == '/' && content[end+1] == '/' {
			end++ // all but the last slash are filling
		}
	}
	if (form == formText || prefix == g.single) && insidePath(content, start, prefix == g.single) {
		return Site{}, false
	}
	return Site{Offset: int64(start), Prefix: prefix, Width: end - start}, true
}

// longest follows the components of content from at, where a slash must be,
// and returns the deepest prefix that ends at a boundary, and where it ends.
func (n *node) longest(content []byte, start, at int, form form) (prefix, end int) {
	prefix, end = -1, -1
	if n.prefix >= 0 && ends(content, start, at, form) {
		prefix, end = n.prefix, at
	}
	if len(n.children) == 0 || at >= len(content) || content[at] != '/' {
		return prefix, end
	}
	next := at
	for next < len(content) && content[next] == '/' {
		next++
	}
	if next == len(content) {
		return prefix, end
	}
	for _, c := range n.children[content[next]] {
		if !bytes.HasPrefix(content[next:], []byte(c.name)) {
			continue
		}
		if p, e := c.longest(content, start, next+len(c.name), form); e > end {
			prefix, end = p, e
		}
	}
	return prefix, end
}

// widen takes the filling of fill in front of a prefix of one component into
// the site: "/.////".
func widen(content []byte, start int) int {
	at := start
	for at > 0 && content[at-1] == '/' {
		at--
	}
	if at < 2 || content[at-1] != '.' || content[at-2] != '/' {
		return start
	}
	return at - 2
}

// reads reports whether text is path, with runs of slashes for slashes and
// what fill puts in front of paths of one component.
func reads(text []byte, path string) bool {
	tree := &node{prefix: -1}
	names := components(path)
	tree.add(names, 0)
	if len(names) == 1 {
		for len(text) > len(path) && (text[0] == '/' || text[0] == '.') {
			text = text[1:]
		}
	}
	prefix, end := tree.longest(text, 0, 0, formBinary)
	return prefix == 0 && end == len(text)
}
