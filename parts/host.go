package parts

import (
	"context"
	"errors"
	"io"

	"gobuild/buildout/event"
)

// Host is an Options through which a recipe serves code of its own: a program
// that asks while it works, at the preparation of the part and at its
// installation. The engine's Options is one.
type Host interface {
	Options
	Profile
	Prober
	// Get returns the value of an option as Lookup does, or why it has none.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Other returns another section, evaluated, without depending on it. Unlike
	// Section it may be asked while parts are installed, by one goroutine at a
	// time.
	Other(ctx context.Context, name string) (Host, error)
	// Define adds the sections of a text in the language of profiles, and
	// evaluates them. One that exists already is an error.
	Define(ctx context.Context, text string) error
	// Setenv changes the environment of all that comes after.
	Setenv(Environment)
	// Say shows text to the user as `part: text`.
	Say(level event.Level, text string)
	// Log returns the log of the preparation.
	Log() io.Writer
	// Session returns what the recipes of this run have in common, or nil when
	// the profile is only looked at: then no code of its recipes is run.
	Session() *Session
}

// ErrNotRun is the error of a recipe whose code is not run, as there is no
// Session. Options that it would set are not known.
var ErrNotRun = errors.New("the code of the section is not run")

// Environment is a change of the environment of processes.
type Environment struct {
	Set   map[string]string
	Unset []string
}

// IsEmpty reports whether nothing changes.
func (e Environment) IsEmpty() bool { return len(e.Set) == 0 && len(e.Unset) == 0 }

// Ordered is an Action of which nobody can know what it does and needs, as
// Spec.InOrder says of all parts of a recipe.
type Ordered interface {
	InOrder() bool
}

// Signer is an Action that tells itself what identifies the behaviour of its
// recipe, beside the version in Spec.
type Signer interface {
	Signature() string
}

// Exclusive is an Action that does not run while another one with the same text
// runs.
type Exclusive interface {
	Excludes() string
}
