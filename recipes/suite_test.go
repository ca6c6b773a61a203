package recipes

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

var update = flag.Bool("update", false, "rewrite the pages of docs/recipes")

// TestSpecs checks what every recipe must tell of itself.
func TestSpecs(t *testing.T) {
	owner := map[string]string{}
	for _, spec := range Builtin() {
		if len(spec.Names) == 0 || spec.Recipe == nil {
			t.Fatalf("recipe without name or code: %+v", spec)
		}
		name := spec.Names[0]
		for _, n := range spec.Names {
			if other, ok := owner[lookupForm(n)]; ok {
				t.Errorf("%s: the name %q is that of %s too", name, n, other)
			}
			owner[lookupForm(n)] = name
		}
		if strings.ContainsAny(name, ":/ .") {
			t.Errorf("%s: the short name is no file name", name)
		}
		checkDoc(t, name, spec.Doc)
		seen := map[string]bool{}
		for _, o := range spec.Options {
			checkDoc(t, name+": option "+o.Name, o.Doc)
			if o.Name == "" || seen[o.Name] {
				t.Errorf("%s: option %q is there twice", name, o.Name)
			}
			if o.Required && o.Default != "" {
				t.Errorf("%s: option %q is required but has a default", name, o.Name)
			}
			seen[o.Name] = true
		}
	}
}

// checkDoc wants text to start with a sentence.
func checkDoc(t *testing.T, what, text string) {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n\n")
	if first == "" || first != strings.TrimSpace(first) || !strings.HasSuffix(first, ".") {
		t.Errorf("%s: the text does not start with a sentence: %q", what, first)
	}
	if strings.ContainsAny(text, "\t|") {
		t.Errorf("%s: a tab or a bar in the text breaks the page", what)
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"slapos.recipe.cmmi": "cmmi", " slapos.recipe.template\t": "template", "slapos.recipe.template:default": "template",
		"slapos.recipe.build:download": "download", "download": "download", "slapos.cookbook:mkdirectory": "mkdirectory",
		"slapos.recipe.build:mkdirectory": "mkdirectory-build", "zc.buildout:debug": "debug",
		"": "", "slapos.recipe.build:": "", "slapos.recipe.template:jinja2x": "", ":default": "",
	} {
		spec, ok := Lookup(name)
		if ok != (want != "") || ok && spec.Names[0] != want {
			t.Errorf("Lookup(%q) = %q, %v, want %q", name, spec.Names, ok, want)
		}
	}
}

// suiteValues are values that no recipe may stumble over.
var suiteValues = []string{"", " ", "x", "\x00", "${", "%(", "$$", "-1", "true", "a\nb", "'", "../..", "\xff", strings.Repeat("9", 40)}

// TestPrepare gives every recipe no options, and then its own options with odd
// values: it answers with an action or with a diagnostic that has a place, and
// leaves the disk as it is.
func TestPrepare(t *testing.T) {
	for _, spec := range Builtin() {
		t.Run(spec.Names[0], func(t *testing.T) {
			k := partstest.New(t)
			checkPrepare(t, k, spec, map[string]string{})
			for _, value := range suiteValues {
				all := map[string]string{}
				for _, o := range spec.Options {
					if o.Computed {
						continue
					}
					checkPrepare(t, k, spec, map[string]string{o.Name: value})
					one := requiredOptions(spec)
					one[o.Name] = value
					checkPrepare(t, k, spec, one)
					all[o.Name] = value
				}
				checkPrepare(t, k, spec, all)
			}
		})
	}
}

// requiredOptions has a plain value for each option that must be there.
func requiredOptions(spec parts.Spec) map[string]string {
	options := map[string]string{}
	for _, o := range spec.Options {
		if o.Required {
			options[o.Name] = "/none"
		}
	}
	return options
}

