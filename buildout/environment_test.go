package buildout

import (
	"slices"
	"testing"

	"gobuild/parts"
)

// A change holds for the parts behind the one that made it, whichever was done
// first.
func TestEnvironmentChanges(t *testing.T) {
	var e environment
	base := []string{"A=0", "B=0", "BC=0"}
	e.change(5, parts.Environment{Set: map[string]string{"A": "5"}})
	e.change(2, parts.Environment{Set: map[string]string{"A": "2"}, Unset: []string{"B"}})
	e.change(-1, parts.Environment{Set: map[string]string{"A": "-1", "N": "new"}})
	e.change(2, parts.Environment{Set: map[string]string{"N": "2"}})
	e.change(1, parts.Environment{})
	for rank, want := range map[int][]string{
		-1: {"A=0", "B=0", "BC=0"},
		0:  {"A=-1", "B=0", "BC=0", "N=new"},
		2:  {"A=-1", "B=0", "BC=0", "N=new"},
		3:  {"A=2", "BC=0", "N=2"},
		6:  {"A=5", "BC=0", "N=2"},
	} {
		if got := e.before(base, rank); !slices.Equal(got, want) {
			t.Errorf("rank %d: %q, want %q", rank, got, want)
		}
	}
}
