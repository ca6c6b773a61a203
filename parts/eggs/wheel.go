package eggs

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// maxWheel limits what a wheel may unpack to.
const maxWheel = 32 << 30

// wheelTree says where the files of a wheel go in an egg.
type wheelTree struct {
	data, info string // NAME-VERSION.data/ and NAME-VERSION.dist-info/
	newInfo    string
}

// unpackWheel makes an egg of a wheel: in temp, then in its place in dir. version
// replaces the one of the wheel; "" keeps it.
func (w *workingSet) unpackWheel(ctx context.Context, wheel, temp, dir, version string) (string, error) {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return "", badWheel(wheel, err)
	}
	defer z.Close()
	tree, d, err := readWheel(&z.Reader)
	if err != nil {
		return "", badWheel(wheel, err)
	}
	if version == "" {
		version = d.Version
	}
	base := w.eggBase(d.Name, version)
	tree.newInfo = base + ".dist-info/"
	egg := filepath.Join(temp, base+".egg")
	if err := os.Mkdir(egg, 0o777); err != nil {
		return "", err
	}
	if err := tree.unpack(&z.Reader, egg); err != nil {
		return "", badWheel(wheel, err)
	}
	if err := dropNamespaceFiles(egg); err != nil {
		return "", err
	}
	if version != d.Version {
		if err := setVersion(filepath.Join(egg, tree.newInfo, "METADATA"), version); err != nil {
			return "", err
		}
	}
	place := filepath.Join(dir, base+".egg")
	w.compile(ctx, egg, place)
	if dir == w.DevelopEggs {
		w.making(place)
	}
	return place, settle(egg, place)
}

func badWheel(path string, err error) error {
	return diag.At(diag.Span{}, "egg-broken", "%s is no good wheel: %v", filepath.Base(path), err).WithCause(err)
}

// readWheel finds the metadata of a wheel.
func readWheel(z *zip.Reader) (wheelTree, *Dist, error) {
	tree := wheelTree{}
	for _, f := range z.File {
		top, rest, below := strings.Cut(f.Name, "/")
		if below && rest == "METADATA" && strings.HasSuffix(top, ".dist-info") {
			tree.info, tree.data = top+"/", strings.TrimSuffix(top, ".dist-info")+".data/"
			text, err := readMember(f)
			if err != nil {
				return tree, nil, err
			}
			fields := headers(text)
			d := &Dist{Name: first(fields["name"]), Version: first(fields["version"])}
			if !isPlain(d.Name) || !isPlain(d.Version) {
				return tree, nil, fmt.Errorf("its name %q and version %q are none", d.Name, d.Version)
			}
			return tree, d, nil
		}
	}
	return tree, nil, errors.New("it has no metadata")
}

// isPlain reports whether a name or version can be part of a file name.
func isPlain(text string) bool {
	return text != "" && !strings.ContainsAny(text, "/\\\x00") && text != "." && text != ".."
}

func readMember(f *zip.File) ([]byte, error) {
	if f.UncompressedSize64 > maxMetadata {
		return nil, errors.New(f.Name + " is too large")
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxMetadata))
}

// unpack writes the files of a wheel.
func (t wheelTree) unpack(z *zip.Reader, egg string) error {
	root, err := os.OpenRoot(egg)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxWheel)
	for _, f := range z.File {
		name := t.place(f.Name)
		if name == "" || strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !filepath.IsLocal(name) || f.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%q leads out of it", f.Name)
		}
		if left -= int64(f.UncompressedSize64); left < 0 {
			return errors.New("it is too large")
		}
		if err := writeMember(root, name, f); err != nil {
			return err
		}
	}
	return nil
}

// place returns where a file goes, or "" for nowhere.
func (t wheelTree) place(name string) string {
	if rest, ok := strings.CutPrefix(name, t.info); ok {
		return t.newInfo + rest
	}
	rest, ok := strings.CutPrefix(name, t.data)
	if !ok {
		return name
	}
	kind, rest, _ := strings.Cut(rest, "/")
	switch kind {
	case "scripts":
		return t.newInfo + "scripts/" + rest
	case "headers":
		return "include/" + rest
	}
	return rest // purelib, platlib, data
}

func writeMember(root *os.Root, name string, f *zip.File) error {
	if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return err
	}
	mode := fs.FileMode(0o666)
	if f.Mode()&0o111 != 0 {
		mode = 0o777
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, in, int64(f.UncompressedSize64))
	if err == nil {
		_, err = io.CopyN(io.Discard, in, 1) // checks the sum
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New(f.Name + " is larger than the archive says")
		}
	}
	return errors.Join(err, out.Close())
}

// setVersion replaces the version in a file of metadata.
func setVersion(path, version string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	for i, line := range lines {
		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "version") {
			lines[i] = "Version: " + version
		}
	}
	return os.WriteFile(path, append([]byte(strings.Join(lines, "\n")+"\n\n"), body...), 0o666)
}

// compile makes the .pyc files of an egg that is going to be at place. They name
// the files there, and hold their sums instead of their times. What cannot be
// compiled is compiled when it is imported.
func (w *workingSet) compile(ctx context.Context, egg, place string) {
	argv := []string{w.python.Path, "-m", "compileall", "-q", "-d", place}
	if w.atLeast(3, 9) {
		argv = []string{w.python.Path, "-m", "compileall", "-q", "-s", egg, "-p", place, "--invalidation-mode", "checked-hash"}
	}
	_ = w.Proc.Run(ctx, parts.Command{Argv: append(argv, egg), Step: "compile", Show: "compile " + place})
}

// atLeast reports whether the Python has at least this version.
func (w *workingSet) atLeast(major, minor int) bool {
	var a, b int
	fmt.Sscanf(w.python.Version, "%d.%d", &a, &b)
	return a > major || a == major && b >= minor
}

// unpackEditable unpacks an editable wheel and returns its metadata.
func unpackEditable(wheel, into string) (*Dist, string, error) {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return nil, "", badWheel(wheel, err)
	}
	defer z.Close()
	tree, d, err := readWheel(&z.Reader)
	if err != nil {
		return nil, "", badWheel(wheel, err)
	}
	if err := os.Mkdir(into, 0o777); err != nil {
		return nil, "", err
	}
	tree.newInfo = tree.info
	if err := tree.unpack(&z.Reader, into); err != nil {
		return nil, "", badWheel(wheel, err)
	}
	return d, filepath.Join(into, tree.info), nil
}
