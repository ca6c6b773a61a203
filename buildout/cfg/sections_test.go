package cfg

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

// read returns the sections of text as `[name] key=value` lines, then the
// errors as line:column code.
func read(text string) string {
	sections, errs := Scan(diag.NewSource("t.cfg", []byte(text))).Sections(func(expr string) (bool, error) {
		switch strings.TrimSpace(expr) {
		case "True":
			return true, nil
		case "False", "[0][0]":
			return false, nil
		}
		return false, errors.New("bad")
	})
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "[%s]", s.Name)
		for _, a := range s.Options {
			fmt.Fprintf(&b, " %s=%q", a.Key, a.Value)
		}
		b.WriteString("\n")
	}
	for _, d := range errs {
		line, column := d.At.From.LineColumn()
		fmt.Fprintf(&b, "%d:%d %s\n", line, column, d.Code)
	}
	return b.String()
}

func TestSections(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comments only", "# a\n; b\n\n", ""},
		{"assignment", "[a]\nx = 1\ny=2\n", "[a] x=\"1\" y=\"2\"\n"},
		{"only the first equals sign splits", "[a]\nx = 1 = 2\n", "[a] x=\"1 = 2\"\n"},
		{"comment signs in a value are data", "[a]\nx = 1 # c ; d\n", "[a] x=\"1 # c ; d\"\n"},
		{"line mode strips and drops blank lines", "[a]\nx = 1\n   2  \n\n\t3\n", "[a] x=\"1\\n2\\n3\"\n"},
		{"block mode keeps indentation and blank lines", "[a]\nx =\n  1\n    2  \n\n  3\n\n", "[a] x=\"1\\n  2\\n\\n3\"\n"},
		{"comment inside a value", "[a]\nx =\n  1\n# no\n  2\n", "[a] x=\"1\\n2\"\n"},
		{"indented comment is data", "[a]\nx =\n  # 1\n  2\n", "[a] x=\"# 1\\n2\"\n"},
		{"tabs are not blanks", "[a]\nx =\n\t1\n  2\n", "[a] x=\"\\t1\\n  2\"\n"},
		{"indented header is data", "[a]\nx = 1\n  [b]\n", "[a] x=\"1\\n[b]\"\n"},
		{"sections merge", "[a]\nx = 1\n[b]\n[a]\nx = 2\ny = 3\n", "[a] x=\"2\" y=\"3\"\n[b]\n"},
		{"CR LF and CR end lines", "[a]\r\nx =\r\n  1\r  2\r\n", "[a] x=\"1\\n2\"\n"},
		{"no final newline", "[a]\nx = 1", "[a] x=\"1\"\n"},
		{"odd names", "[a/b.c]\n(x) = 1\né = 2\n< = m\n<= n\n", "[a/b.c] (x)=\"1\" é=\"2\" <=\"n\"\n"},
		{"arrow", "[a]\n=> b c\n", "[a] <part-dependencies>=\"b c\"\n"},
		{"header with comment", "[ a ] # c\nx = 1\n", "[a] x=\"1\"\n"},
		{"brackets in a condition", "[z]\n[a:[0][0]] ; c\nx = 1\n[a:True]\ny = 2\n", "[z]\n[a] y=\"2\"\n"},
		{"no condition behind the colon", "[a:]\nx = 1\n", "[a] x=\"1\"\n"},
		{"additions", "[a]\nx += 1\ny+=2\nz  -= 3\n", "[a] x +=\"1\" y +=\"2\" z -=\"3\"\n"},
		{"additions in one file join", "[a]\nx += 1\nx += 2\nx +=\n", "[a] x +=\"1\\n2\"\n"},
		{"assignment deletes pending ones", "[a]\nx += 1\nx -= 2\nx = 3\n", "[a] x=\"3\"\n"},
		{"spellings of an addition join", "[a]\nx += 1\nx+= 2\n", "[a] x +=\"1\\n2\"\n"},
		{"continuation below a false header is skipped", "[a]\nx = 1\n[b:False]\n  2\ny = 3\n", "[a] x=\"1\"\n"},

		{"option before a header", "x = 1\n[a]\n", "1:1 no-section-header\n"},
		{"false first section opens none", "[a:False]\nx = 1\n", "2:1 no-section-header\n"},
		{"garbage lines are all told", "[a]\nfoo\nx = 1\nbar\n", "[a] x=\"1\"\n2:1 syntax\n4:1 syntax\n"},
		{"garbage in a false section", "[a]\n[b:False]\nfoo\n", "[a]\n3:1 syntax\n"},
		{"indented line after a header", "[a]\n  x = 1\n", "[a]\n2:1 syntax\n"},
		{"names with blanks, colons, braces", "[a]\na b = 1\nx: 1\n${x} = 1\n= 1\n[a b]\n[]\n[a{b}]\n", "[a]\n2:1 syntax\n3:1 syntax\n4:1 syntax\n5:1 syntax\n6:1 syntax\n7:1 syntax\n8:1 syntax\n"},
		{"odd white space behind a condition", "[a:True]\u2028# c\nx = 1\n", "[a] x=\"1\"\n1:9 bad-condition\n"},
		{"odd white space in a comment", "[a:True] #\u2028\nx = 1\n", "[a] x=\"1\"\n"},
		{"blank before an operator and behind it", "[a]\nx + = 1\n+ = 2\n", "[a] +=\"2\"\n2:1 syntax\n3:1 option-without-name\n"},
		{"bad condition", "[a: nope]\nx = 1\n", "1:4 bad-condition\n2:1 no-section-header\n"},
	} {
		if got := read(c.text); got != c.want {
			t.Errorf("%s: %q\ngot:\n%swant:\n%s", c.name, c.text, got, c.want)
		}
	}
}

