package history

import (
	"cmp"
	"slices"
	"time"
)

// lanes are rows of a timeline, each with the time until which it is taken.
type lanes []time.Duration

// take returns the lowest lane that is free when i starts.
func (l *lanes) take(i Interval) int {
	for n, until := range *l {
		if until <= i.Start {
			(*l)[n] = i.End
			return n
		}
	}
	*l = append(*l, i.End)
	return len(*l) - 1
}

// layOut sorts parts and downloads by their start, those that did not start
// last, and gives each the lowest lane that is free then. What came from a
// cache has lanes of its own: it takes no time.
func (r *Run) layOut() {
	slices.SortStableFunc(r.Parts, func(a, b *Part) int {
		if a.started() != b.started() {
			return cmp.Compare(boolInt(b.started()), boolInt(a.started()))
		}
		return cmp.Compare(a.Start, b.Start)
	})
	slices.SortStableFunc(r.Downloads, func(a, b *Fetch) int { return cmp.Compare(a.Start, b.Start) })
	var of, fetching, cached lanes
	for _, p := range r.Parts {
		if p.started() {
			p.Lane = of.take(p.Interval)
		}
	}
	for _, f := range r.Downloads {
		if !f.Cached {
			f.Lane = fetching.take(f.Interval)
		}
	}
	for _, f := range r.Downloads {
		if f.Cached {
			f.Lane = len(fetching) + cached.take(f.Interval)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
