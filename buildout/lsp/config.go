package lsp

import (
	"context"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// Config is what the server needs of the rest of gobuild.
type Config struct {
	Dir     string // the current directory, absolute
	Home    string // for names that begin with ~/
	Version string
	Recipes Recipes
	// Setup says how the profile root is read. With an error it says so as well
	// as it can.
	Setup func(root string) (Setup, error)
	// Lint finds what is suspicious in the files of a profile; nil for nothing.
	Lint func(ctx context.Context, p *profile.Profile) []Finding
	// Format returns the text of a file in house style; nil: not offered.
	Format func(*cfg.File) []byte
	// Log notes what the server does; nil for nobody.
	Log func(format string, args ...any)
}

// Setup is how one profile is read. Its Open serves what is not a local file;
// Root is filled in by the server.
type Setup struct {
	profile.Config
	Silence []string // codes of warnings that are not shown
}

// Recipes is the table of built-in recipes.
type Recipes interface {
	All() []parts.Spec
	Find(name string) (parts.Spec, bool)
	Suggest(name string) string
}

// Finding is a diagnostic with what would mend it.
type Finding struct {
	*diag.Diagnostic
	Fix *Fix // nil when nobody knows
}

// Fix is a change of texts.
type Fix struct {
	Title string
	Safe  bool // keeps the meaning of the profile
	Edits []Edit
}

// Edit puts Text in the place of At.
type Edit struct {
	At   diag.Span
	Text string
}
