package ui

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"gobuild/buildout/diag"
)

// span returns the place of the first mark in the text of a new source. Mark
// stands in brackets: `url = [${zlibb}]/x`.
func span(name, text string) diag.Span {
	from := strings.Index(text, "⟦")
	text = strings.Replace(text, "⟦", "", 1)
	to := strings.Index(text, "⟧")
	text = strings.Replace(text, "⟧", "", 1)
	return diag.SpanOf(diag.NewSource(name, []byte(text)), from, to)
}

func render(t *testing.T, list diag.List, s Style) string {
	t.Helper()
	var b strings.Builder
	if err := Diagnostics(&b, list, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func check(t *testing.T, got, want string) {
	t.Helper()
	want = strings.TrimPrefix(want, "\n")
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s\n got %q\nwant %q", got, want, got, want)
	}
}

func TestDiagnosticFull(t *testing.T) {
	d := diag.At(span("/home/me/software.cfg", "[mariadb]\nurl = ${⟦zlibb⟧:location}/x\n"), "unknown-section",
		"unknown section %q", "zlibb").WithPath("mariadb", "url")
	d.WithRelated(span("/home/me/lib.cfg", strings.Repeat("#\n", 11)+"⟦[zlib]⟧\n"), "defined here").
		WithHint("did you mean %q?", "zlib")
	d.Trail = []string{"Installing.", "Getting section mariadb."}
	d.Excerpt = "checking \x1b[31mfor\x1b[0m cc... \rchecking for cc... no\r\nmake: *** [all] Error 2\nexport TOKEN=abc\n\n"
	check(t, render(t, diag.List{d}, Style{Dir: "/home/me"}), `
software.cfg:2:9: mariadb:url: unknown section "zlibb"
  2 | url = ${zlibb:location}/x
    |         ^~~~~
lib.cfg:12:1: defined here
 12 | [zlib]
    | ^~~~~~
hint: did you mean "zlib"?
While:
  Installing.
  Getting section mariadb.
    checking for cc... no
    make: *** [all] Error 2
    export TOKEN=***
`)
}

func TestDiagnosticForms(t *testing.T) {
	warning := diag.At(span("a.cfg", "⟦x⟧ = 1"), "unused-option", "unused option")
	warning.Severity = diag.Warning
	note := &diag.Diagnostic{Severity: diag.Note, Msg: "dialect slapos"}
	old := &diag.Diagnostic{Severity: diag.Warning, Code: "old", Msg: "old form"}
	tests := []struct {
		name string
		d    *diag.Diagnostic
		want string
	}{
		{"warning", warning, "a.cfg:1:1: warning: unused option [unused-option]\n 1 | x = 1\n   | ^\n"},
		{"no place", &diag.Diagnostic{Msg: "disk full", Code: "disk"}, "gobuild: error: disk full\n"},
		{"path, no place", &diag.Diagnostic{Msg: "failed", Path: []string{"zlib", "make"}}, "gobuild: error: zlib:make: failed\n"},
		{"warning, no place", old, "gobuild: warning: old form [old]\n"},
		{"note", note, "gobuild: note: dialect slapos\n"},
		{"cause only", &diag.Diagnostic{Err: errors.New("no space")}, "gobuild: error: no space\n"},
		{"lines", &diag.Diagnostic{Msg: "The substitution, ${x},\ndoesn't contain a colon.\n"},
			"gobuild: error: The substitution, ${x},\n    doesn't contain a colon.\n"},
		{"no text", diag.At(diag.SpanOf(diag.NewSource("https://a:b@h/x.cfg", nil), 0, 0), "", "not found"),
			"https://a:***@h/x.cfg:1:1: not found\n"},
		{"hostile", diag.At(span("a\x1b[2J.cfg", "x = ⟦\x1b]0;t\x07⟧"), "", "bad \u202etext"),
			"a\\x1b[2J.cfg:1:5: bad \\u202etext\n 1 | x = \\x1b]0;t\\x07\n   |     ^~~~~~~~~~~~\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, render(t, diag.List{tt.d}, Style{}), tt.want) })
	}
}

// TestErrorLine holds the forms to the pattern by which the conformance suite
// knows an error.
func TestErrorLine(t *testing.T) {
	pattern := regexp.MustCompile(`(?mi)^\s*(?:(?:[\w.-]+: )?error\b|\S+:\d+:\d+: ).*\w`)
	for _, d := range []*diag.Diagnostic{{Msg: "x"}, diag.At(span("a.cfg", "⟦x⟧"), "", "x")} {
		if got := render(t, diag.List{d}, Style{}); !pattern.MatchString(got) {
			t.Errorf("%q is not known as an error", got)
		}
	}
}

func TestSnippet(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"tabs stay", "\tx =\t⟦bad⟧ y", " 1 | \tx =\tbad y\n   | \t   \t^~~"},
		{"tab in span", "a ⟦b\tc⟧ d", " 1 | a b\tc d\n   |   ^~~~~~~~~~"}, // from column 8 to the next stop
		{"multi byte", "é = ⟦ü⟧x", " 1 | é = üx\n   |     ^"},
		{"wide", "日本 = ⟦値段⟧ x", " 1 | 日本 = 値段 x\n   |        ^~~~"},
		{"combining", "e\u0301 = ⟦x⟧", " 1 | e\u0301 = x\n   |     ^"},
		{"emoji", "🙂 = ⟦x⟧", " 1 | 🙂 = x\n   |      ^"},
		{"over the line end", "x = ⟦a\n  b⟧", " 1 | x = a\n   |     ^"},
		{"at the line end", "x =⟦⟧\ny", " 1 | x =\n   |    ^"},
		{"empty line", "⟦⟧\ny", " 1 | \n   | ^"},
		{"crlf", "x = ⟦a\r\n⟧y", " 1 | x = a\n   |     ^"},
		{"empty span", "a ⟦⟧= b", " 1 | a = b\n   |   ^"},
		{"invalid bytes", "\xff = ⟦\xfe\xfd⟧", " 1 | \\xff = \\xfe\\xfd\n   |        ^~~~~~~~"},
		{"secret before", "password=abcdefgh", " 1 | password=***\n   | ^~~~~~~~"},
		{"secret", "password = ⟦hunter2⟧", " 1 | password = ***\n   |            ^~~"},
		{"reference in secret", "password = abc${⟦keyss⟧:p}", " 1 | password = ***${keyss:p}\n   |                 ^~~~~"},
		{"secret continued", "password =\n# c\n\n  one\n  ⟦two⟧", " 5 |   ***\n   |   ^~~"},
		{"not continued", "password =\nurl =\n  ⟦two⟧", " 3 |   two\n   |   ^~~"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.text
			if tt.name == "secret before" {
				text = "⟦password⟧=abcdefgh"
			}
			check(t, (Style{}).snippet(span("a", text), 1, red), tt.want+"\n")
		})
	}
}

