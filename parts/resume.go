package parts

import (
	"encoding/json"
	"errors"
)

// ErrKilled is wrapped by the error of a Runner whose processes did not end by
// themselves when the run was interrupted: files that they were writing may be
// incomplete.
var ErrKilled = errors.New("processes had to be killed")

// Left is what a failed Run leaves for the Resume that goes on with it.
type Left struct {
	// Step is the step that failed.
	Step string `json:"step"`
	// Dirs are directories outside of the location that hold the work so far.
	// They are deleted when the part is started anew, or has been built.
	Dirs []string `json:"dirs,omitempty"`
	// State is what the recipe wants to know again: it is written to disk for
	// nobody else to read.
	State json.RawMessage `json:"state,omitempty"`
}

// BuildStep is a step of a Resumer.
type BuildStep struct {
	Name string // as Work.Step has it
	// Anew says that a part which failed here cannot go on: it starts from its
	// beginning.
	Anew bool
	// Options are those whose values matter to this step and to no earlier one.
	// Those of the first step name the sources: with others there is nothing to
	// go on with.
	Options []string
}

// Stepper is a Resumer that tells its steps, in their order.
type Stepper interface {
	Steps() []BuildStep
}
