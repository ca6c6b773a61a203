package eggs

import (
	"os"
	"path/filepath"
	"strings"
)

// buildSystem is [build-system] of pyproject.toml (PEP 518).
type buildSystem struct {
	requires []string
	backend  string
	path     []string
}

// legacyBackend builds projects that have a setup.py and say nothing else.
const legacyBackend = "setuptools.build_meta:__legacy__"

// readBuildSystem reads how a project is built.
func readBuildSystem(dir string) buildSystem {
	s := buildSystem{requires: []string{"setuptools>=40.8.0"}, backend: legacyBackend}
	text, err := readLimited(filepath.Join(dir, "pyproject.toml"))
	if os.IsNotExist(err) || err != nil {
		return s
	}
	table := tomlTable(string(text), "build-system")
	if requires, ok := table["requires"]; ok {
		s.requires = requires
	}
	if backend := table["build-backend"]; len(backend) == 1 && backend[0] != "" {
		s.backend, s.path = backend[0], table["backend-path"]
	}
	return s
}

// isSetuptools reports whether setuptools builds the project.
func (s buildSystem) isSetuptools() bool {
	return strings.HasPrefix(s.backend, "setuptools.build_meta")
}

// tomlTable returns the strings and lists of strings of a table.
func tomlTable(text, name string) map[string][]string {
	values := map[string][]string{}
	s := &tomlScanner{text: text}
	inside := false
	for s.skip(true); s.pos < len(s.text); s.skip(true) {
		if s.text[s.pos] == '[' {
			line := s.line()
			header, _, _ := strings.Cut(line, "#")
			header = strings.TrimSpace(header)
			inside = header == "["+name+"]" || strings.ReplaceAll(header, " ", "") == "["+name+"]"
			continue
		}
		key := s.key()
		list := s.value()
		if inside && key != "" {
			values[key] = list
		}
	}
	return values
}

// tomlScanner reads as much of TOML as a table of strings needs: all else is
// passed over.
type tomlScanner struct {
	text string
	pos  int
}

// skip passes over blanks and comments, and with lines over line ends.
func (s *tomlScanner) skip(lines bool) {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
			s.pos++
		case c == '#':
			end := strings.IndexByte(s.text[s.pos:], '\n')
			if end < 0 {
				end = len(s.text) - s.pos
			}
			s.pos += end
		default:
			return
		}
	}
}

func (s *tomlScanner) line() string {
	end := strings.IndexByte(s.text[s.pos:], '\n')
	if end < 0 {
		end = len(s.text) - s.pos
	}
	line := s.text[s.pos : s.pos+end]
	s.pos += end
	return line
}

// key reads up to the = of a line; "" when the line has none.
func (s *tomlScanner) key() string {
	end := strings.IndexAny(s.text[s.pos:], "=\n")
	if end < 0 || s.text[s.pos+end] == '\n' {
		s.line()
		return ""
	}
	key := strings.Trim(strings.TrimSpace(s.text[s.pos:s.pos+end]), `"'`)
	s.pos += end + 1
	return key
}

// value reads a string or the strings of a list.
func (s *tomlScanner) value() []string {
	s.skip(false)
	if s.pos >= len(s.text) {
		return nil
	}
	switch s.text[s.pos] {
	case '[':
		return s.list()
	case '"', '\'':
		return []string{s.quoted()}
	}
	s.line()
	return nil
}

func (s *tomlScanner) list() []string {
	var list []string
	depth := 0
	for s.pos < len(s.text) {
		switch s.skip(true); {
		case s.pos >= len(s.text):
		case s.text[s.pos] == '[' || s.text[s.pos] == '{':
			depth++
			s.pos++
		case s.text[s.pos] == ']' || s.text[s.pos] == '}':
			s.pos++
			if depth--; depth == 0 {
				return list
			}
		case s.text[s.pos] == '"' || s.text[s.pos] == '\'':
			list = append(list, s.quoted())
		default:
			s.pos++
		}
	}
	return list
}

// quoted reads a string of any kind. Escapes but those of quotes and backslashes
// are left as they are: no name of a project has one.
func (s *tomlScanner) quoted() string {
	mark := s.text[s.pos : s.pos+1]
	if long := strings.Repeat(mark, 3); strings.HasPrefix(s.text[s.pos:], long) {
		mark = long
	}
	s.pos += len(mark)
	var b strings.Builder
	for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], mark) {
		if mark[0] == '"' && s.text[s.pos] == '\\' && s.pos+1 < len(s.text) {
			s.pos++
		}
		b.WriteByte(s.text[s.pos])
		s.pos++
	}
	s.pos = min(s.pos+len(mark), len(s.text))
	return b.String()
}
