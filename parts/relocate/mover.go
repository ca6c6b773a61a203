package relocate

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Mover rewrites files for a set of moves. It may be used by many goroutines.
type Mover struct {
	facts   *Facts
	to      []string // the new path of each prefix
	covered map[string]bool
}

// Rewritten is a file after its move.
type Rewritten struct {
	Content []byte
	// Fact describes Content; its prefixes are those of Mover.Prefixes.
	Fact Fact
	// Problems are what could not be mended. None of them is an Error: those
	// are errors of Rewrite.
	Problems []Problem
}

// NewMover prepares moves of the prefixes of facts. From of each move is the
// path of a prefix; prefixes below a moved one that have no move of their own
// move with it; others stay. An error is a Problem.
func NewMover(facts *Facts, moves []Move) (*Mover, error) {
	if problems := checkMoves(moves); len(problems) > 0 {
		return nil, problems[0]
	}
	if err := facts.valid(); err != nil {
		return nil, err
	}
	m := &Mover{facts: facts, covered: map[string]bool{}}
	for _, p := range facts.Prefixes {
		to, _ := mapPath(moves, p.Path)
		m.to = append(m.to, to)
	}
	return m, nil
}

// valid checks facts that come from a file.
func (fs *Facts) valid() error {
	if fs.Version != Version {
		return fmt.Errorf("relocation facts of version %d; this gobuild knows version %d", fs.Version, Version)
	}
	if fs.Roots < 0 || fs.Roots > len(fs.Prefixes) {
		return fmt.Errorf("relocation facts speak of %d roots, but have %d prefixes", fs.Roots, len(fs.Prefixes))
	}
	for _, p := range fs.Prefixes {
		if err := checkPath(p.Path); err != nil {
			return fmt.Errorf("relocation facts: %w", err)
		}
	}
	for i := range fs.Files {
		if err := fs.validFile(&fs.Files[i]); err != nil {
			return fmt.Errorf("relocation facts: %s: %w", fs.Files[i].Path, err)
		}
	}
	return nil
}

func (fs *Facts) validFile(f *Fact) error {
	if f.Root < 0 || f.Root >= fs.Roots {
		return fmt.Errorf("there is no root %d", f.Root)
	}
	if f.Path != "" && (path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || f.Path == ".." || strings.HasPrefix(f.Path, "../")) {
		return errors.New("the path is not below its root")
	}
	var end int64
	for _, s := range f.Sites {
		if s.Prefix < 0 || s.Prefix >= len(fs.Prefixes) || s.Offset < end || s.Width < 1 || s.end() < s.Offset || s.Skip < 0 || s.Whole > 0 && s.Skip > s.Whole-s.Width {
			return fmt.Errorf("the site at %d is wrong", s.Offset)
		}
		end = s.end()
	}
	for _, n := range f.Needs {
		if n < 0 || n >= len(fs.Prefixes) {
			return fmt.Errorf("there is no prefix %d", n)
		}
	}
	return nil
}

// mapPath returns where a clean absolute path is after moves, and whether that
// is elsewhere or its place is that of a move.
func mapPath(moves []Move, path string) (string, bool) {
	best := -1
	for i, m := range moves {
		if within(path, m.From) && (best < 0 || len(m.From) > len(moves[best].From)) {
			best = i
		}
	}
	if best < 0 {
		return path, false
	}
	return moves[best].To + path[len(moves[best].From):], true
}

// mapped returns where a clean absolute path is after the moves, and whether
// it is within a prefix.
func (m *Mover) mapped(path string) (string, bool) {
	i := m.facts.prefixOf(path)
	if i < 0 {
		return path, false
	}
	return m.to[i] + path[len(m.facts.Prefixes[i].Path):], true
}

// moves reports whether a prefix goes to another place.
func (m *Mover) moves(prefix int) bool { return m.to[prefix] != m.facts.Prefixes[prefix].Path }

// travels reports whether a prefix belongs to what moves: it goes elsewhere, or it is a root.
func (m *Mover) travels(prefix int) bool { return prefix < m.facts.Roots || m.moves(prefix) }

// file returns the path of a file after the moves.
func (m *Mover) file(f *Fact) string { return join(m.to[f.Root], f.Path) }

// Prefixes returns the prefixes after the moves.
func (m *Mover) Prefixes() []Prefix {
	all := slices.Clone(m.facts.Prefixes)
	for i := range all {
		all[i].Path = m.to[i]
	}
	return all
}

