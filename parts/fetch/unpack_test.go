package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/sorairolake/lzip-go"
	"github.com/ulikunitz/xz"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// then is the time of all members.
var then = time.Unix(1577836800, 0)

// member is one member of a test archive. A name that ends with `/` is a
// directory.
type member struct {
	name    string
	content string
	mode    int64 // 0: 0644, or 0755 for a directory
	symlink string
	link    string
	kind    byte // another type
}

func (m member) header() *tar.Header {
	h := &tar.Header{Name: m.name, Mode: m.mode, ModTime: then, Typeflag: tar.TypeReg, Size: int64(len(m.content))}
	if h.Mode == 0 {
		h.Mode = 0o644
	}
	switch {
	case m.kind != 0:
		h.Typeflag = m.kind
	case m.symlink != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, m.symlink
	case m.link != "":
		h.Typeflag, h.Linkname = tar.TypeLink, m.link
	case strings.HasSuffix(m.name, "/"):
		h.Typeflag = tar.TypeDir
		if m.mode == 0 {
			h.Mode = 0o755
		}
	}
	return h
}

func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := m.header()
		if h.Typeflag == tar.TypeXGlobalHeader {
			h = &tar.Header{Typeflag: m.kind, Name: m.name, PAXRecords: map[string]string{"comment": "c"}}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, m.content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pack compresses data with a writer that newWriter makes.
func pack[W io.WriteCloser](t testing.TB, newWriter func(io.Writer) (W, error), data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, data []byte) []byte {
	return pack(t, func(w io.Writer) (*gzip.Writer, error) { return gzip.NewWriter(w), nil }, data)
}

func lz(t testing.TB, data []byte) []byte {
	return pack(t, func(w io.Writer) (*lzip.Writer, error) { return lzip.NewWriter(w), nil }, data)
}

func xzOf(t testing.TB, data []byte) []byte { return pack(t, xz.NewWriter, data) }

func zst(t testing.TB, data []byte) []byte {
	return pack(t, func(w io.Writer) (*zstd.Encoder, error) { return zstd.NewWriter(w) }, data)
}

// bz2 is topX by the bzip2 program; Go has no writer for it.
func bz2(t testing.TB) []byte {
	data, err := base64.StdEncoding.DecodeString("" +
		"QlpoOTFBWSZTWWvermQAAKN7kMmAAADAAP+EAAxgAN5ABAAACCAAcFAANAAAJIpmlNqYjQ9RjKY7F89soJpAThISJacEFJODFdXK" +
		"AkMIZcDm3h0lI9bmQCtaZYYVWGsQx8ckVdbtAxp51gYoUGF0HJyXLnWMGHzEg/i7kinChINe9XMg")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// topX is a small archive.
var topX = []member{{name: "top/", mode: 0o700}, {name: "top/x", content: "x", mode: 0o755}}

// zipMember is one member of a test zip.
type zipMember struct {
	name, content string
	attributes    uint32 // those of Unix
	encrypted     bool
}

func zipOf(t testing.TB, members ...zipMember) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, ExternalAttrs: m.attributes << 16, Modified: then.UTC()}
		if m.encrypted {
			h.Flags |= zipEncrypted
		}
		out, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if m.content != "" {
			io.WriteString(out, m.content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpackTo writes data to a file and unpacks it.
func (k *kit) unpackTo(t testing.TB, dest string, data []byte, strip parts.Strip) error {
	t.Helper()
	archive := filepath.Join(k.dir, "archive")
	if err := os.WriteFile(archive, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return k.Unpack(context.Background(), archive, dest, strip)
}

// unpacked unpacks data, which must go well.
func (k *kit) unpacked(t *testing.T, data []byte, strip parts.Strip) (dest string) {
	t.Helper()
	dest = t.TempDir()
	os.Chmod(dest, 0o750)
	if err := k.unpackTo(t, dest, data, strip); err != nil {
		t.Fatalf("Unpack: %v\nlog: %s", err, k.log)
	}
	return dest
}

// refused unpacks data, which must fail and leave dest as it was.
func (k *kit) refused(t *testing.T, data []byte, strip parts.Strip) *diag.Diagnostic {
	t.Helper()
	dest := t.TempDir()
	write(t, dest+"/mine", "m")
	err := k.unpackTo(t, dest, data, strip)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || strings.Contains(d.Msg, "\n") {
		t.Fatalf("Unpack: %v, want a diagnostic of one line", err)
	}
	wantTree(t, dest, `mine 644 "m"`)
	return d
}

func TestKinds(t *testing.T) {
	plain := tarOf(t, topX...)
	concatenated := append(gz(t, plain[:700]), gz(t, plain[700:])...)
	lzips := append(lz(t, plain[:700]), lz(t, plain[700:])...)
	zipped := zipOf(t, zipMember{name: "top/", attributes: 0o40700}, zipMember{name: "top/x", content: "x", attributes: 0o100755})
	for name, data := range map[string][]byte{
		"tar":                      plain,
		"tar.gz":                   gz(t, plain),
		"tar.gz of two streams":    concatenated,
		"tar.gz with zero padding": append(gz(t, plain), make([]byte, 1024)...),
		"tar.bz2":                  bz2(t),
		"tar.xz":                   xzOf(t, plain),
		"tar.xz of two streams":    append(xzOf(t, plain[:700]), xzOf(t, plain[700:])...),
		"tar.zst":                  zst(t, plain),
		"tar.lz":                   lz(t, plain),
		"tar.lz of two members":    lzips,
		"zip":                      zipped,
		"zip after a program":      append([]byte("#!/bin/sh\nexit 0\n"), zipped...),
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, Config{})
			wantTree(t, k.unpacked(t, data, parts.StripNever), "top/ 700", `top/x 755 "x"`)
			dest := k.unpacked(t, data, parts.StripAuto)
			wantTree(t, dest, `x 755 "x"`)
			if info, _ := os.Stat(dest); info.Mode().Perm() != 0o750 {
				t.Errorf("dest has mode %o: it is to keep its own", info.Mode().Perm())
			}
		})
	}
}

func TestTarMembers(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, gz(t, tarOf(t,
		member{name: "pax_global_header", kind: tar.TypeXGlobalHeader},
		member{name: "top/x", content: "x", mode: 0o755},
		member{name: "top/d/", mode: 0o555},
		member{name: "top/d/y", content: "y", mode: 0o400},
		member{name: "top/d/e/", mode: 0o500},
		member{name: "top/d/e/z", mode: 0o644},
		member{name: "top/l", symlink: "x"},
		member{name: "top/out", symlink: "/etc/passwd"},
		member{name: "top/up", symlink: "../../../up"},
		member{name: "top/h", link: "top/x"},
		member{name: "top/h2", link: "./top/d/../x", mode: 0o4711},
		member{name: "top/pipe", kind: tar.TypeFifo},
		member{name: "top/device", kind: tar.TypeChar},
		member{name: "./top//odd/./name", content: "n"},
		member{name: "top/" + strings.Repeat("long", 60), content: "l"},
	)), parts.StripAuto)
	t.Cleanup(func() { os.Chmod(dest+"/d", 0o755); os.Chmod(dest+"/d/e", 0o755) })
	wantTree(t, dest,
		"d/ 555", "d/e/ 500", `d/e/z 644 ""`, `d/y 400 "y"`,
		`h 4711 "x"`, `h2 4711 "x"`, "l -> x", strings.Repeat("long", 60)+` 644 "l"`,
		"odd/ 755", `odd/name 644 "n"`, "out -> /etc/passwd", "up -> ../../../up", `x 4711 "x"`)
	for _, name := range []string{"x", "d", "d/y", "d/e"} {
		if info, err := os.Stat(filepath.Join(dest, name)); err != nil || !info.ModTime().Equal(then) {
			t.Errorf("%s has time %v", name, info.ModTime())
		}
	}
	if info, _ := os.Stat(dest + "/x"); info.Sys().(*syscall.Stat_t).Nlink != 3 {
		t.Error("x is not shared with h and h2")
	}
	for _, name := range []string{"pipe", "device"} {
		if !strings.Contains(k.log.String(), `skipping member "top/`+name+`"`) {
			t.Errorf("log does not tell of %s: %s", name, k.log)
		}
	}
}

