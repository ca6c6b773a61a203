package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"gobuild/buildout/diag"
	"gobuild/buildout/lint"
	"gobuild/buildout/ui"
)

// elsewhere names the tests of classes that no command line leads to.
var elsewhere = map[string]string{
	"frozen-location":   "buildout/profile/problems_test.go", // a mistake of a recipe
	"location-not-made": "parts/store/install_test.go",       // a mistake of a recipe
	"state-unwritable":  "parts/state/db_test.go",            // names that no profile can hold
	"too-large":         "buildout/lsp/diagnostics_test.go",  // told to an editor
}

// minClasses is how many classes of diagnostics have a golden script at least.
const minClasses = 60

// TestMessagesTable compares the table of classes with the codes in the sources.
func TestMessagesTable(t *testing.T) {
	used := usedCodes(t)
	known := map[string]bool{}
	for i, c := range diag.Classes() {
		known[c.Code] = true
		if i > 0 && diag.Classes()[i-1].Code >= c.Code {
			t.Errorf("%s is out of order in buildout/diag/codes.go, or twice there", c.Code)
		}
		if len(used[c.Code]) == 0 {
			t.Errorf("%s of buildout/diag/codes.go is used nowhere", c.Code)
		}
		for _, text := range []string{c.Summary, c.Cure} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", c.Code, text)
			}
		}
	}
	for _, r := range lint.Rules() {
		known[r.Code] = true
	}
	for _, code := range slices.Sorted(maps.Keys(used)) {
		if !known[code] {
			t.Errorf("%s: the code %s is not in buildout/diag/codes.go", used[code][0], code)
		}
	}
}

// TestMessagesGolden checks that each class has a script that prints it.
func TestMessagesGolden(t *testing.T) {
	scripts := 0
	for _, c := range diag.Classes() {
		if name, ok := elsewhere[c.Code]; ok {
			if text, err := os.ReadFile(name); err != nil || !bytes.Contains(text, []byte(c.Code)) {
				t.Errorf("%s does not test %s", name, c.Code)
			}
			continue
		}
		d, _ := example(t, c.Code)
		if d == nil {
			t.Errorf("%s does not print %s", scriptOf(c.Code), c.Code)
			continue
		}
		scripts++
		if d.Severity != c.Severity {
			t.Errorf("%s is printed as %s, and is %s in the table", c.Code, d.Severity, c.Severity)
		}
	}
	if scripts < minClasses {
		t.Errorf("%d classes have a script, want %d", scripts, minClasses)
	}
}

// TestMessagesRules checks that each lint rule is tested by its code.
func TestMessagesRules(t *testing.T) {
	var tests []byte
	for _, pattern := range []string{"buildout/lint/*_test.go", "testdata/script/lint_*.txtar"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tests = append(tests, text...)
		}
	}
	for _, r := range lint.Rules() {
		if !bytes.Contains(tests, []byte(r.Code)) {
			t.Errorf("no test speaks of the rule %s", r.Code)
		}
	}
}

