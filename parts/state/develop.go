package state

import (
	"slices"
	"strings"
)

// Develop returns the paths that [buildout] develop has made.
func (db *DB) Develop() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	return strings.FieldsFunc(db.base[developKey], func(c rune) bool { return c == '\n' })
}

// SetDevelop records the paths that [buildout] develop has made. They are on disk
// when it returns nil.
func (db *DB) SetDevelop(paths []string) error {
	if slices.Equal(db.Develop(), paths) {
		return nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	old := db.base[developKey]
	db.base[developKey] = strings.Join(paths, "\n")
	if db.disabled {
		return nil
	}
	err := db.save()
	if err != nil {
		db.base[developKey] = old
	}
	return err
}
