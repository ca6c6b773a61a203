package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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
	"gobuild/parts/disk"
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
	// Disk is what the file is written with; nil for a plain one.
	Disk *disk.Disk
}

// DB is what is installed in one directory. Several goroutines may use it;
// several processes may not: the caller holds the Lock of the directory.
type DB struct {
	mu       sync.Mutex
	disabled bool
	file     file
	records  map[string]*entry
	last     int               // rank of the part installed last
	opened   int               // that rank when the file was read
	sorted   []string          // the order when it was computed last
	moved    []ranked          // since then
	base     map[string]string // [buildout] but parts
	// What the file says.
	writtenOrder []string
	written      map[string]map[string]string // sections, those of removed parts included
	appended     bool                         // blocks were appended: Close writes the file anew
	installed    bool                         // parts were installed: Close does so to bring them into order
}

// entry is an installed part and its place in the order of installation.
type entry struct {
	parts.Record
	rank int
}

// Open reads the file at path. A file that does not exist means that nothing
// is installed; one that is damaged is a diagnostic that points to the line.
func Open(path string, o Options) (*DB, error) {
	db := &DB{disabled: o.Disabled, file: file{path: path, disk: o.Disk}, records: map[string]*entry{},
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
	db.writtenOrder, db.opened = db.order(), db.last
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
func (db *DB) Put(r parts.Record) error { return db.PutAll([]parts.Record{r}) }

// PutAll is Put for several parts, with one write: after a kill all of them
// are recorded, or none.
func (db *DB) PutAll(list []parts.Record) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var changed []parts.Record
	for _, r := range list {
		r = clone(r)
		if err := check(r); err != nil {
			return err
		}
		if old, known := db.records[r.Part]; !known || !equal(old.Record, r) {
			changed = append(changed, r)
		}
	}
	undo := db.replaceAll(changed, list)
	if len(changed) == 0 {
		return nil
	}
	err := db.write(changed)
	if err != nil {
		undo()
	}
	db.installed = db.installed || err == nil
	return err
}

// replaceAll takes over changed records and makes the parts of list the ones
// installed last. The function returned takes that back.
func (db *DB) replaceAll(changed, list []parts.Record) (undo func()) {
	before, last := map[string]*entry{}, db.last
	for _, r := range list {
		before[r.Part] = db.records[r.Part]
	}
	for _, r := range changed {
		db.records[r.Part] = &entry{Record: r}
	}
	for _, r := range list {
		e := *db.records[r.Part] // the old one keeps its rank
		db.records[r.Part] = &e
		db.moveLast(&e)
	}
	return func() {
		db.last = last
		for name, e := range before {
			if db.records[name] = e; e == nil {
				delete(db.records, name)
			}
		}
		db.reorder()
	}
}

// write puts the blocks of parts on disk.
func (db *DB) write(list []parts.Record) error {
	if db.disabled {
		return nil
	}
	var b strings.Builder
	sections := map[string]map[string]string{}
	for _, r := range list {
		options := section(r)
		if !db.file.exists || !merges(db.written[r.Part], options) || sections[r.Part] != nil {
			return db.save()
		}
		sections[r.Part] = options
		b.WriteString(block(r.Part, options))
	}
	if err := db.file.append(segment(b.String() + db.partsLine())); err != nil {
		return err
	}
	maps.Copy(db.written, sections)
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

// Drop records that parts are not installed any more. It is on disk when Drop
// returns nil.
func (db *DB) Drop(names ...string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	dropped := map[string]*entry{}
	for _, name := range names {
		if e, known := db.records[name]; known {
			dropped[name] = e
			delete(db.records, name)
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	db.reorder()
	err := db.writeOrder()
	if err != nil {
		maps.Copy(db.records, dropped) // with their old ranks
		db.reorder()
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

// SetOrder brings the parts that were put or touched since Open into the order
// of names, behind all others, as if they had been installed in that order. It
// is on disk after the next write or Close.
func (db *DB) SetOrder(names []string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	last := db.last
	for _, name := range names {
		if e := db.records[name]; e != nil && e.rank > db.opened && e.rank <= last {
			db.moveLast(e)
		}
	}
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
	case db.appended, db.installed && !slices.Equal(db.order(), db.writtenOrder):
		return db.save()
	case !slices.Equal(db.order(), db.writtenOrder):
		return db.writeOrder()
	}
	return nil
}

// Tidy deletes what a killed run has left beside the file.
func (db *DB) Tidy() error {
	if db.disabled {
		return nil
	}
	path, _ := db.file.target()
	if temp := path + ".tmp"; disk.Exists(temp) {
		if info, err := os.Lstat(temp); err == nil && info.Mode().IsRegular() {
			return db.file.disk.Remove(temp)
		}
	}
	return nil
}

// Compact gives the file its final form now, and lets Close do so again, as
// after a run that has installed a part. The caller knows that such a run was
// killed before its Close.
func (db *DB) Compact() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.disabled || !db.file.exists {
		return nil
	}
	if len(db.records) == 0 && db.base[developKey] == "" {
		return db.remove()
	}
	db.installed = true
	return db.save()
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
	e.rank = db.last
	db.moved = append(db.moved, ranked{e, e.rank})
}

// ranked is an entry with the rank that it was given.
type ranked struct {
	*entry
	rank int
}

// order returns the installed parts in the order of their installation: what it
// was the last time, without what has moved since, and then that.
func (db *DB) order() []string {
	if db.sorted != nil && len(db.moved) == 0 {
		return db.sorted
	}
	before := 0
	if len(db.moved) > 0 {
		before = db.moved[0].rank
	}
	order := make([]string, 0, len(db.records))
	for _, name := range db.sorted {
		if e := db.records[name]; e != nil && e.rank < before {
			order = append(order, name)
		}
	}
	for _, m := range db.moved {
		if e := db.records[m.Part]; e == m.entry && e.rank == m.rank {
			order = append(order, m.Part)
		}
	}
	db.sorted, db.moved = order, nil
	return order
}

// reorder makes order look at all parts.
func (db *DB) reorder() {
	db.sorted, db.moved = []string{}, db.moved[:0]
	for _, e := range db.records {
		db.moved = append(db.moved, ranked{e, e.rank})
	}
	slices.SortFunc(db.moved, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
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

// Digest identifies the content of a record.
func Digest(r parts.Record) string {
	r = clone(r)
	sum := sha256.Sum256([]byte(block(r.Part, section(r))))
	return hex.EncodeToString(sum[:12])
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