// The case un-single of the reference: the mode of the hard link counts.
func TestModeOfHardLink(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, tarOf(t, member{name: "top/x", content: "x", mode: 0o755}, member{name: "top/h", link: "top/x"}), parts.StripAuto)
	wantTree(t, dest, `h 644 "x"`, `x 644 "x"`)
}

func TestStrip(t *testing.T) {
	same := []member{{name: "a/a/f", content: "1"}, {name: "a/b", content: "2"}}
	for _, test := range []struct {
		name    string
		members []member
		strip   parts.Strip
		want    []string // nil for failure
	}{
		{"inner entry of the same name", same, parts.StripAuto, []string{"a/ 755", `a/f 644 "1"`, `b 644 "2"`}},
		{"inner entry of the same name, always", same, parts.StripAlways, []string{"a/ 755", `a/f 644 "1"`, `b 644 "2"`}},
		{"never", same[1:], parts.StripNever, []string{"a/ 755", `a/b 644 "2"`}},
		{"one file", []member{{name: "only", content: "1"}}, parts.StripAuto, []string{`only 644 "1"`}},
		{"one file, always", []member{{name: "only", content: "1"}}, parts.StripAlways, nil},
		{"one link to a directory", []member{{name: "l", symlink: "."}}, parts.StripAuto, []string{"l -> ."}},
		{"two entries", []member{{name: "a/x"}, {name: "b"}}, parts.StripAuto, []string{"a/ 755", `a/x 644 ""`, `b 644 ""`}},
		{"two entries, always", []member{{name: "a/x"}, {name: "b"}}, parts.StripAlways, nil},
		{"nothing", nil, parts.StripAuto, []string{}},
		{"nothing, always", nil, parts.StripAlways, nil},
		{"only the root", []member{{name: "./", mode: 0o711}}, parts.StripAuto, []string{}},
		{"empty top", []member{{name: "a/", mode: 0o555}}, parts.StripAuto, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, Config{})
			data := tarOf(t, test.members...)
			if test.want == nil {
				if d := k.refused(t, data, test.strip); !errors.Is(d, errStrip) {
					t.Errorf("got %v", d)
				}
				return
			}
			wantTree(t, k.unpacked(t, data, test.strip), test.want...)
		})
	}
}

