package ui

import (
	"io"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// heartbeat is how long a part may work before a line says that it still does.
const heartbeat = time.Minute

// Plain shows events as lines, for files, pipes and CI services: when a part
// starts, when it ends if it took longer than a second, and once a minute in
// long steps. A more verbose one shows the steps too.
func Plain(w io.Writer, c Config) Screen {
	return start(w, &plain{verbosity: c.Verbosity, style: c.Style}, c.Clock, time.Second)
}

// plain is the painter of Plain.
type plain struct {
	board
	style     Style
	verbosity int
	buf       []byte
}

func (p *plain) take(e event.Event) {
	r := p.note(e)
	list, color := linesOf(e, r, p.verbosity)
	if e.Kind == event.PartStarted && p.verbosity >= 0 {
		list = []string{clean(r.starting())}
	}
	if e.Kind == event.PartDone && !failed(e) && r.elapsed(e) <= time.Second {
		return
	}
	for _, line := range list {
		p.line(p.style.paint(color, line))
	}
	if r != nil && len(list) > 0 {
		r.said = e.Time
	}
}

func (p *plain) show(list diag.List) {
	p.buf = append(p.buf, textOf(list, p.style, p.verbosity)...)
}

// textOf returns the text of diagnostics in the middle of a run, "" when there
// are but warnings and they are not wanted.
func textOf(list diag.List, s Style, verbosity int) string {
	if list.Err() == nil && verbosity < threshold(event.Warning) {
		return ""
	}
	var b strings.Builder
	Diagnostics(&b, list, s) // a Builder takes all
	return b.String()
}

func (p *plain) line(text string) {
	p.buf = append(append(p.buf, text...), '\n')
}

// linesOf returns the lines to show for an event about part r, and their
// colour. The start of a part is up to the caller.
func linesOf(e event.Event, r *running, verbosity int) (list []string, color string) {
	switch e.Kind {
	case event.Message:
		if verbosity < threshold(e.Level) || e.Text == "" {
			return nil, ""
		}
		if e.Level == event.Warning {
			color = yellow
		}
		return says(e), color
	case event.StepStarted:
		if verbosity >= 10 {
			return []string{clean(e.Part + ": " + e.Step)}, ""
		}
	case event.PartDone:
		if failed(e) && verbosity >= -10 {
			return []string{clean(r.ending(e))}, red
		}
		if verbosity >= 0 {
			return []string{clean(r.ending(e))}, ""
		}
	}
	return nil, ""
}

// tick writes a line for each part of which nothing was heard for long.
func (p *plain) tick(now time.Time) {
	if p.verbosity < 0 {
		return
	}
	for _, r := range p.parts {
		if now.Sub(r.said) >= heartbeat {
			p.line(clean(r.still(now)))
			r.said = now
		}
	}
}

// still returns the line that tells that a part goes on.
func (r *running) still(now time.Time) string {
	text := r.name + ": still " + duration(now.Sub(r.since).Truncate(time.Second))
	if r.step != "" {
		text = r.name + ": still in step " + r.step + " after " + duration(now.Sub(r.stepSince).Truncate(time.Second))
	}
	if r.bytes > 0 {
		text += " (" + r.progress(now) + ")"
	}
	return text + "."
}

func (p *plain) frame() []byte {
	out := p.buf
	p.buf = p.buf[:0]
	return out
}

func (p *plain) end() []byte { return nil }
