package lint

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/condition"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// memory is an Opener over files that stand in /p.
type memory map[string]string

func (m memory) Open(_ context.Context, name string, _ func(string) string) (*diag.Source, error) {
	text, ok := m[strings.TrimPrefix(name, "/p/")]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return diag.NewSource(name, []byte(text)), nil
}

func (m memory) Exists(name string) bool { return m[strings.TrimPrefix(name, "/p/")] != "" }

// specs are the recipes of the tests.
func specs(name string) (parts.Spec, bool) {
	switch name {
	case "cmmi", "slapos.recipe.cmmi":
		return parts.Spec{Names: []string{"cmmi", "slapos.recipe.cmmi"}, Options: []parts.OptionSpec{
			{Name: "url"}, {Name: "md5sum"}, {Name: "sha256sum"}, {Name: "shared"}, {Name: "patches"},
			{Name: "configure-options"}, {Name: "location", Computed: true}}}, true
	case "template":
		return parts.Spec{Names: []string{"template"}, Options: []parts.OptionSpec{
			{Name: "url"}, {Name: "inline"}, {Name: "output", Required: true}}}, true
	}
	return parts.Spec{}, false
}

// input reads the profile a.cfg of files.
func input(t *testing.T, files memory, dialect profile.Dialect) Input {
	t.Helper()
	load := func(ctx context.Context, d profile.Dialect) (*profile.Profile, error) {
		return profile.Load(ctx, profile.Config{Root: "a.cfg", Dir: "/p", Home: "/home", Dialect: d, Executable: "python3",
			Open: files, Condition: condition.New(condition.Python{}).Eval})
	}
	p, err := load(context.Background(), dialect)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Profile: p, Recipe: specs, Load: load, Home: "/home", Read: func(path string) ([]byte, error) {
		if text, ok := files[strings.TrimPrefix(path, "/p/")]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}}
}

// rulesOf returns the rule called code, or all rules.
func rulesOf(code string) []Rule {
	if code == "" {
		return Rules()
	}
	return slices.DeleteFunc(Rules(), func(r Rule) bool { return r.Code != code })
}