// A member `./` is the destination itself, as in the reference.
func TestRootMember(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, tarOf(t, member{name: "./", mode: 0o711}, member{name: "./top/", mode: 0o700}, member{name: "./top/x"}), parts.StripAuto)
	if info, _ := os.Stat(dest); info.Mode().Perm() != 0o711 || !info.ModTime().Equal(then) {
		t.Errorf("dest has mode %o, time %v", info.Mode().Perm(), info.ModTime())
	}
}

// The umask counts only for directories without a member of their own.
func TestUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	k := newKit(t, Config{})
	dest := k.unpacked(t, tarOf(t, member{name: "listed/", mode: 0o755}, member{name: "listed/f"}, member{name: "implied/f"}), parts.StripNever)
	wantTree(t, dest, "implied/ 700", `implied/f 644 ""`, "listed/ 755", `listed/f 644 ""`)
	dest = k.unpacked(t, zipOf(t, zipMember{name: "with", attributes: 0o100644}, zipMember{name: "without"}), parts.StripNever)
	wantTree(t, dest, `with 644 ""`, `without 600 ""`)
}

func TestLaterMembersReplace(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, tarOf(t,
		member{name: "f", content: "longer than the second"},
		member{name: "f", content: "2"},
		member{name: "l", symlink: "f"},
		member{name: "l", content: "not through the link"},
		member{name: "d/", mode: 0o700},
		member{name: "d", symlink: "f"},
		member{name: "was-file", content: "x"},
		member{name: "was-file/", mode: 0o711},
		member{name: "real/"},
		member{name: "alias", symlink: "real"},
		member{name: "alias/"},
		member{name: "alias/in", content: "i"},
		member{name: "f", link: "f"},
	), parts.StripNever)
	wantTree(t, dest, "alias -> real", "d -> f", `f 644 "2"`, `l 644 "not through the link"`, "real/ 755", `real/in 644 "i"`, "was-file/ 711")
}

