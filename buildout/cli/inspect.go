package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/explain"
	"gobuild/buildout/ui"
)

// inspection is a profile opened by a command that explains: nothing on disk
// is changed, and recipes that gobuild does not have are tolerated.
type inspection struct {
	*app
	*explain.Explainer
	named *strings.Replacer
}

// openReadOnly opens the profile so that nothing on disk is changed.
func (a *app) openReadOnly(ctx context.Context) (*buildout.Engine, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	c, err := a.config(s, event.Discard)
	if err != nil {
		return nil, err
	}
	c.Fetch.ReadOnly = true
	e, err := buildout.Open(ctx, c)
	a.engine = e
	return e, withStatus(StatusProfile, err)
}

// inspect opens the profile for a command that explains.
func (a *app) inspect(ctx context.Context, withRecipes bool) (*inspection, error) {
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.Inspect(ctx, withRecipes); err != nil {
		return nil, profileError(ctx, err)
	}
	i := &inspection{app: a, named: secretValues(e)}
	i.Explainer = explain.New(e.Evaluator(), i.mask)
	return i, nil
}

// mask hides the secrets in the value of an option: by their form, by the
// option's name, where the value of a secret option was substituted, and what
// recipes have called secret.
func (i *inspection) mask(option, value string) string {
	return ui.MaskOption(option, i.engine.Conceal(i.named.Replace(value)))
}

// shortSecret is the length up to which the value of a secret option is not
// looked for in other values: it would hide half of the profile.
const shortSecret = 3

// secretValues finds the lines of the values of options that hold secrets.
func secretValues(e *buildout.Engine) *strings.Replacer {
	var pairs []string
	for _, section := range e.Profile.Sections {
		for name, v := range section.Options {
			if !ui.IsSecret(strings.TrimRight(name, " +-")) {
				continue
			}
			for _, line := range strings.Split(v.Text, "\n") {
				if line = strings.TrimSpace(line); len(line) > shortSecret && !strings.Contains(line, "${") {
					pairs = append(pairs, line)
				}
			}
		}
	}
	slices.SortFunc(pairs, func(a, b string) int { return len(b) - len(a) })
	var replace []string
	for _, p := range slices.Compact(pairs) {
		replace = append(replace, p, "***")
	}
	return strings.NewReplacer(replace...)
}

// noteProblems tells what Inspect tolerated: the recipes that gobuild does not
// have, and the sections that a recipe refuses.
func (i *inspection) noteProblems() {
	var list diag.List
	var unknown diag.List
	for _, d := range i.engine.Problems() {
		c := *d
		if c.Code == "unknown-recipe" {
			unknown.Add(&c)
			continue
		}
		c.Severity = diag.Warning
		list.Add(&c)
	}
	if len(unknown) > 0 {
		list.Add(unknownRecipes(unknown))
	}
	i.show(list)
}

// unknownRecipes makes one note of all sections whose recipe gobuild does not
// have. It points to the first.
func unknownRecipes(list diag.List) *diag.Diagnostic {
	count := map[string]int{}
	var names []string
	for _, d := range list {
		name := d.At.Text()
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	for n, name := range names {
		if count[name] > 1 {
			names[n] = fmt.Sprintf("%s (%d sections)", name, count[name])
		}
	}
	d := diag.At(list[0].At, list[0].Code, "recipes that gobuild does not have: %s", some(names, 8))
	d.Severity = diag.Note
	return d.WithHint("options that they would set read as @{section:option}")
}

// some lists at most n names.
func some(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// writeResult prints the answer of an explaining command: as JSON, or by text.
func (a *app) writeResult(v any, text func(p *printer)) error {
	return a.discreetly(a.Stdout, func(w io.Writer) error {
		if a.flags.json {
			return writeJSON(w, v)
		}
		out := bufio.NewWriter(w)
		text(&printer{w: out, dir: a.Dir})
		return out.Flush()
	})
}

// printer writes answers as text.
type printer struct {
	w     *bufio.Writer
	dir   string
	limit int // of lists; 0 means none
}

// more tells how much of a list was left out; true ends the list.
func (p *printer) more(indent string, shown, total int) bool {
	if p.limit == 0 || shown < p.limit {
		return false
	}
	p.line("%s(%d more; --all shows them)", indent, total-shown)
	return true
}

func (p *printer) line(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	p.w.WriteString(text + "\n")
}

// place returns file:line:column, the file relative to the current directory
// when that is shorter; nothing is "".
func (p *printer) place(at *explain.Place) string {
	if at == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.file(at.File), at.Line, at.Column)
}

func (p *printer) file(name string) string {
	if !filepath.IsAbs(name) {
		return ui.Mask(name)
	}
	if rel, err := filepath.Rel(p.dir, name); err == nil && len(rel) < len(name) {
		return rel
	}
	return name
}

// value writes `head = value`; a value of several lines stands below, marked by
// a bar.
func (p *printer) value(indent, head, value string) {
	lines := strings.Split(strings.Trim(value, "\n"), "\n")
	if len(lines) == 1 {
		p.line("%s%s = %s", indent, head, lines[0])
		return
	}
	p.line("%s%s =", indent, head)
	for _, l := range lines {
		p.line("%s    | %s", indent, l)
	}
}

// noRecipes adds the flag of that name.
func noRecipes(c *cobra.Command, to *bool) {
	c.Flags().BoolVar(to, "no-recipes", false, "prepare no recipe: show only what the profile says")
}
