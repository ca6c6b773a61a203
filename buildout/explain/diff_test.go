package explain

import (
	"slices"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	tests := []struct{ before, after, want string }{
		{"a", "a", " a"},
		{"a", "b", "-a|+b"},
		{"a\nb\nc", "a\nc", " a|-b| c"},
		{"a\nc", "a\nb\nc", " a|+b| c"},
		{"1\n2\n3\n4\n5\nx", "1\n2\n3\n4\n5\ny", "…| 4| 5|-x|+y"},
		{"x\n1\n2\n3\n4\n5", "y\n1\n2\n3\n4\n5", "-x|+y| 1| 2|…"},
		{"x\n1\n2\n3\n4\n5\n6\nx", "y\n1\n2\n3\n4\n5\n6\ny", "-x|+y| 1| 2|…| 5| 6|-x|+y"},
		{"", "a\nb", "-|+a|+b"},
	}
	for _, test := range tests {
		if got := strings.Join(Diff(test.before, test.after, 2), "|"); got != test.want {
			t.Errorf("Diff(%q, %q) = %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

// FuzzDiff checks that a difference holds both texts.
func FuzzDiff(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd")
	f.Add("", "")
	f.Add("x\nx\nx", "x\nx")
	f.Fuzz(func(t *testing.T, before, after string) {
		lines := Diff(before, after, len(before)+len(after)+2)
		side := func(mark byte) string {
			var out []string
			for _, l := range lines {
				if l[0] == ' ' || l[0] == mark {
					out = append(out, l[1:])
				}
			}
			return strings.Join(out, "\n")
		}
		if side('-') != before || side('+') != after {
			t.Errorf("Diff(%q, %q) = %q", before, after, lines)
		}
		if before == after && slices.ContainsFunc(lines, func(l string) bool { return l[0] != ' ' }) {
			t.Errorf("Diff of equal %q = %q", before, lines)
		}
	})
}
