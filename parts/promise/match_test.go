package promise

import (
	"os/exec"
	"strings"
	"testing"
)

// TestMatch compares with grep, where there is one.
func TestMatch(t *testing.T) {
	grep, _ := exec.LookPath("grep")
	const text = "see http://h/?a=1\na+b (c) {2}\n[x]\\y ab*\n\nlast"
	for pattern, want := range map[string]bool{
		"http://h/?a=1": true, "a+b": true, "(c)": true, `\(c\)`: true, "{2}": true, `a\{2\}`: false, "c|d": false, `q\|last`: true,
		"^last$": true, "^a": true, "^b": false, "[x]": true, "[]]": true, "[[:digit:]]": true, "[^[:print:]]": false, `\\y`: true, `[\]y`: true,
		"b\\*": true, "*": true, "ab*$": false, "see.*1$": true, "": true, "h.://": false, "é": false,
	} {
		got, err := Match(pattern, strings.NewReader(text))
		if err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", pattern, got, err, want)
		}
		if grep == "" {
			continue
		}
		c := exec.CommandContext(t.Context(), grep, pattern)
		c.Stdin = strings.NewReader(text)
		if found := c.Run() == nil; found != want {
			t.Errorf("%q: grep says %v, want %v", pattern, found, want)
		}
	}
	if _, err := Match("[z-a]", strings.NewReader("x")); err == nil {
		t.Error("no error of a range the wrong way round")
	}
}
