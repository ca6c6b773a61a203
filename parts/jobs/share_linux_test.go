package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gobuild/parts/run"
)

// programs returns a directory with scripts of these names that answer
// --version with a text.
func programs(t *testing.T, answers map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range answers {
		script := "#!/bin/sh\ncat <<'END'\n" + text + "\nEND\n"
		if text == "fail" {
			script = "#!/bin/sh\nexit 1\n"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestStyle(t *testing.T) {
	const newer, older = "GNU Make 4.4\nBuilt for x86_64", "GNU Make 4.3"
	for _, c := range []struct {
		answers map[string]string
		want    style
	}{
		{nil, fifoPath},
		{map[string]string{"make": newer}, fifoPath},
		{map[string]string{"make": "GNU Make 4.4.1"}, fifoPath},
		{map[string]string{"make": "GNU Make 5.0"}, fifoPath},
		{map[string]string{"make": older}, pipe},
		{map[string]string{"make": "GNU Make 3.82"}, pipe},
		{map[string]string{"make": newer, "gmake": older}, pipe},
		{map[string]string{"gmake": newer}, fifoPath},
		{map[string]string{"make": "fail"}, pipe},
		{map[string]string{"make": "bmake 2023"}, none},
		{map[string]string{"make": "bmake 2023", "gmake": newer}, none},
	} {
		// cat is needed by the scripts; the host's make is not to be found.
		bin := programs(t, c.answers)
		if cat, err := run.LookPath("cat", "/", nil); err != nil {
			t.Fatal(err)
		} else if err := os.Symlink(cat, filepath.Join(bin, "cat")); err != nil {
			t.Fatal(err)
		}
		if got := newTools().style([]string{"PATH=" + bin}, "/"); got != c.want {
			t.Errorf("%q: got %d, want %d", c.answers, got, c.want)
		}
	}
}

// A program is asked again when its file has changed.
func TestToolsAskOnce(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	write := func(version string) {
		script := fmt.Sprintf("#!/bin/sh\necho x >> %s\necho GNU Make %s\n", asked, version)
		if err := os.WriteFile(filepath.Join(dir, "make"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	tools := newTools()
	for i, version := range []string{"4.4", "4.4", "4.3.99"} {
		write(version)
		if i == 1 {
			if err := os.Chtimes(filepath.Join(dir, "make"), modified(tools), modified(tools)); err != nil {
				t.Fatal(err)
			}
		}
		want := fifoPath
		if i == 2 {
			want = pipe
		}
		if got := tools.style([]string{"PATH=" + dir}, "/"); got != want {
			t.Errorf("%s: got %d, want %d", version, got, want)
		}
	}
	text, err := os.ReadFile(asked)
	if err != nil || strings.Count(string(text), "x") != 2 {
		t.Errorf("asked: %q, %v", text, err)
	}
}

func TestSharesNinja(t *testing.T) {
	for _, c := range []struct {
		version    string
		fifo, pipe bool
	}{
		{"1.11.1", true, true}, {"1.12.1", true, true}, {"1.13.0", false, true}, {"2.0", false, true}, {"", true, true}, {"x", true, true},
		{"1.11.1.git.kitware.jobserver-1", true, false}, {"1.13.0.git.kitware.jobserver-pipe-1", false, false},
	} {
		if got := sharesNinja(c.version, fifoPath); got != c.fifo {
			t.Errorf("%s by fifo: got %t", c.version, got)
		}
		if got := sharesNinja(c.version, pipe); got != c.pipe {
			t.Errorf("%s by pipe: got %t", c.version, got)
		}
	}
}

// poolAt returns a pool of 4 with its files in dir and an environment that
// finds a make of that version.
func poolAt(t *testing.T, dir, version string) (*Pool, []string) {
	t.Helper()
	bin := programs(t, map[string]string{"make": "GNU Make " + version, "gmake": "GNU Make " + version})
	return still(t, 4, Options{Dir: dir}), []string{"A=1", "MAKEFLAGS=k", "PATH=" + bin + ":/usr/bin:/bin"}
}

func TestPrepare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	p, env := poolAt(t, dir, "4.4")
	s := p.Share("x/y z")
	got, files, err := s.Prepare(env, "/")
	want := []string{"A=1", "MAKEFLAGS=k -j4 --jobserver-auth=fifo:" + dir + "/part-x_y_z/fifo", env[2]}
	if !slices.Equal(got, want) || files != nil || err != nil {
		t.Errorf("got %q, %v, %v, want %q", got, files, err, want)
	}
	info, err := os.Stat(dir + "/part-x_y_z/fifo")
	if err != nil || info.Mode() != os.ModeNamedPipe|0o600 {
		t.Errorf("fifo: %v, %v", info, err)
	}
	twin := p.Share("x_y_z") // its name becomes the same
	if got, _, err := twin.Prepare(env, "/"); err != nil || auth(got[1]) != "fifo:"+dir+"/part-x_y_z~2/fifo" {
		t.Errorf("twin: got %q, %v", got, err)
	}
	s.Close()
	if _, err := os.Stat(dir + "/part-x_y_z"); err == nil {
		t.Error("the fifo is left")
	}
	again := p.Share("x/y z")
	if got, _, err := again.Prepare(env, "/"); err != nil || !slices.Equal(got, want) {
		t.Errorf("again: got %q, %v, want %q", got, err, want)
	}
}

func TestPrepareByDescriptors(t *testing.T) {
	p, env := poolAt(t, filepath.Join(t.TempDir(), "jobs"), "4.3")
	s := p.Share("a")
	defer s.Close()
	got, files, err := s.Prepare(env, "/")
	if err != nil || len(files) != 97 || files[95] == nil || files[96] == nil || files[0] != nil {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	if want := "MAKEFLAGS=k -j4 --jobserver-fds=98,99 --jobserver-auth=98,99"; got[1] != want {
		t.Errorf("got %q, want %q", got[1], want)
	}
	for _, f := range files[95:] {
		if flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0); errno != 0 || flags&syscall.O_NONBLOCK != 0 {
			t.Errorf("%s is not blocking: %x, %v", f.Name(), flags, errno)
		}
		f.Close()
	}
}

// Where nothing is to be done the environment is the same slice.
func TestPrepareLeavesAlone(t *testing.T) {
	bin := programs(t, map[string]string{"make": "BSD make"})
	for _, c := range []struct {
		total int
		env   []string
	}{
		{1, nil},
		{1, []string{"A=1", "PATH=/usr/bin:/bin"}},
		{4, []string{"MAKEFLAGS=-j2"}}, {4, []string{"MAKEFLAGS=j"}}, {4, []string{"MAKEFLAGS=k --jobserver-auth=3,4"}},
		{4, []string{"MAKEFLAGS=--jobs=7"}}, {4, []string{"PATH=" + bin + ":/usr/bin:/bin"}},
	} {
		dir := filepath.Join(t.TempDir(), "jobs")
		p := still(t, c.total, Options{Dir: dir})
		s := p.Share("a")
		env := slices.Clone(c.env)
		got, files, err := s.Prepare(env, "/")
		if !slices.Equal(got, c.env) || (got == nil) != (c.env == nil) || files != nil || err != nil {
			t.Errorf("%d, %q: got %q, %v, %v", c.total, c.env, got, files, err)
		}
		s.Ended()
		s.Close()
		if _, err := os.Lstat(dir); err == nil {
			t.Errorf("%d, %q: files were made", c.total, c.env)
		}
	}
	var nobody *Share
	if got, _, err := nobody.Prepare([]string{"A=1"}, "/"); !slices.Equal(got, []string{"A=1"}) || err != nil {
		t.Errorf("nil: got %q, %v", got, err)
	}
	nobody.Ended()
	nobody.Close()
}

// A path that make would not read back is not used.
func TestPrepareElsewhere(t *testing.T) {
	for _, name := range []string{"a b", "a$b", `a\b`, "a'b", strings.Repeat("long/", 120)} {
		t.Setenv("TMPDIR", t.TempDir())
		dir := filepath.Join(t.TempDir(), name, "jobs")
		p, env := poolAt(t, dir, "4.4")
		s := p.Share("a")
		got, _, err := s.Prepare(env, "/")
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if want := "MAKEFLAGS=k -j4 --jobserver-auth=fifo:" + os.TempDir() + "/gobuild-jobs-"; !strings.HasPrefix(got[1], want) {
			t.Errorf("%q: got %q, want %q", name, got[1], want)
		}
		// The next run deletes what this one would leave if it were killed.
		if err := clean(dir); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%q: %v is left", name, left)
		}
		t.Setenv("TMPDIR", filepath.Join(t.TempDir()+" x"))
		os.Mkdir(os.TempDir(), 0o700)
		p, env = poolAt(t, dir, "4.4")
		got, files, err := p.Share("a").Prepare(env, "/")
		if want := "MAKEFLAGS=k -j4 --jobserver-fds=98,99 --jobserver-auth=98,99"; err != nil || got[1] != want || len(files) == 0 {
			t.Errorf("%q without a good place: got %q, %v, want %q", name, got[1], err, want)
		}
	}
}

// What the note of an earlier run names is deleted only if it can be gobuild's.
func TestCleanIsCareful(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	mine := filepath.Join(t.TempDir(), "gobuild-jobs-1")
	other := filepath.Join(os.TempDir(), "other")
	for _, path := range []string{mine, other} {
		dir := t.TempDir()
		for _, d := range []string{mine, other} {
			os.Mkdir(d, 0o700)
		}
		if err := os.WriteFile(filepath.Join(dir, awayNote), []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := clean(dir); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s was deleted", path)
		}
	}
}

func TestPrepareFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := still(t, 4, Options{})
	p.options.Dir = filepath.Join(file, "jobs")
	env := []string{"PATH=/usr/bin:/bin"}
	s := p.Share("a")
	if got, _, err := s.Prepare(env, "/"); err == nil || !slices.Equal(got, env) {
		t.Errorf("got %q, %v", got, err)
	}
	s.Ended()
	s.Close()
	if !p.Take(4) {
		t.Error("tokens are lost")
	}
}

// modified is the time of the only file that tools know.
func modified(t *tools) (at time.Time) {
	for p := range t.known {
		at = p.time
	}
	return at
}
