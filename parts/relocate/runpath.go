package relocate

import (
	"path"
	"slices"
	"strings"
)

// rewriteELF makes the search path of libraries relative, replaces the sites,
// and in canonical files makes the build-id again.
func (m *Mover) rewriteELF(r *Rewritten) error {
	if err := m.rewriteSites(r); err != nil {
		return err
	}
	if r.Fact.searches() {
		if err := m.rewriteSearchPath(r); err != nil {
			return err
		}
	}
	if r.Fact.BuildID && isCanonical(m.to[r.Fact.Root]) {
		setBuildID(r.Content)
	}
	return nil
}

func (m *Mover) rewriteSearchPath(r *Rewritten) error {
	f := &r.Fact
	change := func(text string) string { return strings.Join(m.searchPath(f, strings.Split(text, ":")), ":") }
	content, moved, err := setRunPaths(r.Content, change)
	if err != nil {
		return m.problem(f, CodeELF, Error, "link the file with a longer search path", "the search path of libraries has no room and the file cannot grow: %v", err)
	}
	r.Content = content
	f.Sites = moved.apply(f.Sites)
	e, err := parseELF(content)
	if err != nil {
		return m.problem(f, CodeELF, Error, "", "the rewritten file cannot be read: %v", err)
	}
	if d, err := e.dynamic(); err == nil && d != nil {
		f.RunPath, f.Room, f.Rigid = d.searchPath(), e.pathRoom(d), e.rigid(d)
	}
	return nil
}

// apply moves the sites of what was shifted.
func (s shift) apply(sites []Site) []Site {
	if s.by == 0 {
		return sites
	}
	for i := range sites {
		if at := sites[i].Offset; at >= s.start && at < s.start+s.size {
			sites[i].Offset += s.by
		}
	}
	slices.SortFunc(sites, byOffset)
	return sites
}

// searchPath returns the entries of a search path after the moves: relative
// to the file where they are in what moves, each one once. Empty entries, the
// current directory, are left out unless there are no others.
func (m *Mover) searchPath(f *Fact, entries []string) []string {
	var all []string
	for _, entry := range entries {
		if text := m.searchEntry(f, entry); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return entries
	}
	return all
}

func (m *Mover) searchEntry(f *Fact, entry string) string {
	abs, ok := originPath(entry, path.Dir(m.facts.File(f)))
	if !ok {
		return entry
	}
	i := m.facts.prefixOf(abs)
	if i < 0 || !m.travels(i) || i == f.Root && !path.IsAbs(entry) {
		return entry
	}
	to, _ := m.mapped(abs)
	rel := relative(path.Dir(m.file(f)), to)
	if rel == "." {
		return "$ORIGIN"
	}
	return "$ORIGIN/" + rel
}
