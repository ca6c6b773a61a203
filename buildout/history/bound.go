package history

import (
	"slices"
	"time"
)

// Bound says how fast the run could have been at best with the work that it
// did.
type Bound struct {
	// Critical is how long the longest chain of parts that need each other
	// took, Path is that chain, the first part first.
	Critical time.Duration `json:"critical_ns"`
	Path     []string      `json:"critical_path,omitempty"`
	CPU      time.Duration `json:"cpu_ns"`   // of all parts
	Slots    int           `json:"slots"`    // cores, or -j when that is less
	Lower    time.Duration `json:"lower_ns"` // the greater one of Critical and CPU / Slots
	Wall     time.Duration `json:"wall_ns"`  // from when the plan was made to the end
}

// Ratio is how many times as long as at best the run took; 0 when it is not
// known.
func (b Bound) Ratio() float64 {
	if b.Lower <= 0 {
		return 0
	}
	return float64(b.Wall) / float64(b.Lower)
}

// bound computes the Bound of a run whose parts began at a time and ended at
// another.
func (r *Run) bound(i Interval) Bound {
	b := Bound{Slots: max(r.Cores, 1), Wall: i.Elapsed()}
	if r.Jobs > 0 {
		b.Slots = min(b.Slots, r.Jobs)
	}
	for _, p := range r.Parts {
		b.CPU += p.CPU
	}
	b.Critical, b.Path = critical(r.Parts)
	b.Lower = max(b.Critical, b.CPU/time.Duration(b.Slots))
	return b
}

// chain is the longest chain of parts that ends with a part.
type chain struct {
	length  time.Duration
	own     time.Duration
	needs   []string
	before  string // the part before the last one; "" when there is none
	visited bool
	done    bool
}

// critical returns the longest chain of needs by the time that parts took.
// Removals count for nothing: they need no part.
func critical(parts []*Part) (time.Duration, []string) {
	chains := make(map[string]*chain, len(parts))
	for _, p := range parts {
		if p.started() && p.Verb != Uninstalling {
			chains[p.Part] = &chain{own: p.Elapsed(), needs: p.Needs}
		}
	}
	last := ""
	for _, p := range parts { // in order, so that ties are broken the same way
		if c := chains[p.Part]; c != nil {
			measure(chains, c)
			if last == "" || c.length > chains[last].length {
				last = p.Part
			}
		}
	}
	if last == "" {
		return 0, nil
	}
	var path []string
	for name := last; name != ""; name = chains[name].before {
		path = append(path, name)
	}
	slices.Reverse(path)
	return chains[last].length, path
}

// measure finds the longest chain that ends with c. A circle, which no plan
// has, counts once.
func measure(chains map[string]*chain, c *chain) {
	if c.visited {
		return
	}
	c.visited = true
	for _, name := range c.needs {
		need := chains[name]
		if need == nil {
			continue
		}
		measure(chains, need)
		if need.done && need.length > c.length {
			c.length, c.before = need.length, name
		}
	}
	c.length, c.done = c.length+c.own, true
}