// problem makes a problem of a file.
func (m *Mover) problem(f *Fact, code string, level Level, hint, format string, args ...any) Problem {
	return Problem{
		Part: m.facts.Part(f), File: m.facts.File(f), Code: code, Level: level,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}

// Error returns the file and the message.
func (p Problem) Error() string {
	if p.File == "" {
		return p.Message
	}
	return p.File + ": " + p.Message
}

// Rewrite returns the content of a file after the moves. It does not look at
// the disk. The content of a symlink is its target. Rewrite owns content: it
// is changed in place where the length stays. An ELF file that grows is not
// copied if content has room behind it. An error is a Problem.
func (m *Mover) Rewrite(f *Fact, content []byte) (*Rewritten, error) {
	r := &Rewritten{Content: content, Fact: *f}
	r.Fact.Sites = slices.Clone(f.Sites)
	r.Fact.Notes = slices.Clone(f.Notes)
	if err := m.checkSites(f, content); err != nil {
		return nil, err
	}
	return r, m.rewrite(r)
}

func (m *Mover) rewrite(r *Rewritten) error {
	switch r.Fact.Kind {
	case KindELF:
		return m.rewriteELF(r)
	case KindBinary:
		return m.rewriteSites(r)
	case KindPyc:
		return m.rewritePyc(r)
	case KindText, KindLibtool:
		return m.rewriteText(r)
	case KindPkgConfig:
		m.rewritePkgConfig(r)
	case KindGzip:
		return m.rewriteGzip(r)
	case KindSymlink:
		m.rewriteLink(r)
	case KindCompressed:
	default:
		return m.problem(&r.Fact, CodeChanged, Error, "", "the relocation facts have the unknown kind %q", r.Fact.Kind)
	}
	return nil
}

// checkSites compares what stands at the sites with what Scan found.
func (m *Mover) checkSites(f *Fact, content []byte) error {
	if f.Kind == KindGzip || f.Kind == KindSymlink {
		return nil
	}
	for _, s := range f.Sites {
		if s.end() > int64(len(content)) || !s.stands(content[s.Offset:s.end()], m.facts.Prefixes[s.Prefix]) {
			return m.problem(f, CodeChanged, Error, "pack it again, or restore the file",
				"the file was changed since it was looked at: %s does not stand at byte %d any more", m.facts.Prefixes[s.Prefix].Path, s.Offset)
		}
	}
	return nil
}

// rewriteSites replaces all sites at the same length. What does not fit and is
// only seen by debuggers stays.
func (m *Mover) rewriteSites(r *Rewritten) error {
	kept := r.Fact.Sites[:0]
	left := 0
	for _, s := range r.Fact.Sites {
		to := m.to[s.Prefix]
		if !s.fits(to) {
			if !m.lenient(&r.Fact, s) {
				return m.widthProblem(&r.Fact, s)
			}
			left++
			continue
		}
		if m.moves(s.Prefix) {
			copy(r.Content[s.Offset:], s.text(m.facts.Prefixes[s.Prefix], to))
		}
		kept = append(kept, s)
	}
	r.Fact.Sites = kept
	if left > 0 {
		r.Problems = append(r.Problems, m.leftProblem(&r.Fact, left))
	}
	return nil
}

func (m *Mover) leftProblem(f *Fact, count int) Problem {
	if f.linked() {
		return m.problem(f, CodeWidth, Warning, "build with `relocatable = true`", "the old name stays where there is no room for the new one, %s; what is linked with the file later has it, too", times(count))
	}
	return m.problem(f, CodeWidth, Hint, "", "the old name stays where there is no room for the new one, %s", times(count))
}

func (m *Mover) widthProblem(f *Fact, s Site) Problem {
	return m.problem(f, CodeWidth, Error, "choose a shorter path, or build with `relocatable = true`, which leaves room for 220 bytes",
		"%s is %d bytes long, but the file has room for %d where it names %s", m.to[s.Prefix], len(m.to[s.Prefix]), max(s.Width, s.Whole), m.facts.Prefixes[s.Prefix].Path)
}

func (m *Mover) rewriteGzip(r *Rewritten) error {
	if !slices.ContainsFunc(r.Fact.Sites, func(s Site) bool { return m.moves(s.Prefix) }) {
		return nil
	}
	text, err := gunzip(r.Content)
	if err != nil {
		return m.problem(&r.Fact, CodeChanged, Error, "", "the gzip file cannot be read: %v", err)
	}
	plain := r.Fact
	plain.Kind = KindText
	if err := m.checkSites(&plain, text); err != nil {
		return err
	}
	text, r.Fact.Sites = m.replaceText(text, r.Fact.Sites)
	r.Content, err = regzip(text)
	return err
}

// rewriteLink makes links to what moves relative. Links to what stays stay.
func (m *Mover) rewriteLink(r *Rewritten) {
	target := string(r.Content)
	abs := target
	if !path.IsAbs(target) {
		abs = path.Join(path.Dir(m.facts.File(&r.Fact)), target)
	}
	i := m.facts.prefixOf(path.Clean(abs))
	if i < 0 || !m.travels(i) || i == r.Fact.Root && !path.IsAbs(target) {
		return
	}
	to, _ := m.mapped(path.Clean(abs))
	text := relative(path.Dir(m.file(&r.Fact)), to)
	if strings.HasSuffix(target, "/") {
		text += "/"
	}
	r.Content = append(r.Content[:0], text...)
	r.Fact.Link = text
}

// replaceText replaces sites exactly and returns where they are then.
func (m *Mover) replaceText(content []byte, sites []Site) ([]byte, []Site) {
	var b bytes.Buffer
	b.Grow(len(content))
	var moved []Site
	at := int64(0)
	for _, s := range sites {
		b.Write(content[at:s.Offset])
		text := content[s.Offset:s.end()]
		if m.moves(s.Prefix) {
			text = []byte(m.to[s.Prefix])
		}
		moved = append(moved, Site{Offset: int64(b.Len()), Prefix: s.Prefix, Width: len(text)})
		b.Write(text)
		at = s.end()
	}
	b.Write(content[at:])
	return b.Bytes(), moved
}
