package buildout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/store"
)

// Variables that make the test binary a run in the current directory.
const (
	crashVariable = "GOBUILD_TEST_CRASH_AT" // the change that kills it; 0 for none
	tornVariable  = "GOBUILD_TEST_TORN"     // that change is a write of which half is done
	spaceVariable = "GOBUILD_TEST_NAMESPACES"
	countVariable = "GOBUILD_TEST_COUNT" // the file that gets the number of changes
)

// everyVariable makes the tests kill at every change, not at each seventh.
const everyVariable = "GOBUILD_TEST_EVERY_CHANGE"

func TestMain(m *testing.M) {
	if at := os.Getenv(crashVariable); at != "" {
		n, _ := strconv.Atoi(at)
		os.Exit(crashingRun(n))
	}
	os.Exit(m.Run())
}

// crashed is the exit status of a run that was to end at a change.
const crashed = 137

// crashingRun installs buildout.cfg of the current directory and ends at the
// change number n, as by a kill.
func crashingRun(n int) int {
	dir, err := os.Getwd()
	if err != nil {
		return 2
	}
	inherited, environ := Inherit(os.Environ())
	var changes atomic.Int64
	e, err := Open(context.Background(), Config{Profile: "buildout.cfg", Dir: dir, Dialect: "auto", Recipes: crashTable{}, Environ: environ,
		Events: crashSink{}, Namespaces: os.Getenv(spaceVariable) != "", Launcher: "gobuild", Inherited: inherited, Jobs: 1})
	if err == nil {
		err = e.Start(context.Background(), true, false)
	}
	if err != nil {
		fmt.Println(err)
		return 2
	}
	e.disk = &disk.Disk{Fault: func(op, path string) error {
		count := int(changes.Add(1))
		switch {
		case op == "torn", count == n && (op != "write" || os.Getenv(tornVariable) == ""):
			os.Exit(crashed)
		case count == n:
			return disk.ErrTorn
		}
		return nil
	}}
	err = e.Install(context.Background(), InstallOptions{})
	if relayed := (*Relayed)(nil); errors.As(err, &relayed) {
		return relayed.Status
	}
	if file := os.Getenv(countVariable); file != "" {
		os.WriteFile(file, []byte(strconv.FormatInt(changes.Load(), 10)), 0o666)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

type crashSink struct{}

func (crashSink) Emit(e event.Event) {
	if e.Kind == event.Message {
		fmt.Println(e.Level, e.Part, e.Text)
	}
}

// crashTable has "fake" and two recipes with a location: "tree" leaves it when
// it fails, "solid" does not.
type crashTable struct{}

func (crashTable) Find(name string) (parts.Spec, bool) {
	switch name {
	case "fake":
		return table{}.Find(name)
	case "tree", "solid":
		return parts.Spec{Names: []string{name}, Recipe: treeRecipe{keep: name == "tree"}, Open: true, Mountable: true}, true
	}
	return parts.Spec{}, false
}

func (crashTable) Suggest(string) string { return "" }

type treeRecipe struct{ keep bool }

type treeAction struct {
	frame   store.Frame
	options map[string]string
}

func (r treeRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	location, err := o.Location(false)
	if err != nil {
		return nil, err
	}
	o.Set("location", location.Path)
	a := &treeAction{frame: store.Frame{Location: location, KeepOnError: r.keep}, options: map[string]string{}}
	for _, key := range o.Keys() {
		a.options[key], _, _ = o.Lookup(key)
	}
	return a, nil
}

func (a *treeAction) Run(ctx context.Context, w *parts.Work) error {
	return store.Install(ctx, w, a.frame, func(context.Context) error {
		dir := a.frame.Location.Path
		err := errors.Join(os.Mkdir(dir+"/lib", 0o777), os.WriteFile(dir+"/lib/file", []byte(a.options["text"]), 0o666),
			os.Symlink("lib", dir+"/link"), os.Chmod(dir+"/lib", 0o555))
		if a.options["fail"] != "" {
			err = errors.New(a.options["fail"])
		}
		return err
	})
}

// The profiles of the crash tests: most of the second is another version.
const (
	crashFirst = `[buildout]
parts = a b c d e
[a]
recipe = fake
own = bin/a
[b]
recipe = tree
text = 1
[c]
recipe = solid
text = 1
[d]
recipe = fake
own = bin/d bin/d2
[e]
recipe = tree
text = 1
`
	crashSecond = `[buildout]
parts = f a b c e g
[a]
recipe = fake
own = bin/a bin/a2
new = option
[b]
recipe = tree
text = 2
[c]
recipe = solid
text = 2
[e]
recipe = tree
text = 1
[f]
recipe = fake
own = bin/d
[g]
recipe = tree
text = 2
`
	crashNone = "[buildout]\nparts =\n"
)

// crashStand is a directory in which runs are killed.
type crashStand struct {
	*testing.T
	dir     string
	environ []string
}

// run runs a profile up to a change, 0 for all; it returns the exit status.
func (s *crashStand) run(profile string, at int, more ...string) int {
	s.Helper()
	if err := os.WriteFile(s.dir+"/buildout.cfg", []byte(profile), 0o666); err != nil {
		s.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Dir = s.dir
	c.Env = slices.Concat(os.Environ(), s.environ, more, []string{crashVariable + "=" + strconv.Itoa(at)})
	out, err := c.CombinedOutput()
	if status := c.ProcessState.ExitCode(); status == 0 || at > 0 && status == crashed {
		return status
	}
	s.Fatalf("at change %d: %v\n%s", at, err, out)
	return -1
}

// snapshot is what counts in a directory: path, kind, mode and content.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, dir)
		info, err := entry.Info()
		if in, inside := strings.CutPrefix(name, "/.gobuild"); err != nil || name == "" || inside && in != "/journal" {
			return err
		}
		text := ""
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = strings.ReplaceAll(string(content), dir, "DIR")
		case info.Mode()&fs.ModeSymlink != 0:
			text, _ = os.Readlink(path)
		}
		fmt.Fprintf(&b, "%s %v %q\n", name, info.Mode(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ways are the two ways to keep the old version.
func ways(t *testing.T, f func(t *testing.T, environ []string)) {
	t.Run("aside", func(t *testing.T) { f(t, nil) })
	t.Run("namespaces", func(t *testing.T) {
		if !namespacesWork() {
			t.Skip("mount namespaces are not permitted here")
		}
		f(t, []string{spaceVariable + "=1"})
	})
}

// TestKilledAtEachChange kills runs at every change of the file layer. The next
// run must make of it what an undisturbed one does: with the new profile, with
// the old one, and when it is killed as well.
func TestKilledAtEachChange(t *testing.T) {
	ways(t, func(t *testing.T, environ []string) {
		for _, c := range []struct{ name, before, after string }{
			{"install", "", crashFirst}, {"upgrade", crashFirst, crashSecond}, {"uninstall", crashFirst, crashNone},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				if len(environ) > 0 && c.name != "upgrade" {
					t.Skip("namespaces are for upgrades only")
				}
				killAtEach(t, environ, c.before, c.after)
			})
		}
	})
}

// lockedDir is t.TempDir for directories that lose their write bits.
func lockedDir(t *testing.T) string {
	dir := t.TempDir()
	t.Cleanup(func() { store.Remove(dir) })
	return dir
}

// prepared returns a stand in which before is installed, and what it looks
// like.
func prepared(t *testing.T, environ []string, before string) (*crashStand, string) {
	s := &crashStand{t, lockedDir(t), environ}
	if before == "" {
		return s, ""
	}
	s.run(before, 0)
	return s, snapshot(t, s.dir)
}

func killAtEach(t *testing.T, environ []string, before, after string) {
	s, old := prepared(t, environ, before)
	count := filepath.Join(t.TempDir(), "count")
	s.run(after, 0, countVariable+"="+count)
	want := snapshot(t, s.dir)
	text, err := os.ReadFile(count)
	if err != nil {
		t.Fatal(err)
	}
	total, _ := strconv.Atoi(string(text))
	if total < 10 || strings.Contains(want, "gobuild-") || strings.Contains(want, "journal") {
		t.Fatalf("%d changes\n%s", total, want)
	}
	stride := 7
	if os.Getenv(everyVariable) != "" {
		stride = 1
	}
	for at := 1; at <= total; at += stride {
		s, _ := prepared(t, environ, before)
		var torn []string
		if at%2 == 0 {
			torn = []string{tornVariable + "=1"}
		}
		s.run(after, at, torn...)
		left := snapshot(t, s.dir)
		if at%3 == 0 {
			s.run(after, 1+at*7%23) // the recovery is killed, too
		}
		if before != "" && at%5 == 0 {
			s.run(before, 0)
			if got := snapshot(t, s.dir); got != old {
				t.Errorf("killed at change %d, then back:\n%s\nwant\n%s\nleft\n%s", at, got, old, left)
			}
		}
		s.run(after, 0)
		if got := snapshot(t, s.dir); got != want {
			t.Errorf("killed at change %d:\n%s\nwant\n%s\nleft\n%s", at, got, want, left)
		}
	}
}
