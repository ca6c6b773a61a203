package buildout

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

func TestFileName(t *testing.T) {
	seen := map[string]string{}
	for _, section := range []string{"a", "a/b", "a%2Fb", "a%b", ".", "..", ".a", "%2Ea", "../../x", "ä", "a b", "%", "/"} {
		name := fileName(section)
		if strings.Contains(name, "/") || strings.HasPrefix(name, ".") || !filepath.IsLocal(name) {
			t.Errorf("%q becomes %q", section, name)
		}
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q both become %q", section, other, name)
		}
		seen[name] = section
	}
}

// testJob is a job in a directory of its own.
func testJob(t *testing.T, paths ...string) *job {
	t.Helper()
	dir := t.TempDir()
	base := &profile.Base{Directory: dir, Installed: dir + "/.installed.cfg"}
	e := &Engine{Config: Config{Events: event.Discard}, Base: base}
	return e.job(&plan.Node{Part: "a", Old: &parts.Record{Part: "a", Paths: paths}})
}

func write(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

// TestOwn checks that what was there before a part is not the part's to delete
// when it fails.
func TestOwn(t *testing.T) {
	j := testJob(t)
	dir := j.Base.Directory
	write(t, dir+"/mine")
	for _, path := range []string{"mine", dir + "/new", "new/deep", "mine"} {
		j.own(path)
	}
	if want := []string{"mine", dir + "/new", "new/deep"}; !slices.Equal(j.owned, want) {
		t.Errorf("owned %q, want %q", j.owned, want)
	}
	write(t, dir+"/new/deep/file")
	if err := j.discard(j.made); err != nil {
		t.Error(err)
	}
	if !exists(dir+"/mine") || exists(dir+"/new") {
		t.Errorf("mine is there: %v, new is there: %v", exists(dir+"/mine"), exists(dir+"/new"))
	}
}

func TestDiscard(t *testing.T) {
	j := testJob(t)
	dir := j.Base.Directory
	outside := t.TempDir() + "/precious"
	write(t, dir+"/tree/file", dir+"/one", outside+"/file")
	if err := os.Symlink(outside, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := j.discard([]string{"tree", "one", "link", "", "never-there"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"tree", "one", "link"} {
		if exists(filepath.Join(dir, name)) {
			t.Errorf("%s is still there", name)
		}
	}
	if !exists(outside + "/file") {
		t.Error("a link was followed")
	}
}

func TestDiscardRefuses(t *testing.T) {
	j := testJob(t)
	dir := j.Base.Directory
	link := t.TempDir() + "/link"
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/file", dir+"/bad")
	err := j.discard([]string{".", "..", "/", dir, dir + "/sub/..", "bad"})
	list := diag.All(err)
	if len(list) != 5 {
		t.Errorf("%d refusals, want 5: %v", len(list), err)
	}
	for _, d := range list {
		if d.Code != "uninstall-refused" || d.Hint == "" || !slices.Equal(d.Path, []string{"a"}) {
			t.Errorf("%+v", d)
		}
	}
	if !exists(dir+"/file") || exists(dir+"/bad") {
		t.Error("what is refused stays, and the rest goes")
	}
	j.Base.Directory = link
	if err := j.discard([]string{dir}); err == nil || !exists(dir+"/file") {
		t.Error("the real name of the directory is not refused")
	}
	alias := t.TempDir() + "/alias"
	if err := os.Symlink(filepath.Dir(dir), alias); err != nil {
		t.Fatal(err)
	}
	j.Base.Directory = dir
	if err := j.discard([]string{alias + "/" + filepath.Base(dir)}); err == nil || !exists(dir+"/file") {
		t.Error("another name of the directory is not refused")
	}
}

func TestFailure(t *testing.T) {
	src := diag.NewSource("a.cfg", []byte("[a]\nx = 1\n"))
	header, option := diag.SpanOf(src, 1, 2), diag.SpanOf(src, 8, 9)
	own := func() *diag.Diagnostic { return diag.At(option, "c", "m").WithPath("a", "x") }
	for _, c := range []struct {
		name, step, log string
		err             error
		want, excerpt   string
	}{
		{"plain", "", "", errors.New("m"), "a.cfg:1:2: a: m", ""},
		{"in a step", "make", "", errors.New("m"), "a.cfg:1:2: a:make: m", ""},
		{"placed", "make", "", own(), "a.cfg:2:5: a:x: m", ""},
		{"wrapped", "make", "", errors.Join(own()), "a.cfg:2:5: a:x: m", ""},
		{"log", "make", "text\n", own(), "a.cfg:2:5: a:x: m", "\ntext"},
		{"fetch", "", "text\n", diag.At(option, "fetch-http", "m"), "a.cfg:2:5: a: m", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := testJob(t)
			j.node.At = header
			if c.step != "" {
				j.log.watch(event.Discard).Emit(event.Event{Kind: event.StepStarted, Step: c.step})
			}
			if c.log != "" {
				j.log.Write([]byte(c.log))
			}
			defer j.log.Close()
			err := j.failure(t.Context(), c.err)
			var d *diag.Diagnostic
			if !errors.As(err, &d) || d.Error() != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if c.excerpt == "" && d.Excerpt != "" || !strings.HasSuffix(d.Excerpt, c.excerpt) {
				t.Errorf("excerpt %q, want %q", d.Excerpt, c.excerpt)
			}
		})
	}
}

func TestFailureOfACancelledPart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := testJob(t).failure(ctx, errors.New("killed")); err != context.Canceled {
		t.Errorf("got %v: an interruption is not a failure of the part", err)
	}
}
