package pack

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
)

// Selection says what of a source is wanted.
type Selection struct {
	BuildNeeds   bool // also what was only needed to build the parts
	AllowChanged bool // files may differ from those that were installed
	Jobs         int  // files that are read at once
}

// Tree is what is taken of a source: the named parts and what they need.
type Tree struct {
	Source *Source
	Parts  []Part // in the order of their installation
	Facts  *relocate.Facts
	// Unlisted are parts of whose files nothing was noted: whether they were
	// changed cannot be told.
	Unlisted []string
	// Added are files that no part has installed. They are left out.
	Added []string

	records []parts.Record
	roots   []owned // those of Facts
	members []member
	jobs    int
	linkage *linkage // of what is packed; nil: nobody asks
}

// Read looks at all files of the parts that are wanted.
func Read(ctx context.Context, s *Source, sel Selection) (*Tree, error) {
	c := &closure{Source: s, sel: sel, records: map[string]parts.Record{}, noted: map[string]*manifest.Files{},
		paths: map[string]map[string]*manifest.Installed{}, roots: map[string][]owned{}, wrong: map[string]error{}, needs: map[string]map[string]bool{}, held: map[string][]string{}}
	if err := c.gather(ctx); err != nil {
		return nil, err
	}
	t := &Tree{Source: s, jobs: max(sel.Jobs, 1)}
	c.order(t)
	if err := c.list(t); err != nil {
		return nil, err
	}
	for _, r := range t.records {
		t.Parts = append(t.Parts, c.part(t, r))
	}
	return t, nil
}

// closure finds what parts need.
type closure struct {
	*Source
	sel      Selection
	records  map[string]parts.Record
	noted    map[string]*manifest.Files
	paths    map[string]map[string]*manifest.Installed // of noted
	roots    map[string][]owned
	wrong    map[string]error // why a part has no roots
	needs    map[string]map[string]bool
	held     map[string][]string // parts that hold what a part owns
	prefixes []relocate.Prefix   // all that files may name; those of roots first
	facts    []relocate.Fact     // their indices are those of prefixes
}

// gather scans the named parts, then what they need, and so on.
func (c *closure) gather(ctx context.Context) error {
	var all []owned
	for _, r := range c.Records {
		c.records[r.Part] = r
		list, err := c.Source.roots(r)
		if err != nil {
			c.wrong[r.Part] = err
		}
		all = append(all, list...)
	}
	all = c.outer(all)
	for _, o := range all {
		c.roots[o.Part] = append(c.roots[o.Part], o)
	}
	c.prefixes = c.Source.prefixes(all)
	built := manifest.Load(manifest.Path(c.StateDir))
	for todo := c.Named; len(todo) > 0; {
		var next []string
		for _, part := range todo {
			if err := c.take(part, built); err != nil {
				return err
			}
		}
		if err := c.scan(ctx, todo); err != nil {
			return err
		}
		for _, part := range todo {
			for _, need := range slices.Sorted(maps.Keys(c.needs[part])) {
				if _, known := c.needs[need]; !known && !slices.Contains(next, need) {
					next = append(next, need)
				}
			}
		}
		todo = next
	}
	return nil
}

// outer leaves out what is within something else that is owned. When that is of
// another part, the part needs that one.
func (c *closure) outer(all []owned) []owned {
	slices.SortStableFunc(all, func(a, b owned) int { return cmp.Compare(a.path, b.path) })
	kept := all[:0]
	places := map[string]owned{}
	for _, o := range all {
		if other, double := places[o.Place]; double && other.path != o.path {
			c.wrong[o.Part] = unsupported(o.Part, o.path, "its place would be "+o.Place+", where "+other.path+" is").WithHint("rename one of the parts")
		}
		places[o.Place] = o
		if n := len(kept) - 1; n >= 0 && within(o.path, kept[n].path) {
			if holder := kept[n].Part; holder != o.Part {
				c.held[o.Part] = append(c.held[o.Part], holder)
			}
			continue
		}
		kept = append(kept, o)
	}
	return kept
}

