package state

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Names with a meaning of their own in the file.
const (
	buildoutSection = "buildout"
	partsKey        = "parts"
	developKey      = "installed_develop_eggs"
	installedKey    = "__buildout_installed__"
	signatureKey    = "__buildout_signature__"
)

// Options of a DB.
type Options struct {
	// Disabled says that nothing is ever read or written: [buildout] installed
	// is empty.
	Disabled bool
}

// DB is what is installed in one directory. Several goroutines may use it;
// several processes may not: the caller holds the Lock of the directory.
type DB struct {
	mu       sync.Mutex
	disabled bool
	file     file
	records  map[string]*entry
	last     int               // rank of the part installed last
	sorted   []string          // nil when the order has to be computed
	base     map[string]string // [buildout] but parts
	// What the file says.
	writtenOrder []string
	written      map[string]map[string]string // sections, those of removed parts included
	appended     bool                         // parts were installed: Close writes the file anew
}

// entry is an installed part and its place in the order of installation.
type entry struct {
	parts.Record
	rank int
}

// Open reads the file at path. A file that does not exist means that nothing
// is installed; one that is damaged is a diagnostic that points to the line.
func Open(path string, o Options) (*DB, error) {
	db := &DB{disabled: o.Disabled, file: file{path: path}, records: map[string]*entry{},
		base: map[string]string{}, written: map[string]map[string]string{}}
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
	db.file.exists, db.file.size = true, int64(len(text))
	return db, db.read(string(text))
}

func (db *DB) read(text string) error {
	text = text[:complete(text)]
	sections, torn, err := scan(db.file.path, text)
	if err != nil {
		return err
	}
	db.file.valid = int64(len(text) - torn)
	db.file.open = !strings.HasSuffix(text[:db.file.valid], "\n") && db.file.valid > 0
	db.written = sections
	for key, value := range sections[buildoutSection] {
		if key != partsKey {
			db.base[key] = decode(value)
		}
	}
	db.records = make(map[string]*entry, len(sections))
	entries := make([]entry, len(sections)) // one allocation for all
	for name := range strings.FieldsFuncSeq(sections[buildoutSection][partsKey], isSpace) {
		options, ok := sections[name]
		if _, double := db.records[name]; ok && !double && name != buildoutSection {
			e := &entries[len(db.records)]
			e.Record = newRecord(name, options)
			db.records[name] = e
			db.moveLast(e)
		}
	}
	db.writtenOrder = db.order()
	return nil
}

// newRecord makes the record of a part from the options of its section, which
// it keeps.
func newRecord(name string, options map[string]string) parts.Record {
	for key, value := range options {
		if strings.Contains(value, tokenStart) {
			options[key] = decode(value)
		}
	}
	r := parts.Record{Part: name, Options: options, Signature: options[signatureKey]}
	if paths := options[installedKey]; paths != "" {
		r.Paths = strings.Split(paths, "\n")
	}
	delete(options, installedKey)
	delete(options, signatureKey)
	return r
}

// section is the reverse of newRecord.
func section(r parts.Record) map[string]string {
	options := make(map[string]string, len(r.Options)+2)
	maps.Copy(options, r.Options)
	options[installedKey] = strings.Join(r.Paths, "\n")
	options[signatureKey] = r.Signature
	return options
}

// All returns the records of all installed parts. The records must not be
// changed.
func (db *DB) All() map[string]parts.Record {
	db.mu.Lock()
	defer db.mu.Unlock()
	all := make(map[string]parts.Record, len(db.records))
	for name, e := range db.records {
		all[name] = e.Record
	}
	return all
}

// Parts returns the installed parts, the one installed last at the end.
func (db *DB) Parts() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.order())
}

// Get returns the record of an installed part. It must not be changed.
func (db *DB) Get(name string) (parts.Record, bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if e, ok := db.records[name]; ok {
		return e.Record, true
	}
	return parts.Record{}, false
}

// Put records an installed part as the last one. It is on disk when Put
// returns nil; otherwise the file tells what it told before.
func (db *DB) Put(r parts.Record) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	r = clone(r)
	if err := check(r); err != nil {
		return err
	}
	old, known := db.records[r.Part]
	if known && equal(old.Record, r) {
		db.moveLast(old)
		return nil
	}
	e := &entry{Record: r}
	db.records[r.Part] = e
	db.moveLast(e)
	err := db.write(r)
	if err != nil {
		db.sorted = nil
		if delete(db.records, r.Part); known {
			db.records[r.Part] = old
		}
	}
	return err
}

// write puts the block of a part on disk.
func (db *DB) write(r parts.Record) error {
	if db.disabled {
		return nil
	}
	options := section(r)
	if !db.file.exists || !merges(db.written[r.Part], options) {
		return db.save()
	}
	text := segment(block(r.Part, options) + db.partsLine())
	if err := db.file.append(text); err != nil {
		return err
	}
	db.written[r.Part] = options
	db.appended, db.writtenOrder = true, db.order()
	return nil
}

