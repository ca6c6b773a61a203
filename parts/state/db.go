package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Options of a DB.
type Options struct {
	Disabled bool // nothing is read or written ([buildout] installed is empty)
}

// DB is what is installed in one directory. It is used by one goroutine at a
// time, under the lock of the directory.
type DB struct {
	path    string
	options Options
	parts   []string // in the order of installation
	written []string // the order that the file tells
	records map[string]parts.Record
	base    map[string]string // [buildout] but parts
	exists  bool
	torn    bool // the file ends in the middle of a line
	rewrite bool // a part was installed: the file is written anew at the end
}

// Open reads the file. One that does not exist means that nothing is
// installed; one that cannot be read as such is an error.
func Open(path string, o Options) (*DB, error) {
	db := &DB{path: path, options: o, records: map[string]parts.Record{}, base: map[string]string{developKey: ""}}
	if o.Disabled {
		return db, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return db, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is installed: %w", err)
	}
	db.exists = true
	return db, db.parse(text)
}

func (db *DB) parse(text []byte) error {
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) {
		text, db.torn = text[:end], true
	}
	src := diag.NewSource(db.path, text)
	sections, errs := cfg.Scan(src).Sections(func(string) (bool, error) { return false, errors.New("there are no conditions here") })
	if err := errs.Err(); err != nil {
		return &diag.Diagnostic{Code: "state-damaged", At: errs[0].At, Err: err,
			Msg:  "what is installed cannot be read: " + errs[0].Msg,
			Hint: "repair the line, or delete the file: then every part counts as not installed and is installed anew"}
	}
	all := map[string]map[string]string{}
	for _, s := range sections {
		all[s.Name] = map[string]string{}
		for _, a := range s.Options {
			all[s.Name][a.Key] = decode(a.Value)
		}
	}
	for _, name := range strings.Fields(all["buildout"]["parts"]) {
		if options := all[name]; options != nil && !slices.Contains(db.parts, name) {
			db.parts = append(db.parts, name)
			db.records[name] = record(name, options)
		}
	}
	delete(all["buildout"], "parts")
	maps.Copy(db.base, all["buildout"])
	db.written = slices.Clone(db.parts)
	return nil
}

// Parts returns the installed parts in the order of installation.
func (db *DB) Parts() []string { return slices.Clone(db.parts) }

// Get returns the record of an installed part.
func (db *DB) Get(name string) (parts.Record, bool) {
	r, ok := db.records[name]
	return r, ok
}

// All returns the records of all installed parts.
func (db *DB) All() map[string]parts.Record { return maps.Clone(db.records) }

// Put records an installed part as the last one. It is on disk when Put
// returns.
func (db *DB) Put(r parts.Record) error {
	text := ""
	if slices.Contains(db.written, r.Part) {
		// A torn block must not mix with the old one: until the new block is
		// complete the part does not count.
		text = "\n" + db.partsBlock(without(db.parts, r.Part))
	}
	db.parts = append(without(db.parts, r.Part), r.Part)
	db.records[r.Part] = r
	db.rewrite = true
	return db.add(text + "\n" + partBlock(r) + "\n" + db.partsBlock(db.parts))
}

// Drop records that a part is not installed any more.
func (db *DB) Drop(name string) error {
	db.parts = without(db.parts, name)
	delete(db.records, name)
	return db.add("\n" + db.partsBlock(db.parts))
}

// Touch notes that an installed part was updated: it counts as the last one.
// It is on disk after Close.
func (db *DB) Touch(name string) error {
	db.parts = append(without(db.parts, name), name)
	return nil
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

func (db *DB) partsBlock(names []string) string {
	return "[buildout]\nparts = " + strings.Join(names, " ") + "\n"
}

// add appends text with one write and one fsync.
func (db *DB) add(text string) error {
	if db.options.Disabled {
		return nil
	}
	if !db.exists {
		text = block("buildout", db.base) + text
	}
	if db.torn {
		text = "\n" + text
	}
	f, err := os.OpenFile(db.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("record what is installed: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("record what is installed: %w", err)
	}
	db.exists, db.torn, db.written = true, false, slices.Clone(db.parts)
	return nil
}

// Close brings the file into its final form for this run.
func (db *DB) Close() error {
	switch {
	case db.options.Disabled || !db.exists:
		return nil
	case len(db.parts) == 0 && db.base[developKey] == "":
		return os.Remove(db.path)
	case db.rewrite:
		return db.save()
	case !slices.Equal(db.parts, db.written):
		return db.add("\n" + db.partsBlock(db.parts))
	}
	return nil
}

// save writes the file anew, as zc.buildout does.
func (db *DB) save() error {
	base := maps.Clone(db.base)
	base["parts"] = strings.Join(db.parts, " ")
	var b strings.Builder
	b.WriteString(block("buildout", base))
	for _, name := range db.parts {
		b.WriteString("\n" + partBlock(db.records[name]))
	}
	mode := fs.FileMode(0o666)
	if info, err := os.Stat(db.path); err == nil {
		mode = info.Mode().Perm()
	}
	err := renameio.WriteFile(db.path, []byte(b.String()), mode, renameio.WithTempDir(filepath.Dir(db.path)), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("record what is installed: %w", err)
	}
	db.written, db.rewrite = slices.Clone(db.parts), false
	return nil
}
