package history

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestJUnit checks what is written by the rules that readers of JUnit XML have.
func TestJUnit(t *testing.T) {
	run := everything(t, t.TempDir()).finished(t, 20*second, errors.New("1 part failed"))
	text := junit(t, run)
	cases, err := checkJUnit(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := map[string]string{"gone": "", "base": "", "refreshed": "", "top": "", "bad": "failure", "stuck": "skipped", "above": "skipped", "late": "skipped"}
	if fmt.Sprint(cases) != fmt.Sprint(want) {
		t.Errorf("cases %v, want %v", cases, want)
	}
	for _, part := range []string{
		`<testsuite name="software.cfg" tests="8" failures="1" errors="0" skipped="3" time="20.000" timestamp="2026-01-02T03:04:05" hostname="box">`,
		`<testcase name="base" classname="software.cfg" time="6.000">`, // removal and installation
		`<failure message="make failed" type="part-failed">make failed&#xA;hint: *** is wrong`,
		"end of the log:&#xA;cc: error&#xA;password *** in it",
		`<skipped message="blocked by bad">`,
		`<property name="unchanged" value="1">`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
}

// TestJUnitWithoutPart checks a run that failed where no part did.
func TestJUnitWithoutPart(t *testing.T) {
	text := junit(t, &Run{Result: Failed, Error: "the disk is full"})
	cases, err := checkJUnit(text)
	if err != nil || fmt.Sprint(cases) != "map[gobuild:error]" {
		t.Errorf("%v %v\n%s", cases, err, text)
	}
}

func junit(t *testing.T, run *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJUnit(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkJUnit returns what became of each case. It refuses what is no XML, has
// a character that XML has not, counts wrong, or has a name twice.
func checkJUnit(text string) (map[string]string, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("not UTF-8")
	}
	cases := map[string]string{}
	counts := map[string]int{}
	var suite map[string]string
	name := ""
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{}
		for _, a := range start.Attr {
			attr[a.Name.Local] = a.Value
		}
		switch kind := start.Name.Local; kind {
		case "testsuite":
			suite = attr
		case "testcase":
			name = attr["name"]
			if _, twice := cases[name]; twice || name == "" || attr["classname"] == "" {
				return nil, fmt.Errorf("case %q is there twice, or has no name", name)
			}
			cases[name] = ""
			counts["tests"]++
		case "failure", "error", "skipped":
			if cases[name] != "" {
				return nil, fmt.Errorf("%s is %s and %s", name, cases[name], kind)
			}
			cases[name] = kind
			counts[map[string]string{"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]]++
		}
	}
	for _, kind := range []string{"tests", "failures", "errors", "skipped"} {
		if suite[kind] != strconv.Itoa(counts[kind]) {
			return nil, fmt.Errorf("%s are %d, the suite says %q", kind, counts[kind], suite[kind])
		}
	}
	return cases, nil
}

// TestLegal checks texts that XML cannot hold.
func TestLegal(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain ünïcode\n\ttab", "plain ünïcode\n\ttab"},
		{"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x", "red x"},
		{"10%\r50%\r100%\r\nnext", "100%\nnext"},
		{"nul \x00 bell \x07 del \x7f c1 \u0085", `nul \x00 bell \x07 del \x7f c1 \x85`},
		{"bad \xff utf", `bad \xff utf`},
		{"\ufffe \uffff \ufdd0", `\ufffe \uffff \ufdd0`},
		{"\x1b", `\x1b`},
		{"]]> <&\"'", "]]> <&\"'"},
	}
	for _, test := range tests {
		if got := legal(test.in); got != test.want {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
		run := &Run{Parts: []*Part{{Part: "p" + test.in, Verb: Installing, Result: Failed, Error: test.in}}}
		if _, err := checkJUnit(junit(t, run)); err != nil {
			t.Errorf("%q: %v", test.in, err)
		}
	}
}

// FuzzJUnit holds whatever a log or a message may be to the rules.
func FuzzJUnit(f *testing.F) {
	f.Add("\x00\x1b[3m]]>\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		run := &Run{Parts: []*Part{{Part: "p", Verb: Installing, Result: Failed, Error: text}}, Origin: Origin{Profile: "a.cfg" + text, Command: text}}
		if _, err := checkJUnit(junit(t, run)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
