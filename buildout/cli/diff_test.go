package cli

import (
	"math/rand"
	"strings"
	"testing"
)

func TestUnifiedDiff(t *testing.T) {
	long := strings.Repeat("same\n", 10)
	for _, c := range []struct{ name, was, is, want string }{
		{"equal", "a\n", "a\n", ""},
		{"both empty", "", "", ""},
		{"one line", "a\nb\nc\n", "a\nB\nc\n", "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		{"from nothing", "", "a\n", "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n"},
		{"to nothing", "a\nb\n", "", "--- f\n+++ f\n@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{"final newline", "a", "a\n", "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"two hunks", "x\n" + long + "y\n", "X\n" + long + "Y\n",
			"--- f\n+++ f\n@@ -1,4 +1,4 @@\n-x\n+X\n same\n same\n same\n@@ -9,4 +9,4 @@\n same\n same\n same\n-y\n+Y\n"},
		{"near changes are one hunk", "x\na\nb\ny\n", "X\na\nb\nY\n", "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-x\n+X\n a\n b\n-y\n+Y\n"},
	} {
		if got := unifiedDiff("f", c.was, c.is); got != c.want {
			t.Errorf("%s\ngot:\n%swant:\n%s", c.name, got, c.want)
		}
	}
}

func TestCompareLines(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	text := func() []string {
		lines := make([]string, random.Intn(40))
		for i := range lines {
			lines[i] = string(rune('a' + random.Intn(4)))
		}
		return lines
	}
	for range 2000 {
		a, b := text(), text()
		var was, is []string
		for _, l := range compareLines(a, b) {
			if l.op != '+' {
				was = append(was, l.text)
			}
			if l.op != '-' {
				is = append(is, l.text)
			}
		}
		if strings.Join(was, "") != strings.Join(a, "") || strings.Join(is, "") != strings.Join(b, "") {
			t.Fatalf("%q %q: got %q %q", a, b, was, is)
		}
	}
}
