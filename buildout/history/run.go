package history

import (
	"errors"
	"fmt"
	"time"
)

// Version is the version of the format of run.json.
const Version = 1

// Result tells how a run or a part ended.
type Result string

// The results. Only parts are blocked or not started, only runs are running.
const (
	Done        Result = "done"
	Failed      Result = "failed"
	Interrupted Result = "interrupted"
	Blocked     Result = "blocked"     // stands on a part that failed
	NotStarted  Result = "not-started" // the run ended before
	Running     Result = "running"     // or killed
)

// The verbs of parts: those of the events, and those of a rollback.
const (
	Installing   = "Installing"
	Updating     = "Updating"
	Uninstalling = "Uninstalling"
	Restoring    = "Restoring"     // a kept tree was put back
	SettingAside = "Setting aside" // what was installed became a kept tree
)

// Run is one run. Times of what happened in it are counted from Start.
type Run struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end,omitzero"`
	Result  Result    `json:"result"`
	Error   string    `json:"error,omitempty"` // when it is not that of a part
	// Target is the run whose state a rollback brought back; "" in other runs.
	Target string `json:"target,omitempty"`
	Origin
	Counts    Counts   `json:"counts"`
	Bound     Bound    `json:"bound"`
	Parts     []*Part  `json:"parts"`
	Downloads []*Fetch `json:"downloads"`
	Slots     *Usage   `json:"slots,omitempty"` // of jobs, when they were counted

	entry string              // directory of the entry; "" when there is none
	mask  func(string) string // hides secrets in logs that are not in the entry
}

// Origin is where a run comes from.
type Origin struct {
	Command   string `json:"command"`
	Gobuild   string `json:"gobuild"` // its version
	Host      string `json:"host"`
	PID       int    `json:"pid"`
	Cores     int    `json:"cores"`
	Jobs      int    `json:"jobs"` // -j; 0 when it was not given
	Profile   string `json:"profile"`
	Directory string `json:"directory"`
	Installed string `json:"installed,omitempty"` // path of .installed.cfg
	// Checksum is the sha256 of the copy of .installed.cfg; "" when there is
	// none because nothing was installed.
	Checksum string `json:"installed_sha256,omitempty"`
	// Links are the directories of installed paths that are reached over
	// symbolic links, with where these lead.
	Links map[string]string `json:"links,omitempty"`
}

// Counts says how many parts met which end.
type Counts struct {
	Installed   int `json:"installed"`
	Reinstalled int `json:"reinstalled"`
	Updated     int `json:"updated"`   // the recipe had work to do
	Unchanged   int `json:"unchanged"` // these are not in Parts
	Removed     int `json:"removed"`
	Restored    int `json:"restored,omitempty"`
	Failed      int `json:"failed"`
	Interrupted int `json:"interrupted,omitempty"`
	Blocked     int `json:"blocked"`
	NotStarted  int `json:"not_started"`
}

// Interval is when something began and ended.
type Interval struct {
	Start time.Duration `json:"start_ns"`
	End   time.Duration `json:"end_ns"`
}

// Elapsed is the length of the interval.
func (i Interval) Elapsed() time.Duration { return i.End - i.Start }

// Part is what a run did with a part. One that is reinstalled occurs twice:
// Uninstalling and Installing.
type Part struct {
	Part     string `json:"part"`
	Verb     string `json:"verb,omitempty"` // "" when it did not start
	Decision string `json:"decision,omitempty"`
	Result   Result `json:"result"`
	Interval
	Lane  int      `json:"lane"`
	Needs []string `json:"needs,omitempty"` // parts of this run that had to be done before
	Steps []Step   `json:"steps,omitempty"`
	Cost
	Error   string   `json:"error,omitempty"`
	Blocker []string `json:"blocked_by,omitempty"` // failed parts that it stands on
	Log     string   `json:"log,omitempty"`        // path of its log at that time
	LogCopy string   `json:"log_copy,omitempty"`   // name in the entry
	From    string   `json:"from,omitempty"`       // run whose kept tree was put back
}

// started reports whether the part came to its turn.
func (p *Part) started() bool { return p.Verb != "" }

// Cost is what a part took.
type Cost struct {
	CPU       time.Duration `json:"cpu_ns,omitempty"`
	Memory    int64         `json:"memory,omitempty"`    // bytes, most that one process held
	Size      int64         `json:"size,omitempty"`      // bytes on disk
	Downloads int           `json:"downloads,omitempty"` // how many
	Cached    int           `json:"cached,omitempty"`    // of them came from a cache
}

// Step is a stage of a part: configure, make, …
type Step struct {
	Name string `json:"name"`
	Interval
}

// Fetch is one file that was fetched.
type Fetch struct {
	URL  string `json:"url"`
	Part string `json:"part,omitempty"`
	Interval
	Lane   int    `json:"lane"`
	Bytes  int64  `json:"bytes"`
	Cached bool   `json:"cached,omitempty"`
	Ahead  bool   `json:"ahead,omitempty"` // while the part waited for its turn
	Error  string `json:"error,omitempty"`
}

// Summary is a run in short.
type Summary struct {
	ID      string        `json:"id"`
	Start   time.Time     `json:"start"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Result  Result        `json:"result"`
	Target  string        `json:"target,omitempty"`
	Command string        `json:"command"`
	Counts  Counts        `json:"counts"`
}

// Summary returns the run in short.
func (r *Run) Summary() Summary {
	return Summary{ID: r.ID, Start: r.Start, Elapsed: r.Elapsed(), Result: r.Result, Target: r.Target, Command: r.Command, Counts: r.Counts}
}

// Elapsed is how long the run took.
func (r *Run) Elapsed() time.Duration { return max(0, r.End.Sub(r.Start)) }

// Entry is the directory of the entry; "" when the run left none.
func (r *Run) Entry() string { return r.entry }

// changed reports whether something was installed or removed, or failed: such
// a run is remembered.
func (r *Run) changed() bool {
	for _, p := range r.Parts {
		if p.started() && (p.Verb != Updating || p.Result != Done) {
			return true
		}
	}
	return false
}

// altered reports whether the directory is not as it was before the run.
func (r *Run) altered() bool {
	for _, p := range r.Parts {
		if p.started() && (p.Verb != Updating || p.Result == Failed) {
			return true
		}
	}
	return false
}

// check refuses a run that no recorder has written.
func (r *Run) check(id string) error {
	if r.ID != id {
		return fmt.Errorf("it says that it is run %q", r.ID)
	}
	limit := r.Elapsed()
	for _, p := range r.Parts {
		if p == nil || p.Part == "" || p.Lane < 0 || p.Lane > len(r.Parts) || !p.within(0, limit) {
			return errors.New("a part in it is none")
		}
		for _, s := range p.Steps {
			if !s.within(p.Start, p.End) {
				return fmt.Errorf("a step of %s lies outside of it", p.Part)
			}
		}
	}
	for _, f := range r.Downloads {
		if f == nil || f.Lane < 0 || f.Lane > len(r.Downloads) || !f.within(0, limit) {
			return errors.New("a download in it is none")
		}
	}
	return r.Slots.check()
}

// within reports whether the interval lies in that from from to to.
func (i Interval) within(from, to time.Duration) bool {
	return from <= i.Start && i.Start <= i.End && i.End <= to
}