// take begins with a part.
func (c *closure) take(part string, built *manifest.File) error {
	if err := c.wrong[part]; err != nil {
		return err
	}
	needs := map[string]bool{}
	for _, holder := range c.held[part] {
		needs[holder] = true
	}
	if entry, ok := built.Get(part); ok && c.sel.BuildNeeds {
		for _, n := range entry.Needs {
			if _, installed := c.records[n.Part]; installed {
				needs[n.Part] = true
			}
		}
	}
	c.needs[part] = needs
	f := c.filesOf(c.records[part])
	if f == nil || c.sel.AllowChanged {
		return nil
	}
	c.noted[part] = f
	c.paths[part] = make(map[string]*manifest.Installed, len(f.All))
	for i := range f.All {
		c.paths[part][f.All[i].Path] = &f.All[i]
	}
	return nil
}

// scan finds the facts about parts, and with them what they need.
func (c *closure) scan(ctx context.Context, todo []string) error {
	facts := c.Facts
	if facts == nil {
		var err error
		if facts, err = relocate.Scan(ctx, c.scanInput(todo)); err != nil {
			return err
		}
	}
	global := c.indices(facts)
	owner := make([]string, len(c.prefixes))
	byPath := map[string]string{}
	for part, list := range c.roots {
		for _, o := range list {
			byPath[o.path] = part
		}
	}
	for i, p := range c.prefixes {
		owner[i] = byPath[p.Path]
	}
	for _, f := range facts.Files {
		f = reindexed(f, global)
		part := owner[f.Root]
		if !slices.Contains(todo, part) {
			continue
		}
		c.facts = append(c.facts, f)
		for _, n := range f.Needs {
			if owner[n] != "" && owner[n] != part {
				c.needs[part][owner[n]] = true
			}
		}
	}
	return nil
}

func (c *closure) scanInput(todo []string) relocate.Input {
	in := relocate.Input{Jobs: max(c.sel.Jobs, 1)}
	rooted := map[string]bool{}
	for _, part := range todo {
		for _, o := range c.roots[part] {
			in.Roots = append(in.Roots, relocate.Root{Path: o.path, Name: rootName(o.Root)})
			rooted[o.path] = true
		}
	}
	for _, p := range c.prefixes {
		if !rooted[p.Path] {
			in.Prefixes = append(in.Prefixes, p)
		}
	}
	parts := map[string]string{}
	for _, part := range todo {
		for _, o := range c.roots[part] {
			parts[o.path] = part
		}
	}
	in.Skip = func(root relocate.Root, path string) bool {
		noted := c.paths[parts[root.Path]]
		return noted != nil && noted[joined(root.Path, path)] == nil
	}
	return in
}

func joined(root, path string) string {
	if path == "" || path == "." {
		return root
	}
	return root + "/" + path
}

// indices maps the prefixes of facts to those of the closure.
func (c *closure) indices(facts *relocate.Facts) []int {
	at := map[string]int{}
	for i, p := range c.prefixes {
		at[p.Path] = i
	}
	list := make([]int, len(facts.Prefixes))
	for i, p := range facts.Prefixes {
		n, ok := at[p.Path]
		if !ok {
			n = len(c.prefixes)
			c.prefixes = append(c.prefixes, p)
		}
		list[i] = n
	}
	return list
}

// reindexed returns a fact with other indices.
func reindexed(f relocate.Fact, to []int) relocate.Fact {
	f.Root = to[f.Root]
	f.Sites = slices.Clone(f.Sites)
	for i := range f.Sites {
		f.Sites[i].Prefix = to[f.Sites[i].Prefix]
	}
	f.Needs = slices.Clone(f.Needs)
	for i := range f.Needs {
		f.Needs[i] = to[f.Needs[i]]
	}
	slices.Sort(f.Needs)
	return f
}

