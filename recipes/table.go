package recipes

import (
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/recipes/bridge"
)

// Table is the table of built-in recipes as the engine and the command line
// ask it.
type Table struct{}

// Find returns the recipe that profiles call name.
func (Table) Find(name string) (parts.Spec, bool) { return Lookup(name) }

// All returns all recipes.
func (Table) All() []parts.Spec { return Builtin() }

// Suggest returns a hint for an unknown name, or "".
func (Table) Suggest(name string) string {
	var known []string
	for _, spec := range Builtin() {
		known = append(known, spec.Names...)
	}
	return diag.DidYouMean(name, known)
}

// Foreign returns the recipe of a name that is not built in: an egg that is run
// through the bridge.
func (t Table) Foreign(name string) (parts.Spec, bool) {
	return bridge.Spec(strings.TrimSpace(name), t.Suggest), true
}
