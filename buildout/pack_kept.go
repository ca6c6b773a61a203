package buildout

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"gobuild/parts"
	"gobuild/parts/bom"
	"gobuild/parts/manifest"
	"gobuild/parts/pack"
)

// partRecord is parts.Record.
type partRecord = parts.Record

// isReadOnly reports whether an error says that a directory cannot be written.
func isReadOnly(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// Kept is what was noted when the parts of a source were built.
type Kept struct {
	source *pack.Source
	shelf  *bom.Shelf
	byPart map[string]parts.Record
}

// KeptOf returns what was noted of the parts of a source.
func KeptOf(s *pack.Source) *Kept {
	k := &Kept{source: s, shelf: bom.Open(s.StateDir), byPart: map[string]parts.Record{}}
	for _, r := range s.Records {
		k.byPart[r.Part] = r
	}
	return k
}

// Describe completes what a manifest says of a part: its licences and the notes
// of its build, as far as they belong to what is installed.
func (k *Kept) Describe(p *pack.Part) {
	r := k.byPart[p.Name]
	if c, err := k.shelf.Component(r); err == nil {
		if p.Licenses = c.License.IDs(); c.License.Expression != "" {
			p.Licenses = []string{c.License.Expression}
		}
		if c.Version != "" && p.Release == "" {
			p.Release = c.Version
		}
	}
	if !bom.Load(k.source.StateDir, p.Name, manifest.Digest(r)).Known {
		return
	}
	text, err := os.ReadFile(filepath.Join(k.source.StateDir, "provenance", fileName(p.Name)+".json"))
	if err != nil {
		return
	}
	if text, err = pack.WithDigest(text, ""); err == nil {
		p.Provenance = text
	}
}

// Texts are the licences and patches of the parts of a tree, each once.
func (k *Kept) Texts(t *pack.Tree) []pack.ExtraFile {
	var list []pack.ExtraFile
	seen := map[string]bool{}
	add := func(sum string, text []byte, err error, file func([]byte) pack.ExtraFile) {
		if err == nil && !seen[sum] {
			seen[sum] = true
			list = append(list, file(text))
		}
	}
	for _, p := range t.Parts {
		notes := bom.Load(k.source.StateDir, p.Name, manifest.Digest(k.byPart[p.Name]))
		for _, l := range notes.Licenses {
			text, err := bom.ReadText(k.source.StateDir, l.SHA256)
			add(l.SHA256, text, err, pack.License)
		}
		for _, s := range notes.Sources {
			if s.Kept {
				text, err := bom.ReadPatch(k.source.StateDir, s.SHA256)
				add(s.SHA256, text, err, pack.Patch)
			}
		}
	}
	return list
}