// order puts the parts into the order of their installation and the facts into
// that of their roots.
func (c *closure) order(t *Tree) {
	for _, r := range c.Records {
		if _, taken := c.needs[r.Part]; taken {
			t.records = append(t.records, r)
			t.roots = append(t.roots, c.roots[r.Part]...)
		}
	}
	facts := &relocate.Facts{Version: relocate.Version, Roots: len(t.roots)}
	to := make([]int, len(c.prefixes))
	at := map[string]int{}
	for i, o := range t.roots {
		at[o.path] = i
		facts.Prefixes = append(facts.Prefixes, relocate.Prefix{Path: o.path, Role: relocate.RolePart, Name: rootName(o.Root)})
	}
	for _, i := range c.others(at) {
		at[c.prefixes[i].Path] = len(facts.Prefixes)
		facts.Prefixes = append(facts.Prefixes, c.prefixes[i])
	}
	for i, p := range c.prefixes {
		to[i] = at[p.Path]
	}
	for _, f := range c.facts {
		facts.Files = append(facts.Files, reindexed(f, to))
	}
	sortFacts(facts.Files)
	t.Facts = facts
}

// others returns the indices of the prefixes beside the roots that count: those
// of the tree itself, and what a file names. Their order does not depend on what
// else is installed.
func (c *closure) others(roots map[string]int) []int {
	named := map[int]bool{}
	for _, f := range c.facts {
		for _, s := range f.Sites {
			named[s.Prefix] = true
		}
		for _, n := range f.Needs {
			named[n] = true
		}
	}
	var list []int
	for i, p := range c.prefixes {
		if _, root := roots[p.Path]; !root && (named[i] || p.Role == relocate.RoleParts || p.Role == relocate.RoleBuildout) {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int {
		p, q := c.prefixes[a], c.prefixes[b]
		return cmp.Or(cmp.Compare(p.Role, q.Role), cmp.Compare(p.Name, q.Name))
	})
	return list
}

// sortFacts sorts facts as relocate.Facts has them.
func sortFacts(list []relocate.Fact) {
	slices.SortFunc(list, func(a, b relocate.Fact) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Path, b.Path))
	})
}

// list makes the members, and compares them with what was noted.
func (c *closure) list(t *Tree) error {
	var changed []string
	for i, o := range t.roots {
		w := &walker{root: o, index: i, noted: c.paths[o.Part]}
		if err := w.walk(); err != nil {
			return err
		}
		t.members, t.Added = append(t.members, w.list...), append(t.Added, w.added...)
		changed = append(changed, w.changed...)
	}
	for _, r := range t.records {
		switch f := c.noted[r.Part]; {
		case f != nil:
			changed = append(changed, missing(f)...)
		case !c.sel.AllowChanged:
			t.Unlisted = append(t.Unlisted, r.Part)
		}
	}
	if len(changed) > 0 {
		return changedError(changed)
	}
	linkHard(t.members)
	findSources(t.members)
	for i := range t.members {
		m := &t.members[i]
		m.fact = t.Facts.Find(m.root, insideName(m.Path, t.roots[m.root].Root))
	}
	return nil
}

// changedError names files that are not as they were installed.
func changedError(files []string) error {
	slices.Sort(files)
	return diag.At(diag.Span{}, "pack-changed", "files were changed after the install:%s", firstOf(slices.Compact(files))).
		WithHint("`gobuild --check` installs their parts anew; --allow-changed packs them as they are")
}

// part describes a part of the tree.
func (c *closure) part(t *Tree, r parts.Record) Part {
	p := Part{Name: r.Part, Recipe: r.Options["recipe"], Release: r.Options["version"], Options: r.Options, Signature: r.Signature,
		Needs: slices.Sorted(maps.Keys(c.needs[r.Part])), Paths: []string{}}
	for _, owned := range r.Paths {
		if owned == "" {
			continue
		}
		if place, err := c.place(r, owned); err == nil {
			p.Paths = append(p.Paths, place)
		}
	}
	for i := range t.members {
		if m := &t.members[i]; t.roots[m.root].Part == r.Part && m.Type != TypeDir {
			p.Files++
			p.Size += m.Size
		}
	}
	return p
}
