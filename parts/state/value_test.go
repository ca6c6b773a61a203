package state

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// quoting is what zc.buildout 6.0.1 writes for a value and reads back from
// that; Read is nil when it cannot read its own file.
type quoting struct {
	Value, Saved string
	Read         *string
}

func loadQuoting(t testing.TB) []quoting {
	t.Helper()
	text, err := os.ReadFile("testdata/quoting.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []quoting
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	return table
}

// readOption reads a file with a single option, as zc.buildout would; ok is
// false when it does not hold just that.
func readOption(line string) (value string, ok bool) {
	sections, _, err := scan("f", "[s]\n"+line)
	if err != nil || len(sections) != 1 || len(sections["s"]) != 1 {
		return "", false
	}
	value, ok = sections["s"]["v"]
	return decode(value), ok
}

func TestQuotingOfReference(t *testing.T) {
	kept := 0
	for _, q := range loadQuoting(t) {
		if got := "v = " + encodeAsReference(q.Value) + "\n"; got != q.Saved {
			t.Errorf("%q: encoded as %q, zc.buildout writes %q", q.Value, got, q.Saved)
		}
		got, ok := readOption(q.Saved)
		switch {
		case strings.Contains(q.Saved, byteToken): // has a meaning here only
		case ok != (q.Read != nil):
			t.Errorf("%q: read %q, %v; zc.buildout reads %v", q.Saved, got, ok, q.Read)
		case ok && got != *q.Read:
			t.Errorf("%q: read %q, zc.buildout reads %q", q.Saved, got, *q.Read)
		}
		line := assignment("v", q.Value)
		if back, ok := readOption(line); !ok || back != q.Value {
			t.Errorf("%q: written as %q, read back as %q", q.Value, line, back)
		}
		if q.Read != nil && *q.Read == q.Value && !strings.Contains(q.Value, byteToken) {
			if kept++; line != q.Saved {
				t.Errorf("%q: written as %q, zc.buildout writes %q", q.Value, line, q.Saved)
			}
		}
	}
	if kept < 200 {
		t.Errorf("only %d values survive zc.buildout: the table is not what it was", kept)
	}
}

// The texts of the format that are fixed by docs and conformance cases.
func TestEncode(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "",
		"one\n  two\n\nthree":    "one\n\t%(__buildout_space__)s%(__buildout_space__)stwo\n\t%(__buildout_space_n__)sthree",
		"%(x)s 100%":             "%(x)s 100%",
		"\nz":                    "%(__buildout_space_n__)sz",
		"z\n":                    "z%(__buildout_space_n__)s",
		" a ":                    "%(__buildout_space__)sa%(__buildout_space__)s",
		"\ta":                    "%(__gobuild_09__)sa",
		"a\u00a0":                "a%(__gobuild_c2a0__)s",
		"a\xffb":                 "a%(__gobuild_ff__)sb",
		"a\rb":                   "a%(__buildout_space_r__)sb",
		"%(__buildout_space__)s": "%(__gobuild_25__)s(__buildout_space__)s",
		"a\x00b":                 "a\x00b",
	} {
		if got := encode(value); got != want {
			t.Errorf("encode(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"%(__buildout_space__)s":   " ",
		"%(__gobuild_zz__)s":       "%(__gobuild_zz__)s",
		"%(__gobuild___)s":         "%(__gobuild___)s",
		"%(__gobuild_0":            "%(__gobuild_0",
		"%(__gobuild_00ff__)s%":    "\x00\xff%",
		"a%(b%(c)s":                "a%(b%(c)s",
		"%(__buildout_space_t__)s": "%(__buildout_space_t__)s",
	} {
		if got := decode(text); got != want {
			t.Errorf("decode(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, q := range loadQuoting(f) {
		f.Add(q.Value)
	}
	for _, s := range []string{"\xff\n\xfe", " \x85 ", "\u00a0\xc2", "\n\t\n", "a\r\n\tb", "%(__gobuild_%(__buildout_space__)s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		line := assignment("v", value)
		if back, ok := readOption(line); !ok || back != value {
			t.Errorf("%q: written as %q, read back as %q, %v", value, line, back, ok)
		}
		if !utf8.ValidString(line) {
			t.Errorf("%q: %q is not UTF-8", value, line)
		}
	})
}
