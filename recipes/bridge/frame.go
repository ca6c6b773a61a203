package bridge

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// frame is an order in work: for which part, and what serves it.
type frame struct {
	part       string
	recipe     string // as the profile names it
	suggestion string // the built-in recipe that the name is nearly
	purpose    string // what Python is for, unless it is to run the recipe
	host       parts.Host
	fetch      parts.Fetcher
	proc       parts.Runner
	work       *parts.Work // nil while the part is prepared
	script     string      // the option that holds the script, or ""
	environ    []string
	log        io.Writer
	printed    *printed
	timeout    time.Duration
	sections   map[string]parts.Host
}

// preparing is the frame of an order while a part is prepared.
func preparing(h parts.Host, recipe string) *frame {
	proc, fetch := h.Probe()
	f := &frame{part: h.Name(), recipe: recipe, host: h, fetch: fetch, proc: proc, environ: proc.Environ(), printed: &printed{}, sections: map[string]parts.Host{h.Name(): h}}
	f.log = io.MultiWriter(h.Log(), f.printed)
	return f
}

// working is the frame of an order while a part is installed, updated or
// removed.
func working(h parts.Host, w *parts.Work, recipe string) *frame {
	f := &frame{part: w.Part, recipe: recipe, host: h, fetch: w.Fetch, proc: w.Proc, work: w, environ: w.Proc.Environ(), log: w.Log, printed: &printed{}, sections: map[string]parts.Host{}}
	if h != nil {
		f.sections[h.Name()] = h
	}
	return f
}

// lineAt is the place of a line of the script, which stands in an option. Lines
// that the profile has otherwise, because of references, are passed over.
func (f *frame) lineAt(line int) diag.Span {
	if line < 1 || f.script == "" || f.host == nil {
		return diag.Span{}
	}
	text, at, _ := f.host.Lookup(f.script)
	lines := strings.Split(text, "\n")
	source, from := at.Text(), 0
	for i, text := range lines[:min(line, len(lines))] {
		text = strings.TrimSpace(text)
		found := strings.Index(source[from:], text)
		if text == "" || found < 0 {
			continue
		}
		from += found
		if i == line-1 {
			start := at.From.Offset + from
			return diag.SpanOf(at.From.Src, start, start+len(text))
		}
		from += len(text)
	}
	return diag.Span{}
}

// setenv tells what an order has changed of the environment.
func (f *frame) setenv(change parts.Environment) {
	switch {
	case f.work == nil:
		f.host.Setenv(change)
	case f.work.Setenv != nil:
		f.work.Setenv(change)
	}
}

// say shows a message to the user. It is in the log already.
func (f *frame) say(level, text string) {
	if f.work == nil {
		f.host.Say(event.Level(level), text)
		return
	}
	f.work.Events.Emit(event.Event{Kind: event.Message, Part: f.part, Level: event.Level(level), Text: text, Time: time.Now()})
}

// tell shows a message and puts it into the log.
func (f *frame) tell(level event.Level, text string) {
	io.WriteString(f.log, f.part+": "+text+"\n")
	f.say(string(level), text)
}

// section returns a section without depending on it.
func (f *frame) section(ctx context.Context, name string) (parts.Host, error) {
	if s := f.sections[name]; s != nil {
		return s, nil
	}
	s, err := f.host.Other(ctx, name)
	if err != nil {
		return nil, err
	}
	f.sections[name] = s
	return s, nil
}

// option is an option of a section, or "".
func option(ctx context.Context, h parts.Host, key string) string {
	if h == nil {
		return ""
	}
	value, _, err := h.Get(ctx, key)
	if err != nil {
		return ""
	}
	return value
}

// excerptLines is how much of what a recipe printed is shown with its error.
const excerptLines = 20

// printed keeps the end of what an order prints.
type printed struct {
	mu    sync.Mutex
	bytes []byte
}

// Write keeps p.
func (t *printed) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, p...)
	if most := 64 << 10; len(t.bytes) > most {
		t.bytes = bytes.Clone(t.bytes[len(t.bytes)-most/2:])
	}
	return len(p), nil
}

// text returns the last lines.
func (t *printed) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.bytes), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-excerptLines):], []byte("\n")))
}

// isProgram reports whether a path is an executable file.
func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
