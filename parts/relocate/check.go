package relocate

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// checkMoves returns what is wrong with moves by themselves.
func checkMoves(moves []Move) []Problem {
	var all []Problem
	bad := func(format string, args ...any) {
		all = append(all, Problem{Code: CodeMove, Level: Error, Message: fmt.Sprintf(format, args...)})
	}
	for i, m := range moves {
		for _, p := range []string{m.From, m.To} {
			if err := checkPath(p); err != nil {
				bad("cannot move %s to %s: %v", m.From, m.To, err)
			}
		}
		for _, o := range moves[:i] {
			switch {
			case o.From == m.From:
				bad("%s cannot be moved to two places", m.From)
			case o.To == m.To:
				bad("%s and %s cannot both be moved to %s", o.From, m.From, m.To)
			}
		}
	}
	return all
}

// Check is NewMover and Mover.Check; moves that are wrong by themselves are
// problems too.
func (fs *Facts) Check(moves []Move) []Problem {
	if all := checkMoves(moves); len(all) > 0 {
		return all
	}
	m, err := NewMover(fs, moves)
	if err != nil {
		return []Problem{{Code: CodeChanged, Level: Error, Message: err.Error()}}
	}
	return m.Check()
}

// Check returns what will not work after the moves, errors first. Nothing is
// read and nothing is changed.
func (m *Mover) Check() []Problem {
	all := m.checkPlaces()
	for i := range m.facts.Files {
		all = append(all, m.checkFile(&m.facts.Files[i])...)
	}
	slices.SortStableFunc(all, func(a, b Problem) int { return cmp.Compare(rank(a.Level), rank(b.Level)) })
	return all
}

func rank(l Level) int { return slices.Index([]Level{Error, Warning, Hint}, l) }

// checkPlaces looks at the new places alone.
func (m *Mover) checkPlaces() []Problem {
	var all []Problem
	for i, to := range m.to {
		if m.moves(i) && strings.Contains(to, ":") && !slices.ContainsFunc(m.to[:i], func(o string) bool { return strings.Contains(o, ":") }) {
			all = append(all, Problem{
				Code: CodeCharacter, Level: Warning, Hint: "choose a path without a colon",
				Message: to + " has a colon in it: it cannot stand in PATH and other lists of directories",
			})
		}
	}
	return all
}

// checkFile returns the problems of a file.
func (m *Mover) checkFile(f *Fact) []Problem {
	var all []Problem
	for _, n := range f.Notes {
		all = append(all, Problem{Part: m.facts.Part(f), File: m.facts.File(f), Code: n.Code, Level: n.Level, Message: n.Message, Hint: n.Hint})
	}
	all = append(all, m.checkOutside(f)...)
	switch f.Kind {
	case KindPyc:
		if f.Rigid != "" {
			all = append(all, m.checkWidths(f)...)
			all = append(all, m.checkASCII(f)...)
		}
	case KindELF, KindBinary:
		all = append(all, m.checkWidths(f)...)
		all = append(all, m.checkPieces(f)...)
		all = append(all, m.checkSearchPath(f)...)
	case KindText, KindLibtool, KindGzip:
		all = append(all, m.checkCharacters(f)...)
	}
	return append(all, m.checkScript(f)...)
}

// checkOutside notes prefixes that a file names and that stay where they are.
func (m *Mover) checkOutside(f *Fact) []Problem {
	if !m.moves(f.Root) {
		return nil
	}
	var all []Problem
	for _, i := range f.Needs {
		if m.travels(i) {
			continue
		}
		p := m.facts.Prefixes[i]
		level := Hint
		if p.Role == RolePart {
			level = Warning
		}
		all = append(all, m.problem(f, CodeOutside, level, "", "the file names %s, which does not move", p.Path))
	}
	return all
}

