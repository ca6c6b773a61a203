package recipes

import (
	"gobuild/buildout/diag"
	"gobuild/parts"
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
