package buildout

import (
	"io"
	"time"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// Foreigner is a Lookup that finds recipes too that are not built in.
type Foreigner interface {
	// Foreign returns the recipe that a profile calls name. That it exists is
	// known when it prepares a section.
	Foreign(name string) (parts.Spec, bool)
}

// serveForeign makes the planner run the code of recipes.
func (e *Engine) serveForeign() {
	e.session = &parts.Session{ReadOnly: e.Fetch.ReadOnly, SlapOS: e.Profile.Dialect == profile.SlapOS}
	if f, ok := e.Recipes.(Foreigner); ok {
		e.planner.Foreign = f.Foreign
	}
	e.planner.Services = &plan.Services{
		Session: e.session,
		Setenv:  func(c parts.Environment) { e.environment.change(-1, c) },
		Say: func(part string, level event.Level, text string) {
			e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Part: part, Level: level, Text: text})
		},
		Log: e.probeLog,
	}
}

// probeLog is the log of a section that is prepared.
func (e *Engine) probeLog(part string) io.Writer {
	if e.Fetch.ReadOnly {
		return io.Discard
	}
	log := newPartLog(e.logPathIn(e.early("directory"), part))
	e.probes = append(e.probes, log)
	return log
}
