package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdArchive packs a directory; the names begin with that of the directory.
func cmdArchive(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "archive FILE.tar.gz|FILE.tar|FILE.zip DIR")
	out, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer out.Close()
	dir := ts.MkAbs(args[1])
	switch {
	case strings.HasSuffix(args[0], ".zip"):
		z := zip.NewWriter(out)
		ts.Check(walkFiles(dir, func(name string, info fs.FileInfo, data string) error { return zipFile(z, name, info, data) }))
		ts.Check(z.Close())
	default:
		var w io.WriteCloser = out
		if strings.HasSuffix(args[0], "gz") {
			w = gzip.NewWriter(out)
		}
		t := tar.NewWriter(w)
		ts.Check(walkFiles(dir, func(name string, info fs.FileInfo, data string) error { return tarFile(t, name, info, data) }))
		ts.Check(t.Close())
		ts.Check(w.Close())
	}
}

// walkFiles calls add for all that is in dir; data is the content of a file or
// the target of a link.
func walkFiles(dir string, add func(name string, info fs.FileInfo, data string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(filepath.Dir(dir), path)
		if err != nil {
			return err
		}
		data := ""
		switch {
		case d.Type() == fs.ModeSymlink:
			data, err = os.Readlink(path)
		case d.Type().IsRegular():
			var text []byte
			text, err = os.ReadFile(path)
			data = string(text)
		}
		if err != nil {
			return err
		}
		return add(filepath.ToSlash(name), info, data)
	})
}

func tarFile(t *tar.Writer, name string, info fs.FileInfo, data string) error {
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		link, data = data, ""
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name = name
	if info.IsDir() {
		h.Name += "/"
	}
	h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
	return member(t, h, data)
}

func zipFile(z *zip.Writer, name string, info fs.FileInfo, data string) error {
	h, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	h.Name = name
	if info.IsDir() {
		h.Name += "/"
	}
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, data)
	return err
}

func member(t *tar.Writer, h *tar.Header, data string) error {
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.WriteString(t, data)
	return err
}

// hostileMembers are archives that try to leave the directory, by kind.
var hostileMembers = map[string][]tar.Header{
	"dotdot":   {{Name: "top/../../escaped", Mode: 0o644, Size: 4}},
	"absolute": {{Name: "ESCAPED", Mode: 0o644, Size: 4}},
	"symlink": {{Name: "top/out", Typeflag: tar.TypeSymlink, Linkname: "../../..", Mode: 0o777},
		{Name: "top/out/escaped", Mode: 0o644, Size: 4}},
	"hardlink": {{Name: "top/hard", Typeflag: tar.TypeLink, Linkname: "../../../victim", Mode: 0o644},
		{Name: "top/hard", Mode: 0o644, Size: 4}},
	"device": {{Name: "top/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0o666}},
}

// cmdHostile writes a tar file of a kind of hostileMembers, with one harmless
// member in front. Absolute names are in $WORK.
func cmdHostile(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "hostile FILE KIND")
	out, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer out.Close()
	t := tar.NewWriter(out)
	ts.Check(member(t, &tar.Header{Name: "top/harmless", Mode: 0o644, Size: 3}, "ok\n"))
	list, ok := hostileMembers[args[1]]
	if !ok {
		ts.Fatalf("no hostile archive %q", args[1])
	}
	for _, h := range list {
		if h.Name == "ESCAPED" {
			h.Name = ts.MkAbs("escaped")
		}
		ts.Check(member(t, &h, "bad\n"[:h.Size]))
	}
	ts.Check(t.Close())
}
