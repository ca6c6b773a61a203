package recipes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// iniFile is a file that Python's configparser reads and writes.
type iniFile struct {
	defaults iniSection
	sections []*iniSection
}

// iniSection has its values in their order; the keys are in small letters.
type iniSection struct {
	name   string
	values []iniValue
}

type iniValue struct{ key, value string }

// set sets a value.
func (s *iniSection) set(key, value string) {
	if i := s.index(key); i >= 0 {
		s.values[i] = iniValue{key, value}
		return
	}
	s.values = append(s.values, iniValue{key, value})
}

func (s *iniSection) index(key string) int {
	return slices.IndexFunc(s.values, func(v iniValue) bool { return v.key == key })
}

// find returns a section, or nil.
func (f *iniFile) find(name string) *iniSection {
	if i := slices.IndexFunc(f.sections, func(s *iniSection) bool { return s.name == name }); i >= 0 {
		return f.sections[i]
	}
	return nil
}

// add adds a section, or those values of it that the file has not, and reports
// whether there were any.
func (f *iniFile) add(s iniSection) bool {
	old := f.find(s.name)
	if old == nil {
		f.sections = append(f.sections, &s)
		return true
	}
	added := false
	for _, v := range s.values {
		if old.index(v.key) < 0 && f.defaults.index(v.key) < 0 {
			old.values, added = append(old.values, v), true
		}
	}
	return added
}

// text is the file as configparser writes it.
func (f *iniFile) text() string {
	var b strings.Builder
	all := f.sections
	if len(f.defaults.values) > 0 {
		all = append([]*iniSection{&f.defaults}, all...)
	}
	for _, s := range all {
		b.WriteString("[" + s.name + "]\n")
		for _, v := range s.values {
			b.WriteString(v.key + " = " + strings.ReplaceAll(v.value, "\n", "\n\t") + "\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// iniReader reads a file line by line.
type iniReader struct {
	file    iniFile
	section *iniSection
	lines   []string // of the value that is read
	indent  int      // of its first line
	open    bool     // a value is read
}

// parseIni reads a file.
func parseIni(text string) (*iniFile, error) {
	r := &iniReader{file: iniFile{defaults: iniSection{name: "DEFAULT"}}}
	for i, line := range strings.Split(text, "\n") {
		if err := r.line(strings.TrimRight(line, "\r")); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	r.end()
	return &r.file, nil
}

func (r *iniReader) line(line string) error {
	value := strings.TrimSpace(line)
	if strings.HasPrefix(value, "#") || strings.HasPrefix(value, ";") {
		return nil
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	switch {
	case value == "":
		if r.open {
			r.lines = append(r.lines, "")
		}
		return nil
	case r.open && indent > r.indent:
		r.lines = append(r.lines, value)
		return nil
	}
	r.end()
	if strings.HasPrefix(value, "[") {
		return r.header(value)
	}
	return r.value(value, indent)
}

// header starts a section.
func (r *iniReader) header(line string) error {
	end := strings.LastIndexByte(line, ']')
	if end < 2 {
		return fmt.Errorf("%q is no header of a section", line)
	}
	name := line[1:end]
	if name == r.file.defaults.name {
		r.section = &r.file.defaults
		return nil
	}
	if r.file.find(name) != nil {
		return fmt.Errorf("section %q is there twice", name)
	}
	r.section = &iniSection{name: name}
	r.file.sections = append(r.file.sections, r.section)
	return nil
}

// value starts a value.
func (r *iniReader) value(line string, indent int) error {
	at := strings.IndexAny(line, "=:")
	if r.section == nil || at < 1 {
		return fmt.Errorf("%q is neither the header of a section nor KEY = VALUE", line)
	}
	key := strings.ToLower(strings.TrimRight(line[:at], " \t"))
	if r.section.index(key) >= 0 {
		return fmt.Errorf("%q is there twice", key)
	}
	r.section.values = append(r.section.values, iniValue{key: key})
	r.lines, r.indent, r.open = []string{strings.TrimSpace(line[at+1:])}, indent, true
	return nil
}

// end ends the value that is read.
func (r *iniReader) end() {
	if r.open {
		last := &r.section.values[len(r.section.values)-1]
		last.value = strings.TrimRight(strings.Join(r.lines, "\n"), "\n")
	}
	r.open = false
}

// iniReference is a percent sign and what it begins.
var iniReference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%(?:%|\(([^)]+)\)s)?`) })

// iniIsValue reports whether all percent signs of a value begin something.
func iniIsValue(value string) bool {
	return !slices.ContainsFunc(iniReference().FindAllString(value, -1), func(m string) bool { return m == "%" })
}

// values returns the values of a section, and those of all sections that it has
// not, with their references replaced.
func (f *iniFile) values(s *iniSection) ([]iniValue, error) {
	all := iniSection{values: slices.Clone(f.defaults.values)}
	for _, v := range s.values {
		all.set(v.key, v.value)
	}
	var list []iniValue
	for _, v := range all.values {
		text, err := all.replace(v.value, 0)
		if err != nil {
			return nil, fmt.Errorf("%s of section %s: %w", v.key, s.name, err)
		}
		list = append(list, iniValue{v.key, text})
	}
	return list, nil
}

// replace replaces the references in a value.
func (s *iniSection) replace(value string, depth int) (string, error) {
	const deepest = 10 // of configparser
	if depth > deepest {
		return "", fmt.Errorf("the references in %q do not end", value)
	}
	var failure error
	text := iniReference().ReplaceAllStringFunc(value, func(m string) string {
		if m == "%%" {
			return "%"
		}
		if m == "%" {
			failure = fmt.Errorf("'%%' must be followed by '%%' or '(' in %q", value)
			return ""
		}
		key := strings.ToLower(m[2 : len(m)-2])
		i := s.index(key)
		if i < 0 {
			failure = fmt.Errorf("%s names %q, which is not there", m, key)
			return ""
		}
		text, err := s.replace(s.values[i].value, depth+1)
		if err != nil {
			failure = err
		}
		return text
	})
	return text, failure
}
