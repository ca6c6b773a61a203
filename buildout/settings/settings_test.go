package settings

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/diag"
)

var update = flag.Bool("update", false, "rewrite the table of docs/settings.md")

// write writes a file of settings in a new directory and returns its name.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), Name)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// load loads what must be good.
func load(t *testing.T, w Where) *Settings {
	t.Helper()
	s, err := Load(w)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func TestDefaults(t *testing.T) {
	s := load(t, Where{System: "/no/such/file", Project: os.DevNull + "/x", Environ: []string{"HOME=/home/me"}})
	origins := s.Origins
	s.Origins = nil
	same(t, "settings", *s, Settings{Fsync: true, Namespaces: true, Audit: "error", Dialect: "auto", Cache: "/home/me/.cache/gobuild/sources", Color: "auto",
		Tries: 3, Timeout: time.Minute, PythonVersion: "3.11", Python: "python3", Supervisor: "supervisord", Supervisord: "supervisord", History: 50})
	same(t, "keys with an origin", slices.Sorted(maps.Keys(origins)), slices.Sorted(slices.Values(names())))
	for key, from := range origins {
		same(t, "origin of "+key, from, "default")
	}
}

func TestDefaultCache(t *testing.T) {
	for environ, want := range map[string]string{
		"XDG_CACHE_HOME=/c HOME=/h":   "/c/gobuild/sources",
		"XDG_CACHE_HOME=rel HOME=/h":  "/h/.cache/gobuild/sources",
		"XDG_CACHE_HOME= HOME=/h":     "/h/.cache/gobuild/sources",
		"NOTHING=":                    "",
		"HOME=/h GOBUILD_CACHE=":      "",
		"HOME=/h GOBUILD_CACHE=~/src": "/h/src",
	} {
		same(t, environ, load(t, Where{Environ: strings.Fields(environ)}).Cache, want)
	}
}

func TestPlaces(t *testing.T) {
	environ := []string{"HOME=/h"}
	same(t, "file", Places("/x/software.cfg", environ),
		Where{"/etc/gobuild.ini", "/h/.config/gobuild/gobuild.ini", "/x/gobuild.ini", environ, nil})
	same(t, "relative", Places("software.cfg", nil), Where{"/etc/gobuild.ini", "", "gobuild.ini", nil, nil})
	same(t, "URL", Places("https://h/software.cfg", nil), Where{"/etc/gobuild.ini", "", "", nil, nil})
	environ = []string{"HOME=/h", "XDG_CONFIG_HOME=/c"}
	same(t, "XDG", Places("", environ), Where{"/etc/gobuild.ini", "/c/gobuild/gobuild.ini", "", environ, nil})
}

// TestLayers: each file over the one before, the environment over all.
func TestLayers(t *testing.T) {
	system := write(t, "[gobuild]\njobs = 1\ntries = 1\ncolor = never\ndialect = slapos\nmirrors = /m\n")
	user := write(t, "; mine\n[gobuild]\n\njobs = 2\ntries = 2\ncolor=always\nmirrors =\n  https://h/x%20y#z\n  # not https://old\n\t~/m sub/dir\n\nsilence = a-b\n c\n")
	project := write(t, "\ufeff[gobuild] # c\r\njobs = 3\r\ntries = 3\r\ncache = src\r\n")
	environ := []string{"HOME=/h", "GOBUILD_JOBS=4", "GOBUILD_COLOR=", "GOBUILD_TIMEOUT=5", "GOBUILD_PYTHON_VERSION=2.7.18"}
	s := load(t, Where{system, user, project, environ, nil})
	origins := s.Origins
	s.Origins = nil
	same(t, "settings", *s, Settings{Fsync: true, Namespaces: true, Audit: "error",
		Dialect: "slapos", Jobs: 4, Cache: filepath.Dir(project) + "/src",
		Mirrors: []string{"https://h/x%20y#z", "/h/m", filepath.Dir(user) + "/sub/dir"},
		Color:   "always", Tries: 3, Timeout: 5 * time.Second, PythonVersion: "2.7.18", Python: "python3", Supervisor: "supervisord", Supervisord: "supervisord", History: 50, Silence: []string{"a-b", "c"},
	})
	for key, want := range map[string]string{
		"dialect": system + ":5:1", "jobs": "environment GOBUILD_JOBS", "tries": project + ":3:1",
		"color": user + ":6:1", "mirrors": user + ":7:1", "timeout": "environment GOBUILD_TIMEOUT",
	} {
		same(t, "origin of "+key, origins[key], want)
	}
}

// TestMirrors: those of the environment come first, others replace.
func TestMirrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with blank")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, Name)
	if err := os.WriteFile(file, []byte("[gobuild]\nmirrors = a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := load(t, Where{User: file, Environ: []string{"GOBUILD_MIRRORS= https://e/ /d "}})
	same(t, "mirrors", s.Mirrors, []string{"https://e/", "/d", dir + "/a"})
	same(t, "origin", s.Origins["mirrors"], "environment GOBUILD_MIRRORS, "+file+":2:1")
	s = load(t, Where{User: file, Environ: []string{"GOBUILD_MIRRORS= "}})
	same(t, "mirrors", s.Mirrors, []string{dir + "/a"})
	same(t, "origin", s.Origins["mirrors"], file+":2:1")
	s = load(t, Where{Environ: []string{"GOBUILD_MIRRORS=https://e/"}})
	same(t, "mirrors", s.Mirrors, []string{"https://e/"})
	same(t, "origin", s.Origins["mirrors"], "environment GOBUILD_MIRRORS")
	s, err := Load(Where{User: file, Environ: []string{"GOBUILD_MIRRORS=~/x"}})
	same(t, "mirrors", s.Mirrors, []string{dir + "/a"})
	same(t, "error", fmt.Sprint(err), `<environment>:1:17: gobuild:mirrors: "~/x" needs a home directory, and HOME is not set`)
}

// TestProblems: where and what each problem is, and its hint.
func TestProblems(t *testing.T) {
	const keyList = "the settings are dialect, jobs, fsync, namespaces, audit, cache, mirrors, color, tries, timeout, python-version, python, instances, supervisor, supervisord, history, silence"
	tests := []struct{ name, text, want string }{
		{"section", "[gobiuld]\njobs = 1\n", `1:2-9 unknown section "gobiuld" (did you mean "gobuild"?)`},
		{"other section", "[keys]\na = b\n", `1:2-6 unknown section "keys" (settings stand in [gobuild])`},
		{"key", "[gobuild]\ncolour = x\nnews = y", `2:1-7 unknown setting "colour" (did you mean "color"?)
3:1-5 unknown setting "news" (` + keyList + `)`},
		{"twice", "[gobuild]\njobs = x\n[gobuild]\njobs = 2\njobs = y\n",
			"4:1-5 jobs is set twice (remove one of them) first set here 2:1\n5:1-5 jobs is set twice (remove one of them) first set here 2:1"},
		{"number", "[gobuild]\njobs =  four\n", `2:9-13 "four" is not a whole number (jobs takes a number from 0)`},
		{"quotes", "[gobuild]\njobs = \"4\"\n", `2:8-11 "\"4\"" is not a whole number (quotes are part of the value: write it without them)`},
		{"octal", "[gobuild]\njobs = 04\n", `2:8-10 "04" is not a whole number (jobs takes a number from 0)`},
		{"bounds", "[gobuild]\ntries = 0\njobs = -1\ntimeout = 1000000\n", `2:9-10 0 is not from 1 to 100 (tries takes a number from 1 to 100)
3:8-10 -1 is not from 0 to 10000 (jobs takes a number from 0)
4:11-18 1000000 is not from 1 to 86400 (timeout takes seconds, from 1)`},
		{"huge", "[gobuild]\njobs = 99999999999999999999\n", `2:8-28 "99999999999999999999" is not a whole number (jobs takes a number from 0)`},
		{"empty", "[gobuild]\njobs =\n", `2:7-7 "" is not a whole number (jobs takes a number from 0)`},
		{"choice", "[gobuild]\ncolor = allways ; c\ndialect = slpos\n",
			`2:9-20 "allways ; c" is none of auto, always, never (color takes auto, always or never)
3:11-16 "slpos" is none of auto, upstream, slapos (did you mean "slapos"?)`},
		{"more lines", "[gobuild]\ndialect =\n  slapos\n  x\n", `3:3-4:4 "slapos\n  x" is none of auto, upstream, slapos (dialect takes auto, upstream or slapos)`},
		{"version", "[gobuild]\npython-version = 4\n", `2:18-19 "4" is not a Python version such as 3.11 (python-version takes a version such as 3.11)`},
		{"code", "[gobuild]\nsilence = a B\n", `2:11-14 "B" is not the code of a warning (silence takes codes, blanks or lines between)`},
		{"two directories", "[gobuild]\ncache = /a\n  /b\n", `2:9-3:5 "/a\n  /b" is not one directory (cache takes a directory, or nothing)`},
		{"no section", "jobs = 1\n", `1:1-5 a setting before the first section (write [gobuild] above it)`},
		{"no setting", "[gobuild]\njobs\n= 3\n\"jobs\" = 3\n-=1\njobs += 1\n", `2:1-5 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)
3:1-4 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)
4:1-11 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)
5:1-4 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)
6:1-10 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)`},
		{"header", "[gobuild\n[gobuild] jobs = 1\n[]\n[gobuild] # ]\n", `1:1-9 a section header must be [name] alone on its line (write [gobuild])
2:1-19 a section header must be [name] alone on its line (write [gobuild])
3:1-3 a section header must be [name] alone on its line (write [gobuild])
4:1-14 a section header must be [name] alone on its line (write [gobuild])`},
		{"indented", "[gobuild]\n  jobs = 1\nmirrors =\n a\n# c\n b\n", `2:3-11 an indented line that continues no value (remove the indentation, or indent the comment or remove the empty line before it)
6:2-3 an indented line that continues no value (remove the indentation, or indent the comment or remove the empty line before it)`},
		{"backquote", "[gobuild]\ncache = `x`\ncolor = \"\"\"\nx\"\"\"\n", `2:9-12 a value cannot begin with a backquote or three quotes (values need no quotes: write it without them)
3:9-12 a value cannot begin with a backquote or three quotes (values need no quotes: write it without them)
4:1-5 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)`},
		{"bytes", "[gobuild]\ncache = \xff\n", "2:9-10 this is not text in UTF-8 (save the file as UTF-8)"},
		{"NUL", "[gobuild]\ncache = \x00\n", "2:9-10 this is not text in UTF-8 (save the file as UTF-8)"},
		{"syntax and meaning", "[gobuild]\nx\n[other]\n", "2:1-2 this is neither key = value, [section], nor a comment (write key = value, or # in front of a comment)\n3:2-7 unknown section \"other\" (settings stand in [gobuild])"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(Where{User: write(t, tt.text)})
			var got []string
			for _, d := range diag.All(err) {
				got = append(got, describe(d))
			}
			if g := strings.Join(got, "\n"); g != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", g, tt.want)
			}
		})
	}
}

