package history

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"gobuild/parts"
	"gobuild/parts/state"
)

// records are the installed parts by name.
type records map[string]parts.Record

// after returns what was installed after a run.
func (r *Run) after() (*state.DB, error) {
	text, err := keptText(filepath.Join(r.entry, installedName))
	if errors.Is(err, fs.ErrNotExist) && r.Checksum == "" {
		return state.Parse("", nil)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != r.Checksum {
		return nil, errors.New("its copy of what was installed is damaged")
	}
	return state.Parse(filepath.Join(r.entry, installedName), text)
}

// same reports whether two records tell the same.
func same(a, b parts.Record) bool {
	return a.Signature == b.Signature && slices.Equal(a.Paths, b.Paths) && maps.Equal(a.Options, b.Options)
}

// trees follows what the parts owned after a run through the runs after it.
//
//	in place --replaced or removed by run R--> kept by R --put back by a rollback--> in place
type trees struct {
	was records
	// at tells for each part the run that keeps its tree; "" when it is in
	// place.
	at map[string]string
	// unsure names runs that were killed and may have replaced the part.
	unsure map[string]string
}

// follow goes through the runs after the one whose records are given.
func follow(was records, later []*Run) (*trees, error) {
	t := &trees{was: was, at: map[string]string{}, unsure: map[string]string{}}
	for _, run := range later {
		var err error
		switch {
		case run.Result == Running:
			t.killed(run)
		case run.Target != "":
			t.rolledBack(run)
		default:
			err = t.ran(run)
		}
		if err != nil {
			return nil, &followError{run.ID, err}
		}
	}
	return t, nil
}

// followError names the run that cannot be followed.
type followError struct {
	id  string
	err error
}

func (e *followError) Error() string { return "run " + e.id + ": " + e.err.Error() }
func (e *followError) Unwrap() error { return e.err }

func (t *trees) killed(run *Run) {
	for _, p := range run.Parts {
		if t.at[p.Part] == "" {
			t.unsure[p.Part] = run.ID
		}
	}
}

func (t *trees) rolledBack(run *Run) {
	for _, p := range run.Parts {
		switch {
		case t.at[p.Part] == "":
			t.at[p.Part] = run.ID
		case p.Verb == Restoring && t.at[p.Part] == p.From:
			t.at[p.Part] = ""
		}
	}
}

// ran follows a run that installed and removed. A part that failed, or was
// removed to be installed anew, is in place when its record survived.
func (t *trees) ran(run *Run) error {
	installed, touched := map[string]bool{}, map[string]bool{}
	for _, p := range run.Parts {
		if p.started() && (p.Verb != Updating || p.Result != Done) {
			touched[p.Part] = true
			installed[p.Part] = installed[p.Part] || p.Verb != Uninstalling && p.Verb != Updating && p.Result == Done
		}
	}
	var after *state.DB
	for name := range touched {
		if _, of := t.was[name]; !of || t.at[name] != "" {
			continue
		}
		if installed[name] {
			t.at[name] = run.ID
			continue
		}
		if after == nil {
			var err error
			if after, err = run.after(); err != nil {
				return err
			}
		}
		if is, ok := after.Get(name); !ok || !same(is, t.was[name]) {
			t.at[name] = run.ID
		}
	}
	return nil
}
