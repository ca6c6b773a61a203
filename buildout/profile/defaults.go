package profile

import (
	"path/filepath"
	"sort"
	"strings"

	"gobuild/buildout/diag"
)

// buildoutDefaults are the options that [buildout] has in every profile
// (SPEC-engine 6). executable and directory are computed.
var buildoutDefaults = map[string]string{
	"allow-hosts":            "*",
	"allow-picked-versions":  "true",
	"allow-unknown-extras":   "false",
	"bin-directory":          "bin",
	"develop-eggs-directory": "develop-eggs",
	"eggs-directory":         "eggs",
	"eggs-directory-version": "v5",
	"find-links":             "",
	"install-from-cache":     "false",
	"installed":              ".installed.cfg",
	"log-format":             "",
	"log-level":              "INFO",
	"newest":                 "true",
	"offline":                "false",
	"parts-directory":        "parts",
	"prefer-final":           "true",
	"python":                 "buildout",
	"show-picked-versions":   "false",
	"socket-timeout":         "",
	"update-versions-file":   "",
	"use-dependency-links":   "true",
}

// versionFloors are the versions that the engine asks for when the profile
// pins none: those of the reference that gobuild stands in for.
var versionFloors = map[string]string{"zc.buildout": ">=6.0.1", "zc.recipe.egg": ">=2.0.6"}

// DefaultKeys returns the names of the options that [buildout] always has.
func DefaultKeys() []string {
	keys := []string{"executable"}
	for k := range buildoutDefaults {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (l *loader) defaults() *Section {
	s := newSection("buildout", diag.Span{})
	for k, v := range buildoutDefaults {
		s.Options[k] = newValue(v, SourceDefault, diag.Span{}, diag.Span{})
	}
	s.Options["executable"] = newValue(l.Executable, SourceDefault, diag.Span{}, diag.Span{})
	s.Options["directory"] = newValue(l.profile.Directory, SourceComputed, diag.Span{}, diag.Span{})
	return s
}

// commandExtends returns the files that `buildout:extends=` names.
func (l *loader) commandExtends() []entry {
	var list []entry
	for _, a := range l.sortedAssignments() {
		if a.Section == "buildout" && a.Option == "extends" {
			list = entriesOf(a.Value, a.At)
		}
	}
	return list
}

// sortedAssignments returns the command line in the order in which the
// reference applies it: sorted by section, option and value, so that of two
// values for one option the greater counts.
func (l *loader) sortedAssignments() []Assignment {
	list := append([]Assignment(nil), l.Assignments...)
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if a.Section != b.Section {
			return a.Section < b.Section
		}
		if a.Option != b.Option {
			return a.Option < b.Option
		}
		return a.Value < b.Value
	})
	return list
}

func (l *loader) commandLine() sections {
	result := sections{}
	for _, a := range l.sortedAssignments() {
		if a.Section == "buildout" && a.Option == "extends" {
			continue
		}
		s := result[a.Section]
		if s == nil {
			s = newSection(a.Section, diag.Span{})
			result[a.Section] = s
		}
		key := a.Option
		if n := len(key) - 1; n > 0 && isPending(key) {
			key = strings.TrimRight(key[:n], " ") + " " + key[n:]
			s.pending = true
		}
		s.Options[key] = newValue(a.Value, SourceCommandLine, a.At, a.At)
	}
	return result
}

// optional returns the optional-extends of f that exist. They are looked for
// in the current directory, as the reference does.
func (l *loader) optional(f *file) []entry {
	var list []entry
	for _, e := range f.entries("optional-extends") {
		where := e.name
		if !filepath.IsAbs(where) {
			where = filepath.Join(l.Dir, where)
		}
		if l.Open.Exists(where) {
			list = append(list, e)
			continue
		}
		l.profile.warn(e.at, "optional-extends", "optional-extends file not found: %s", e.name)
	}
	return list
}

func (p *Profile) warn(at diag.Span, code, format string, args ...any) {
	d := diag.At(at, code, format, args...)
	d.Severity = diag.Warning
	for _, old := range p.Warnings {
		if old.At == d.At && old.Msg == d.Msg {
			return
		}
	}
	p.Warnings.Add(d)
}

// complete adds what the engine computes: the versions section, the padded
// directory of parts, and absolute directories.
func (l *loader) complete() error {
	b := l.profile.Sections["buildout"]
	errs := append(diag.All(l.versions(b)), diag.All(l.relocatable(b))...)
	for _, name := range []string{"download-cache", "eggs-directory", "extends-cache"} {
		errs = append(errs, diag.All(l.absolute(b, name))...)
	}
	return errs.Sorted().Err()
}

func (l *loader) versions(b *Section) error {
	all := l.profile.Sections
	if b.Options["versions"] == nil {
		b.Options["versions"] = newValue("versions", SourceDefault, diag.Span{}, diag.Span{})
		if all["versions"] == nil {
			all["versions"] = newSection("versions", diag.Span{})
		}
	}
	name := b.Options["versions"]
	if name.Text == "" {
		return nil
	}
	s := all[name.Text]
	if s == nil {
		return diag.List{diag.At(name.At(), "unknown-section", "The referenced section, '%s', was not defined.", name.Text).
			WithPath("buildout", "versions").
			WithHint("add a section [%s], or leave `versions` empty for none", name.Text)}
	}
	for k, v := range versionFloors {
		if s.Options[k] == nil {
			s.Options[k] = newValue(v, SourceDefault, diag.Span{}, diag.Span{})
		}
	}
	return nil
}

// absolute makes a directory option absolute: relative to the file that set
// it, or to the buildout directory for defaults and the command line.
func (l *loader) absolute(b *Section, name string) error {
	v := b.Options[name]
	if v == nil || strings.Contains(v.Text, "${") || filepath.IsAbs(v.Text) {
		return nil
	}
	base := filepath.Dir(v.Source())
	switch source := v.Source(); {
	case source == SourceDefault || source == SourceComputed || source == SourceCommandLine:
		base = b.Options["directory"].Text
	case IsURL(source):
		return diag.List{diag.At(v.At(), "ambiguous-directory",
			"Setting \"%s\" to a non absolute location (\"%s\") within a\nremote configuration file (\"%s\") is ambiguous.",
			name, v.Text, source)}
	}
	dir := l.expandUser(v.Text)
	if !filepath.IsAbs(dir) && base != "" {
		dir = base + "/" + dir
	}
	if !filepath.IsAbs(dir) {
		dir = l.Dir + "/" + dir
	}
	dir = filepath.Clean(dir)
	b.Options[name] = v.then(dir, Setting{Op: OpDirectory, Text: dir, Source: v.Source(), At: v.At(), KeyAt: v.KeyAt()})
	return nil
}

func (l *loader) expandUser(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return l.Home + path[1:]
	}
	return path
}

// Bool checks a true/false option of [buildout] in its unsubstituted form.
func (p *Profile) Bool(option string) (bool, error) {
	v := p.Value("buildout", option)
	if v == nil {
		return false, nil
	}
	switch v.Text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, diag.List{badBool(v.At(), option, v.Text)}
}

func badBool(at diag.Span, option, text string) *diag.Diagnostic {
	return diag.At(at, "bad-boolean", "Invalid value for '%s' option: %s", option, quote(text)).
		WithPath("buildout", option).WithHint("write true or false")
}

// quote writes text as Python's repr writes plain text.
func quote(text string) string {
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		return `"` + text + `"`
	}
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'", "\n", "\\n").Replace(text) + "'"
}