// TestMessagesPage checks that docs/messages.md is current.
func TestMessagesPage(t *testing.T) {
	const name = "docs/messages.md"
	page := messagesPage(t)
	if *update {
		if err := os.WriteFile(name, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(name)
	if err != nil || string(old) != page {
		t.Errorf("%s is not current: go test . -run Messages -update (%v)", name, err)
	}
}

func scriptOf(code string) string {
	return "testdata/script/message_" + strings.ReplaceAll(code, "-", "_") + ".txtar"
}

// printed is the JSON form of a diagnostic, as scripts keep it.
type printed struct {
	Severity, Code, Message, Hint string
	printedPlace
	Path    []string
	Related []struct {
		printedPlace
		Message string
	}
}

type printedPlace struct {
	File      string
	Line      int
	Column    int
	EndLine   int `json:"end_line"`
	EndColumn int `json:"end_column"`
}

// server stands for that of the scripts.
const server = "https://files.example/"

// unseen is the excerpt of a text that the script makes, which is not known here.
var unseen = regexp.MustCompile(`(?m)^ +\d+ \| *\n +\| +\^\n`)

// example returns the first diagnostic with a code that the script of the code
// expects, and how people see it; nil when there is none.
func example(t *testing.T, code string) (*diag.Diagnostic, string) {
	t.Helper()
	a, err := txtar.ParseFile(scriptOf(code))
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	files := map[string]*diag.Source{}
	want := ""
	for _, f := range a.Files {
		files["$WORK/"+f.Name] = diag.NewSource(f.Name, f.Data)
		served := strings.TrimPrefix(f.Name, "files/")
		files["$HTTP/"+served] = diag.NewSource(server+served, f.Data)
		if f.Name == "want" {
			want = string(f.Data)
		}
	}
	for line := range strings.Lines(want) {
		var p printed
		if json.Unmarshal([]byte(line), &p) == nil && p.Code == code {
			d := p.diagnostic(files)
			var b strings.Builder
			ui.Diagnostics(&b, diag.List{d}, ui.Style{}) // a Builder takes all
			return d, strings.NewReplacer("$WORK", "/srv/stack", "$HTTP/", server).Replace(unseen.ReplaceAllString(b.String(), ""))
		}
	}
	return nil, ""
}

func (p printed) diagnostic(files map[string]*diag.Source) *diag.Diagnostic {
	d := diag.At(p.span(files), p.Code, "%s", p.Message).WithPath(p.Path...).WithHint("%s", p.Hint)
	for _, severity := range []diag.Severity{diag.Warning, diag.Note} {
		if p.Severity == severity.String() {
			d.Severity = severity
		}
	}
	for _, r := range p.Related {
		d.WithRelated(r.span(files), "%s", r.Message)
	}
	return d
}

// span finds the place in the files of the script, or in an empty text for
// those that the script makes.
func (p printedPlace) span(files map[string]*diag.Source) diag.Span {
	src := files[p.File]
	switch {
	case p.File == "":
		return diag.Span{}
	case src == nil:
		text := strings.Repeat("\n", p.Line-1) + strings.Repeat(" ", p.Column)
		src = diag.NewSource(strings.TrimPrefix(p.File, "$WORK/"), []byte(text))
		p.EndLine, p.EndColumn = p.Line, p.Column
	}
	return diag.SpanOf(src, offset(src, p.Line, p.Column), offset(src, p.EndLine, p.EndColumn))
}

// offset returns the offset of a line and a column.
func offset(src *diag.Source, line, column int) int {
	start := 0
	for range line - 1 {
		start += bytes.IndexByte(src.Text[start:], '\n') + 1
	}
	return start + column - 1
}

const messagesIntro = `# Messages

Made by ` + "`go test . -run Messages -update`" + ` from buildout/diag/codes.go, the rules of buildout/lint and the scripts
testdata/script/message_*.txtar, which print the examples.

Every error and every warning has a code: ` + "`--message-format json`" + ` (or ` + "`github`, `sarif`" + `) prints it, and a warning ends with it in
brackets. gobuild reports all errors that it finds in one run, sorted by file and position: first those of reading the files; when
there are none, those of all options of ` + "`[buildout]`" + ` and of all parts. What fails only because something else failed is not reported
again. An error shows all places that it is about, and below ` + "`While:`" + ` what was being done, as zc.buildout does.

Warnings are silenced by ` + "`--silence CODE`" + ` for a run (it may be repeated, or hold several codes with commas between), by
` + "`silence = CODE …`" + ` in gobuild.ini or by the variable ` + "`GOBUILD_SILENCE`" + ` for good. Errors cannot be silenced.

`

// messagesPage is docs/messages.md.
func messagesPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(messagesIntro)
	for _, kind := range []struct {
		title    string
		severity diag.Severity
	}{{"Warnings\n\nEach can be silenced.", diag.Warning}, {"Errors\n\nNone can be silenced.", diag.Error}} {
		fmt.Fprintf(&b, "## %s\n\n", kind.title)
		for _, c := range diag.Classes() {
			if c.Severity == kind.severity {
				writeClass(t, &b, c)
			}
		}
	}
	b.WriteString("## Findings of lint\n\nThey can be silenced as warnings, and by comments; [lint.md](lint.md) explains them.\n\n")
	b.WriteString("| Code | What it finds |\n|---|---|\n")
	for _, r := range lint.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.Code, r.Summary())
	}
	return b.String()
}

func writeClass(t *testing.T, b *strings.Builder, c diag.Class) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n", c.Code, c.Summary)
	if elsewhere[c.Code] == "" {
		_, text := example(t, c.Code)
		fmt.Fprintf(b, "```\n%s```\n\n", text)
	}
	silence := ""
	if c.Severity != diag.Error {
		silence = " `--silence " + c.Code + "` hides it."
	}
	fmt.Fprintf(b, "What to do: %s%s\n\n", c.Cure, silence)
}
