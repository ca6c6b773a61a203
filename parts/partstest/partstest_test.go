package partstest_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
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

var (
	_ parts.Options = (*partstest.Options)(nil)
	_ parts.Runner  = (*partstest.Runner)(nil)
	_ parts.Fetcher = (*partstest.Fetcher)(nil)
	_ event.Sink    = (*partstest.Sink)(nil)
)

func TestRunnerRecords(t *testing.T) {
	k := partstest.New(t)
	var input string
	k.Runner.On("patch", func(c parts.Command) error {
		text, err := io.ReadAll(c.Stdin)
		input = string(text)
		return err
	})
	k.Runner.Fail("make", 2)
	ctx := t.Context()
	if err := k.Work.Proc.Run(ctx, parts.Command{Argv: []string{"patch", "-p1"}, Stdin: strings.NewReader("diff")}); err != nil {
		t.Fatal(err)
	}
	err := k.Work.Proc.Run(ctx, parts.Command{Argv: []string{"gmake", "all"}, Step: "make", Env: []string{"A=1"}})
	var exit *parts.ExitError
	if !errors.As(err, &exit) || exit.Code != 2 || exit.Step != "make" {
		t.Errorf("make: got %v, want exit status 2", err)
	}
	if err := k.Work.Proc.Run(ctx, parts.Command{Argv: []string{"x"}, Show: "shown"}); err != nil {
		t.Error(err)
	}
	if got, want := k.Runner.Lines(), []string{"patch -p1", "gmake all", "shown"}; !slices.Equal(got, want) {
		t.Errorf("lines: got %q, want %q", got, want)
	}
	commands := k.Runner.Commands()
	recorded, _ := io.ReadAll(commands[0].Stdin)
	if input != "diff" || string(recorded) != "diff" {
		t.Errorf("stdin: got %q and %q, want diff twice", input, recorded)
	}
	if !slices.Equal(commands[0].Env, k.Work.Proc.Environ()) || !slices.Equal(commands[1].Env, []string{"A=1"}) {
		t.Errorf("env: got %q and %q", commands[0].Env, commands[1].Env)
	}
}

func TestRunnerRefuses(t *testing.T) {
	r := partstest.New(t).Runner
	if err := r.Run(t.Context(), parts.Command{}); err == nil {
		t.Error("empty argv: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, parts.Command{Argv: []string{"x"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if n := len(r.Commands()); n != 0 {
		t.Errorf("recorded %d commands, want none", n)
	}
}

func TestFetcher(t *testing.T) {
	k := partstest.New(t)
	k.Fetcher.Files["http://a/x.tgz"] = "-- x-1/configure --\nconf\n-- x-1/src/a.c --\nint a;\n"
	sum := md5.Sum([]byte(k.Fetcher.Files["http://a/x.tgz"]))
	good := parts.Checksum{Algorithm: "md5", Hex: hex.EncodeToString(sum[:])}
	got, err := k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{
		URL: "http://gone/x.tgz", Alternates: []string{"http://a/x.tgz"}, Sums: []parts.Checksum{good},
	})
	if err != nil || got.Local {
		t.Fatalf("fetch: got %+v, %v", got, err)
	}
	for _, c := range []struct {
		strip parts.Strip
		want  string
	}{{parts.StripAuto, "src/a.c"}, {parts.StripAlways, "src/a.c"}, {parts.StripNever, "x-1/src/a.c"}} {
		dest := t.TempDir()
		if err := k.Work.Fetch.Unpack(t.Context(), got.Path, dest, c.strip); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dest, c.want))
		if err != nil || string(text) != "int a;\n" {
			t.Errorf("strip %d: got %q, %v", c.strip, text, err)
		}
	}
	good.Hex = strings.Repeat("0", 32)
	_, err = k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{URL: "http://a/x.tgz", Sums: []parts.Checksum{good}})
	if err == nil {
		t.Error("wrong md5: no error")
	}
	if n := len(k.Fetcher.Requests()); n != 2 {
		t.Errorf("requests: got %d, want 2", n)
	}
}

