package plan

import (
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// Misspelt warns of options of an evaluated section that nothing has read and
// that look like an option of its recipe.
func Misspelt(e *profile.Evaluated, spec parts.Spec) diag.List {
	return misspelt(e, &Node{Part: e.Name, Spec: spec})
}
