package profile

import (
	"cmp"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// maxEnds bounds how many related places of one kind an error shows.
const maxEnds = 3

// missingReference is the error of a reference to an option that section e does
// not have. It shows the other end: where e comes from.
func (e *Evaluated) missingReference(option, ref string, c *chain) *diag.Diagnostic {
	d := diag.At(c.at(ref), "unknown-option", "Referenced option does not exist: %s %s", e.Name, option).
		WithPath(splitKey(c)...).WithRelated(e.Header, "section [%s] begins here", e.Name)
	e.eval.Profile.relateOrigins(d, e.Name)
	keys := e.Keys()
	d.Hint = diag.DidYouMean(option, keys)
	if near := diag.Closest(option, keys); near != "" && e.raw[near] != nil {
		d.WithRelated(e.KeyAt(near), "option %q is set here", near)
	}
	return d
}

// relateOrigins adds the places from which a section has options: further files
// that speak of it, and its macros.
func (p *Profile) relateOrigins(d *diag.Diagnostic, name string) {
	s := p.Sections[name]
	if s == nil {
		return
	}
	for _, at := range s.elsewhere() {
		d.WithRelated(at, "section [%s] goes on here", name)
	}
	if v := s.Options["<"]; v != nil {
		for _, w := range v.Lines()[:min(len(v.Lines()), maxEnds)] {
			if macro := p.Sections[w.Text]; macro != nil {
				d.WithRelated(macro.Header, "its macro [%s] begins here", w.Text)
			}
		}
	}
}

// elsewhere returns the first options of s in files other than that of its
// header: at most maxEnds places, by name of the file.
func (s *Section) elsewhere() []diag.Span {
	first := map[*diag.Source]diag.Span{}
	for _, v := range s.Options {
		at := v.KeyAt()
		old, known := first[at.From.Src]
		if at.IsValid() && at.From.Src != s.Header.From.Src && (!known || at.From.Offset < old.From.Offset) {
			first[at.From.Src] = at
		}
	}
	var list []diag.Span
	for _, at := range first {
		list = append(list, at)
	}
	slices.SortFunc(list, func(a, b diag.Span) int { return cmp.Compare(a.From.Src.Name, b.From.Src.Name) })
	return list[:min(len(list), maxEnds)]
}

func (ev *Evaluator) missingSection(name string, by diag.Span) *diag.Diagnostic {
	d := diag.At(by, "unknown-section", "The referenced section, %s, was not defined.", quote(name))
	switch ev.suggestSection(d, name); {
	case strings.HasPrefix(name, "#"):
		d.Hint = "a comment begins in the first column; here # and what follows are part of the value"
	case d.Hint == "":
		d.Hint = "define the section, or extend the file that does"
	}
	return d
}

func (ev *Evaluator) missingMacro(name, used string, at diag.Span) *diag.Diagnostic {
	d := diag.At(at, "unknown-macro", "No section named %s", quote(used)).WithPath(name, "<")
	if ev.suggestSection(d, used); d.Hint == "" && len(cfg.Fields(used)) > 1 {
		d.Hint = "write one macro on each line"
	}
	return d
}

// suggestSection hints at the section whose name is like one that does not
// exist, and shows where it is.
func (ev *Evaluator) suggestSection(d *diag.Diagnostic, name string) {
	names := ev.Profile.Names()
	d.Hint = diag.DidYouMean(name, names)
	if near := diag.Closest(name, names); near != "" {
		d.WithRelated(ev.Profile.Sections[near].Header, "section [%s] begins here", near)
	}
}

// circular is the error of option key of e, which chain c leads back to. It
// shows each step of the circle but the first, which is the place of the error.
func (e *Evaluated) circular(option, key string, c *chain) *diag.Diagnostic {
	d := diag.At(e.At(option), "circular-reference", "Circular reference in substitutions.").
		WithPath(e.Name, option).WithHint("the values refer to each other: %s", strings.Join(append(slices.Clone(c.open.keys), key), " -> "))
	open := c.open.keys
	circle := append(slices.Clone(open[slices.Index(open, key):]), key)
	for i := 1; i+1 < len(circle) && i <= maxEnds; i++ {
		section, name, _ := strings.Cut(circle[i], ":")
		if s := e.eval.sections[section]; s != nil {
			d.WithRelated(s.At(name), "%s refers to %s", circle[i], circle[i+1])
		}
	}
	return d
}

// blame tells of an error in the value under substitution which section it is
// about, when the text stands in a macro.
func (e *Evaluated) blame(d *diag.Diagnostic, c *chain) *diag.Diagnostic {
	path := splitKey(c)
	d.WithPath(path...)
	own := e.eval.Profile.Sections[e.Name]
	if len(path) == 2 && own != nil && own.Options["<"] != nil && own.Options[path[1]] == nil {
		d.WithRelated(e.Header, "section [%s] has this option from a macro", e.Name)
	}
	return d
}
