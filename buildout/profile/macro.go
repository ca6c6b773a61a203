package profile

import (
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// expand replaces the raw options of e by those of its macros with its own on
// top (SPEC-engine 4).
func (e *Evaluated) expand() error {
	if e.raw["<"] == nil || e.Name == "buildout" {
		return nil
	}
	raw, err := e.eval.macro(e.Name, e.raw, nil)
	if err == nil {
		e.raw = raw
	}
	return err
}

// macro returns the options of a section with its macros expanded, each section
// once. doing lists the sections under expansion.
func (ev *Evaluator) macro(name string, own map[string]*Value, doing []string) (map[string]*Value, error) {
	if own["<"] == nil || name == "buildout" {
		return own, nil
	}
	if slices.Contains(doing, name) {
		at := own["<"].At()
		return nil, ev.fail(diag.At(at, "macro-loop", "Infinite extending loop %s", quote(name)).
			WithPath(name, "<").WithHint("sections %s use each other as macros", strings.Join(doing, ", ")))
	}
	if known := ev.macros[name]; known != nil {
		return known, nil
	}
	defer ev.Doing("Loading input sections for '%s'", name, "")()
	doing = append(doing, name)
	result := newSection(name, diag.Span{})
	var failed error
	for _, line := range strings.Split(own["<"].Text, "\n") {
		used := cfg.Trim(line)
		if used == "" {
			continue
		}
		s := ev.Profile.Sections[used]
		if s == nil {
			failed = ev.collect(failed, ev.fail(ev.missingMacro(name, used, own["<"].Find(used))))
			continue
		}
		options, err := ev.macro(used, s.Options, doing)
		if failed = ev.collect(failed, err); ev.full() {
			break
		}
		for k, v := range options {
			result.Options[k] = v
		}
	}
	if failed != nil {
		return nil, failed
	}
	updateSection(result, &Section{Name: name, Options: own, pending: true})
	delete(result.Options, "<")
	if ev.macros == nil {
		ev.macros = map[string]map[string]*Value{}
	}
	ev.macros[name] = result.Options
	return result.Options, nil
}