// merges reports whether a block with the options of a part, read after an
// older block, gives just these options. Options whose names end in a sign add
// to older ones.
func merges(old, options map[string]string) bool {
	for name := range old {
		if _, ok := options[name]; !ok {
			return false
		}
	}
	for name := range options {
		if _, ok := old[name]; ok && strings.ContainsAny(name[len(name)-1:], "+-") {
			return false
		}
	}
	return true
}

// Drop records that a part is not installed any more. It is on disk when Drop
// returns nil.
func (db *DB) Drop(name string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	old, known := db.records[name]
	if !known {
		return nil
	}
	delete(db.records, name)
	db.sorted = nil
	err := db.writeOrder()
	if err != nil {
		db.records[name], db.sorted = old, nil // with its old rank
	}
	return err
}

// Touch notes that an installed part was updated: it counts as the one
// installed last. It is on disk after the next write or Close.
func (db *DB) Touch(name string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	e, known := db.records[name]
	if !known {
		return fmt.Errorf("part %s is not installed", name)
	}
	db.moveLast(e)
	return nil
}

// writeOrder appends a parts line.
func (db *DB) writeOrder() error {
	if db.disabled || !db.file.exists {
		return nil
	}
	if err := db.file.append(db.partsLine()); err != nil {
		return err
	}
	db.writtenOrder = db.order()
	return nil
}

func (db *DB) partsLine() string {
	return "\n[" + buildoutSection + "]\n" + assignment(partsKey, strings.Join(db.order(), " "))
}

// Close gives the file its final form for this run. A run that changed nothing
// writes nothing. The DB can still be used.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	switch {
	case db.disabled || !db.file.exists:
		return nil
	case len(db.records) == 0 && db.base[developKey] == "":
		return db.remove()
	case db.appended:
		return db.save()
	case !slices.Equal(db.order(), db.writtenOrder):
		return db.writeOrder()
	}
	return nil
}

func (db *DB) remove() error {
	if err := db.file.remove(); err != nil {
		return err
	}
	clear(db.written)
	db.appended, db.writtenOrder = false, nil
	return nil
}

// save writes the whole file in its canonical form.
func (db *DB) save() error {
	base := maps.Clone(db.base)
	base[developKey] = db.base[developKey]
	base[partsKey] = strings.Join(db.order(), " ")
	written := map[string]map[string]string{buildoutSection: base}
	var b strings.Builder
	b.WriteString(block(buildoutSection, base))
	for _, name := range db.order() {
		written[name] = section(db.records[name].Record)
		b.WriteString("\n" + block(name, written[name]))
	}
	if err := db.file.replace(b.String()); err != nil {
		return err
	}
	db.written, db.writtenOrder, db.appended = written, db.order(), false
	return nil
}

// moveLast makes a part the one installed last.
func (db *DB) moveLast(e *entry) {
	db.last++
	e.rank, db.sorted = db.last, nil
}

// order returns the installed parts in the order of their installation.
func (db *DB) order() []string {
	if db.sorted != nil {
		return db.sorted
	}
	entries := make([]*entry, 0, len(db.records))
	for _, e := range db.records {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.rank, b.rank) })
	db.sorted = make([]string, len(entries))
	for i, e := range entries {
		db.sorted[i] = e.Part
	}
	return db.sorted
}

func clone(r parts.Record) parts.Record {
	r.Options = maps.Clone(r.Options)
	delete(r.Options, installedKey)
	delete(r.Options, signatureKey)
	r.Paths = slices.DeleteFunc(slices.Clone(r.Paths), func(p string) bool { return p == "" })
	return r
}

func equal(a, b parts.Record) bool {
	return a.Signature == b.Signature && slices.Equal(a.Paths, b.Paths) && maps.Equal(a.Options, b.Options)
}

// check refuses what the file cannot hold.
func check(r parts.Record) error {
	bad := func(format string, args ...any) error {
		return diag.At(diag.Span{}, "state-unwritable", format, args...).WithPath(r.Part)
	}
	if r.Part == "" || r.Part == buildoutSection || !utf8.ValidString(r.Part) || strings.ContainsFunc(r.Part, func(c rune) bool { return !isNameChar(c) }) {
		return bad("%q cannot be the name of an installed part", r.Part)
	}
	for name := range r.Options {
		if !utf8.ValidString(name) || strings.HasPrefix(name, "#") || strings.HasPrefix(name, ";") || name != stripRight(name) || !isOptionName(name, name) {
			return bad("the option name %q cannot be recorded", name)
		}
	}
	for _, path := range r.Paths {
		if strings.Contains(path, "\n") {
			return bad("the path %q cannot be recorded: it holds a line end", path)
		}
	}
	return nil
}
