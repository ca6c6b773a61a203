package lint

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/lint.md")

// TestDocs compares the table and the pages of the rules with docs/lint.md.
func TestDocs(t *testing.T) {
	const name = "../../docs/lint.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, part := range []struct{ mark, text string }{{"table", Table()}, {"pages", Pages()}} {
		begin, end := "<!-- begin "+part.mark+" -->\n", "<!-- end "+part.mark+" -->"
		from, to := strings.Index(want, begin), strings.Index(want, end)
		if from < 0 || to < from {
			t.Fatalf("%s has no part %q", name, part.mark)
		}
		want = want[:from+len(begin)] + "\n" + part.text + "\n" + want[to:]
	}
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is old: go test ./buildout/lint -update", name)
	}
}
