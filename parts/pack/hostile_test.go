package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts/relocate"
)

// forged returns an archive of a manifest that nobody has checked. All files
// have the content of text.
func forged(t testing.TB, m *Manifest, text string) []byte {
	t.Helper()
	manifest, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	all := sums{}
	enc := newEncoders(LevelDefault)
	c := &chunker{emit: func(c chunk) error {
		frame := enc.encode(c.data)
		all.add(sha256.Sum256(frame))
		_, err := out.Write(frame)
		return err
	}}
	members := append([]File{{Path: ManifestName, Type: TypeFile, Mode: 0o644, Size: int64(len(manifest))}}, m.Files...)
	for i, f := range members {
		data := text
		switch {
		case i == 0:
			data = string(manifest)
		case f.Type != TypeFile:
			data = ""
		}
		f.Size = int64(len(data))
		if writeMember(c, f, m.Time, []byte(data)) != nil {
			return nil // tar cannot say it, so no archive can
		}
	}
	c.Write(make([]byte, tarEnd))
	c.flush()
	out.Write(seal(all.total()))
	return out.Bytes()
}

// plainManifest is that of a part with one file, `text`.
func plainManifest() *Manifest {
	const text = "text"
	return &Manifest{Format: manifestFormat, Version: manifestVersion, Time: FixedTime, Named: []string{"a"},
		Parts: []Part{{Name: "a", Options: map[string]string{"recipe": "r"}, Paths: []string{"parts/a"}}},
		Roots: []Root{{"a", "parts/a"}},
		Files: []File{{Path: "parts/a", Type: TypeDir, Mode: 0o755},
			{Path: "parts/a/file", Type: TypeFile, Mode: 0o644, Size: int64(len(text)), Sum: sumOf([]byte(text))}},
		Relocation: &relocate.Facts{Version: relocate.Version, Roots: 1, Files: []relocate.Fact{},
			Prefixes: []relocate.Prefix{{Path: "/@/parts/a", Role: relocate.RolePart, Name: "a"}}}}
}

// hostileManifests change a good manifest into one that must be refused.
var hostileManifests = map[string]func(m *Manifest){
	"parent directory":     func(m *Manifest) { m.Files[1].Path = "parts/a/../../../file" },
	"absolute":             func(m *Manifest) { m.Files[1].Path = "/etc/file" },
	"outside of its root":  func(m *Manifest) { m.Files[1].Path = "parts/b" },
	"of gobuild itself":    func(m *Manifest) { m.Files[1].Path = ".gobuild/lock" },
	"empty name":           func(m *Manifest) { m.Files[1].Path = "" },
	"long name":            func(m *Manifest) { m.Files[1].Path = "parts/a/" + strings.Repeat("x", 256) },
	"long path":            func(m *Manifest) { m.Files[1].Path = "parts/a" + strings.Repeat("/x", 2100) },
	"zero byte":            func(m *Manifest) { m.Files[1].Path = "parts/a/x\x00y" },
	"twice":                func(m *Manifest) { m.Files = append(m.Files, m.Files[1]) },
	"without a directory":  func(m *Manifest) { m.Files[1].Path = "parts/a/b/file" },
	"below a file":         func(m *Manifest) { m.Files = append(m.Files, m.Files[1]); m.Files[2].Path += "/x" },
	"setuid":               func(m *Manifest) { m.Files[1].Mode = 0o4755 },
	"sticky":               func(m *Manifest) { m.Files[0].Mode = 0o1777 },
	"device":               func(m *Manifest) { m.Files[1].Type = "device" },
	"no type":              func(m *Manifest) { m.Files[1].Type = "" },
	"no sum":               func(m *Manifest) { m.Files[1].Sum = "" },
	"wrong sum":            func(m *Manifest) { m.Files[1].Sum = sumOf(nil) },
	"negative size":        func(m *Manifest) { m.Files[1].Size = -1 },
	"huge size":            func(m *Manifest) { m.Files[1].Size = 1 << 60 },
	"size of a bomb":       func(m *Manifest) { m.Files[1].Size = 8 << 30 },
	"another size":         func(m *Manifest) { m.Files[1].Size = 3 },
	"empty link":           func(m *Manifest) { m.Files[1] = File{Path: "parts/a/l", Type: TypeLink} },
	"hard link to nothing": func(m *Manifest) { m.Files[1] = File{Path: "parts/a/l", Type: TypeHard, Target: "parts/a/other"} },
	"hard link outside":    func(m *Manifest) { m.Files[1] = File{Path: "parts/a/l", Type: TypeHard, Target: "/etc/passwd"} },
	"through a link": func(m *Manifest) {
		m.Files = append(m.Files, File{Path: "parts/a/l", Type: TypeLink, Target: "/etc"}, m.Files[1])
		m.Files[3].Path = "parts/a/l/file"
	},
	"root outside":        func(m *Manifest) { m.Roots[0].Place = "../a" },
	"root of all":         func(m *Manifest) { m.Roots[0].Place = "." },
	"root of gobuild":     func(m *Manifest) { m.Roots[0].Place = ".gobuild/x" },
	"root of nobody":      func(m *Manifest) { m.Roots[0].Part = "b" },
	"roots in each other": func(m *Manifest) { m.Roots = append(m.Roots, Root{"a", "parts/a/b"}); m.Relocation.Roots = 2 },
	"owned outside":       func(m *Manifest) { m.Parts[0].Paths = []string{"../../home"} },
	"owned tree":          func(m *Manifest) { m.Parts[0].Paths = []string{""} },
	"part twice":          func(m *Manifest) { m.Parts = append(m.Parts, m.Parts[0]) },
	"part with line end":  func(m *Manifest) { m.Parts[0].Name = "a\n[b]"; m.Roots[0].Part = "a\n[b]"; m.Named = nil },
	"named and missing":   func(m *Manifest) { m.Named = []string{"b"} },
	"option with line":    func(m *Manifest) { m.Parts[0].Options = map[string]string{"a\n[buildout]\nb": "c"} },
	"no facts":            func(m *Manifest) { m.Relocation = nil },
	"facts of no tree":    func(m *Manifest) { m.Relocation.Files = []relocate.Fact{{Root: 1, Kind: relocate.KindText}} },
	"facts of no file": func(m *Manifest) {
		m.Relocation.Files = []relocate.Fact{{Path: "other", Kind: relocate.KindText}}
	},
	"sites outside": func(m *Manifest) {
		m.Relocation.Files = []relocate.Fact{{Path: "file", Kind: relocate.KindBinary, Sites: []relocate.Site{{Offset: 1 << 40, Width: 4000}}}}
	},
	"sites of no prefix": func(m *Manifest) {
		m.Relocation.Files = []relocate.Fact{{Path: "file", Kind: relocate.KindText, Sites: []relocate.Site{{Prefix: 9, Width: 10}}}}
	},
	"sites that overlap": func(m *Manifest) {
		m.Relocation.Files = []relocate.Fact{{Path: "file", Kind: relocate.KindText, Sites: []relocate.Site{{Width: 10}, {Offset: 5, Width: 10}}}}
	},
	"relative prefix": func(m *Manifest) { m.Relocation.Prefixes[0].Path = "parts/a" },
	"other format":    func(m *Manifest) { m.Format = "other" },
	"other version":   func(m *Manifest) { m.Version = 2 },
}

