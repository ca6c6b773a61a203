package profile

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata/profile")

// memory is an Opener over the files of an archive, which stand in /p.
type memory map[string]string

func (m memory) Open(_ context.Context, name string, _ func(string) string) (*diag.Source, error) {
	text, ok := m[strings.TrimPrefix(name, "/p/")]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return diag.NewSource(name, []byte(text)), nil
}

func (m memory) Exists(name string) bool { _, ok := m[strings.TrimPrefix(name, "/p/")]; return ok }

// TestGolden evaluates each archive of testdata/profile in both dialects and
// compares values, order of parts and errors with its golden files. The first
// line of the comment may hold assignments of the command line.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("../../testdata/profile/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := memory{}
	var inputs []txtar.File
	want := map[string]string{}
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want-") {
			want[f.Name] = string(f.Data)
			continue
		}
		files[f.Name] = string(f.Data)
		inputs = append(inputs, f)
	}
	for _, d := range []Dialect{Upstream, SlapOS} {
		name := "want-" + string(d)
		got := evaluated(files, d, assignments(string(a.Comment)))
		inputs = append(inputs, txtar.File{Name: name, Data: []byte(got)})
		if got != want[name] && !*update {
			t.Errorf("%s:\ngot:\n%swant:\n%s", name, got, want[name])
		}
	}
	if *update {
		a.Files = inputs
		if err := os.WriteFile(path, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func assignments(comment string) []Assignment {
	first, _, _ := strings.Cut(comment, "\n")
	words, ok := strings.CutPrefix(first, "args: ")
	if !ok {
		return nil
	}
	var list []Assignment
	for _, word := range strings.Fields(words) {
		key, value, _ := strings.Cut(word, "=")
		section, option, _ := strings.Cut(key, ":")
		list = append(list, Assignment{Section: section, Option: option, Value: value})
	}
	return list
}

// yesNo is a Condition.
func yesNo(expr string) (bool, error) {
	switch expr {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, errors.New("name " + expr + " is not defined")
}

// evaluated is the profile after evaluation as text, or its errors.
func evaluated(files memory, d Dialect, line []Assignment) string {
	ctx := context.Background()
	c := Config{Root: "buildout.cfg", Dir: "/p", Home: "/p/home", Dialect: d, Open: files, Executable: "python",
		Assignments: line, Condition: yesNo}
	p, err := Load(ctx, c)
	if err != nil {
		return problems(err)
	}
	ev := &Evaluator{Profile: p}
	base, err := ev.Start(ctx)
	if err != nil {
		return problems(err)
	}
	b, err := ev.Section(ctx, "buildout", diag.Span{})
	if err != nil {
		return problems(err)
	}
	parts, _, _ := b.Get(ctx, "parts")
	for _, name := range cfg.Fields(parts) {
		if _, err := ev.Section(ctx, name, diag.Span{}); err != nil {
			return problems(err)
		}
	}
	return values(ctx, ev, base)
}

func values(ctx context.Context, ev *Evaluator, base *Base) string {
	var b strings.Builder
	fmt.Fprintf(&b, "order: %s\n", strings.Join(ev.Order(), " "))
	for _, name := range ev.Touched() {
		e := ev.Known(name)
		for _, key := range e.Keys() {
			if v := e.Raw(key); name == "versions" || v != nil && (v.Source() == SourceDefault || v.Source() == SourceComputed) {
				continue
			}
			v, _, err := e.Get(ctx, key)
			if err != nil {
				return problems(err)
			}
			fmt.Fprintf(&b, "%s:%s=%q%s\n", name, key, v, history(e.Raw(key)))
		}
	}
	return b.String()
}

// history is the places of the settings, the oldest first.
func history(v *Value) string {
	text := ""
	for _, s := range v.History() {
		line, column := s.KeyAt.From.LineColumn()
		text += fmt.Sprintf(" %s@%s:%d:%d", s.Op, filepath.Base(s.Source), line, column)
	}
	return text
}

func problems(err error) string {
	var b strings.Builder
	for _, d := range diag.All(err) {
		fmt.Fprintf(&b, "error %s: %s\n", d.Code, strings.ReplaceAll(d.Error(), "\n", "\\n"))
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  related %s: %s\n", diag.Place(r.At.From), r.Msg)
		}
		if d.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", d.Hint)
		}
		if len(d.Trail) > 0 {
			fmt.Fprintf(&b, "  while: %s\n", strings.Join(d.Trail, " "))
		}
	}
	return b.String()
}

// TestReadOnce checks that each file of a profile is opened once, however many
// paths lead to it.
func TestReadOnce(t *testing.T) {
	files := memory{"base.cfg": "[a]\nx = 1\n"}
	last := "base.cfg"
	for i := range 12 { // 2^12 paths
		name := fmt.Sprintf("l%d.cfg", i)
		files[name+"r"] = "[buildout]\nextends = " + last + "\n"
		files[name] = "[buildout]\nextends = " + last + " " + name + "r\n"
		last = name
	}
	files["buildout.cfg"] = "[buildout]\nparts =\nextends = " + last + "\n"
	opened := &counting{memory: files, count: map[string]int{}}
	for _, d := range []Dialect{SlapOS, Upstream} {
		opened.count = map[string]int{}
		if _, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: d, Open: opened}); err != nil {
			t.Fatal(err)
		}
		for name, n := range opened.count {
			if n != 1 {
				t.Errorf("%s: %s was opened %d times", d, name, n)
			}
		}
		if len(opened.count) != len(files) {
			t.Errorf("%s: %d of %d files were opened", d, len(opened.count), len(files))
		}
	}
}