func TestAssignmentPlaces(t *testing.T) {
	src := diag.NewSource("t.cfg", []byte("[a]\nx  = 1\n  2\n# c\n  3\n\ny =\n  z\n"))
	sections, errs := Scan(src).Sections(nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, c := range []struct{ key, name, value string }{
		{"x", "x", "1\n  2\n# c\n  3"},
		{"y", "y", "\n  z"},
	} {
		a := sections[0].Lookup(c.key)
		if a.KeyAt.Text() != c.name || a.At.Text() != c.value {
			t.Errorf("%s: name %q value %q, want %q %q", c.key, a.KeyAt.Text(), a.At.Text(), c.name, c.value)
		}
	}
}

// FuzzScan checks that lines tile the text and that reading never panics,
// whatever the bytes.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"[a]\nx = 1\n", "[a:b]\r\nx +=\r  1\n", "=> a", "[[a]]#", "\x85x\u2003=", "[a]\n\x1cx = 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := Scan(diag.NewSource("t.cfg", text))
		at := 0
		for _, l := range file.Lines {
			if l.From != at || l.To < l.From || l.End < l.To || l.End == l.From {
				t.Fatalf("line %+v does not follow offset %d of %q", l, at, text)
			}
			if l.Kind == Option && (l.NameFrom < l.From || l.NameTo > l.ValueFrom || l.ValueFrom > l.ValueTo || l.ValueTo > l.To) {
				t.Fatalf("option line %+v of %q", l, text)
			}
			at = l.End
		}
		if at != len(text) {
			t.Fatalf("lines end at %d of %d: %q", at, len(text), text)
		}
		for _, holds := range []bool{true, false} {
			sections, _ := file.Sections(func(string) (bool, error) { return holds, nil })
			for _, s := range sections {
				for i, a := range s.Options {
					if s.index[a.Key] != i {
						t.Fatalf("index of %q in %q", a.Key, text)
					}
				}
			}
		}
	})
}

// TestRead checks that reading without lines is the same.
func TestRead(t *testing.T) {
	text := "[a]\nx =\r  1\n\n[b:no]\ny = 1\n[b]\ny += 2\n[a]\nz = 3"
	holds := func(string) (bool, error) { return false, nil }
	src := diag.NewSource("t.cfg", []byte(text))
	want, wantErrs := Scan(src).Sections(holds)
	got, gotErrs := Read(src, holds)
	if !reflect.DeepEqual(got, want) || len(gotErrs) != len(wantErrs) {
		t.Errorf("got %v %v, want %v %v", got, gotErrs, want, wantErrs)
	}
}

func TestSplitLines(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "a": {"a"}, "a\n": {"a"}, "\n": {""}, "a\r\nb\rc\n\nd": {"a", "b", "c", "", "d"},
		"a\x0bb\x0cc\x1cd\x1de\x1ef\x1fg": {"a", "b", "c", "d", "e", "f\x1fg"}, "a\u0085b\u2028c\u2029": {"a", "b", "c"},
	} {
		if got := SplitLines(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