func TestSnippetCut(t *testing.T) {
	long := strings.Repeat("0123456789", 10)
	tests := []struct{ name, text, want string }{
		{"at the start", "⟦01⟧" + long, " 1 | 01012345678901234567890123...\n   | ^~"},
		{"in the middle", long + "⟦ab⟧" + long, " 1 | ...23456789ab0123456789012345...\n   |            ^~"},
		{"at the end", long + "⟦ab⟧", " 1 | ...678901234567890123456789ab\n   |                            ^~"},
		{"behind the end", long + "⟦⟧", " 1 | ...45678901234567890123456789\n   |                              ^"},
		{"long span", long + "⟦" + long + "⟧x", " 1 | ...23456789012345678901234567...\n   |            ^~~~~~~~~~~~~~~~~~"},
		{"tabs", "\t\t\t\t⟦ab⟧\tc", " 1 |     ab c\n   |     ^~"},
		{"wide", strings.Repeat("日本", 20) + "⟦語⟧" + long, " 1 | ...日本日本語0123456789012345...\n   |            ^~"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, (Style{Width: 37}).snippet(span("a", tt.text), 1, red), tt.want+"\n")
		})
	}
}

func TestDiagnosticsList(t *testing.T) {
	src := diag.NewSource("b.cfg", []byte(strings.Repeat("x\n", 40)))
	var list diag.List
	for i := 30; i > 0; i-- {
		d := diag.At(diag.SpanOf(src, 2*(i-1), 2*i-1), "", "bad %d", i)
		list = append(list, d, d)
	}
	warning := diag.At(span("c.cfg", "⟦x⟧"), "w", "odd")
	warning.Severity = diag.Warning
	list = append(list, warning, &diag.Diagnostic{Msg: "first"})
	got := render(t, list, Style{})
	var heads []string
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, " ") {
			heads = append(heads, line)
		}
	}
	want := "gobuild: error: first\n"
	for i := 1; i < 20; i++ {
		want += fmt.Sprintf("b.cfg:%d:1: bad %d\n", i, i)
	}
	want += "c.cfg:1:1: warning: odd [w]\n... and 11 more errors\n31 errors, 1 warning\n"
	check(t, strings.Join(heads, ""), want)
}

