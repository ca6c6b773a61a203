package recipes

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestCoverageTable checks that docs/compatibility.md says of each recipe what
// the table of the built-in ones says.
func TestCoverageTable(t *testing.T) {
	page, err := os.ReadFile("../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "<!-- coverage: begin -->")
	text, _, ok := strings.Cut(text, "<!-- coverage: end -->")
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [0-9,]+ \\| (.+) \\|$").FindAllStringSubmatch(text, -1)
	if !ok || len(rows) < 50 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		want := "by bridge"
		if _, ok := Lookup(row[1]); ok {
			want = "native"
		}
		if row[2] != want {
			t.Errorf("%s is %s, not %s: run testdata/oracle/coverage.py", row[1], want, row[2])
		}
	}
}
