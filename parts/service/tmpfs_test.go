package service

import (
	"errors"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func checkMistake(t *testing.T, err error, msg, hint string) {
	t.Helper()
	d := (*diag.Diagnostic)(nil)
	if !errors.As(err, &d) || d.Msg != msg || d.Hint != hint {
		t.Errorf("got %v (%+v), want %s (%s)", err, d, msg, hint)
	}
}

func TestParseTmpfs(t *testing.T) {
	for line, want := range map[string]Tmpfs{
		"100m /tmp/x": {"100m", "/tmp/x"}, " 1000\t a b ": {"1000", "a b"}, "10% x": {"10%", "x"}, "2G x": {"2G", "x"},
	} {
		if got, err := ParseTmpfs(line); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", line, got, err, want)
		}
	}
	const hint = "a size is written 1000000, 100m, 2g or 10%"
	for line, want := range map[string][2]string{
		"": {`failed to split "" into size and path`}, "/x": {`failed to split "/x" into size and path`},
		"1m,uid=0 /x": {`"1m,uid=0" is not a size`, hint}, "m /x": {`"m" is not a size`, hint}, "1mb /x": {`"1mb" is not a size`, hint},
	} {
		_, err := ParseTmpfs(line)
		checkMistake(t, err, want[0], want[1])
	}
}

func FuzzParseTmpfs(f *testing.F) {
	f.Add("100m /tmp/x")
	f.Fuzz(func(t *testing.T, line string) {
		m, err := ParseTmpfs(line)
		if err != nil {
			return
		}
		if strings.ContainsAny(m.Size, ", \t\n") || m.Path == "" {
			t.Fatalf("%q is %q", line, m)
		}
		if again, err := ParseTmpfs(m.Size + " " + m.Path); again != m || err != nil {
			t.Fatalf("%q is %q, then %q, %v", line, m, again, err)
		}
	})
}

// haveNamespaces reports whether this system permits private file systems.
func haveNamespaces(t *testing.T) bool {
	t.Helper()
	p := start(t, t.TempDir(), Launch{Tmpfs: []Tmpfs{{"1m", "mounted"}}}, "/bin/true")
	<-p.ended
	return p.ProcessState.Success()
}