func TestHostile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(t.TempDir(), "a.tar.zst")
	try := func(m *Manifest) error {
		if err := os.WriteFile(name, forged(t, m, "text"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(context.Background(), name, "", to(dir+"/out"))
		return err
	}
	for what, change := range hostileManifests {
		m := plainManifest()
		change(m)
		err := try(m)
		var d *diag.Diagnostic
		if !errors.As(err, &d) || !strings.HasPrefix(d.Code, "archive-") {
			t.Errorf("%s: %v", what, err)
		}
		if names := beside(t, dir+"/out"); len(names) > 0 {
			t.Fatalf("%s leaves %q", what, names)
		}
	}
	if err := try(plainManifest()); err != nil {
		t.Errorf("the manifest that was changed: %v", err)
	}
}

// TestLinkedPrograms has a link in the place of the directory for programs:
// nothing is made where it leads.
func TestLinkedPrograms(t *testing.T) {
	dir, victim := t.TempDir(), t.TempDir()
	m := plainManifest()
	m.Roots = append(m.Roots, Root{"a", "bin"})
	m.Relocation.Roots = 2
	m.Relocation.Prefixes = append(m.Relocation.Prefixes, relocate.Prefix{Path: "/@/bin", Role: relocate.RolePart, Name: "bin"})
	m.Files = []File{m.Files[0], {Path: "parts/a/bin", Type: TypeDir, Mode: 0o755}, m.Files[1], {Path: "bin", Type: TypeLink, Target: victim}}
	m.Files[2].Path, m.Files[2].Mode = "parts/a/bin/tool", 0o755
	name := filepath.Join(dir, "a.tar.zst")
	if err := os.WriteFile(name, forged(t, m, "text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(context.Background(), name, "", to(dir+"/out")); err != nil {
		t.Fatal(err)
	}
	if names := beside(t, victim+"/x"); len(names) > 0 {
		t.Errorf("made outside: %q", names)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(forged(f, plainManifest(), "text"))
	for _, what := range []string{"through a link", "root outside", "sites outside", "size of a bomb"} {
		m := plainManifest()
		hostileManifests[what](m)
		if text := forged(f, m, "text"); text != nil {
			f.Add(text)
		}
	}
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(dir+"/in", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/a", resealed(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(context.Background(), dir+"/a", "", to(dir+"/in/out"))
		names := beside(t, dir+"/in/out")
		if err != nil && len(names) > 0 || err == nil && (len(names) != 1 || names[0] != "out") {
			t.Errorf("error %v, and there is %q", err, names)
		}
	})
}

// resealed gives what is almost an archive the checksum that fits.
func resealed(text []byte) []byte {
	f := newFrameReader(bytes.NewReader(text))
	for {
		if _, err := f.next(); err != nil {
			break
		}
	}
	if int(f.read) > len(text) {
		return text
	}
	return append(bytes.Clone(text[:f.read]), seal(f.sums.total())...)
}

// FuzzManifest looks for manifests that pass and yet leave the directory.
func FuzzManifest(f *testing.F) {
	text, err := plainManifest().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeManifest(text)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !filepath.IsLocal(file.Path) || file.Mode&^0o777 != 0 {
				t.Errorf("%q with mode %o passes", file.Path, file.Mode)
			}
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again); err != nil {
			t.Errorf("what passes does not pass again: %v", err)
		}
	})
}