func checkPrepare(t *testing.T, k *partstest.Kit, spec parts.Spec, options map[string]string) {
	t.Helper()
	options["recipe"] = spec.Names[0]
	o := probeOptions{k.Options("part", map[string]map[string]string{"part": options}), k}
	a, err := spec.Recipe.Prepare(t.Context(), o)
	if errors.Is(err, parts.ErrNotRun) {
		return // the profile is only looked at here
	}
	if (a == nil) == (err == nil) {
		t.Errorf("%q: action %v and error %v", options, a, err)
	}
	for _, d := range diag.All(err) {
		if !d.At.IsValid() || len(d.Path) == 0 || d.Code == "" || d.Msg == "" {
			t.Errorf("%q: diagnostic without place, path, code or text: %+v", options, d)
		}
	}
	if entries, err := os.ReadDir(k.Work.Dir); err != nil || len(entries) > 0 {
		t.Errorf("%q: Prepare left %v on disk (%v)", options, entries, err)
	}
	if owned := k.Owned(); len(owned) > 0 {
		t.Errorf("%q: Prepare owns %q", options, owned)
	}
}

// TestRunEnds: an action whose context has ended does no lasting harm, and says
// so by the error of the context, or is done.
func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, lines := range map[string]string{
		"download": "url = @ROOT@/src", "unpacked": "url = @ROOT@/src", "command": "command = x",
		"gitclone": "repository = r\nrevision = x", "hexagondownload": "url = @ROOT@/src",
	} {
		s := newStand(t)
		s.write("src", "-- a --\n", 0o644)
		spec, _ := Lookup(name)
		err := s.prepare(spec.Recipe, s.section(lines)).Run(ctx, s.Work)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPages compares docs/recipes with the table.
func TestPages(t *testing.T) {
	dir := filepath.Join("..", "docs", "recipes")
	pages := map[string]string{"README.md": indexPage()}
	for _, spec := range Builtin() {
		pages[spec.Names[0]+".md"] = specPage(spec)
	}
	if *update {
		rewritePages(t, dir, pages)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := pages[entry.Name()]; !ok {
			t.Errorf("%s is about no recipe", entry.Name())
		}
	}
	for name, want := range pages {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("docs/recipes/%s is not what the table says (%v): run go test ./recipes -update", name, err)
		}
	}
}

func rewritePages(t *testing.T, dir string, pages map[string]string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// indexPage lists the recipes.
func indexPage() string {
	var b strings.Builder
	b.WriteString("# Recipes\n\nMade from the table of recipes: `gobuild recipe list` prints the same.\n\n| Recipe | Other names | What it does |\n|---|---|---|\n")
	for _, spec := range Builtin() {
		name := spec.Names[0]
		sentence, _, _ := strings.Cut(spec.Doc, "\n\n")
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s |\n", name, name, quoted(spec.Names[1:]), strings.ReplaceAll(sentence, "\n", " "))
	}
	return b.String()
}

// specPage is the page of a recipe.
func specPage(spec parts.Spec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", spec.Names[0])
	if len(spec.Names) > 1 {
		fmt.Fprintf(&b, "Other names: %s\n\n", quoted(spec.Names[1:]))
	}
	b.WriteString(spec.Doc + "\n")
	optionTable(&b, "Options", spec.Options, func(o parts.OptionSpec) bool { return !o.Computed || o.Default != "" })
	optionTable(&b, "Options that the recipe sets", spec.Options, func(o parts.OptionSpec) bool { return o.Computed })
	if spec.Open {
		b.WriteString("\nOther options of the section are data: they have no meaning for the recipe unless the text above says so.\n")
	}
	return b.String()
}

func optionTable(b *strings.Builder, title string, options []parts.OptionSpec, fits func(parts.OptionSpec) bool) {
	options = slices.DeleteFunc(slices.Clone(options), func(o parts.OptionSpec) bool { return !fits(o) })
	if len(options) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| Option | Default | Meaning |\n|---|---|---|\n", title)
	for _, o := range options {
		standard := o.Default
		if o.Required {
			standard = "*required*"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", o.Name, standard, strings.ReplaceAll(o.Doc, "\n", " "))
	}
}

func quoted(names []string) string {
	var q []string
	for _, name := range names {
		q = append(q, "`"+name+"`")
	}
	return strings.Join(q, ", ")
}