func TestZip(t *testing.T) {
	k := newKit(t, Config{})
	dest := k.unpacked(t, zipOf(t,
		zipMember{name: "x", content: "x", attributes: 0o100755},
		zipMember{name: "plain", content: "p"},
		zipMember{name: "type-only", content: "t", attributes: 0o100000},
		zipMember{name: "d/", attributes: 0o40750},
		zipMember{name: "d/l", content: "../x", attributes: 0o120777},
		zipMember{name: "/abs", content: "a"},
		zipMember{name: "d/../../up", content: "u"},
		zipMember{name: "back\\slash", content: "b"},
	), parts.StripAuto)
	wantTree(t, dest, `back\slash 644 "b"`, "d/ 750", "d/l -> ../x", `plain 644 "p"`, `type-only 644 "t"`, `x 755 "x"`)
	if info, _ := os.Stat(dest + "/x"); !info.ModTime().Equal(then) {
		t.Errorf("time is %v", info.ModTime())
	}
	d := k.refused(t, zipOf(t, zipMember{name: "a", content: "x", encrypted: true}), parts.StripAuto)
	if !strings.Contains(d.Msg, `"a" is encrypted`) {
		t.Errorf("got %q", d.Msg)
	}
}

func TestUnpackNothingToRead(t *testing.T) {
	k := newKit(t, Config{})
	dest := t.TempDir()
	for archive, want := range map[string]string{
		k.dir + "/none": "no such file or directory",
		"/dev/null":     "Not a recognized archive type",
	} {
		if err := k.Unpack(context.Background(), archive, dest, parts.StripAuto); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", archive, err)
		}
	}
	if err := k.unpackTo(t, dest+"/none", tarOf(t), parts.StripAuto); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	wantTree(t, dest)
}

func TestUnpackKeepsWhatIsThere(t *testing.T) {
	k := newKit(t, Config{})
	dest := t.TempDir()
	write(t, dest+"/b", "mine")
	data := tarOf(t, member{name: "a"}, member{name: "b"}, member{name: "c"})
	if err := k.unpackTo(t, dest, data, parts.StripAuto); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), dest+"/b") {
		t.Errorf("got %v", err)
	}
	wantTree(t, dest, `b 644 "mine"`)
	if err := k.unpackTo(t, dest, tarOf(t, member{name: "a"}), parts.StripAuto); err != nil {
		t.Error(err)
	}
	wantTree(t, dest, `a 644 ""`, `b 644 "mine"`)
}

func TestUnpackCancelled(t *testing.T) {
	k := newKit(t, Config{})
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	dest := t.TempDir()
	archive := write(t, k.dir+"/archive", string(tarOf(t, topX...)))
	if err := k.Unpack(ctx, archive, dest, parts.StripAuto); err != cause {
		t.Errorf("got %v, want the cause", err)
	}
	wantTree(t, dest)
}

func TestCopyDirectory(t *testing.T) {
	k := newKit(t, Config{})
	src := k.dir + "/src"
	write(t, src+"/top/x", "x")
	os.Chmod(src+"/top/x", 0o750)
	os.Chtimes(src+"/top/x", then, then)
	os.Mkdir(src+"/top/empty", 0o500)
	os.Symlink("x", src+"/top/to-file")
	os.Symlink("empty", src+"/top/to-dir")
	os.Symlink("nowhere", src+"/top/dangling")
	syscall.Mkfifo(src+"/top/pipe", 0o644)
	os.Symlink("src", k.dir+"/alias")
	for _, from := range []string{src, k.dir + "/alias"} {
		dest := t.TempDir()
		if err := k.Unpack(context.Background(), from, dest, parts.StripAuto); err != nil {
			t.Fatal(err)
		}
		wantTree(t, dest, "dangling -> nowhere", "empty/ 755", "to-dir -> empty", `to-file 750 "x"`, `x 750 "x"`)
		if info, _ := os.Stat(dest + "/x"); !info.ModTime().Equal(then) {
			t.Errorf("time is %v", info.ModTime())
		}
	}
	inside := filepath.Dir(write(t, src+"/top/dest/keep", "k"))
	if err := k.Unpack(context.Background(), src, inside, parts.StripAuto); err == nil || !strings.Contains(err.Error(), "is inside") {
		t.Errorf("got %v", err)
	}
	wantTree(t, inside, `keep 644 "k"`)
}
