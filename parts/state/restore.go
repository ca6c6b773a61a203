package state

import "maps"

// Parse is Open for a text of that format, which is named in errors by path.
// The DB is never written.
func Parse(path string, text []byte) (*DB, error) {
	db := &DB{disabled: true, file: file{path: path}, records: map[string]*entry{},
		base: map[string]string{}, written: map[string]map[string]string{}}
	return db, db.read(string(text))
}

// Restore makes db tell what from tells, in its order. It is on disk when
// Restore returns nil; otherwise the file tells what it told before.
func (db *DB) Restore(from *DB) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	records, base := db.records, db.base
	db.records, db.base, db.sorted = make(map[string]*entry, len(from.records)), maps.Clone(from.base), nil
	for _, name := range from.Parts() {
		e := &entry{Record: clone(from.records[name].Record)}
		db.records[name] = e
		db.moveLast(e)
	}
	err := db.store()
	if err != nil {
		db.records, db.base, db.sorted = records, base, nil
	}
	return err
}

// store writes all at once.
func (db *DB) store() error {
	switch {
	case db.disabled:
		return nil
	case len(db.records) > 0 || db.base[developKey] != "":
		return db.save()
	case db.file.exists:
		return db.remove()
	}
	return nil
}
