package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/coverage"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/profile"
)

// coverageOptions are the flags of recipe coverage.
type coverageOptions struct {
	render   bool
	sections bool
}

func newCoverage(a *app) *cobra.Command {
	var o coverageOptions
	c := &cobra.Command{
		Use: "coverage [PATH…]", Short: "say which recipes of profiles are built in, and which run as Python code",
		Long: `Says of the sections of the profile that -c names, or of the files and directories
given, how their recipe runs: it is built in (native), is Python code of an egg
(bridge), or cannot run (refused). Nothing is installed, fetched or evaluated, but
what profiles extend.

Profiles are read with all that they extend; a section that several of them have
in common counts once. Of templates of profiles the lines are read as they are, with
those of all branches. With --render, those that a profile renders from files beside it are
rendered too, in a directory that is deleted, as for an instance without parameters, and
the result is read as a profile.

Exit status: 0 all sections run; 1 some do not; 2 wrong use; 3 the profile cannot
be read.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCoverage(cmd.Context(), a, o, args) },
	}
	c.Flags().BoolVar(&o.render, "render", false, "render templates of profiles too, and read the result")
	c.Flags().BoolVar(&o.sections, "sections", false, "list the sections, not only the recipes")
	return c
}

// surveyor looks at files and gathers their sections.
type surveyor struct {
	*app
	config buildout.Config
	render bool
	found  []coverage.Section
	texts  []*coverage.Text
	macros coverage.Macros
	files  int
}

func runCoverage(ctx context.Context, a *app, o coverageOptions, args []string) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	c, err := a.config(s, event.Discard)
	if err != nil {
		return err
	}
	c.Fetch.ReadOnly = true
	v := &surveyor{app: a, config: c, render: o.render, macros: coverage.Macros{}}
	if len(args) == 0 {
		err = v.profile(ctx, a.flags.config)
	}
	for _, path := range args {
		if err == nil {
			err = v.path(ctx, a.path(path))
		}
	}
	if err != nil {
		return err
	}
	r := v.sum()
	if err := a.writeResult(r, func(p *printer) { p.coverage(r, o.sections) }); err != nil {
		return err
	}
	if r.Totals.Runs[coverage.Refused] > 0 {
		return withStatus(StatusPartFailed, diag.List{})
	}
	return nil
}

// sum reads the lines of templates, now that the macros of all files are known.
func (v *surveyor) sum() coverage.Report {
	open := 0
	for _, t := range v.texts {
		list, unknown := t.Sections(v.Recipes, v.macros)
		v.found, open = append(v.found, list...), open+unknown
	}
	r := coverage.Sum(v.found, v.files)
	r.Totals.Open = open
	return r
}

// path looks at a file, or at all profiles and templates below a directory.
func (v *surveyor) path(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return withStatus(StatusUsage, err)
	}
	if !info.IsDir() {
		return v.file(ctx, path)
	}
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return withStatus(StatusUsage, err)
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && name != path && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !hasSections(name):
			return nil
		}
		return v.file(ctx, name)
	})
}

// profileNames are the names of files that may be profiles or templates of them.
var profileNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.cfg$|\.cfg\.|\.(in|jinja|jinja2|j2|library)$`) })

// recipeLine is a line that profiles have.
var recipeLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(\[buildout\]|recipe[ \t]*=)`) })

// hasSections reports whether a file looks like a profile, or the template of one.
func hasSections(path string) bool {
	if !profileNames().MatchString(filepath.Base(path)) {
		return false
	}
	text, err := readTemplate(path)
	return err == nil && recipeLine().Match(text)
}

// file looks at one file: as a profile if it is one, else as a template.
func (v *surveyor) file(ctx context.Context, path string) error {
	text, err := readTemplate(path)
	if err != nil {
		return withStatus(StatusUsage, err)
	}
	if !coverage.IsTemplate(text) {
		err := v.profile(ctx, path)
		if err == nil || ctx.Err() != nil {
			return err
		}
		var list diag.List
		if !templated(text) && errors.As(err, &list) {
			v.show(asWarnings(list))
		}
	}
	v.files++
	t := coverage.ReadText(diag.NewSource(path, text))
	v.macros.AddText(t)
	v.texts = append(v.texts, t)
	return nil
}

// templated reports whether a template gives the names of profiles that a file
// extends: it cannot be read as a profile then, and nothing is wrong with it.
func templated(text []byte) bool { return extendsTemplate().Match(text) }

var extendsTemplate = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^extends[ \t]*\+?=[^\n]*(\$\{|\{\{)|^[ \t]+[^=\n]*(\$\{[^}\n]*\}|\{\{[^}\n]*\}\})[ \t]*$`)
})

// asWarnings are the errors of a profile that is looked at as a text.
func asWarnings(list diag.List) diag.List {
	var warnings diag.List
	for _, d := range list {
		c := *d
		c.Severity = diag.Warning
		warnings.Add(&c)
	}
	return warnings
}

// profile looks at a profile.
func (v *surveyor) profile(ctx context.Context, path string) error {
	c := v.config
	c.Profile = path
	e, err := buildout.Open(ctx, c)
	if err != nil {
		return withStatus(StatusProfile, err)
	}
	v.files++
	v.add(e.Profile, coverage.InProfile)
	if v.render {
		return v.rehearse(ctx, path)
	}
	return nil
}

// add takes the sections of a profile.
func (v *surveyor) add(p *profile.Profile, seen coverage.Seen) {
	list := coverage.OfProfile(p, v.Recipes, seen)
	for _, s := range list {
		v.macros.Add(s.Section, s.Recipe)
	}
	v.found = append(v.found, list...)
}

// coverage prints the report.
func (p *printer) coverage(r coverage.Report, sections bool) {
	w := tabwriter.NewWriter(p.w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "RECIPE\tRUNS\tBY\tSECTIONS\n")
	for _, x := range r.Recipes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", x.Recipe, x.Runs, x.By, x.Sections)
	}
	w.Flush()
	for _, s := range r.Sections {
		if !sections && s.Runs != coverage.Refused {
			continue
		}
		note := ""
		if s.Reason != "" {
			note = ": " + s.Reason
		}
		p.line("%s:%d: [%s] %s is %s%s (%s)", p.file(s.File), s.Line, s.Section, s.Recipe, s.Runs, note, s.Seen)
	}
	t := r.Totals
	p.line("%d files, %d sections with a recipe: %d native, %d by bridge, %d refused", t.Files, t.Sections,
		t.Runs[coverage.Native], t.Runs[coverage.Bridge], t.Runs[coverage.Refused])
	var seen []string
	for _, way := range []coverage.Seen{coverage.InProfile, coverage.Rendered, coverage.AsText} {
		if t.Seen[way] > 0 {
			seen = append(seen, fmt.Sprintf("%d in %s", t.Seen[way], seenIn[way]))
		}
	}
	if len(seen) > 0 {
		p.line("seen: %s", strings.Join(seen, ", "))
	}
	if t.Open > 0 {
		p.line("sections of templates with a macro that is in none of the files: %d", t.Open)
	}
}

// seenIn says where sections were seen.
var seenIn = map[coverage.Seen]string{
	coverage.InProfile: "profiles", coverage.Rendered: "rendered templates", coverage.AsText: "the lines of templates",
}
