package profile

import (
	"strings"
	"testing"
)

func TestPaddedParts(t *testing.T) {
	for _, c := range []struct {
		dir  string
		ok   bool
		tail string
	}{
		{"/x", true, "/x/parts/re10catable"},
		{"/x/", true, "/x/parts/re10catable"},
		{"/" + strings.Repeat("d", 201), true, "d/parts/re10catable"}, // just enough
		{"/" + strings.Repeat("d", 202), false, ""},
		{"/" + strings.Repeat("ä", 101), false, ""}, // bytes count
	} {
		got, ok := PaddedParts(c.dir)
		if ok && c.dir == "/x" {
			checkFilling(t, got)
		}
		if ok != c.ok || ok && (len(got) != PaddedLength || !strings.Contains(got, c.tail)) {
			t.Errorf("%s: got %s, %t", c.dir, got, ok)
		}
	}
}

// checkFilling checks that no piece of a path occurs twice, and how it ends.
func checkFilling(t *testing.T, path string) {
	t.Helper()
	const piece = 8
	for at := 0; at+piece <= len(path); at++ {
		if strings.Contains(path[at+1:], path[at:at+piece]) {
			t.Errorf("%q occurs twice in %s", path[at:at+piece], path)
		}
	}
	if !strings.HasSuffix(path, "_67_68_69") {
		t.Errorf("the end of %s is another one", path)
	}
}
