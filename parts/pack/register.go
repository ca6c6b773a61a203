package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
	"gobuild/parts/state"
)

const (
	relocationFormat  = "gobuild-relocation"
	relocationVersion = 1
	relocationName    = "relocation.json"
)

// Relocation is what an unpacked tree knows about itself (.gobuild/relocation.json).
type Relocation struct {
	Format       string   `json:"format"`
	Version      int      `json:"version"`
	Directory    string   `json:"directory"` // where the tree is, as its files have it
	Gobuild      string   `json:"gobuild"`   // version of the packer
	Architecture string   `json:"architecture"`
	Glibc        string   `json:"glibc,omitempty"`
	Time         int64    `json:"time"`
	Named        []string `json:"named"`
	Roots        []Root   `json:"roots"`
	// Programs are links in the tree that belong to no part.
	Programs []string `json:"programs,omitempty"`
	// Digests are those of the records of the parts: what has been installed
	// since is not what the facts are about.
	Digests map[string]string `json:"digests"`
	Facts   *relocate.Facts   `json:"facts"`
}

// LoadRelocation reads what a tree knows about itself; nil when it was not
// unpacked.
func LoadRelocation(dir string) (*Relocation, error) {
	name := filepath.Join(dir, stateName, relocationName)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &Relocation{}
	err = json.Unmarshal(text, r)
	if err == nil && (r.Format != relocationFormat || r.Version != relocationVersion || r.Facts == nil || !path.IsAbs(r.Directory)) {
		err = fmt.Errorf("it has format %q, version %d", r.Format, r.Version)
	}
	if err != nil {
		return nil, diag.At(diag.Span{}, "relocate-unknown", "cannot read %s: %v", name, err).WithCause(err).
			WithHint("delete the file: the tree is then scanned; for `gobuild relocate` name its old directory by --from")
	}
	return r, nil
}

// Fits reports whether the facts are about the parts as they are recorded.
func (r *Relocation) Fits(records []parts.Record) bool {
	if len(records) != len(r.Digests) {
		return false
	}
	for _, record := range records {
		if r.Digests[record.Part] != manifest.Digest(record) {
			return false
		}
	}
	return true
}

// save writes the file in the state directory dir.
func (r *Relocation) save(dir string, d *disk.Disk) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, relocationName), append(text, '\n'), d)
}

// replaceFile writes a file in one step.
func replaceFile(name string, data []byte, d *disk.Disk) error {
	f, err := d.Open(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = d.Sync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(name+".tmp", name)
	}
	if err != nil {
		os.Remove(name + ".tmp")
		return err
	}
	return d.SyncDir(filepath.Dir(name))
}

// register writes what tells gobuild of the parts.
func (s *stage) register(u *Unpacked) error {
	state := filepath.Join(s.dir, stateName)
	if err := os.MkdirAll(filepath.Join(state, "files"), 0o777); err != nil {
		return err
	}
	records := s.records()
	if err := s.record(records); err != nil {
		return err
	}
	r := &Relocation{Format: relocationFormat, Version: relocationVersion, Directory: s.Dir, Gobuild: s.manifest.Gobuild,
		Architecture: s.manifest.Architecture, Glibc: s.manifest.Glibc, Time: s.manifest.Time, Named: s.manifest.Named, Roots: s.manifest.Roots,
		Programs: u.Programs, Digests: map[string]string{}, Facts: s.movedFacts()}
	lists := s.lists()
	for i, record := range records {
		digest := manifest.Digest(record)
		r.Digests[record.Part] = digest
		f := lists[record.Part]
		f.Digest = digest
		if err := f.Save(manifest.FilesPath(state, s.FileName(record.Part))); err != nil {
			return err
		}
		if err := s.provenance(&s.manifest.Parts[i], digest); err != nil {
			return err
		}
	}
	return r.save(state, s.quick())
}

// quick is the disk without waiting: the whole stage is synced at its end.
func (s *stage) quick() *disk.Disk {
	d := disk.Disk{NoSync: true}
	if s.Disk != nil {
		d.Fault = s.Disk.Fault
	}
	return &d
}

