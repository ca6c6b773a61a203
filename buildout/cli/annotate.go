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
	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/profile"
	"gobuild/buildout/ui"
)

func newAnnotate(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "annotate [SECTION…]", Short: "show where each value comes from",
		Long: `Shows all sections (or those named) before macros and substitution: each value
with the files that made it. With -v the whole history with line numbers; with
--json an object {"raw": {section: {option: {"value", "source", "history"}}}}.
Nothing is installed, and references may be wrong.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runAnnotate(cmd.Context(), a, args) },
		ValidArgsFunction: a.complete(sectionNames),
	}
}

func runAnnotate(ctx context.Context, a *app, names []string) error {
	e, err := a.open(ctx, event.Discard)
	if err != nil {
		return err
	}
	a.show(e.Profile.Warnings)
	// What zc.buildout checks before any command.
	for _, option := range []string{"offline", "newest"} {
		if _, err := e.Profile.Bool(option); err != nil {
			return withStatus(StatusProfile, err)
		}
	}
	a.show(unknownSections(e.Profile, names))
	if a.flags.json {
		return writeJSON(a.Stdout, annotated(e.Profile, names))
	}
	out := bufio.NewWriter(a.Stdout)
	printAnnotated(out, e, names, a.flags.verbose > a.flags.quiet)
	return out.Flush()
}

// unknownSections warns of names that are no sections.
func unknownSections(p *profile.Profile, names []string) diag.List {
	var list diag.List
	for _, name := range names {
		if p.Sections[name] == nil {
			d := diag.At(diag.Span{}, "unknown-section", "Section not found: %s", name)
			d.Severity, d.Hint = diag.Warning, diag.DidYouMean(name, p.Names())
			list.Add(d)
		}
	}
	return list
}

// jsonValue is the value of an option in `annotate --json`.
type jsonValue struct {
	Value   string        `json:"value"`
	Source  string        `json:"source"`
	History []jsonSetting `json:"history"`
	Earlier int           `json:"earlier,omitempty"` // settings that history leaves out
}

type jsonSetting struct {
	Operation string `json:"operation"`
	Value     string `json:"value"`
	Source    string `json:"source"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
}

func annotated(p *profile.Profile, names []string) any {
	raw := map[string]map[string]jsonValue{}
	for _, name := range p.Names() {
		if !chosen(name, names) {
			continue
		}
		raw[name] = map[string]jsonValue{}
		for key, v := range p.Sections[name].Options {
			j := jsonValue{Value: v.Text, Source: v.Source(), Earlier: v.Earlier()}
			for _, s := range v.History() {
				line, column := s.KeyAt.From.LineColumn()
				j.History = append(j.History, jsonSetting{string(s.Op), s.Text, s.Source, line, column})
			}
			raw[name][key] = j
		}
	}
	return map[string]any{"raw": raw, "dialect": p.Dialect, "dialect_sign": p.DialectSign}
}

func chosen(name string, names []string) bool { return len(names) == 0 || slices.Contains(names, name) }

// printAnnotated writes the sections in zc.buildout's form.
func printAnnotated(w io.Writer, e *buildout.Engine, names []string, verbose bool) {
	p := e.Profile
	fmt.Fprint(w, "\nAnnotated sections\n==================\n")
	if verbose {
		fmt.Fprintf(w, "\nDialect: %s (%s)\n", p.Dialect, p.DialectSign)
	}
	// zc.buildout shows sources below its directory, not that of the profile.
	dir := p.Directory
	if v := p.Value("buildout", "directory"); v != nil && !strings.Contains(v.Text, "${") {
		dir = v.Text
	}
	for _, name := range p.Names() {
		if !chosen(name, names) {
			continue
		}
		fmt.Fprintf(w, "\n[%s]\n", name)
		for _, key := range p.Sections[name].Keys() {
			v := p.Sections[name].Options[key]
			printValue(w, key, v.Text)
			if verbose {
				printHistory(w, dir, key, v)
			} else {
				printSources(w, dir, v)
			}
		}
	}
}

func printValue(w io.Writer, key, text string) {
	text = ui.MaskOption(key, text)
	lines := cfg.SplitLines(text)
	switch {
	case text == "":
		fmt.Fprintln(w, key+"=")
		return
	case len(lines) == 1:
		fmt.Fprintln(w, key+"= "+text)
		return
	}
	fmt.Fprintf(w, "%s= %s\n", key, lines[0])
	for _, line := range lines[1:] {
		fmt.Fprintln(w, line)
	}
}

// printSources writes the files of the settings that make up the value.
func printSources(w io.Writer, dir string, v *profile.Value) {
	var out []string
	for s := range v.Newest() {
		name := sourceName(dir, s.Source)
		switch s.Op {
		case profile.OpAdd:
			out = append(out, "+=  "+name)
		case profile.OpRemove:
			out = append(out, "-=  "+name)
		default:
			out = append(out, "    "+name)
		}
		if s.Op != profile.OpAdd && s.Op != profile.OpRemove {
			break
		}
	}
	for _, line := range slices.Backward(out) {
		fmt.Fprintln(w, line)
	}
}

// printHistory writes every setting with its place, the last one first.
func printHistory(w io.Writer, dir, key string, v *profile.Value) {
	fmt.Fprintln(w)
	for _, s := range slices.Backward(v.History()) {
		word := "IN"
		if slices.Contains([]string{profile.SourceDefault, profile.SourceComputed, profile.SourceCommandLine}, s.Source) {
			word = "AS"
		}
		fmt.Fprintf(w, "   %s %s%s\n", word, sourceName(dir, s.Source), lineOf(s.KeyAt))
		text := ui.MaskOption(key, s.Text)
		lines := cfg.SplitLines(text)
		if len(lines) <= 1 {
			fmt.Fprintf(w, "   %s VALUE = %s\n", s.Op, text)
			continue
		}
		fmt.Fprintf(w, "   %s VALUE =\n", s.Op)
		for _, line := range lines {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
	if n := v.Earlier(); n > 0 {
		fmt.Fprintf(w, "   and %d earlier\n", n)
	}
	fmt.Fprintln(w)
}

func lineOf(at diag.Span) string {
	if !at.IsValid() || at.From.Src.Name == "<command line>" {
		return ""
	}
	line, _ := at.From.LineColumn()
	return fmt.Sprintf(":%d", line)
}

// sourceName is a source relative to the directory of the profile, when it is
// below it.
func sourceName(dir, source string) string {
	if rest, err := filepath.Rel(dir, source); err == nil && filepath.IsAbs(source) && strings.HasPrefix(source, dir) {
		return rest
	}
	return source
}
