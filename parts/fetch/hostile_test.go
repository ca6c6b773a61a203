package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
)

func TestUnsafeNamesAreSkipped(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, tarOf(t,
		member{name: "foo-1.0/README", content: "r"},
		member{name: "foo-1.0/../../evil", content: "x"},
		member{name: "../evil", content: "x"},
		member{name: "..", kind: tar.TypeDir},
		member{name: "/abs", content: "x"},
		member{name: "foo-1.0/ln", symlink: "README"},
		member{name: "foo-1.0/..dots", content: "d"},
	), parts.StripAuto)
	wantTree(t, dest, `..dots 644 "d"`, `README 644 "r"`, "ln -> README")
	if got := strings.Count(k.log.String(), "its name is unsafe"); got != 4 {
		t.Errorf("log tells of %d, want 4: %s", got, k.log)
	}
}

func TestHostile(t *testing.T) {
	outside := t.TempDir()
	victim := write(t, outside+"/victim", "v")
	for name, members := range map[string][]member{
		"write through an absolute link":  {{name: "l", symlink: outside}, {name: "l/evil", content: "x"}},
		"write through a relative link":   {{name: "l", symlink: "../.."}, {name: "l/evil", content: "x"}},
		"write through a chain":           {{name: "a", symlink: "b"}, {name: "b", symlink: ".."}, {name: "a/evil", content: "x"}},
		"directory through a link":        {{name: "l", symlink: outside}, {name: "l/evil/"}},
		"link through a link":             {{name: "l", symlink: outside}, {name: "l/evil", symlink: "x"}},
		"hard link outside":               {{name: "h", link: victim}},
		"hard link up":                    {{name: "h", link: "../../" + filepath.Base(outside) + "/victim"}},
		"hard link through a link":        {{name: "l", symlink: outside}, {name: "h", link: "l/victim"}},
		"hard link to a missing member":   {{name: "h", link: "none"}},
		"hard link into a skipped member": {{name: "../x", content: "x"}, {name: "h", link: "x"}},
		"file below a file":               {{name: "f"}, {name: "f/g"}},
		"file in place of a directory":    {{name: "d/f"}, {name: "d"}},
		"file in place of the root":       {{name: "."}},
		"name too long":                   {{name: strings.Repeat("a/", maxNameLength)}},
		"component too long":              {{name: strings.Repeat("a", 300)}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, Config{})
			k.refused(t, tarOf(t, members...), parts.StripNever)
			wantTree(t, outside, `victim 644 "v"`)
		})
	}
	t.Run("mode through a link", func(t *testing.T) {
		k := newKit(t, Config{})
		k.unpacked(t, tarOf(t,
			member{name: "d/", mode: 0o777},
			member{name: "d", symlink: outside},
			member{name: "l", symlink: victim},
			member{name: "h", link: "l", mode: 0o777},
		), parts.StripNever)
		wantTree(t, outside, `victim 644 "v"`)
		if info, _ := os.Stat(outside); info.Mode().Perm() != 0o755 && info.Mode().Perm() != 0o700 || info.ModTime().Equal(then) {
			t.Errorf("the outside directory has mode %o, time %v", info.Mode().Perm(), info.ModTime())
		}
	})
}

func TestTruncated(t *testing.T) {
	plain := tarOf(t, member{name: "a", content: strings.Repeat("0123456789", 5000)}, member{name: "b", content: payload})
	for name, data := range map[string][]byte{
		"tar": plain, "tar.gz": gz(t, plain), "tar.xz": xzOf(t, plain), "tar.zst": zst(t, plain), "tar.lz": lz(t, plain), "tar.bz2": bz2(t),
		"zip": zipOf(t, zipMember{name: "a", content: payload}),
	} {
		for _, part := range []int{2, 3, 10} {
			d := newKit(t, Config{}).refused(t, data[:len(data)-len(data)/part], parts.StripAuto)
			if d.Code != "archive-damaged" || d.Hint == "" || !slices.Equal(d.Path, []string{"foo", "unpack"}) {
				t.Errorf("%s without 1/%d: got %v", name, part, d)
			}
		}
		if name != "tar" && name != "zip" { // the last bytes hold the checksum of the content
			d := newKit(t, Config{}).refused(t, data[:len(data)-1], parts.StripAuto)
			if d.Code != "archive-damaged" {
				t.Errorf("%s without the last byte: got %v", name, d)
			}
		}
	}
	broken := gz(t, plain)
	broken[len(broken)-6] ^= 1 // of the CRC
	if d := newKit(t, Config{}).refused(t, broken, parts.StripAuto); !errors.Is(d, gzip.ErrChecksum) {
		t.Errorf("got %v", d)
	}
}

func TestNotAnArchive(t *testing.T) {
	for name, data := range map[string]string{
		"text":           "not an archive\n",
		"long text":      strings.Repeat("not an archive\n", 100),
		"empty":          "",
		"gzip of text":   string(gz(t, []byte(strings.Repeat("text\n", 200)))),
		"gzip of little": string(gz(t, []byte("text\n"))),
		"xz of nothing":  string(xzOf(t, nil)),
		"page":           "\n<!DOCTYPE html>",
	} {
		k := newKit(t, Config{})
		d := k.refused(t, []byte(data), parts.StripAuto)
		if want := "Not a recognized archive type: " + k.dir + "/archive"; d.Msg != want || d.Code != "archive-kind" {
			t.Errorf("%s: got %q, want %q", name, d.Msg, want)
		}
		if page := strings.Contains(d.Hint, "web page"); page != (name == "page") {
			t.Errorf("%s: hint %q", name, d.Hint)
		}
	}
}