// records are those of the parts in their new place.
func (s *stage) records() []parts.Record {
	replace := newReplacer(s.manifest.Relocation.Prefixes, s.mover.Prefixes())
	var list []parts.Record
	for _, p := range s.manifest.Parts {
		r := parts.Record{Part: p.Name, Options: replace.options(p.Options), Signature: p.Signature}
		for _, place := range p.Paths {
			r.Paths = append(r.Paths, s.Dir+"/"+place)
		}
		list = append(list, r)
	}
	return list
}

func (s *stage) record(records []parts.Record) error {
	db, err := state.Open(filepath.Join(s.dir, installedName), state.Options{Disk: s.quick()})
	if err != nil {
		return err
	}
	if err := db.PutAll(records); err != nil {
		return hostile("what it says of its parts cannot be recorded: %v", err)
	}
	return db.Close()
}

// movedFacts are the facts about the tree in its new place.
func (s *stage) movedFacts() *relocate.Facts {
	facts := &relocate.Facts{Version: relocate.Version, Prefixes: s.mover.Prefixes(), Roots: s.manifest.Relocation.Roots, Files: []relocate.Fact{}}
	known := map[string]*relocate.Fact{}
	for _, r := range s.placed {
		if r.fact != nil {
			known[r.Path] = r.fact
			facts.Files = append(facts.Files, *r.fact)
		} else if first, name := known[r.Target], s.factOf(r.Path); r.Type == TypeHard && first != nil && name != nil {
			facts.Files = append(facts.Files, factOf(*first, name.Root, name.Path))
		}
	}
	sortFacts(facts.Files)
	return facts
}

// lists are the lists of files of the parts, without digests.
func (s *stage) lists() map[string]*manifest.Files {
	lists := map[string]*manifest.Files{}
	rootOf := map[string]string{}
	for _, p := range s.manifest.Parts {
		lists[p.Name] = &manifest.Files{}
	}
	for _, r := range s.manifest.Roots {
		f := lists[r.Part]
		f.Roots = append(f.Roots, s.Dir+"/"+r.Place)
		rootOf[r.Place] = r.Part
	}
	sizes := map[string]*placed{}
	for i := range s.placed {
		r := &s.placed[i]
		sizes[r.Path] = r
		part := ""
		for dir := r.Path; dir != "." && part == ""; dir = path.Dir(dir) {
			part = rootOf[dir]
		}
		if part == "" {
			continue // of gobuild itself
		}
		in := manifest.Installed{Path: s.Dir + "/" + r.Path, Mode: fs.FileMode(r.Mode), Size: r.Size, Value: r.Sum}
		switch r.Type {
		case TypeFile:
			in.Kind, in.Time = manifest.KindFile, time.Unix(s.manifest.Time, 0).UnixNano()
		case TypeHard:
			first := sizes[r.Target]
			in.Kind, in.Time = manifest.KindFile, time.Unix(s.manifest.Time, 0).UnixNano()
			in.Mode, in.Size, in.Value = fs.FileMode(first.Mode), first.Size, first.Sum
		case TypeDir:
			in.Kind = manifest.KindDir
		case TypeLink:
			in.Kind, in.Mode, in.Value = manifest.KindLink, 0, r.Target
		}
		lists[part].All = append(lists[part].All, in)
	}
	return lists
}

// provenance writes what was noted when a part was built.
func (s *stage) provenance(p *Part, digest string) error {
	if len(p.Provenance) == 0 {
		return nil
	}
	replace := newReplacer(s.manifest.Relocation.Prefixes, s.mover.Prefixes())
	text, err := WithDigest(replace.json(p.Provenance), digest)
	if err != nil {
		return hostile("the provenance of part %s: %v", p.Name, err)
	}
	dir := filepath.Join(s.dir, filepath.FromSlash(provenanceName))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, s.FileName(p.Name)+".json"), append(text, '\n'), 0o666)
}

// WithDigest returns provenance that belongs to the record with a digest. In an
// archive it is "": the record has other directories wherever it is unpacked.
func WithDigest(text json.RawMessage, digest string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, errors.New("it is no object")
	}
	var err error
	if fields["digest"], err = json.Marshal(digest); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
