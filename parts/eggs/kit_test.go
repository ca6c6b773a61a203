package eggs

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/partstest"
)

// stand is a buildout directory with a Python that is none: it answers what it
// is, and does nothing else.
type stand struct {
	Request
	t    *testing.T
	said []string
	runs []string
}

func newStand(t *testing.T) *stand {
	t.Helper()
	kit := partstest.New(t)
	s := &stand{t: t}
	dir := kit.Work.Dir
	s.Request = Request{EggsDirectory: filepath.Join(dir, "eggs"), DevelopEggs: filepath.Join(dir, "develop-eggs"), Dir: dir,
		State: filepath.Join(dir, ".gobuild"), Temp: kit.Work.Temp, Fetch: kit.Fetcher, Log: kit.Log, Python: filepath.Join(dir, "python"),
		Index: filepath.Join(dir, "index"), FindLinks: []string{"links"}, Versions: map[string]string{}}
	s.Say = func(text string) { s.said = append(s.said, text) }
	s.Proc = s
	s.write("python", "#!/bin/sh\n")
	if err := os.Chmod(s.Python, 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stand) Environ() []string {
	return []string{"PATH=/usr/bin:/bin", "PIP_CONFIG_FILE=" + os.DevNull}
}

// Run answers as the Python.
func (s *stand) Run(_ context.Context, c parts.Command) error {
	s.runs = append(s.runs, strings.Join(c.Argv[1:2], " ")+" "+c.Step)
	if c.Step != "python" {
		return nil
	}
	return json.NewEncoder(c.Stdout).Encode(Python{Version: "3.11", Full: "3.11.7", Platform: "linux-x86_64",
		Tags:    []string{"cp311-cp311-manylinux_2_17_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "py3-none-any"},
		Markers: map[string]string{"python_version": "3.11", "sys_platform": "linux", "extra": ""}})
}

func (s *stand) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		s.t.Fatal(err)
	}
}

// egg makes an egg of the eggs directory.
func (s *stand) egg(name, version string, requires ...string) {
	s.write("eggs/"+name+"-"+version+".egg/EGG-INFO/PKG-INFO", metadata(name, version, requires...))
}

func metadata(name, version string, requires ...string) string {
	text := "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"
	for _, r := range requires {
		text += "Requires-Dist: " + r + "\n"
	}
	return text
}

// wheel makes a wheel in links.
func (s *stand) wheel(file string, files map[string]string) {
	s.t.Helper()
	s.write("links/"+file, "")
	f, err := os.Create(filepath.Join(s.Dir, "links", file))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, files[name])
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// ensure returns the distributions as `NAME VERSION`, or the error's text.
func (s *stand) ensure(requirements ...string) string {
	s.t.Helper()
	s.Requirements = requirements
	dists, err := Ensure(s.t.Context(), s.Request)
	if err != nil {
		return "error: " + err.Error()
	}
	var names []string
	for _, d := range dists {
		names = append(names, d.String())
	}
	return strings.Join(names, ", ")
}

func (s *stand) check(want string, requirements ...string) {
	s.t.Helper()
	got := s.ensure(requirements...)
	if got != want && !(strings.HasPrefix(want, "error: ") && strings.Contains(got, strings.TrimPrefix(want, "error: ")) && strings.HasPrefix(got, "error: ")) {
		s.t.Errorf("%q:\n got %s\nwant %s", requirements, got, want)
	}
}