func TestLimits(t *testing.T) {
	zeros := strings.Repeat("\x00", 1<<20)
	for _, test := range []struct {
		name   string
		limits limits
		data   []byte
		want   string
	}{
		{"members", limits{2, 1 << 30, 1000, 1 << 30}, tarOf(t, member{name: "a"}, member{name: "b"}, member{name: "c"}), "more than 2 members"},
		{"members of a zip", limits{1, 1 << 30, 1000, 1 << 30}, zipOf(t, zipMember{name: "a"}, zipMember{name: "b"}), "more than 1 members"},
		{"bytes", limits{9, 1000, 1000, 1 << 30}, tarOf(t, member{name: "a", content: zeros}), "more than 1000 bytes"},
		{"ratio", limits{9, 1 << 30, 50, 1000}, gz(t, tarOf(t, member{name: "a", content: zeros})), "more than 50 times its size"},
		{"ratio of a skipped member", limits{9, 1 << 30, 50, 1000}, gz(t, tarOf(t, member{name: "../a", content: zeros})), "more than 50 times its size"},
		{"ratio of a zip", limits{9, 1 << 30, 50, 1000}, zipOf(t, zipMember{name: "a", content: zeros}), "more than 50 times its size"},
		{"ratio after the end", limits{9, 1 << 30, 50, 1000}, gz(t, append(tarOf(t, member{name: "a"}), zeros...)), "more than 50 times its size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, Config{})
			k.client.limits = test.limits
			d := k.refused(t, test.data, parts.StripAuto)
			if !errors.Is(d, errLimit) || !strings.HasSuffix(d.Msg, test.want) {
				t.Errorf("got %q, want %q", d.Msg, test.want)
			}
		})
	}
}

func TestLzipMembers(t *testing.T) {
	data := lz(t, tarOf(t, topX...))
	for name, bad := range map[string][]byte{
		"size too large":  append(data[:len(data)-8:len(data)-8], 0xff, 0xff, 0, 0, 0, 0, 0, 0),
		"size too small":  append(data[:len(data)-8:len(data)-8], 1, 0, 0, 0, 0, 0, 0, 0),
		"no magic":        append(data[:len(data)-8:len(data)-8], 40, 0, 0, 0, 0, 0, 0, 0),
		"only the magic":  []byte("LZIP"),
		"huge dictionary": append([]byte("LZIP\x01\x1f"), data[6:]...),
	} {
		d := newKit(t, Config{}).refused(t, bad, parts.StripAuto)
		if d.Code != "archive-damaged" {
			t.Errorf("%s: got %v", name, d)
		}
	}
	many := bytes.Repeat(make([]byte, lzipMin), lzipMembers+1)
	for i := 0; i < len(many); i += lzipMin {
		copy(many[i:], lzipMagic)
		many[i+lzipMin-lzipTrailer] = lzipMin
	}
	if _, err := findMembers(bytes.NewReader(many), int64(len(many))); err != errLzipMany {
		t.Errorf("got %v", err)
	}
}

// FuzzUnpack checks that nothing is written outside the destination, and that a
// failure leaves nothing inside.
func FuzzUnpack(f *testing.F) {
	plain := tarOf(f, append(topX, member{name: "l", symlink: "../.."}, member{name: "h", link: "top/x"}, member{name: "../evil", content: "x"})...)
	for _, data := range [][]byte{
		plain, gz(f, plain), xzOf(f, plain), zst(f, plain), lz(f, plain), bz2(f),
		tarOf(f, member{name: "l", symlink: ".."}, member{name: "l/evil", content: "x"}),
		zipOf(f, zipMember{name: "a/", attributes: 0o40755}, zipMember{name: "a/l", content: "..", attributes: 0o120777}, zipMember{name: "a/l/x", content: "x"}),
	} {
		f.Add(data, 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, strip int) {
		base := t.TempDir()
		dest := filepath.Join(base, "outer", "dest")
		if err := os.MkdirAll(dest, 0o755); err != nil {
			t.Fatal(err)
		}
		archive := filepath.Join(base, "archive")
		if err := os.WriteFile(archive, data, 0o644); err != nil {
			t.Fatal(err)
		}
		c := New(Config{})
		c.limits = limits{1000, 8 << 20, 200, 1 << 20}
		err := c.For(Part{}).Unpack(context.Background(), archive, dest, parts.Strip(uint(strip)%3))
		os.Chmod(dest, 0o755)
		for dir, want := range map[string]string{base: "[archive outer]", base + "/outer": "[dest]"} {
			if got := fmt.Sprint(entries(t, dir)); got != want {
				t.Fatalf("%s holds %s, want %s", dir, got, want)
			}
		}
		if left := entries(t, dest); err != nil && len(left) > 0 {
			t.Fatalf("left %v after %v", left, err)
		}
		if got, _ := os.ReadFile(archive); !bytes.Equal(got, data) {
			t.Fatal("the archive was changed")
		}
	})
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
