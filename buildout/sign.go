package buildout

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// Sign gives the records of all installed parts the signatures that tell
// returns for their recipes, and returns how many changed.
func (e *Engine) Sign(ctx context.Context, tell func(recipes []string) (map[string]string, error)) (changed int, err error) {
	held, err := e.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer held.Release()
	db, err := e.state()
	if err != nil {
		return 0, err
	}
	installed := map[string]bool{}
	for _, r := range records(db) {
		installed[r.Options["recipe"]] = true
	}
	if len(installed) == 0 {
		return 0, nil
	}
	signatures, err := tell(slices.Sorted(maps.Keys(installed)))
	if err != nil {
		return 0, err
	}
	for _, r := range records(db) {
		if s := signatures[r.Options["recipe"]]; s != r.Signature {
			r.Signature = s
			err = errors.Join(err, db.Put(r))
			changed++
		}
	}
	return changed, stateError(errors.Join(err, db.Close()))
}
