package recipes

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gobuild/parts"
)

const (
	zeroMD5     = "00000000000000000000000000000000"
	downloadURL = "http://host/a.bin"
)

// md5Of returns the option md5sum of a text.
func md5Of(text string) string { return fmt.Sprintf("md5sum = %x\n", md5.Sum([]byte(text))) }

func TestDownload(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		set         map[string]string
		owned       string
		want        []string
	}{
		{"local", "url = @ROOT@/src/a.bin\n" + md5Of("payload\n"),
			map[string]string{"location": "@ROOT@/parts/foo", "target": "@ROOT@/parts/foo/foo"}, "@ROOT@/parts/foo",
			[]string{"parts dir 0755", "parts/foo dir 0755", `parts/foo/foo file 0640 "payload\n"`}},
		{"http", "url = " + downloadURL,
			map[string]string{"location": "@ROOT@/parts/foo", "target": "@ROOT@/parts/foo/foo"}, "@ROOT@/parts/foo",
			[]string{"parts dir 0755", "parts/foo dir 0755", `parts/foo/foo file 0600 "remote"`}},
		{"alternate", "url = http://host/gone\nalternate-url = " + downloadURL,
			map[string]string{"location": "@ROOT@/parts/foo", "target": "@ROOT@/parts/foo/foo"}, "@ROOT@/parts/foo",
			[]string{"parts dir 0755", "parts/foo dir 0755", `parts/foo/foo file 0600 "remote"`}},
		{"filename", "url = @ROOT@/src/a.bin\nfilename = sub/dir/b.txt",
			map[string]string{"location": "@ROOT@/parts/foo", "target": "@ROOT@/parts/foo/b.txt"}, "@ROOT@/parts/foo",
			[]string{"parts dir 0755", "parts/foo dir 0755", `parts/foo/b.txt file 0640 "payload\n"`}},
		{"destination", "url = @ROOT@/src/a.bin\ndestination = @ROOT@/out/z/f",
			map[string]string{"target": "@ROOT@/out/z/f"}, "@ROOT@/out/z/f",
			[]string{"out dir 0755", "out/z dir 0755", `out/z/f file 0640 "payload\n"`}},
		{"directory", "url = @ROOT@/src",
			map[string]string{"location": "@ROOT@/parts/foo", "target": "@ROOT@/parts/foo/foo"}, "@ROOT@/parts/foo",
			[]string{"parts dir 0755", "parts/foo dir 0755", "parts/foo/foo dir 0755", `parts/foo/foo/a.bin file 0644 "payload\n"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("src/a.bin", "payload\n", 0o640)
			s.Fetcher.Files[downloadURL] = "remote"
			o := s.section(c.lines)
			a := s.prepare(downloadRecipe{}, o)
			s.checkSet(o, c.set)
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			top, _, _ := strings.Cut(c.want[0], " ")
			s.check(top, c.want...)
			s.checkOwned(c.owned)
			s.check("src", "src dir 0755", `src/a.bin file 0640 "payload\n"`)
		})
	}
}

func TestDownloadRequest(t *testing.T) {
	s := newStand(t)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("x")))
	o := s.section("url = u\nalternate-url = v\noffline = true\nmd5sum = " + strings.ToUpper(zeroMD5[:31]) + "A\nsha256sum = " + sum)
	r, err := downloadRequest(o)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL != "u" || len(r.Alternates) != 1 || r.Alternates[0] != "v" || r.Offline == nil || !*r.Offline || r.At.Text() != "u" {
		t.Errorf("request is %+v", r)
	}
	want := "[md5 0000000000000000000000000000000a sha256 " + sum + "]"
	var got []string
	for _, c := range r.Sums {
		got = append(got, c.Algorithm+" "+c.Hex)
	}
	if fmt.Sprint(got) != want {
		t.Errorf("sums %v, want %v", got, want)
	}
	for text, want := range map[string]string{"offline =": "nil", "offline = false": "false"} {
		r, err := downloadRequest(s.section("url = u\n" + text))
		got := "nil"
		if r.Offline != nil {
			got = fmt.Sprint(*r.Offline)
		}
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
}

func TestDownloadUpdate(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"", "second"},
		{md5Of("first"), "first"},
		{fmt.Sprintf("sha256sum = %x", sha256.Sum256([]byte("first"))), "first"},
	} {
		s := newStand(t)
		s.Fetcher.Files[downloadURL] = "first"
		a := s.install(downloadRecipe{}, "url = "+downloadURL+"\n"+c.lines)
		s.Fetcher.Files[downloadURL] = "second"
		if err := s.update(a); err != nil {
			t.Error(err)
		}
		s.check("parts/foo/foo", fmt.Sprintf("parts/foo/foo file 0600 %q", c.want))
	}
}

// A file that is the same is left alone; one with another content or mode, and a
// link, is replaced.
func TestDownloadUpdateWritesWhatDiffers(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		name   string
		change func(s *stand, path string)
		kept   bool
	}{
		{"same", func(*stand, string) {}, true},
		{"content", func(s *stand, path string) { s.write("parts/foo/foo", long[1:]+"y", 0o600) }, false},
		{"longer", func(s *stand, path string) { s.write("parts/foo/foo", long+"x", 0o600) }, false},
		{"shorter", func(s *stand, path string) { s.write("parts/foo/foo", long[1:], 0o600) }, false},
		{"mode", func(s *stand, path string) { os.Chmod(path, 0o644) }, false},
		{"link", func(s *stand, path string) { os.Rename(path, path+".to"); os.Symlink(path+".to", path) }, false},
	} {
		s := newStand(t)
		s.Fetcher.Files[downloadURL] = long
		a := s.install(downloadRecipe{}, "url = "+downloadURL)
		path := s.at("parts/foo/foo")
		c.change(s, path)
		before, _ := os.Lstat(path)
		if err := s.update(a); err != nil {
			t.Error(err)
		}
		after, _ := os.Lstat(path)
		if os.SameFile(before, after) != c.kept || after.Mode() != 0o600 || after.Size() != int64(len(long)) {
			t.Errorf("%s: %v after %v", c.name, after, before)
		}
	}
}

func TestDownloadFailsAndRemoves(t *testing.T) {
	s := newStand(t)
	s.Fetcher.Files[downloadURL] = "remote"
	s.write("parts/foo/old", "", 0o644)
	o := s.section("url = " + downloadURL + "\nmd5sum = " + zeroMD5)
	err := s.prepare(downloadRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "md5sum", fmt.Sprintf("md5 of %s is %x, not %s", downloadURL, md5.Sum([]byte("remote")), zeroMD5))
	s.check("parts", "parts dir 0755")
}

func TestDownloadRemovesTemporary(t *testing.T) {
	s := newStand(t)
	s.write("got", "x", 0o644)
	s.Work.Fetch = temporaryFetcher{s.Fetcher, s.at("got")}
	s.install(downloadRecipe{}, "url = http://h/x")
	s.check("got")
	s.check("parts/foo/foo", `parts/foo/foo file 0600 "x"`)
}

func TestDownloadShared(t *testing.T) {
	s := newStand(t)
	s.write("shared/.keep", "", 0o644)
	s.Fetcher.Files[downloadURL] = "x"
	o := s.section("url = " + downloadURL + "\nshared = true\n" + md5Of("x"))
	o.SharedDirs = []string{s.at("shared")}
	a := s.prepare(downloadRecipe{}, o)
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.checkOwned()
	location, _, _ := o.Lookup("location")
	if !strings.HasPrefix(location, s.at("shared/foo/")) {
		t.Errorf("location is %s", location)
	}
	for name, want := range map[string]os.FileMode{"": os.ModeDir | 0o555, "foo": 0o400, ".buildout-shared.json": 0o444} {
		if info, err := os.Stat(filepath.Join(location, name)); err != nil || info.Mode() != want {
			t.Errorf("%q: got %v, %v, want %v", name, info, err, want)
		}
	}
	n := len(s.Fetcher.Requests())
	if err := errors.Join(a.Run(t.Context(), s.Work), s.update(a)); err != nil || len(s.Fetcher.Requests()) != n {
		t.Errorf("a shared part that is complete was made again: %v", err)
	}
	os.Chmod(location, 0o755)
	os.Remove(filepath.Join(location, ".buildout-shared.json"))
	if err := s.update(a); err != nil || len(s.Fetcher.Requests()) != n+1 {
		t.Errorf("a shared part that has vanished was not made again: %v", err)
	}
	os.Chmod(location, 0o755)
}

func TestDownloadEnds(t *testing.T) {
	s := newStand(t)
	s.write("a", "x", 0o644)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.prepare(downloadRecipe{}, s.section("url = @ROOT@/a")).Run(ctx, s.Work)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDownloadRefused(t *testing.T) {
	const sum = "md5sum = " + zeroMD5
	checkRefused(t, downloadRecipe{}, []prepareCase{
		{"mode", "url = u\nmode = 0755", "mode", "option 'mode' not supported"},
		{"no url", "a = b", "url", "Missing option: foo:url"},
		{"blank url", "url =", "url", "the path is blank"},
		{"offline", "url = u\noffline = yes", "offline", `"yes" is not a boolean: it must be true or false`},
		{"shared", "url = u\nshared = True", "shared", `"True" is not a boolean: it must be true or false`},
		{"shared without md5", "url = u\nshared = true", "md5sum", "When shared=true, option 'md5sum' must be set"},
		{"directory", "url = u\ndestination = d/", "destination", "'d/' is the name of a directory, not of a file"},
		{"shared with destination", "url = u\nshared = true\ndestination = d\n" + sum, "destination", "When shared=true, option 'destination' can't be set"},
		{"sha1", "url = u\nsha1sum = " + zeroMD5, "sha1sum", `"` + zeroMD5 + `" is not an SHA1 checksum: it must be 40 hexadecimal digits`},
	})
}

var _ parts.Updater = (*downloadAction)(nil)