// checkWidths returns the narrowest site that a new path does not fit into.
func (m *Mover) checkWidths(f *Fact) []Problem {
	var worst *Site
	lack := 0
	quiet := 0
	for i, s := range f.Sites {
		switch n := len(m.to[s.Prefix]) - max(s.Width, s.Whole); {
		case s.fits(m.to[s.Prefix]):
		case m.lenient(f, s):
			quiet++
		case n > lack:
			worst, lack = &f.Sites[i], n
		}
	}
	switch {
	case worst != nil:
		return []Problem{m.widthProblem(f, *worst)}
	case quiet > 0:
		return []Problem{m.leftProblem(f, quiet)}
	}
	return nil
}

// checkPieces looks at files whose strings are cut: what is in the directory of
// the pieces must stay in it.
func (m *Mover) checkPieces(f *Fact) []Problem {
	i := slices.IndexFunc(f.Sites, func(s Site) bool { return s.Whole > 0 })
	if i < 0 {
		return nil
	}
	dir := f.Sites[i].Prefix
	from, to := m.facts.Prefixes[dir].Path, m.to[dir]
	for _, s := range f.Sites {
		if p := m.facts.Prefixes[s.Prefix].Path; within(p, from) && m.to[s.Prefix] != to+p[len(from):] {
			return []Problem{m.problem(f, CodeWidth, Error, "move all parts to one directory", "the compiler has cut the paths in the file, so that %s can only be moved with %s", p, from)}
		}
	}
	return nil
}

// checkASCII looks at the strings of a .pyc file that cannot get another type.
func (m *Mover) checkASCII(f *Fact) []Problem {
	for _, s := range f.Sites {
		if to := m.to[s.Prefix]; m.moves(s.Prefix) && strings.ContainsFunc(to, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return []Problem{m.problem(f, CodeCharacter, Error, "choose a path of ASCII characters, or remove the file: Python makes it again", "the file cannot name %s: %s", to, f.Rigid)}
		}
	}
	return nil
}

// checkSearchPath looks at the new search path of libraries.
func (m *Mover) checkSearchPath(f *Fact) []Problem {
	if !f.searches() {
		return nil
	}
	entries := m.searchPath(f, f.RunPath)
	for _, e := range entries {
		if rel, ok := strings.CutPrefix(e, "$ORIGIN"); ok && strings.ContainsAny(rel, ":$") {
			return []Problem{m.problem(f, CodeCharacter, Error, "choose a path without `:` and `$`", "the search path of libraries cannot name %s: the loader splits at `:` and replaces `$`", e)}
		}
	}
	if text := strings.Join(entries, ":"); f.Rigid != "" && len(text)+1 > f.Room {
		return []Problem{m.problem(f, CodeELF, Error, "link the file with a longer search path", "the search path of libraries needs %d bytes, there is room for %d, and the file cannot grow: %s", len(text)+1, f.Room, f.Rigid)}
	}
	return nil
}

// checkScript looks at the first line of a script.
func (m *Mover) checkScript(f *Fact) []Problem {
	if f.Script == "" || len(f.Sites) == 0 || f.Kind == KindGzip {
		return nil
	}
	first, s := f.plainScript()
	start := s.Offset - int64(len("#!"))
	if start < 0 || start > 2 || int(start)+s.Width > len(first)+2 {
		return nil
	}
	line := m.newFirstLine(f, s, first)
	if line.fine() {
		if line.length > maxOldFirstLine && m.moves(s.Prefix) {
			return []Problem{m.problem(f, CodeShebang, Hint, "", "the first line has %d bytes; Linux before 5.1 reads %d", line.length, maxOldFirstLine)}
		}
		return nil
	}
	switch {
	case f.Kind == KindText && f.Strict && line.throughEnv().fine():
		return nil
	case f.Kind == KindText && !f.Strict && trickOf(line.interpreter) != nil:
		return nil
	}
	return []Problem{m.shebangProblem(f, line)}
}

