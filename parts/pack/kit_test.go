package pack

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
)

// same is a FileName for parts whose names are those of files.
func same(name string) string { return name }

// write makes a file, and the directories above it.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// install makes a tree with two parts: app needs lib.
func install(t *testing.T, dir string) *Source {
	t.Helper()
	lib, app := dir+"/parts/lib", dir+"/parts/app"
	write(t, lib+"/data", "data of "+lib+"\n", 0o644)
	write(t, lib+"/empty", "", 0o600)
	write(t, lib+"/"+strings.Repeat("long/", 60)+"name", "deep", 0o644)
	write(t, lib+"/grün und weiß", "names", 0o755)
	write(t, lib+"/mod.py", "prefix = '"+lib+"'\n", 0o644)
	if err := os.Link(lib+"/data", lib+"/again"); err != nil {
		t.Fatal(err)
	}
	write(t, app+"/bin/app", "#!/bin/sh\ncat "+lib+"/data\n", 0o755)
	if err := os.Symlink(lib+"/data", app+"/link"); err != nil {
		t.Fatal(err)
	}
	s := &Source{Dir: dir, PartsDirectory: dir + "/parts", StateDir: dir + "/.gobuild", FileName: same, Named: []string{"app"}}
	for _, part := range []string{"lib", "app"} {
		r := parts.Record{Part: part, Paths: []string{dir + "/parts/" + part}, Signature: "test",
			Options: map[string]string{"recipe": "test", "location": dir + "/parts/" + part}}
		s.Records = append(s.Records, r)
		if err := manifest.Note(context.Background(), manifest.FilesPath(s.StateDir, part), r, r.Paths); err != nil {
			t.Fatal(err)
		}
	}
	db, err := state.Open(dir+"/.installed.cfg", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.PutAll(s.Records); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// archived packs a tree and returns where the archive is.
func archived(t *testing.T, s *Source, jobs int) string {
	t.Helper()
	tree, err := Read(context.Background(), s, Selection{Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.tar.zst")
	if _, err := tree.Write(context.Background(), name, ArchiveOptions{Gobuild: "test", Architecture: "none", Time: FixedTime, Level: LevelDefault, Disk: quiet()}); err != nil {
		t.Fatal(err)
	}
	return name
}

func quiet() *disk.Disk { return &disk.Disk{NoSync: true} }

func to(dir string) Destination {
	return Destination{Dir: dir, Umask: 0o022, Jobs: 2, Disk: quiet(), Gobuild: "test", FileName: same}
}

// beside lists what is in the directory of a destination.
func beside(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}
