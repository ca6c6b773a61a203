package buildout

import (
	"slices"
	"sync"

	"gobuild/parts"
	"gobuild/parts/run"
)

// environment is what recipes have changed of the environment of processes. A
// change holds for the parts behind the one that made it in the order of
// installation.
type environment struct {
	mu      sync.Mutex
	changes []environmentChange // by rank
}

// environmentChange is what the part of a rank has changed; -1 is the preparation
// of the parts.
type environmentChange struct {
	rank int
	parts.Environment
}

// change notes a change.
func (e *environment) change(rank int, c parts.Environment) {
	if c.IsEmpty() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	at, _ := slices.BinarySearchFunc(e.changes, rank+1, func(c environmentChange, rank int) int { return c.rank - rank })
	e.changes = slices.Insert(e.changes, at, environmentChange{rank, c})
}

// before returns the environment of the part of a rank, as it is now: env with
// what was changed.
func (e *environment) before(env []string, rank int) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.changes {
		if c.rank >= rank {
			break
		}
		env = slices.DeleteFunc(run.MergeEnv(env, c.Set), func(v string) bool {
			return slices.ContainsFunc(c.Unset, func(name string) bool { return len(v) > len(name) && v[:len(name)] == name && v[len(name)] == '=' })
		})
	}
	return env
}
