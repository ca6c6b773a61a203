package bridge

import (
	"context"

	"gobuild/parts"
)

// Master is the conversation of one section with its master, by the slap library
// of Python.
type Master struct {
	bridge *Bridge
	host   parts.Host
	work   *parts.Work // nil while the part is prepared
	where  MasterAddress
}

// MasterAddress names a partition and its master.
type MasterAddress struct {
	Server    string `json:"server"`
	Computer  string `json:"computer"`
	Partition string `json:"partition"`
	Key       string `json:"key"`
	Cert      string `json:"cert"`
}

// NewMaster returns the conversation of a section. The error is parts.ErrNotRun
// when the profile is only looked at.
func NewMaster(o parts.Options, where MasterAddress) (*Master, error) {
	h, ok := o.(parts.Host)
	if !ok || h.Session() == nil {
		return nil, parts.ErrNotRun
	}
	return &Master{bridge: Of(h.Session()), host: h, where: where}, nil
}

// At returns the conversation while the part is installed.
func (m *Master) At(w *parts.Work) *Master {
	working := *m
	working.work = w
	return &working
}

// ReadOnly reports whether the run changes nothing.
func (m *Master) ReadOnly() bool { return m.bridge.session.ReadOnly }

// Ask does one call of the library, with arguments, and reads its result. The
// error is a *MasterError when the library is not there or tells one.
func (m *Master) Ask(ctx context.Context, call string, arguments map[string]any, result any) error {
	with := map[string]any{
		"call": call, "server": m.where.Server, "computer": m.where.Computer, "partition": m.where.Partition,
		"key": m.where.Key, "cert": m.where.Cert,
	}
	for name, value := range arguments {
		with[name] = value
	}
	f := preparing(m.host, slapProject)
	if m.work != nil {
		f = working(m.host, m.work, slapProject)
	}
	f.purpose = "the master is asked by Python code"
	return m.bridge.order(ctx, f, "slap", with, result)
}

// slapProject is the project that has the slap library.
const slapProject = "slapos.core"

// The kinds of a MasterError.
const (
	MasterNoLibrary = "slap-library" // there is no slap library
	MasterDown      = "slap-down"    // it cannot be reached
	MasterMissing   = "slap-missing" // it does not know what was asked for
	MasterEarly     = "slap-early"   // what was asked for is not ready yet
	MasterRefused   = "slap-refused" // anything else
)

// MasterError is why a master is of no use. It tells nothing of what was sent.
type MasterError struct {
	Kind   string
	Text   string
	Status int      // of HTTP, or 0
	Tried  []string // where the library was looked for
}

// Error returns the reason.
func (e *MasterError) Error() string { return e.Text }

// masterFailure is the error of a call, or nil if it is none of the library.
func masterFailure(p *problem) error {
	switch p.Kind {
	case MasterNoLibrary, MasterDown, MasterMissing, MasterEarly, MasterRefused:
		return &MasterError{Kind: p.Kind, Text: p.Text, Status: p.Status, Tried: p.Tried}
	}
	return nil
}
