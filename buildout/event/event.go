// Package event holds plain facts about a run and the Sink that takes them. It
// knows no other package of gobuild.
package event

import "time"

// Kind tells what happened.
type Kind string

// The kinds, in the order in which a run emits them.
const (
	RunStarted  Kind = "run-started"  // Total = parts to process
	PartStarted Kind = "part-started" // Verb = Installing, Updating or Uninstalling
	StepStarted Kind = "step-started" // Step = configure, make, ...
	Progress    Kind = "progress"     // Done of Total bytes of the step (Total 0: unknown)
	Message     Kind = "message"      // Text for the user, at Level
	PartDone    Kind = "part-done"    // Err set when the part failed
	RunDone     Kind = "run-done"     // Elapsed of the run
)

// Kinds that may come at any time of a run.
const (
	FetchStarted Kind = "fetch-started" // Text = URL without secrets, of Part
	FetchDone    Kind = "fetch-done"    // Text as when it started, Done = bytes, Cached, Err
	JobsUsed     Kind = "jobs-used"     // Done of Total job slots are in use
)

// Level of a message.
type Level string

// The levels of messages, least important first.
const (
	Debug   Level = "debug"
	Info    Level = "info"
	Warning Level = "warning"
)

// Event is one fact. Unused fields are zero.
type Event struct {
	Kind    Kind          `json:"event"`
	Time    time.Time     `json:"time"`
	Part    string        `json:"part,omitempty"`
	Verb    string        `json:"verb,omitempty"`
	Step    string        `json:"step,omitempty"`
	Level   Level         `json:"level,omitempty"`
	Text    string        `json:"text,omitempty"`
	Log     string        `json:"log,omitempty"` // path of the part's log file
	Done    int64         `json:"done,omitempty"`
	Total   int64         `json:"total,omitempty"`
	Elapsed time.Duration `json:"elapsed_ns,omitempty"`
	CPU     time.Duration `json:"cpu_ns,omitempty"` // of the part's processes, of PartDone
	Memory  int64         `json:"memory,omitempty"` // most bytes that one process of the part held, of PartDone
	Cached  bool          `json:"cached,omitempty"`
	Err     error         `json:"-"`
	Error   string        `json:"error,omitempty"` // text of Err, for JSON
}

// Sink takes events. Emit may be called by several goroutines at once and must
// not block for long.
type Sink interface {
	Emit(Event)
}

// Discard is the Sink that forgets.
var Discard Sink = discard{}

type discard struct{}

func (discard) Emit(Event) {}
