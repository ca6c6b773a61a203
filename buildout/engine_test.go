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
	"gobuild/parts"
	"gobuild/parts/partstest"
)

// fake is a recipe whose behaviour stands in the options of its section.
type fake struct{}

func (fake) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	a := fakeAction{}
	for _, key := range o.Keys() {
		a[key], _, _ = o.Lookup(key)
	}
	return a, nil
}

// fakeAction is the options: own (paths to own and make), more (paths that an
// update owns), fail (the text of an error), keep (paths that stay).
type fakeAction map[string]string

func (a fakeAction) Run(_ context.Context, w *parts.Work) error {
	return a.make(w, "own", "fail")
}

func (a fakeAction) Update(_ context.Context, w *parts.Work) error {
	return a.make(w, "more", "fail-update")
}

func (a fakeAction) make(w *parts.Work, own, fail string) error {
	for _, path := range strings.Fields(a[own]) {
		w.Own(path)
		if err := os.WriteFile(filepath.Join(w.Dir, path), nil, 0o666); err != nil {
			return err
		}
	}
	if a[fail] != "" {
		return errors.New(a[fail])
	}
	return nil
}

func (fake) Remove(_ context.Context, _ *parts.Work, old parts.Record) (keep []string, err error) {
	if old.Options["fail-remove"] != "" {
		return nil, errors.New(old.Options["fail-remove"])
	}
	return strings.Fields(old.Options["keep"]), nil
}

// table is a Lookup with the one recipe "fake".
type table struct{}

func (table) Find(name string) (parts.Spec, bool) {
	return parts.Spec{Names: []string{"fake"}, Recipe: fake{}, Open: true}, name == "fake"
}

func (table) Suggest(string) string { return "" }

// stand is a directory with profiles.
type stand struct {
	*testing.T
	dir  string
	sink partstest.Sink
}

func newStand(t *testing.T) *stand { return &stand{T: t, dir: t.TempDir()} }

// install runs a profile and returns what is recorded.
func (s *stand) install(text string, named ...string) (map[string]parts.Record, error) {
	s.Helper()
	if err := os.WriteFile(s.dir+"/buildout.cfg", []byte(text), 0o666); err != nil {
		s.Fatal(err)
	}
	e, err := Open(s.Context(), Config{Profile: "buildout.cfg", Dir: s.dir, Dialect: "auto", Recipes: table{}, Events: &s.sink})
	if err != nil {
		return nil, err
	}
	if err := e.Start(s.Context(), true, false); err != nil {
		return nil, err
	}
	err = e.Install(s.Context(), InstallOptions{Named: named})
	db, stateErr := e.state()
	if stateErr != nil {
		s.Fatal(stateErr)
	}
	return db.All(), err
}