func TestFetcherLocal(t *testing.T) {
	k := partstest.New(t)
	dir := filepath.Join(k.Work.Dir, "tree")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"tree/f", file, "file://" + file} {
		got, err := k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{URL: url})
		if want := (parts.Fetched{Path: file, Local: true}); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", url, got, err, want)
		}
	}
	if _, err := k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{URL: "tree"}); err == nil {
		t.Error("directory: no error")
	}
	if _, err := k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{URL: "none"}); err == nil {
		t.Error("missing file: no error")
	}
	if _, err := k.Work.Fetch.Fetch(t.Context(), parts.FetchRequest{URL: "tree", Directory: true}); err != nil {
		t.Error(err)
	}
	dest := t.TempDir()
	if err := k.Work.Fetch.Unpack(t.Context(), dir, dest, parts.StripNever); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dest, "f")); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	k := partstest.New(t)
	o := k.Options("b", map[string]map[string]string{
		"a": {"x": "1", "y": "${:x}2"},
		"b": {"v": "${a:y} ${:_buildout_section_name_}", "lines": "p\nq", "bad": "${a:no}"},
	})
	for key, want := range map[string]string{"v": "12 b", "lines": "p\nq", "bad": "${a:no}"} {
		got, at, ok := o.Lookup(key)
		if got != want || !ok || !at.IsValid() {
			t.Errorf("%s: got %q at %v, %t, want %q", key, got, at.IsValid(), ok, want)
		}
	}
	if _, at, _ := o.Lookup("v"); at.Text() != "${a:y} ${:_buildout_section_name_}" {
		t.Errorf("place of v: got %q", at.Text())
	}
	o.Set("made", "m")
	if got, at, ok := o.Lookup("made"); got != "m" || !ok || at != o.Header() || at.Text() != "b" {
		t.Errorf("made: got %q at %q, %t", got, at.Text(), ok)
	}
	if _, _, ok := o.Lookup("none"); ok {
		t.Error("none: found")
	}
	if got, want := strings.Join(o.Keys(), " "), "bad lines made v"; got != want {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	if got, want := strings.Join(o.Read(), " "), "bad lines made none v"; got != want {
		t.Errorf("read: got %q, want %q", got, want)
	}
	a, err := o.Section(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	a.Set("z", "3")
	got, err := o.Substitute(t.Context(), "<${a:z}>${", o.Header())
	if got != "<3>${" || err != nil {
		t.Errorf("substitute: got %q, %v", got, err)
	}
	if _, err := o.Substitute(t.Context(), "${a:no}", o.Header()); err == nil {
		t.Error("substitute of a missing option: no error")
	}
	if got, err := o.Substitute(t.Context(), "${buildout:parts-directory}", diag.Span{}); got != filepath.Join(k.Work.Dir, "parts") || err != nil {
		t.Errorf("parts-directory: got %q, %v", got, err)
	}
}

func TestOptionsSection(t *testing.T) {
	o := &partstest.Options{Part: "a", Dir: "/d", Sections: map[string]map[string]string{"a": {}}}
	if _, err := o.Section(t.Context(), "none"); err == nil || o.Has("none") || !o.Has("buildout") {
		t.Errorf("missing section: got %v", err)
	}
	if _, err := o.Location(false); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Section(t.Context(), "buildout"); err == nil {
		t.Error("section after location: no error")
	}
}

func TestLocation(t *testing.T) {
	store := t.TempDir()
	sections := map[string]map[string]string{"z": {
		"url": "/base/é<x>", "shared": "true", "_profile_base_location_": "/base",
	}}
	o := &partstest.Options{Part: "z", Dir: "/d", Sections: sections, SharedDirs: []string{filepath.Join(store, "none"), store}}
	o.Set("location", "not in the signature")
	text := "{\n  \"shared\": \"true\",\n  \"url\": \"${:_profile_base_location_}/é<x>\"\n}"
	sum := md5.Sum([]byte(text))
	want := parts.Location{Path: filepath.Join(store, "z", hex.EncodeToString(sum[:])), Signature: text}
	if got, err := o.Location(true); got != want || err != nil {
		t.Errorf("shared: got %+v, %v, want %+v", got, err, want)
	}
	want = parts.Location{Path: "/d/parts/z"}
	if got, err := o.Location(false); got != want || err != nil {
		t.Errorf("not shared: got %+v, %v, want %+v", got, err, want)
	}
	o = &partstest.Options{Part: "z", Dir: "/d", Sections: sections}
	if got, err := o.Location(true); got != want || err != nil {
		t.Errorf("no list: got %+v, %v, want %+v", got, err, want)
	}
}

func TestKit(t *testing.T) {
	k := partstest.New(t)
	k.Work.Own("p")
	k.Work.Step("configure")
	k.Work.Say(event.Warning, "careful")
	if got, want := k.Log.String(), "==> part: configure\npart: careful\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
	if !slices.Equal(k.Owned(), []string{"p"}) || !slices.Equal(k.Events.Steps(), []string{"configure"}) ||
		!slices.Equal(k.Events.Messages(), []string{"warning: careful"}) {
		t.Errorf("got %q, %q, %q", k.Owned(), k.Events.Steps(), k.Events.Messages())
	}
	if w := partstest.Work(t); w.Dir == "" || w.Temp == "" || w.Proc == nil {
		t.Errorf("work: got %+v", w)
	}
}
