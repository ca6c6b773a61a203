package pack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func TestRoundTrip(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	write(t, s.Dir+"/parts/app/large", strings.Repeat("a line that is not short\n", 1<<19), 0o644)
	name := archivedAsIs(t, s)
	out := t.TempDir() + "/out"
	u, err := Unpack(context.Background(), name, "", to(out))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, out+"/parts/app/link"), "data of "+out+"/parts/lib\n"; got != want {
		t.Errorf("the link leads to %q, want %q", got, want)
	}
	if got := read(t, out+"/bin/app"); !strings.Contains(got, out+"/parts/lib/data") {
		t.Errorf("the program is %q", got)
	}
	if len(u.Programs) != 1 || u.Programs[0] != "bin/app" {
		t.Errorf("programs %q", u.Programs)
	}
	if info, err := os.Stat(out + "/parts/lib/empty"); err != nil || info.Mode().Perm() != 0o600 || info.ModTime().Unix() != FixedTime {
		t.Errorf("mode and time: %v, %v", info, err)
	}
	again, _, err := Open(out, same)
	if err != nil {
		t.Fatal(err)
	}
	again.At(out)
	if again.Facts == nil {
		t.Error("the facts do not belong to the records")
	}
	if other := archivedAsIs(t, again); read(t, other) != read(t, name) {
		t.Error("the archive of the unpacked tree is another one")
	}
}

// TestSameBytes packs equal trees from directories of different lengths, with
// different numbers of jobs.
func TestSameBytes(t *testing.T) {
	one := archived(t, install(t, t.TempDir()+"/one"), 1)
	other := archived(t, install(t, t.TempDir()+"/a/longer/place"), 4)
	if read(t, one) != read(t, other) {
		t.Error("the archives differ")
	}
}

// TestTar looks at an archive with the programs that everybody has.
func TestTar(t *testing.T) {
	for _, program := range []string{"zstd", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	name := archived(t, install(t, t.TempDir()+"/built"), 2)
	dir := t.TempDir()
	out, err := exec.Command("sh", "-c", "zstd -dc "+name+" | tar -x -C "+dir+" -f -").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	if got := read(t, dir+"/parts/lib/again"); got != "data of /@gobuild@/parts/lib\n" {
		t.Errorf("canonical content is %q", got)
	}
}

// TestAltered changes each byte of an archive in turn, and cuts it at each
// place: nothing is unpacked of any.
func TestAltered(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	name := archived(t, s, 2)
	good := []byte(read(t, name))
	out := t.TempDir() + "/out"
	refused := func(what string, at int, text []byte) {
		t.Helper()
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(context.Background(), name, "", to(out))
		var d *diag.Diagnostic
		if !errors.As(err, &d) || !strings.HasPrefix(d.Code, "archive-") {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
		if names := beside(t, out); len(names) > 0 {
			t.Fatalf("%s at %d leaves %q", what, at, names)
		}
	}
	for at := 0; at < len(good); at += 1 + len(good)/100 {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		refused("a flipped bit", at, bad)
		refused("a cut", at, good[:at])
	}
	refused("something behind the end", len(good), append(bytes.Clone(good), 0))
	refused("a second archive behind the end", len(good), append(bytes.Clone(good), good...))
}

// archivedAsIs packs a tree whatever was noted of it.
func archivedAsIs(t *testing.T, s *Source) string {
	t.Helper()
	tree, err := Read(context.Background(), s, Selection{Jobs: 2, AllowChanged: true})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.tar.zst")
	if _, err := tree.Write(context.Background(), name, ArchiveOptions{Gobuild: "test", Architecture: "none", Time: FixedTime, Level: LevelDefault, Disk: quiet()}); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestManifestSum looks at a manifest whose sum is demanded.
func TestManifestSum(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	tree, err := Read(context.Background(), s, Selection{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.tar.zst")
	p, err := tree.Write(context.Background(), name, ArchiveOptions{Time: FixedTime, Level: LevelDefault, Disk: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if p.Sum != sumOf(p.Text) {
		t.Errorf("the sum is %s", p.Sum)
	}
	if _, err := Unpack(context.Background(), name, p.Sum, to(t.TempDir()+"/out")); err != nil {
		t.Error(err)
	}
	if _, err := Unpack(context.Background(), name, strings.Repeat("0", 64), to(t.TempDir()+"/out")); err == nil {
		t.Error("another sum was accepted")
	}
	if info, err := os.Stat(name); err != nil || info.Size() != p.Size {
		t.Errorf("the size is said to be %d: %v", p.Size, info)
	}
}

// TestChanged changes a file so that neither size nor time tell.
func TestChanged(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	data := s.Dir + "/parts/lib/data"
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(read(t, data))
	text[0] = 'D'
	write(t, data, string(text), 0o644)
	if err := os.Chtimes(data, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	tree, err := Read(context.Background(), s, Selection{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err = tree.Write(context.Background(), dir+"/a.tar.zst", ArchiveOptions{Time: FixedTime, Level: LevelDefault, Disk: quiet()})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "pack-changed" || !strings.Contains(d.Msg, s.Dir+"/parts/lib/again") {
		t.Errorf("the error is %v", err)
	}
	if names := beside(t, dir+"/a.tar.zst"); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}

// TestClosure packs one part alone, and one with what it needs.
func TestClosure(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	for named, want := range map[string]string{"lib": "lib", "app": "lib app"} {
		s.Named = []string{named}
		tree, err := Read(context.Background(), s, Selection{Jobs: 1})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range tree.Parts {
			got = append(got, p.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s needs %q, want %q", named, got, want)
		}
	}
}

// TestUnsupported looks at what no archive can hold.
func TestUnsupported(t *testing.T) {
	for name, make := range map[string]func(dir string) error{
		"pipe":    func(dir string) error { return exec.Command("mkfifo", dir+"/pipe").Run() },
		"setuid":  func(dir string) error { return os.Chmod(dir+"/data", 0o755|os.ModeSetuid) },
		"outside": nil,
	} {
		s := install(t, t.TempDir()+"/built")
		if make == nil {
			s.Records[0].Paths = append(s.Records[0].Paths, t.TempDir())
		} else if err := make(s.Dir + "/parts/lib"); err != nil {
			t.Fatal(err)
		}
		_, err := Read(context.Background(), s, Selection{Jobs: 1, AllowChanged: true})
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Code != "pack-unsupported" || d.Path[0] != "lib" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuffers(t *testing.T) {
	for _, size := range []int64{0, 1, smallest - spare, smallest, smallest + 1, 5 << 20, 1 << 28} {
		b := bufferOf(size)
		if int64(len(b)) != size || int64(cap(b)) < size+spare {
			t.Errorf("a buffer of %d has %d of %d bytes", size, len(b), cap(b))
		}
		reuse(b)
		if again := bufferOf(size); int64(len(again)) != size || int64(cap(again)) < size+spare {
			t.Errorf("a used buffer of %d has %d of %d bytes", size, len(again), cap(again))
		}
	}
	reuse(make([]byte, 100)) // too small to be used again
	reuse(nil)
	for _, size := range []int{smallest, smallest + spare, smallest + spare + 1, 2*smallest + spare - 1, 2*smallest + spare} {
		reuse(make([]byte, size))
	}
	for range 10 {
		for _, size := range []int64{smallest, 2 * smallest} {
			if b := bufferOf(size); int64(cap(b)) < size+spare {
				t.Errorf("a buffer of %d has %d bytes", size, cap(b))
			}
		}
	}
}