func TestDiagnosticsOne(t *testing.T) {
	d := &diag.Diagnostic{Msg: "x"}
	check(t, render(t, diag.List{d, d}, Style{}), "gobuild: error: x\n")
	check(t, render(t, nil, Style{}), "")
}

func TestDiagnosticsColor(t *testing.T) {
	d := diag.At(span("a.cfg", "⟦x⟧ = 1"), "", "bad").WithHint("go")
	check(t, render(t, diag.List{d}, Style{Color: true}),
		"\x1b[1ma.cfg:1:1:\x1b[0m bad\n\x1b[34m 1 | \x1b[0mx = 1\n\x1b[34m   | \x1b[0m\x1b[1;31m^\x1b[0m\n\x1b[1;36mhint:\x1b[0m go\n")
}

func TestStyleName(t *testing.T) {
	s := Style{Dir: "/home/me/work"}
	for name, want := range map[string]string{
		"/home/me/work/a.cfg":   "a.cfg",
		"/home/me/a.cfg":        "../a.cfg",
		"/etc/a":                "/etc/a",
		"b/../a.cfg":            "b/../a.cfg",
		"http://h/home/me/work": "http://h/home/me/work",
		"<command line>":        "<command line>",
	} {
		if got := s.name(name); got != want {
			t.Errorf("name(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLogLines(t *testing.T) {
	for text, want := range map[string]string{
		"\n\na\n\nb\n\n":                  "a\n\nb",
		" 1%\r 50%\r100%\r\nok":           "100%\nok",
		"\x1b[1;32mok\x1b[m \x1b]0;t\x07": "ok",
		"\x1b[broken \x07":                "roken \\x07",
		strings.Repeat("x", 2001):         strings.Repeat("x", 1997) + "...",
	} {
		if got := strings.Join(logLines(text), "\n"); got != want {
			t.Errorf("logLines(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abc..."}, {"日本語です", 8, "日本..."}, {"abc", 2, ".."}, {"abc", 0, ""},
	} {
		if got := cut(tt.text, tt.width); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

// FuzzDiagnostics: any text and place can be shown, and only the characters of
// plain text come out.
func FuzzDiagnostics(f *testing.F) {
	f.Add("a = ${b}\n", 4, 8, "msg", 80)
	f.Add("\tpassword = x\xff\u202e", 3, 0, "a\x1b[2J\r", 10)
	f.Add("日本\n語", 100, 2, "", -1)
	f.Fuzz(func(t *testing.T, text string, from, to int, msg string, width int) {
		src := diag.NewSource(msg, []byte(text))
		d := diag.At(diag.SpanOf(src, max(from, 0), to), msg, "%s", msg).WithHint("%s", msg)
		d.Excerpt = text
		d.Trail = []string{text}
		var b strings.Builder
		if err := Diagnostics(&b, diag.List{d}, Style{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) && r != zeroWidthJoiner {
				t.Fatalf("%U in %q", r, b.String())
			}
		}
		for _, write := range []func() error{
			func() error { return DiagnosticsJSON(&b, diag.List{d}) },
			func() error { return GitHub(&b, diag.List{d}, Style{}) },
			func() error { return SARIF(&b, diag.List{d}, "1", Style{}) },
		} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
