package buildout

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"gobuild/buildout/cfg"
	"gobuild/buildout/condition"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/profile"
)

// oracleCase is a case of testdata/oracle/cases: profiles, and what zc.buildout
// answers for them (testdata/oracle/record.py).
type oracleCase struct {
	args, parts []string
	lenient     bool
	files       map[string]string
	want        map[profile.Dialect]oracleAnswer
}

// oracleAnswer is an answer of the reference, or of gobuild in its form.
type oracleAnswer struct {
	Raw      map[string]map[string]oracleValue `json:"raw"`
	Resolved map[string]map[string]string      `json:"resolved"`
	Parts    []string                          `json:"parts"`
	Holes    []string                          `json:"holes"`
	Error    *struct {
		Codes []string `json:"codes"`
		Words []string `json:"words"`
	} `json:"error"`
}

type oracleValue struct {
	Value   string      `json:"value"`
	Source  string      `json:"source"`
	History [][3]string `json:"history"`
}

// TestOracle compares each recorded case with what gobuild says, in both
// dialects.
func TestOracle(t *testing.T) {
	paths, err := filepath.Glob("../testdata/oracle/cases/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		c := readOracleCase(t, path)
		for dialect, want := range c.want {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+string(dialect), func(t *testing.T) {
				c.check(t, dialect, want)
			})
		}
	}
}

func readOracleCase(t *testing.T, path string) oracleCase {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := oracleCase{files: map[string]string{}, want: map[profile.Dialect]oracleAnswer{}}
	decode := func(text string, to any) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(line, ": ")
		if to := map[string]any{"args": &c.args, "parts": &c.parts, "lenient": &c.lenient}[key]; to != nil {
			decode(value, to)
		}
	}
	for _, f := range a.Files {
		if dialect, ok := strings.CutPrefix(f.Name, "want-"); ok {
			var want oracleAnswer
			decode(string(f.Data), &want)
			c.want[profile.Dialect(dialect)] = want
		} else if name, ok := strings.CutSuffix(f.Name, ".json"); ok {
			var text string
			decode(string(f.Data), &text)
			c.files[name] = latin1(text)
		} else {
			c.files[f.Name] = string(f.Data)
		}
	}
	return c
}

// latin1 returns the bytes that the characters of text stand for.
func latin1(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func (c oracleCase) check(t *testing.T, dialect profile.Dialect, want oracleAnswer) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range c.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	e, err := Open(ctx, c.config(dir, dialect))
	if err == nil && want.Raw != nil {
		same(t, "raw", oracleRaw(e.Profile, dir), want.Raw)
	}
	var r *Resolved
	if err == nil {
		err = e.Start(ctx, false, c.lenient)
	}
	if err == nil {
		r, err = e.Resolve(ctx, c.parts)
	}
	if want.Error != nil {
		checkOracleError(t, err, want)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	same(t, "parts", r.Parts, want.Parts)
	same(t, "holes", r.Holes, want.Holes)
	for _, section := range e.Profile.Names() {
		for key, v := range e.Profile.Sections[section].Options {
			if s := v.Source(); s == profile.SourceDefault || s == profile.SourceComputed {
				delete(r.Sections[section], key)
			}
		}
	}
	same(t, "resolved", strings.ReplaceAll(fmt.Sprintf("%q", r.Sections), dir, "@CASE@"), fmt.Sprintf("%q", want.Resolved))
}

func (c oracleCase) config(dir string, dialect profile.Dialect) Config {
	config := Config{Profile: "buildout.cfg", Dir: dir, Home: dir + "/home", Dialect: dialect, ABITag: "cp311", Events: event.Discard,
		Condition: condition.New(condition.Python{Version: [3]int{3, 11}}).Eval, Executable: "python"}
	if user := dir + "/home/.buildout/default.cfg"; fileExists(user) && !slices.Contains(c.args, "-U") {
		config.UserDefaults = user
	}
	for _, arg := range c.args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			continue
		}
		section, option, ok := strings.Cut(key, ":")
		if !ok {
			section, option = "buildout", key
		}
		config.Assignments = append(config.Assignments, profile.Assignment{
			Section: cfg.Trim(section), Option: cfg.Trim(option), Value: cfg.Trim(value)})
	}
	return config
}

func oracleRaw(p *profile.Profile, dir string) map[string]map[string]oracleValue {
	raw := map[string]map[string]oracleValue{}
	local := func(text string) string { return strings.ReplaceAll(text, dir, "@CASE@") }
	for _, section := range p.Names() {
		raw[section] = map[string]oracleValue{}
		for key, v := range p.Sections[section].Options {
			if s := v.Source(); s == profile.SourceDefault || s == profile.SourceComputed {
				continue
			}
			value := oracleValue{Value: local(v.Text), Source: local(v.Source())}
			for _, s := range v.History() {
				value.History = append(value.History, [3]string{string(s.Op), local(s.Text), local(s.Source)})
			}
			raw[section][key] = value
		}
	}
	return raw
}

func checkOracleError(t *testing.T, err error, want oracleAnswer) {
	t.Helper()
	for _, d := range diag.All(err) {
		missing := slices.ContainsFunc(want.Error.Words, func(w string) bool { return !strings.Contains(d.Msg, w) })
		if slices.Contains(want.Error.Codes, d.Code) && !missing {
			return
		}
	}
	t.Errorf("error %v, want one of %q with the words %q", err, want.Error.Codes, want.Error.Words)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}
