package lsp

import (
	"fmt"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// didYouMean begins the hint that suggests another name.
const didYouMean = "did you mean "

// check finds references to what is not there in all values of the profile.
// The evaluation stops at the first one of a value; here each is found, with
// its exact place. What both find is kept once.
func (sn *snapshot) check() {
	evaluated := sn.findings
	sn.findings = nil
	for _, d := range sn.profile.Warnings {
		sn.add(d)
	}
	for _, first := range []bool{true, false} { // of a text in a macro, what a run meets counts
		for _, name := range sn.profile.Names() {
			if sn.reached[name] == first {
				sn.checkSection(name)
			}
		}
	}
	sn.checkParts()
	for _, f := range evaluated {
		if !slices.ContainsFunc(sn.findings, f.sameAs) {
			sn.findings = append(sn.findings, f)
		}
	}
	sn.findings = slices.DeleteFunc(sn.findings, func(f Finding) bool {
		return f.Severity != diag.Error && slices.Contains(sn.setup.Silence, f.Code)
	})
}

// checkSection checks the references in a section.
func (sn *snapshot) checkSection(name string) {
	sn.checkNames(name)
	options := sn.expanded[name]
	for _, key := range (&profile.Section{Options: options}).Keys() {
		if v := options[key]; strings.Contains(v.Text, "${") {
			sn.checkReferences(name, v)
		}
	}
}

// sameAs reports whether g says within f what f says.
func (f Finding) sameAs(g Finding) bool {
	return f.Code == g.Code && f.At.From.Src == g.At.From.Src &&
		f.At.From.Offset <= g.At.From.Offset && g.At.To.Offset <= f.At.To.Offset
}

// checkNames checks the options of a section whose values are names of
// sections.
func (sn *snapshot) checkNames(name string) {
	s := sn.profile.Sections[name]
	if v := s.Options["<"]; v != nil && name != "buildout" {
		for _, w := range v.Lines() {
			sn.checkName(name, "unknown-macro", "No section named '%s'", w)
		}
	}
	if v := sn.expanded[name]["<part-dependencies>"]; v != nil {
		for _, w := range v.Words() {
			sn.checkName(name, "unknown-section", "The referenced section, '%s', was not defined.", w)
		}
	}
}

func (sn *snapshot) checkName(by, code, format string, w profile.Word) {
	if sn.profile.Sections[w.Text] != nil || strings.Contains(w.Text, "${") {
		return
	}
	d := diag.At(w.At, code, format, w.Text).WithPath(by)
	sn.missing(by, d, w.Text, sn.profile.Names(), w.At)
}

// checkReferences checks the references in a value of the section name.
func (sn *snapshot) checkReferences(name string, v *profile.Value) {
	for _, r := range v.References() {
		to := r.Section
		if to == "" {
			to = name
		}
		colon := r.At.From.Offset + len("${") + len(r.Section)
		sectionAt, optionAt := r.At, r.At
		if r.At.Text() == r.Text {
			sectionAt = diag.SpanOf(r.At.From.Src, r.At.From.Offset+2, colon)
			optionAt = diag.SpanOf(r.At.From.Src, colon+1, r.At.To.Offset-1)
		}
		switch {
		case sn.profile.Sections[to] == nil:
			d := diag.At(sectionAt, "unknown-section", "The referenced section, '%s', was not defined.", to)
			sn.missing(name, d, to, sn.profile.Names(), sectionAt)
		case !sn.mayHave(to, r.Option, r.Section == ""):
			d := diag.At(optionAt, "unknown-option", "Referenced option does not exist: %s %s", to, r.Option).
				WithRelated(sn.profile.Sections[to].Header, "section [%s] begins here", to)
			if r.Section == "" && !sn.reached[name] && diag.DidYouMean(r.Option, sn.optionNames(to)) == "" {
				continue // a macro: who uses it has the option
			}
			sn.usedBy(d, name)
			sn.missing(name, d, r.Option, sn.optionNames(to), optionAt)
		}
	}
}

// usedBy tells for which section a text of a macro is wrong.
func (sn *snapshot) usedBy(d *diag.Diagnostic, name string) {
	s := sn.profile.Sections[name]
	x := sn.index(d.At.From.Src)
	if x == nil || s == nil {
		return
	}
	if b := x.blockAt(x.lines.line(d.At.From.Offset)); b != nil && b.name != name {
		d.WithRelated(s.Header, "as used by section [%s]", name)
	}
}

// missing notes d, whose place holds a name that is none of known.
func (sn *snapshot) missing(by string, d *diag.Diagnostic, word string, known []string, at diag.Span) {
	if sn.lost {
		return
	}
	d.WithPath(by)
	if !sn.reached[by] {
		d.Severity = diag.Warning
	}
	f := Finding{Diagnostic: d}
	d.Hint = diag.DidYouMean(word, known)
	if strings.HasPrefix(word, "#") {
		d.Hint = "a comment begins in the first column; here # and what follows are part of the value"
	} else if d.Hint != "" && at.Text() == word {
		var better string
		fmt.Sscanf(d.Hint, didYouMean+"%q", &better)
		f.Fix = &Fix{Title: fmt.Sprintf("Change to %q", better), Edits: []Edit{{at, better}}}
	}
	if len(sn.findings) < maxFindings && !slices.ContainsFunc(sn.findings, func(g Finding) bool { return g.Code == d.Code && g.At == d.At }) {
		sn.findings = append(sn.findings, f)
	}
}

// mayHave reports whether a section has an option, or may get it from a recipe
// that was not asked. Its own values are substituted before its recipe is asked.
func (sn *snapshot) mayHave(section, name string, own bool) bool {
	options := sn.expanded[section]
	if options[name] != nil || name == "_buildout_section_name_" || name == "_profile_base_location_" {
		return true
	}
	if section == "buildout" && sn.broken {
		return true
	}
	if own && section != "buildout" {
		return false
	}
	e := sn.evaluated(section)
	if e != nil && e.Has(name) {
		return true
	}
	if options["recipe"] == nil {
		return false
	}
	return e == nil || e.IsHollow() || !sn.ready[section] && !sn.looksMisspelt(section, name)
}

// looksMisspelt reports whether name is close to an option of a section whose
// recipe is known but could not be asked.
func (sn *snapshot) looksMisspelt(section, name string) bool {
	spec, known := sn.recipes.Find(sn.recipe(section))
	names := sn.optionNames(section)
	for _, o := range spec.Options {
		if o.Name == name && o.Computed {
			return false
		}
	}
	return known && diag.DidYouMean(name, names) != ""
}

// optionNames returns the names of the options of a section: those of files
// and those set by its recipe.
func (sn *snapshot) optionNames(section string) []string {
	if e := sn.evaluated(section); e != nil {
		return e.Keys()
	}
	return (&profile.Section{Options: sn.expanded[section]}).Keys()
}

// checkParts checks that what is listed in parts is a part.
func (sn *snapshot) checkParts() {
	v := sn.profile.Value("buildout", "parts")
	if v == nil {
		return
	}
	for _, w := range v.Words() {
		s := sn.profile.Sections[w.Text]
		if s == nil {
			sn.checkName("buildout", "unknown-section", "The referenced section, '%s', was not defined.", w)
			continue
		}
		if sn.expanded[w.Text]["recipe"] == nil && w.Text != "buildout" && !sn.lost && len(sn.expanded) > 0 {
			d := diag.At(w.At, "missing-option", "Missing option: %s:recipe", w.Text).WithPath(w.Text, "recipe").
				WithRelated(s.Header, "section [%s] begins here", w.Text)
			sn.add(d.WithHint("%s", diag.MissingOption(w.Text, "recipe", s.Keys())))
		}
	}
}
