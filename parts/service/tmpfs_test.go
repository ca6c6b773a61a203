package service

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

// TestTmpfs: the file system is the program's alone, of the right size, made by
// the same user, and without capabilities left.
func TestTmpfs(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "there/old", "")
	script := `ls there; echo x >there/new && ls -n there | wc -l; stat -f -c '%T %b' made there; id -u; grep -E 'Cap(Inh|Amb)' /proc/self/status`
	p := start(t, dir, Launch{Tmpfs: []Tmpfs{{"1m", "there"}, {"64k", filepath.Join(dir, "made")}}}, sh(script)...)
	<-p.ended
	if p.ProcessState.ExitCode() == 121 {
		if got := p.stderr.String(); !strings.HasPrefix(got, "private-tmpfs needs a user name space, and this system does not permit one: ") {
			t.Errorf("stderr: %q", got)
		}
		return
	}
	page := os.Getpagesize()
	want := strings.Join([]string{"2", "tmpfs " + strconv.Itoa(65536/page), "tmpfs " + strconv.Itoa(1<<20/page), strconv.Itoa(os.Getuid()),
		"CapInh:\t0000000000000000", "CapAmb:\t0000000000000000", ""}, "\n")
	if got := p.out.String(); got != want {
		t.Errorf("output: got %q, want %q; stderr %q", got, want, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "there", "old")); err != nil {
		t.Error(err)
	}
	absent(t, dir, "there/new")
}

// TestTmpfsRefused: the message is clear where name spaces are not permitted.
func TestTmpfsRefused(t *testing.T) {
	outer := exec.Command("/bin/sh", append([]string{"-c", `echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"`, "sh"},
		relaunch(t, Launch{Tmpfs: []Tmpfs{{"1m", "x"}}}, "/bin/true")...)...)
	outer.Dir = t.TempDir()
	outer.SysProcAttr = attributes(true)
	outer.SysProcAttr.UidMappings[0].ContainerID, outer.SysProcAttr.GidMappings[0].ContainerID = 0, 0
	var stderr strings.Builder
	outer.Stderr = &stderr
	err := outer.Run()
	if err == nil || outer.ProcessState == nil || outer.ProcessState.ExitCode() != 121 {
		t.Skipf("no name space in which there are none: %v: %s", err, stderr.String())
	}
	want := "private-tmpfs needs a user name space, and this system does not permit one: "
	if got := stderr.String(); !strings.HasPrefix(got, want) {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	checkMistake(t, mountError(Tmpfs{"1m", "/x"}, syscall.EINVAL), "mount a private tmpfs of size 1m at /x: invalid argument", "")
}