// run returns what a rule finds, one line for each finding.
func run(t *testing.T, code string, files memory, dialect profile.Dialect) string {
	t.Helper()
	var b strings.Builder
	for _, f := range Check(context.Background(), input(t, files, dialect), rulesOf(code)) {
		line, column := f.At.From.LineColumn()
		fmt.Fprintf(&b, "%s:%d:%d", strings.TrimPrefix(nameOf(f.At), "/p/"), line, column)
		if f.Severity == diag.Note {
			b.WriteString(" note")
		}
		fmt.Fprintf(&b, " %s: %s", strings.Join(f.Path, ":"), f.Msg)
		if f.Hint != "" {
			fmt.Fprintf(&b, " (%s)", f.Hint)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// split reads `-- NAME --` headed texts; what stands above the first one is
// a.cfg.
func split(text string) memory {
	files, name := memory{}, "a.cfg"
	for _, line := range strings.SplitAfter(text, "\n") {
		if n, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(strings.TrimSpace(n), " --")
			continue
		}
		files[name] += line
	}
	return files
}

func TestRules(t *testing.T) {
	found, silent := map[string]bool{}, map[string]bool{}
	for _, c := range ruleCases {
		dialect := profile.SlapOS
		if c.upstream {
			dialect = profile.Upstream
		}
		got := run(t, c.rule, split(c.files), dialect)
		if got != c.want {
			t.Errorf("%s\n%s\ngot:\n%swant:\n%s", c.rule, c.files, got, c.want)
		}
		found[c.rule] = found[c.rule] || c.want != ""
		silent[c.rule] = silent[c.rule] || c.want == ""
	}
	for _, r := range Rules() {
		if !found[r.Code] || !silent[r.Code] {
			t.Errorf("rule %s needs a case in which it finds something, and one in which it does not", r.Code)
		}
	}
}

func TestRulesAreDescribed(t *testing.T) {
	codes := map[string]bool{}
	for _, r := range Rules() {
		if codes[r.Code] || !ignoreWord().MatchString(r.Code) {
			t.Errorf("bad or double code %q", r.Code)
		}
		codes[r.Code] = true
		if s := r.Summary(); !strings.HasSuffix(s, ".") || len(s) > 100 || !strings.Contains(strings.TrimSpace(r.Doc), "\n\n") {
			t.Errorf("%s: a sentence, a blank line and a paragraph are wanted: %q", r.Code, r.Doc)
		}
	}
	if !slices.IsSortedFunc(Rules(), func(a, b Rule) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("the table is not sorted")
	}
}

func TestIgnoreComments(t *testing.T) {
	const below = "[a]\nrecipe = cmmi\nurl = http://h.test/x\n"
	const all = "a.cfg:6:7 a:url: http is not protected on its way (try https; else give the file a checksum)\n"
	for _, c := range []struct{ name, files, want string }{
		{"none", "[buildout]\nparts = a\n\n" + below, all},
		{"header", "[buildout]\nparts = a\n# gobuild: ignore insecure-url, missing-checksum\n" + below, ""},
		{"option", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\n# gobuild: ignore insecure-url\nurl = http://h.test/x\n", ""},
		{"blank and comment between", "[buildout]\nparts = a\n#gobuild:ignore\n\n; why\n" + below, ""},
		{"other code", "[buildout]\nparts = a\n# gobuild: ignore missing-checksum\n" + below, all},
		{"whole file", below + "# gobuild: ignore-file\n[buildout]\nparts = a\n", ""},
		{"other section", "# gobuild: ignore insecure-url\n[buildout]\nparts = a\n" + below, all},
		{"line within a value", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\npatches =\n# gobuild: ignore insecure-url\n  http://h.test/x\n  http://h.test/y\n",
			"a.cfg:8:3 a:patches: http is not protected on its way (try https; else give the file a checksum)\n"},
	} {
		if got := run(t, "insecure-url", split(c.files), profile.SlapOS); got != c.want {
			t.Errorf("%s: %q\ngot:\n%swant:\n%s", c.name, c.files, got, c.want)
		}
	}
}

func TestFixes(t *testing.T) {
	for _, c := range []struct{ name, files, want string }{
		{"https", "[buildout]\nparts =\n[a]\nurl = http://ftp.gnu.org/x\nmd5sum = 1\n", "[buildout]\nparts =\n[a]\nurl = https://ftp.gnu.org/x\nmd5sum = 1\n"},
		{"several", "[buildout]\nparts =\n  a\n  b\n  a\n[a]\nrecipe = cmmi\npatches =\n  http://ftp.gnu.org/x http://pypi.org/y\n[b]\nrecipe = x\n",
			"[buildout]\nparts =\n  a\n  b\n[a]\nrecipe = cmmi\npatches =\n  https://ftp.gnu.org/x https://pypi.org/y\n[b]\nrecipe = x\n"},
		{"part in one line", "[buildout]\nparts = a a\n[a]\nrecipe = x\n", ""},
		{"same value twice", "[buildout]\nparts =\n[a]\nx =\n  1\n  2\ny = 1\nx =\n  1\n  2\n", "[buildout]\nparts =\n[a]\ny = 1\nx =\n  1\n  2\n"},
		{"other value", "[buildout]\nparts =\n[a]\nx = 1\nx = 2\n", ""},
		{"prefix of a checksum", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nmd5sum = md5:d41d8cd98f00b204e9800998ecf8427e\n",
			"[buildout]\nparts = a\n[a]\nrecipe = cmmi\nmd5sum = d41d8cd98f00b204e9800998ecf8427e\n"},
	} {
		in := input(t, split(c.files), profile.SlapOS)
		texts := Fixes(Check(context.Background(), in, Rules()))
		if got := string(texts["/p/a.cfg"]); got != c.want || len(texts) > 1 {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

// TestOverlappingEdits makes the first of two edits of one place.
func TestOverlappingEdits(t *testing.T) {
	src := diag.NewSource("x", []byte("abcdef"))
	got := apply([]Edit{{diag.SpanOf(src, 3, 5), "Y"}, {diag.SpanOf(src, 1, 4), "X"}, {diag.SpanOf(src, 5, 5), "Z"}})
	if string(got) != "aXeZf" {
		t.Errorf("got %q", got)
	}
}

// FuzzCheck checks that no profile makes the rules panic or run without end,
// and that what is fixed still reads.
func FuzzCheck(f *testing.F) {
	for _, c := range ruleCases {
		f.Add(c.files)
	}
	f.Add("[buildout]\nparts = a\n[a]\n<= a\nx = ${:x}${b:y}\n[b]\ny = ${a:x}${a:x}\n")
	f.Add("[buildout]\nparts = a\n[a\x00b]\nrecipe = x\nx += 1\n")
	f.Add("[buildout]\nparts = b\n[a]\n<= b\nurl = http://h.test/\n[b]\n<= a\nrecipe = cmmi\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := split(text)
		p, err := profile.Load(context.Background(), profile.Config{Root: "a.cfg", Dir: "/p", Dialect: profile.SlapOS, Open: files,
			Condition: func(string) (bool, error) { return true, nil }})
		if err != nil {
			return
		}
		for name, fixed := range Fixes(Check(context.Background(), Input{Profile: p, Recipe: specs}, Rules())) {
			files[strings.TrimPrefix(name, "/p/")] = string(fixed)
		}
		if _, err := profile.Load(context.Background(), profile.Config{Root: "a.cfg", Dir: "/p", Dialect: profile.SlapOS, Open: files,
			Condition: func(string) (bool, error) { return true, nil }}); err != nil && strings.Contains(err.Error(), "parsing") {
			t.Errorf("%q does not read any more: %v", text, err)
		}
	})
}
