package profile

import (
	"context"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Define adds the sections of a text to the profile and evaluates them: a recipe
// may make sections that the profile does not have. origin says in messages
// where the text comes from.
func (ev *Evaluator) Define(ctx context.Context, origin, text string) error {
	src := diag.NewSource(origin, []byte(text))
	list, errs := cfg.Read(src, ev.Profile.condition)
	for _, s := range list {
		if old := ev.Profile.Sections[s.Name]; old != nil {
			errs.Add(diag.At(s.Header, "section-exists", "there is a section [%s] already", s.Name).
				WithRelated(old.Header, "defined here").WithHint("a recipe may only add sections that the profile does not have"))
		}
	}
	if err := errs.Err(); err != nil {
		return ev.located(err)
	}
	for _, s := range list {
		ev.Profile.Sections[s.Name] = fresh(contentOf(s, origin))
	}
	for _, s := range list {
		if _, err := ev.Section(ctx, s.Name, s.Header); err != nil {
			return err
		}
	}
	return nil
}

// Dedent takes the blanks away that all lines of a text begin with.
func Dedent(text string) string {
	lines := strings.Split(text, "\n")
	common, some := "", false
	for i, line := range lines {
		bare := strings.TrimLeft(line, " \t")
		if bare == "" {
			lines[i] = ""
			continue
		}
		indent := line[:len(line)-len(bare)]
		if !some {
			common, some = indent, true
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, common)
	}
	return strings.Join(lines, "\n")
}
