package relocate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// FuzzScanRewrite scans any content and moves it to a shorter and a longer
// directory: no panic, and binary files keep their length.
func FuzzScanRewrite(f *testing.F) {
	for name, text := range map[string]string{
		"bin/x": "#!/b/dir/parts/tool/bin/python3 -E\n\"\"\"Doc\"\"\"\nfrom __future__ import x\n", "lib/pkgconfig/x.pc": "prefix=/b/dir/parts/tool\nx=${pcfiledir}/../../../other",
		"lib/x": "\x00/b/dir/parts/////tool\x00/.///b", "x.pyc": "\xa7\r\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00z\x11/b/dir/parts/tool", "x.gz": "\x1f\x8b\x08", "x.la": "libdir='/b/dir'",
		"bin/y": "#!/bin/sh\n# gobuild: #!/b/dir/parts/tool/x\n'''exec' a\n' '''\nrest /b/dir", "bin/z": envStart + `/b/dir/x" "-E"` + "\n/b/dir",
	} {
		f.Add(name, []byte(text))
	}
	m := elfModel{order: binary.LittleEndian, wide: true, sections: true, path: "/b/dir/parts/tool/lib"}
	f.Add("lib/x.so", m.bytes())
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		for _, to := range []string{"/n", "/a/much longer/directory/with spaces"} {
			facts := testFacts("/b/dir")
			fact := facts.ScanContent(0, name, content, 0o755)
			if fact == nil {
				return
			}
			facts.Files = []Fact{*fact}
			moves := []Move{{"/b/dir", to}}
			facts.Check(moves)
			m, err := NewMover(facts, moves)
			if err != nil {
				return // the name is no path
			}
			r, err := m.Rewrite(fact, bytes.Clone(content))
			if err != nil {
				continue
			}
			if fact.Kind == KindBinary && len(r.Content) != len(content) {
				t.Errorf("%d bytes became %d", len(content), len(r.Content))
			}
			for _, s := range r.Fact.Sites {
				if fact.Kind != KindGzip && s.end() > int64(len(r.Content)) {
					t.Errorf("the site %+v is behind the end", s)
				}
			}
		}
	})
}

// FuzzELF edits any file: no panic, and what was a search path is the new one.
func FuzzELF(f *testing.F) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, wide := range []bool{false, true} {
			for _, spare := range []uint32{ptNote, 0x6fffff00} {
				m := elfModel{wide: wide, order: order, spare: spare, sections: true, path: "/b/parts/zlib/lib"}
				f.Add(m.bytes(), "$ORIGIN/x")
				f.Add(m.bytes(), "$ORIGIN/a/much/longer/path/than/before")
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, path string) {
		if bytes.IndexByte([]byte(path), 0) >= 0 {
			return
		}
		before := len(content)
		out, moved, err := setRunPaths(bytes.Clone(content), func(string) string { return path })
		if err != nil {
			return
		}
		if moved.by == 0 && len(out) != before {
			t.Errorf("%d bytes became %d", before, len(out))
		}
		setBuildID(out)
	})
}

// FuzzFacts reads any facts: no panic.
func FuzzFacts(f *testing.F) {
	f.Add([]byte(`{"version":1,"prefixes":[{"path":"/b","role":"part","name":"x"}],"roots":1,"files":[{"root":0,"path":"x","kind":"binary","sites":[[0,0,2],[5,0,2,1]],"needs":[0]}]}`), []byte("/b\x00\x00\x00/b"))
	f.Fuzz(func(t *testing.T, text, content []byte) {
		var facts Facts
		if json.Unmarshal(text, &facts) != nil {
			return
		}
		m, err := NewMover(&facts, []Move{{"/b", "/c"}})
		if err != nil {
			return
		}
		m.Wrappers()
		for i := range facts.Files {
			if r, err := m.Rewrite(&facts.Files[i], bytes.Clone(content)); err == nil && r == nil {
				t.Error("neither content nor an error")
			}
		}
	})
}
