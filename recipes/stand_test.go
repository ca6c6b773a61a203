package recipes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

// stand is a buildout directory with the surroundings of the part "foo".
type stand struct {
	*partstest.Kit
	t *testing.T
}

func newStand(t *testing.T) *stand {
	t.Helper()
	before := syscall.Umask(0o022)
	t.Cleanup(func() { syscall.Umask(before) })
	return &stand{partstest.New(t), t}
}

// at returns a path in the buildout directory.
func (s *stand) at(name string) string { return filepath.Join(s.Work.Dir, name) }

// fill puts the buildout directory in the place of @ROOT@.
func (s *stand) fill(text string) string { return strings.ReplaceAll(text, "@ROOT@", s.Work.Dir) }

// write makes a file with exactly this mode, and its parents.
func (s *stand) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.at(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.at(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chmod(s.at(name), mode); err != nil {
		s.t.Fatal(err)
	}
}

// section returns the options of [foo] from lines `key = value`, beside the
// section [sec] with x = X. Lines that start with a blank go on the value.
func (s *stand) section(lines string) *partstest.Options {
	s.t.Helper()
	values := map[string]string{}
	key := ""
	for line := range strings.Lines(s.fill(strings.TrimSpace(lines))) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, " ") {
			values[key] = strings.TrimLeft(values[key]+"\n"+strings.TrimPrefix(line, "  "), "\n")
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(name)
		values[key] = strings.TrimSpace(value)
	}
	return s.Options("foo", map[string]map[string]string{"foo": values, "sec": {"x": "X"}})
}

// prepare prepares the part, which must succeed.
func (s *stand) prepare(r parts.Recipe, o parts.Options) parts.Action {
	s.t.Helper()
	a, err := r.Prepare(s.t.Context(), o)
	if err != nil {
		s.t.Fatalf("Prepare: %v", err)
	}
	return a
}

// install prepares and installs the part, which must succeed.
func (s *stand) install(r parts.Recipe, lines string) parts.Action {
	s.t.Helper()
	a := s.prepare(r, s.section(lines))
	if err := a.Run(s.t.Context(), s.Work); err != nil {
		s.t.Fatalf("Run: %v", err)
	}
	return a
}

// update runs the update of an action, if it has one.
func (s *stand) update(a parts.Action) error {
	if u, ok := a.(parts.Updater); ok {
		return u.Update(s.t.Context(), s.Work)
	}
	return nil
}

// check compares what is below name with lines `NAME KIND`, where KIND is
// `dir MODE`, `file MODE "TEXT"` or `link TARGET`.
func (s *stand) check(name string, want ...string) {
	s.t.Helper()
	var got []string
	filepath.WalkDir(s.at(name), func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			rel, _ := filepath.Rel(s.Work.Dir, path)
			got = append(got, rel+" "+describe(s.t, path, d))
		}
		return nil
	})
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.t.Errorf("tree of %s:\n got %q\nwant %q", name, got, want)
	}
}

func describe(t *testing.T, path string, d fs.DirEntry) string {
	t.Helper()
	info, err := d.Info()
	if err != nil {
		t.Fatal(err)
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		return fmt.Sprintf("dir %04o", info.Mode().Perm())
	case fs.ModeSymlink:
		to, err := os.Readlink(path)
		if err != nil {
			t.Fatal(err)
		}
		return "link " + to
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("file %04o %q", info.Mode().Perm(), text)
}

// checkOwned compares the owned paths, @ROOT@ filled in, in any order.
func (s *stand) checkOwned(want ...string) {
	s.t.Helper()
	got := slices.Compact(slices.Sorted(slices.Values(s.Owned())))
	for i := range want {
		want[i] = s.fill(want[i])
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("owned paths:\n got %q\nwant %q", got, want)
	}
}

// checkSet compares the options that a section has besides those of before.
func (s *stand) checkSet(o *partstest.Options, want map[string]string) {
	s.t.Helper()
	got := map[string]string{}
	for _, key := range o.Keys() {
		value, _, _ := o.Lookup(key)
		if before, ok := o.Sections["foo"][key]; !ok || before != value {
			got[key] = value
		}
	}
	for key := range want {
		want[key] = s.fill(want[key])
	}
	if !maps.Equal(got, want) {
		s.t.Errorf("set options:\n got %q\nwant %q", got, want)
	}
}

// checkFails wants a diagnostic with this text and with a place: in the value of
// the option key, or the section's header when the section has no such option.
func (s *stand) checkFails(err error, o *partstest.Options, key, msg string) {
	s.t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		s.t.Fatalf("error is %v, want a diagnostic: %s", err, msg)
	}
	if d.Msg != s.fill(msg) {
		s.t.Errorf("message:\n got %q\nwant %q", d.Msg, s.fill(msg))
	}
	at := o.Header()
	if _, span, ok := o.Lookup(key); ok {
		at = span
	}
	if !at.IsValid() || d.At.From.Src != at.From.Src || d.At.From.Offset < at.From.Offset || d.At.To.Offset > at.To.Offset {
		s.t.Errorf("place is %q, want that of %q", d.At.Text(), at.Text())
	}
	if len(d.Path) == 0 || d.Path[0] != "foo" {
		s.t.Errorf("path is %q, want that of foo", d.Path)
	}
}

// prepareCase is a section that Prepare refuses.
type prepareCase struct {
	name, lines string
	key         string // the option at fault
	msg         string
}

// checkRefused runs cases.
func checkRefused(t *testing.T, r parts.Recipe, cases []prepareCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			o := s.section(c.lines)
			a, err := r.Prepare(t.Context(), o)
			if err == nil {
				t.Fatalf("Prepare made %T of\n%s", a, c.lines)
			}
			s.checkFails(err, o, c.key, c.msg)
			if entries, err := os.ReadDir(s.Work.Dir); err != nil || len(entries) > 0 {
				t.Errorf("Prepare left %v on disk (%v)", entries, err)
			}
		})
	}
}

// probeOptions are options with access to the world.
type probeOptions struct {
	*partstest.Options
	kit *partstest.Kit
}

func (o probeOptions) Probe() (parts.Runner, parts.Fetcher) { return o.kit.Runner, o.kit.Fetcher }

// probeFetcher are options whose fetcher is another one.
type probeFetcher struct {
	probeOptions
	fetcher parts.Fetcher
}

func (o probeFetcher) Probe() (parts.Runner, parts.Fetcher) { return o.kit.Runner, o.fetcher }

// temporaryFetcher answers with a temporary file.
type temporaryFetcher struct {
	parts.Fetcher
	path string
}

func (f temporaryFetcher) Fetch(context.Context, parts.FetchRequest) (parts.Fetched, error) {
	return parts.Fetched{Path: f.path, Temp: true}, nil
}

// rel returns a name below the buildout directory in its shortest form.
func (s *stand) rel(name string) string {
	rel, _ := filepath.Rel(s.Work.Dir, s.at(name))
	return rel
}
