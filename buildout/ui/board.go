package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/event"
)

// board is the state of a run as its events tell it.
type board struct {
	total, done int       // parts; a nested run adds its own to total
	started     time.Time // of the first run
	parts       []*running
}

// running is a part that is being worked on.
type running struct {
	name        string
	verb        string // Installing, Updating, Uninstalling
	step        string // "" before the first one
	since       time.Time
	stepSince   time.Time
	said        time.Time // when a line about it was last written
	bytes, size int64     // of the step; size 0 is unknown
}

// note takes an event into the board and returns the part it is about; of a
// PartDone, the part as it was.
func (b *board) note(e event.Event) *running {
	switch e.Kind {
	case event.RunStarted:
		if b.started.IsZero() {
			b.started = e.Time
		}
		b.total += int(e.Total)
	case event.PartStarted:
		b.parts = append(b.parts, &running{name: e.Part, verb: cmp.Or(e.Verb, "Installing"), since: e.Time, stepSince: e.Time, said: e.Time})
	case event.PartDone:
		return b.drop(e)
	}
	p := b.part(e.Part)
	if p == nil {
		return nil
	}
	switch e.Kind {
	case event.StepStarted:
		p.step, p.stepSince, p.bytes, p.size = e.Step, e.Time, 0, 0
	case event.Progress:
		p.bytes, p.size = e.Done, e.Total
	}
	return p
}

// part returns the running part of that name, or nil.
func (b *board) part(name string) *running {
	for _, p := range slices.Backward(b.parts) {
		if p.name == name {
			return p
		}
	}
	return nil
}

// drop removes the part that e ends.
func (b *board) drop(e event.Event) *running {
	b.done++
	p := b.part(e.Part)
	if p == nil {
		return &running{name: e.Part, verb: cmp.Or(e.Verb, "Installing"), since: e.Time.Add(-e.Elapsed)}
	}
	b.parts = slices.DeleteFunc(b.parts, func(q *running) bool { return q == p })
	return p
}

// elapsed returns how long the part that e ends has taken.
func (p *running) elapsed(e event.Event) time.Duration {
	if e.Elapsed > 0 {
		return e.Elapsed
	}
	return e.Time.Sub(p.since)
}

// starting returns zc.buildout's line for a part that starts.
func (p *running) starting() string { return p.verb + " " + p.name + "." }

// ending returns the line for a part that has ended, with the time if it took
// longer than a second.
func (p *running) ending(e event.Event) string {
	took := p.elapsed(e)
	after := ""
	if took > time.Second {
		after = " in " + duration(took)
	}
	if !failed(e) {
		return past(p.verb) + " " + p.name + after + "."
	}
	how := "Failed "
	if errors.Is(e.Err, context.Canceled) {
		how = "Interrupted "
	}
	step := ""
	if p.step != "" {
		step = " in step " + p.step
	}
	return how + p.name + step + strings.Replace(after, " in ", " after ", 1) + "."
}

func failed(e event.Event) bool { return e.Err != nil || e.Error != "" }

// past turns Installing into Installed.
func past(verb string) string {
	return strings.TrimSuffix(verb, "ing") + "ed"
}

// doing returns what the part does, such as `zlib: fetch 43 %`.
func (p *running) doing(now time.Time) string {
	step := p.step
	if step == "" {
		step = strings.ToLower(p.verb)
	}
	return p.name + ": " + step + " " + p.progress(now)
}

// progress returns how far the step is: a share, an amount, or a time.
func (p *running) progress(now time.Time) string {
	switch {
	case p.size > 0:
		return fmt.Sprintf("%d %%", min(100, int64(float64(p.bytes)/float64(p.size)*100)))
	case p.bytes > 0:
		return size(p.bytes)
	}
	return duration(now.Sub(p.stepSince).Truncate(time.Second))
}

// size returns an amount of bytes for people.
func size(n int64) string {
	value, unit := float64(n), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if value < 1000 {
			break
		}
		value, unit = value/1000, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

// duration returns a time for people: 12.3 s, 12 s, 2 min 5 s, 1 h 2 min.
func duration(d time.Duration) string {
	d = max(d, 0).Round(100 * time.Millisecond)
	seconds := int(d / time.Second)
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", seconds/3600, seconds/60%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	case d%time.Second == 0:
		return fmt.Sprintf("%d s", seconds)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// threshold returns the least verbosity at which messages of a level show.
func threshold(l event.Level) int {
	switch l {
	case event.Debug:
		return 10
	case event.Warning:
		return -10
	}
	return 0
}

// says returns the lines of a message: `part: text`, each further line of the
// text as it is. The text of a message without a part stands alone.
func says(e event.Event) []string {
	list := lines(e.Text)
	if e.Part != "" {
		list[0] = clean(e.Part) + ": " + list[0]
	}
	return list
}