type counting struct {
	memory
	count map[string]int
}

func (c *counting) Open(ctx context.Context, name string, option func(string) string) (*diag.Source, error) {
	c.count[name]++
	return c.memory.Open(ctx, name, option)
}

// TestAuto checks which signs choose the SlapOS dialect.
func TestAuto(t *testing.T) {
	for text, want := range map[string]Dialect{
		"[a]\nx = 1\n":                                 Upstream,
		"[a]\nx = $$x\n":                               Upstream,
		"[a]\nx = $${b:y}\n":                           SlapOS,
		"[a]\nx = ${:_profile_base_location_}\n":       SlapOS,
		"[a]\nrecipe = slapos.recipe.cmmi\n":           SlapOS,
		"[a]\nrecipe = zc.recipe.cmmi\n":               Upstream,
		"[buildout]\nextensions += slapos.rebootstrap": SlapOS,
		"[buildout]\nshared-part-list = /x\n":          SlapOS,
		"[x]\nshared-part-list = /x\n":                 Upstream,
	} {
		files := memory{"buildout.cfg": "[buildout]\nparts =\nextends = b.cfg\n", "b.cfg": text}
		p, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: Auto, Open: files})
		if err != nil {
			t.Fatal(err)
		}
		if p.Dialect != want {
			t.Errorf("%q: dialect %s (%s), want %s", text, p.Dialect, p.DialectSign, want)
		}
	}
}

// TestLinearName checks the identity of files in the SlapOS dialect.
func TestLinearName(t *testing.T) {
	for _, c := range [][3]string{
		{"/p", "a.cfg", "/p/a.cfg"},
		{"/p", "../q/./a.cfg", "/q/a.cfg"},
		{"/p", "/x//a.cfg", "/x/a.cfg"},
		{"/p", "~/a.cfg", "/h/a.cfg"},
		{"http://h/d", "../a.cfg", "http://h/a.cfg"},
		{"http://h/d", "/x/a.cfg", "/x/a.cfg"},
		{"/p", "http://h/d/../a.cfg?b=../c", "http://h/a.cfg?b=../c"},
		{"/p", "http://h", "http://h"},
	} {
		if got := linearName(c[0], c[1], "/h"); got != c[2] {
			t.Errorf("linearName(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

// FuzzEvaluate checks that no set of files makes the evaluator panic, that two
// evaluations say the same, and that a file which several paths lead to gives
// what walking each path gives. A NUL byte ends a file; the files are
// buildout.cfg, a.cfg and b.cfg.
func FuzzEvaluate(f *testing.F) {
	for _, s := range []string{"[buildout]\nparts = a\n[a]\nrecipe = r\nx = ${b:y}\n[b]\n<= a\ny = ${:x}", "[buildout]\nextends = buildout.cfg",
		"[buildout]\nparts = a\n[a]\n<= b\nx += ${a:x}\n[b]\nx -= 1\n<= a\n", "[buildout]\nparts = a\n[a]\nx = $${b:y}$$${a:_buildout_section_name_}",
		"[buildout]\nextends = a.cfg b.cfg\nparts = s\n[s]\nx -= 1\n\x00[buildout]\nextends = b.cfg\n[s]\nx += 2\n\x00[s]\n<= m\nx += 1\n[m]\nx = 0\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := memory{}
		for i, content := range strings.SplitN(text, "\x00", 3) {
			files[[]string{"buildout.cfg", "a.cfg", "b.cfg"}[i]] = content
		}
		for _, d := range []Dialect{Upstream, SlapOS, Auto} {
			if first, again := evaluated(files, d, nil), evaluated(files, d, nil); first != again {
				t.Fatalf("%s: %s\nand then: %s", d, first, again)
			}
		}
		l := treeLoader(files)
		shared := sharedTree(l)
		if len(l.errs) > 0 {
			return
		}
		want, got := view(plainTree(treeLoader(files))), view(shared)
		for k := range want {
			if !reflect.DeepEqual(places(want[k]), places(got[k])) {
				t.Fatalf("%s\ngot  %v\nwant %v", k, places(got[k]), places(want[k]))
			}
		}
	})
}

func TestValueKeepsHistory(t *testing.T) {
	files := memory{"buildout.cfg": "[buildout]\nparts =\n[a]\nx = 1\n"}
	p, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: SlapOS, Open: files,
		Assignments: []Assignment{{Section: "a", Option: "x+", Value: "2"}}})
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, s := range p.Value("a", "x").History() {
		ops = append(ops, string(s.Op)+" "+s.Text)
	}
	if want := []string{"SET 1", "ADD 2"}; !slices.Equal(ops, want) {
		t.Errorf("history %q, want %q", ops, want)
	}
}