// plainScript returns the first line of a script as it would be without env,
// and its first site.
func (f *Fact) plainScript() (string, Site) {
	line := "#!" + f.Script
	if !strings.HasPrefix(line, envStart) {
		return f.Script, f.Sites[0]
	}
	plain, sites := unwrapEnv([]byte(line), slices.Clone(f.Sites[:1]))
	return string(plain[len("#!"):]), sites[0]
}

// newFirstLine is the first line after the moves. The first line has no spaces
// in front, so the site stands at its start.
func (m *Mover) newFirstLine(f *Fact, s Site, first string) firstLine {
	rest := first[min(s.Width, len(first)):]
	name, argument := rest, ""
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		name, argument = rest[:i], strings.TrimSpace(rest[i:])
	}
	to := m.to[s.Prefix]
	if f.Kind != KindText && len(to) < s.Width {
		to = fill(to, s.Width)
	}
	l := firstLine{interpreter: to + name, argument: argument, length: int(s.Offset) + len(to) + len(rest)}
	return l
}

// A language says which characters of a path break its texts.
type language struct {
	name       string
	characters string
	level      Level
}

// languageOf guesses the language of a text from its name and first line.
func languageOf(f *Fact) language {
	if f.Kind == KindLibtool {
		return language{"libtool files, which are read as shell text and whose lists are split at spaces", " \t$`\"'\\;&|<>()*?#", Warning}
	}
	base := path.Base(f.Path)
	for _, l := range languages {
		if slices.ContainsFunc(l.names, func(pattern string) bool { ok, _ := path.Match(pattern, base); return ok }) {
			return l.language
		}
	}
	if f.Script != "" {
		interpreter, _, _ := strings.Cut(f.Script, " ")
		for _, l := range languages {
			if strings.HasPrefix(path.Base(interpreter), l.interpreter) && l.interpreter != "" {
				return l.language
			}
		}
		if strings.HasSuffix(path.Base(interpreter), "sh") {
			return shellLanguage
		}
	}
	return language{}
}

var shellLanguage = language{"scripts of the shell, where a path may stand without quotes", " \t$`\"'\\;&|<>()*?#", Warning}

// languages are the texts whose syntax a path can break.
var languages = []struct {
	language
	interpreter string
	names       []string
}{
	{language{"makefiles", " \t$#%:", Warning}, "make", []string{"Makefile", "Makefile.*", "*.mk", "*.mak"}},
	{shellLanguage, "bash", []string{"*.sh", "*-config", "*config.status", "libtool", "libtoolize"}},
	{language{"Python source", "\"'\\", Warning}, "python", []string{"*.py", "*.pyi"}},
	{language{"Perl source, which often starts programs through the shell", " \"'\\@$", Warning}, "perl", []string{"*.pl", "*.pm"}},
	{language{"Tcl source", "\"\\$[]{} ", Warning}, "tclsh", []string{"*.tcl", "*Config.tcl"}},
	{language{"C source", "\"\\", Warning}, "", []string{"*.h", "*.hpp", "*.c"}},
	{language{"CMake files", "\"\\$;", Warning}, "", []string{"*.cmake", "CMakeLists.txt"}},
	{language{"JSON", "\"\\", Warning}, "", []string{"*.json"}},
	{language{"XML", "&<>\"", Warning}, "", []string{"*.xml", "*.html", "*.xsl", "*.gir"}},
	{language{"pkg-config files", " \t\"'\\$#", Warning}, "", []string{"*.pc"}},
}

// checkCharacters notes new paths with characters that break the language of a text.
func (m *Mover) checkCharacters(f *Fact) []Problem {
	l := languageOf(f)
	for _, s := range f.Sites {
		if s.Offset <= int64(len("#! ")) && f.Script != "" {
			continue // the interpreter
		}
		to := m.to[s.Prefix]
		if i := strings.IndexAny(to, l.characters); i >= 0 && m.moves(s.Prefix) {
			return []Problem{m.problem(f, CodeCharacter, l.level, "choose a path without this character, or read the file after the move", "%q in %s may break %s", to[i], to, l.name)}
		}
	}
	return nil
}