// must is install without an error.
func (s *stand) must(text string, named ...string) map[string]parts.Record {
	s.Helper()
	all, err := s.install(text, named...)
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// did returns what the last run did, and forgets it.
func (s *stand) did() string {
	var list []string
	for _, e := range s.sink.All() {
		if e.Kind == event.PartStarted {
			list = append(list, e.Verb+" "+e.Part)
		}
	}
	s.sink = partstest.Sink{}
	return strings.Join(list, ", ")
}

func (s *stand) has(name string) bool { return exists(filepath.Join(s.dir, name)) }

func (s *stand) checkDid(want string) {
	s.Helper()
	if got := s.did(); got != want {
		s.Errorf("did %q, want %q", got, want)
	}
}

func TestInstallRecords(t *testing.T) {
	s := newStand(t)
	all := s.must("[buildout]\nparts = a\n[a]\nrecipe = fake\nown = one two\n")
	if r := all["a"]; !slices.Equal(r.Paths, []string{"one", "two"}) || r.Options["own"] != "one two" || r.Signature != "gobuild:fake-1" {
		t.Errorf("%+v", r)
	}
	s.checkDid("Installing a")
	if s.has(".gobuild/tmp") {
		t.Error("the temporary directory is still there")
	}
}

func TestUpdateAddsPaths(t *testing.T) {
	s := newStand(t)
	text := "[buildout]\nparts = a\n[a]\nrecipe = fake\nown = one\nmore = two one\n"
	s.must(text)
	if r := s.must(text)["a"]; !slices.Equal(r.Paths, []string{"one", "two"}) {
		t.Errorf("paths %q", r.Paths)
	}
	s.checkDid("Installing a, Updating a")
	s.must("[buildout]\nparts =\n")
	if s.has("one") || s.has("two") || s.has(".installed.cfg") {
		t.Error("something is left")
	}
}

func TestFailedInstallRemovesItsOwnOnly(t *testing.T) {
	s := newStand(t)
	write(t, s.dir+"/mine")
	all, err := s.install("[buildout]\nparts = a b\n[a]\nrecipe = fake\nown = kept\n[b]\nrecipe = fake\nown = mine new\nfail = broken\n")
	var failed *FailedError
	if !errors.As(err, &failed) || !slices.Equal(failed.Parts, []string{"b"}) || failed.List[0].Msg != "broken" {
		t.Fatalf("error %v", err)
	}
	if !s.has("kept") || !s.has("mine") || s.has("new") {
		t.Errorf("kept %v, mine %v, new %v", s.has("kept"), s.has("mine"), s.has("new"))
	}
	if _, ok := all["b"]; ok || len(all) != 1 {
		t.Errorf("recorded %v", all)
	}
}

func TestFailedUpdateForgetsThePart(t *testing.T) {
	s := newStand(t)
	text := "[buildout]\nparts = a\n[a]\nrecipe = fake\nown = one\nmore = two\nfail-update = broken\n"
	s.must(text)
	all, err := s.install(text)
	if err == nil || len(all) != 0 || s.has("one") || s.has("two") {
		t.Errorf("error %v, recorded %v, one there %v, two there %v", err, all, s.has("one"), s.has("two"))
	}
	s.must(text)
	s.checkDid("Installing a, Updating a, Installing a")
}

func TestRemoverKeeps(t *testing.T) {
	s := newStand(t)
	s.must("[buildout]\nparts = a\n[a]\nrecipe = fake\nown = one two\nkeep = two\n")
	if all := s.must("[buildout]\nparts =\n"); len(all) != 0 || s.has("one") || !s.has("two") {
		t.Errorf("recorded %v, one %v, two %v", all, s.has("one"), s.has("two"))
	}
}

func TestRemoverFails(t *testing.T) {
	s := newStand(t)
	s.must("[buildout]\nparts = a b\n[a]\nrecipe = fake\nown = one\n[b]\nrecipe = fake\nown = two\nfail-remove = busy\n")
	all, err := s.install("[buildout]\nparts =\n")
	if list := diag.All(err); len(list) != 1 || list[0].Msg != "busy" || list[0].Path[0] != "b" {
		t.Errorf("error %v", err)
	}
	if len(all) != 2 || !s.has("one") || !s.has("two") {
		t.Errorf("recorded %v: a part whose removal fails stays, and so do those after it", all)
	}
}

func TestRemovalOfAnUnknownRecipe(t *testing.T) {
	s := newStand(t)
	write(t, s.dir+"/old")
	text := "[buildout]\ninstalled_develop_eggs = \nparts = a\n\n[a]\n__buildout_installed__ = old\n__buildout_signature__ = x\nrecipe = gone\n"
	if err := os.WriteFile(s.dir+"/.installed.cfg", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if all := s.must("[buildout]\nparts =\n"); len(all) != 0 || s.has("old") {
		t.Errorf("recorded %v, file there %v", all, s.has("old"))
	}
	s.checkDid("Uninstalling a")
}

func TestNamedParts(t *testing.T) {
	s := newStand(t)
	text := "[buildout]\nparts = a b\n[a]\nrecipe = fake\n[b]\nrecipe = fake\nx = ${c:y}\n[c]\nrecipe = fake\ny = 1\n"
	s.must(text, "b")
	s.checkDid("Installing b")
	s.must(text)
	s.checkDid("Installing a, Installing c, Updating b")
}

func TestPartNamedTwice(t *testing.T) {
	s := newStand(t)
	text := "[buildout]\nparts = a\n[a]\nrecipe = fake\nown = one\n"
	s.must(text)
	if all := s.must(text+"x = 1\n", "a", "a"); len(all) != 1 || !s.has("one") {
		t.Errorf("recorded %v, file there %v", all, s.has("one"))
	}
	s.checkDid("Installing a, Uninstalling a, Installing a")
}

func TestInterruptedInstall(t *testing.T) {
	s := newStand(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := os.WriteFile(s.dir+"/buildout.cfg", []byte("[buildout]\nparts = a b\n[a]\nrecipe = fake\nown = one\n[b]\nrecipe = fake\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	// The run is cancelled as soon as a has been installed.
	stop := sinkFunc(func(e event.Event) {
		if e.Kind == event.PartDone {
			cancel()
		}
	})
	e, err := Open(ctx, Config{Profile: "buildout.cfg", Dir: s.dir, Dialect: "auto", Recipes: table{}, Events: stop})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Start(ctx, true, false)); err != nil {
		t.Fatal(err)
	}
	if err := e.Install(ctx, InstallOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	db, err := e.state()
	if err != nil || !slices.Equal(db.Parts(), []string{"a"}) || !s.has("one") {
		t.Errorf("recorded %v, %v: what was done before the interruption stays", db.Parts(), err)
	}
}

type sinkFunc func(event.Event)

func (f sinkFunc) Emit(e event.Event) { f(e) }

func TestLogPath(t *testing.T) {
	e := &Engine{}
	if got, want := e.logPathIn("/d", "../x"), "/d/.gobuild/log/%2E.%2Fx.log"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