// describe returns the place, message, hint and related places of d.
func describe(d *diag.Diagnostic) string {
	line, column := d.At.From.LineColumn()
	endLine, endColumn := d.At.To.LineColumn()
	text := fmt.Sprintf("%d:%d-", line, column)
	if endLine != line {
		text += fmt.Sprintf("%d:", endLine)
	}
	text += fmt.Sprintf("%d %s (%s)", endColumn, d.Msg, d.Hint)
	for _, r := range d.Related {
		line, column := r.At.From.LineColumn()
		text += fmt.Sprintf(" %s %d:%d", r.Msg, line, column)
	}
	return text
}

// TestProblemsTogether: one run tells the problems of all files and of the
// environment, and what is good is in force.
func TestProblemsTogether(t *testing.T) {
	system, user := write(t, "[gobuild]\njobs = x\ntries = 7\n"), write(t, "[gobuild]\nnews = 1\n")
	s, err := Load(Where{System: system, User: user, Project: user,
		Environ: []string{"HOME=/h", "GOBUILD_DIALECT=slapo", "GOBUILD_COLOR=always"}})
	want := system + ":2:8: gobuild:jobs: \"x\" is not a whole number\n" +
		user + ":2:1: unknown setting \"news\"\n" +
		"<environment>:1:17: gobuild:dialect: \"slapo\" is none of auto, upstream, slapos"
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	same(t, "good ones", []any{s.Jobs, s.Tries, s.Dialect, s.Color}, []any{0, 7, "auto", "always"})
	same(t, "origin of a bad one", s.Origins["dialect"], "default")
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	large := write(t, strings.Repeat("#", maxFile+1))
	_, err := Load(Where{System: dir, User: large})
	want := "read " + dir + ": is a directory\n" + large + " is larger than 1048576 bytes"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGet(t *testing.T) {
	s := load(t, Where{Environ: []string{"HOME=/h", "GOBUILD_MIRRORS=/a https://b", "GOBUILD_SILENCE=x y"}})
	want := "dialect=auto jobs=0 fsync=true namespaces=true audit=error cache=/h/.cache/gobuild/sources mirrors=/a https://b color=auto tries=3 timeout=60 python-version=3.11 python=python3 instances= supervisor=supervisord supervisord=supervisord history=50 silence=x y none="
	var got []string
	for _, name := range append(names(), "none") {
		got = append(got, name+"="+s.Get(name))
	}
	same(t, "values", strings.Join(got, " "), want)
}

// table returns the table of docs/settings.md.
func table() string {
	var b strings.Builder
	b.WriteString("| Key | Default | Environment | Value | Meaning |\n|---|---|---|---|---|\n")
	for _, k := range Keys() {
		text := "empty"
		if k.Default != "" {
			text = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", k.Name, text, k.Env, k.Takes, k.Doc)
	}
	return b.String()
}

// TestDocs compares the table of keys with docs/settings.md.
func TestDocs(t *testing.T) {
	const begin, end = "<!-- keys: written by go test ./buildout/settings -update -->\n", "<!-- end -->"
	name := filepath.Join("..", "..", "docs", "settings.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q", name, begin)
	}
	if *update {
		if err := os.WriteFile(name, []byte(before+begin+table()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != table() {
		t.Errorf("%s is not up to date: run go test ./buildout/settings -update\n got:\n%s\nwant:\n%s", name, got, table())
	}
}

// TestDocsExample: the example of docs/settings.md is good, and sets each key.
func TestDocsExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```ini\n")
	example, _, _ := strings.Cut(rest, "```")
	s := load(t, Where{User: write(t, example), Environ: []string{"HOME=/h"}})
	for key, from := range s.Origins {
		if from == "default" {
			t.Errorf("the example does not set %s", key)
		}
	}
}

// FuzzParse: any bytes are read without panic, places are in the text, and
// what scan accepts ini.v1 reads as the text says.
func FuzzParse(f *testing.F) {
	f.Add([]byte("[gobuild]\njobs = 4\nmirrors =\n a\n\tb\n\n# c\n[gobuild] ; x\ncache = c\r\n"))
	f.Add([]byte("\ufeff[gobuild]\nmirrors = a\n  \n b"))
	f.Add([]byte("[gobuild]\ncache = \"\"\"x\n[a]b\n`c` = d\n-=e"))
	f.Add([]byte("[gobuild]\njobs=\r0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		src := diag.NewSource("f", text)
		entries, problems := parse(src)
		for _, d := range problems {
			from, to := d.At.From.Offset, d.At.To.Offset
			if from < 0 || to < from || to > len(text) || d.Msg == "" {
				t.Fatalf("%v from %d to %d of %q", d, from, to, text)
			}
			if d.Err != nil {
				t.Fatalf("ini.v1 refuses what scan takes: %v in %q", d, text)
			}
		}
		for _, e := range entries {
			if got := e.name.Text(); got != e.key.Name {
				t.Errorf("name of %s is %q in %q", e.key.Name, got, text)
			}
			if got, want := strings.Join(strings.Fields(e.value), " "), strings.Join(strings.Fields(e.at.Text()), " "); got != want {
				t.Errorf("%s is %q and its place %q in %q", e.key.Name, got, want, text)
			}
		}
	})
}

// TestCheckSilence checks that codes which cannot be silenced are reported at
// their places.
func TestCheckSilence(t *testing.T) {
	check := func(code string) *diag.Diagnostic {
		if code == "good" {
			return nil
		}
		return diag.At(diag.Span{}, "silence", "%s is bad", code)
	}
	file := write(t, "[gobuild]\nsilence = good bad\n  good\n  # bad\n  worse\n")
	_, err := Load(Where{User: file, Environ: []string{"GOBUILD_SILENCE=good"}, CheckSilence: check})
	var got []string
	for _, d := range diag.All(err) {
		line, column := d.At.From.LineColumn()
		got = append(got, fmt.Sprintf("%d:%d %s %s", line, column, d.At.Text(), strings.Join(d.Path, ":")))
	}
	same(t, "problems", got, []string{"2:16 bad gobuild:silence", "5:3 worse gobuild:silence"})
	_, err = Load(Where{Environ: []string{"GOBUILD_SILENCE=x"}, CheckSilence: check})
	if err == nil || err.Error() != "<environment>:1:17: gobuild:silence: x is bad" {
		t.Errorf("environment: %v", err)
	}
}
