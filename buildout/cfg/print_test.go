package cfg

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/format")

func format(text string) string {
	return string(Format(Scan(diag.NewSource("t.cfg", []byte(text)))))
}

// meaning returns what Sections makes of text: options sorted, since their
// order means nothing; errors by code.
func meaning(text string, holds Condition) string {
	sections, errs := Scan(diag.NewSource("t.cfg", []byte(text))).Sections(holds)
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "[%s]\n", s.Name)
		var options []string
		for _, a := range s.Options {
			options = append(options, fmt.Sprintf("%q = %q\n", a.Key, a.Value))
		}
		slices.Sort(options)
		b.WriteString(strings.Join(options, ""))
	}
	for _, d := range errs {
		b.WriteString(d.Code + "\n")
	}
	return b.String()
}

// outcomes are conditions under which a text and its formatted form must say
// the same. Those with a counter decide by the number of the header.
func outcomes() map[string]func() Condition {
	all := map[string]func() Condition{
		"always": func() Condition { return func(string) (bool, error) { return true, nil } },
		"never":  func() Condition { return func(string) (bool, error) { return false, nil } },
		"bad":    func() Condition { return func(string) (bool, error) { return false, fmt.Errorf("bad") } },
	}
	for _, mask := range []int{0b0101, 0b1010, 0b0011, 0b0110} {
		all[fmt.Sprintf("%04b", mask)] = func() Condition {
			n := 0
			return func(string) (bool, error) {
				n++
				return mask>>(n%4)&1 == 1, nil
			}
		}
	}
	return all
}

// checkFormat checks the promises of Format for one text.
func checkFormat(t *testing.T, text string) {
	t.Helper()
	once := format(text)
	if twice := format(once); twice != once {
		t.Errorf("not a fixed point: %q\nonce:  %q\ntwice: %q", text, once, twice)
	}
	for name, holds := range outcomes() {
		if was, is := meaning(text, holds()), meaning(once, holds()); was != is {
			t.Errorf("meaning changes (%s): %q -> %q\nwas:\n%s\nis:\n%s", name, text, once, was, is)
		}
	}
	if was, is := comments(text), comments(once); was != is {
		t.Errorf("comments change: %q -> %q", text, once)
	}
}

// comments returns the comment lines of text without white space at the end.
func comments(text string) string {
	f := Scan(diag.NewSource("t.cfg", []byte(text)))
	var b strings.Builder
	for i := range f.Lines {
		if l := f.Lines[i]; l.Kind == Comment {
			b.WriteString(trimRight(f.text(l.From, l.To)) + "\n")
		}
	}
	return b.String()
}

// corners are texts in which indentation, blank lines or spelling are data.
var corners = []string{
	"",
	"\n\n",
	"# a\n\n\n; b  \n",
	"[a]\nx=1\ny  =  2\nz=\n",
	"[a]\nx =\n\n\n    1\n  2\n\n\n  3\n\n\n[b]\n",
	"[a]\nx =\n\t1\n  2\n",
	"[a]\nx =\n\t1\n\t\t2\n",
	"[a]\nx =\n  1\n# c\n\n# d\n\n    2\n# e\n[b]\n",
	"[a]\nx = 1\n    2\n\n\n  3\n",
	"[a]\nx   = 1\n      2\n        3\n",
	"[a]\nx += 1\nx +=\n    2\n\n\n[b]\ny = 1\n",
	"[a]\nx +=\n  1\nx +=\n    2\n  3\n",
	"[a]\nx +=\n    1\nx+=\n  2\n",
	"[a]\nx += 1\n[a:c]\nx +=\n     2\n\n",
	"[a]\nx+= 1\nx = 3\n",
	"[a]\nx+= 1\n[b]\nx-=1\n",
	"[a]\n<=m\n<+=n\n< = o\n=>b c\n=> \n<part-dependencies> += d\n",
	"[ a ]# c\nx = 1\n[ b : d ]  ; e\n[a:]\n",
	"[a]\r\nx = 1\r\n  2\r[b]\r\ny = \r\n  3",
	"[a]\nx =\n\u00a0\u00a01\n\u00a0\u00a02\n",
	"[a]\n++= 1\n+ = 2\n+ + = 3\na++ =4\n",
	"[a]\nx =\n  1\n  \t \n\x0c\n\x1c2\n",
	"x = 1\n[a]\n",
	"[a]\n  x = 1\n",
	"[a]\nx = 1\ngarbage\n",
	"[a:c]\nx = 1\n[b]\ny =\n   1\n",
	"[a]\nx = 1\n# c\n\n[b]\n#  d\n# e\n[c]\n",
}

func TestFormatKeepsMeaning(t *testing.T) {
	for _, text := range corners {
		checkFormat(t, text)
	}
}

// TestFormatGolden compares testdata/format/NAME.in, formatted, with
// NAME.golden, which formats to itself.
func TestFormatGolden(t *testing.T) {
	inputs, err := filepath.Glob("../../testdata/format/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, name := range inputs {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkFormat(t, string(text))
		golden := strings.TrimSuffix(name, ".in") + ".golden"
		got := format(string(text))
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", name, got, want)
		}
		if again := format(string(want)); again != string(want) {
			t.Errorf("%s does not format to itself:\n%s", golden, again)
		}
	}
}

func TestFormatLeavesErrorsAlone(t *testing.T) {
	for _, text := range []string{"x=1\n\n\n[a]\n", "[a]\n\n\n y=1\n", "[a]\nx=1\nfoo  \n", "\ufeff[a]\nx=1\n"} {
		if got := format(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// TestFormatCorpus formats all profiles below $GOBUILD_CORPUS.
func TestFormatCorpus(t *testing.T) {
	root := os.Getenv("GOBUILD_CORPUS")
	if root == "" {
		t.Skip("GOBUILD_CORPUS names no directory of profiles")
	}
	files, changed, lines := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".cfg") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checkFormat(t, string(text))
		files++
		if once := Format(Scan(diag.NewSource(path, text))); !bytes.Equal(once, text) {
			changed++
			lines += bytes.Count(once, []byte("\n"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d of them change (%d lines in these)", files, changed, lines)
}

// FuzzFormat checks the promises of Format on any bytes.
func FuzzFormat(f *testing.F) {
	for _, text := range corners {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkFormat(t, string(text)) })
}
