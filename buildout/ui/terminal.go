package ui

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// The rules of the terminal:
//   - One bar for the run; below it a line for each running part. The cursor
//     rests where the bar begins, so "\r" and erasing below takes all away.
//   - What stays (finished parts, messages) is written in place of the bar,
//     which is drawn anew below it, all in one write.
//   - The bar appears with the first tick: a run that has nothing to do shows
//     none. Between ticks only what stays is written.
//   - No line of the bar is as wide as the terminal: it would wrap.
const (
	redraw  = 100 * time.Millisecond
	erase   = "\r\x1b[J"
	maxBar  = 40 // columns of the bar itself
	minBar  = 3
	maxRows = 16 // lines below the bar
)

// Terminal shows events on a terminal. Size returns its columns and rows.
func Terminal(out io.Writer, size func() (columns, rows int), c Config) Screen {
	return start(out, newTerminal(size, c), c.Clock, redraw)
}

// Size returns the function that asks for the size of the terminal file.
func Size(file *os.File) func() (columns, rows int) {
	return func() (int, int) {
		columns, rows, err := term.GetSize(int(file.Fd()))
		if err != nil || columns <= 0 || rows <= 0 {
			return 80, 24
		}
		return columns, rows
	}
}

// terminal is the painter of Terminal.
type terminal struct {
	board
	style     Style
	verbosity int
	size      func() (columns, rows int)
	now       func() time.Time

	buf     bytes.Buffer // one frame; the bar writes to it
	bar     *progressbar.ProgressBar
	pending []string // lines that stay, to be written
	stale   bool     // the bar shows an old state
	visible bool     // a tick has come
	drawn   bool     // the bar is on the screen
	second  int64    // of the last frame
}

func newTerminal(size func() (columns, rows int), c Config) *terminal {
	t := &terminal{style: c.Style, verbosity: c.Verbosity, size: size, now: c.Clock.now}
	theme := progressbar.ThemeDefault
	if c.Style.ASCII {
		theme = progressbar.ThemeASCII
	}
	t.bar = progressbar.NewOptions(1,
		progressbar.OptionSetWriter(&t.buf),
		progressbar.OptionSetTheme(theme),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionShowDescriptionAtLineEnd())
	return t
}

func (t *terminal) take(e event.Event) {
	r := t.note(e)
	t.stale = true
	list, color := linesOf(e, r, t.verbosity)
	if e.Kind == event.StepStarted {
		return // shown below the bar
	}
	for _, line := range list {
		t.pending = append(t.pending, t.style.paint(color, line))
	}
}

func (t *terminal) show(list diag.List) {
	for line := range strings.Lines(textOf(list, t.style, t.verbosity)) {
		t.pending = append(t.pending, strings.TrimSuffix(line, "\n"))
	}
}

func (t *terminal) tick(now time.Time) {
	t.visible = true
	if now.Unix() != t.second {
		t.stale = true
	}
}

// frame returns the bytes that bring the terminal up to date. Without a tick
// since the last event and nothing that stays there are none.
func (t *terminal) frame() []byte {
	if len(t.pending) == 0 && (!t.stale || !t.visible) {
		return nil
	}
	t.buf.Reset()
	if t.drawn {
		t.buf.WriteString(erase)
		t.drawn = false
	}
	if t.hasBar() {
		t.draw()
	} else {
		for _, line := range t.pending {
			t.buf.WriteString(line + "\n")
		}
	}
	t.pending, t.stale = nil, false
	return t.buf.Bytes()
}

// hasBar reports whether there is something that a bar could tell.
func (t *terminal) hasBar() bool {
	return t.visible && t.verbosity >= 0 && !t.started.IsZero() && (t.done < t.total || len(t.parts) > 0)
}

// draw writes the lines that stay, the bar, and the lines of running parts. The
// bar is never full: a full one would take no more lines.
func (t *terminal) draw() {
	now := t.now()
	t.second = now.Unix()
	columns, rows := t.size()
	begin := t.buf.Len()
	t.total = max(t.total, t.done+len(t.parts)) // more than were announced
	t.bar.Reset()
	t.bar.ChangeMax(t.total)
	t.bar.Set(t.done)
	text, width := t.label(now, columns)
	progressbar.OptionSetWidth(width)(t.bar)
	t.buf.Truncate(begin) // drop what the calls above have drawn
	for _, line := range t.pending {
		progressbar.Bprintf(t.bar, "%s\n", line)
	}
	t.bar.Describe(text)
	t.rows(t.details(now, columns, min(rows-2, maxRows)))
	t.drawn = true
}

// label returns the text behind the bar and the columns of the bar: count and
// time, or less where the terminal is narrow.
func (t *terminal) label(now time.Time, columns int) (text string, width int) {
	const around = 12 // share, frame of the bar, blanks, and one column free
	count := fmt.Sprintf("%d/%d", t.done, t.total)
	for _, text = range []string{count + " " + duration(now.Sub(t.started).Truncate(time.Second)), count, ""} {
		if width = columns - around - len(text); width >= minBar {
			break
		}
	}
	return text, max(0, min(width, maxBar))
}

// details returns a line for each running part, at most n.
func (t *terminal) details(now time.Time, columns, n int) []string {
	shown := t.parts
	if len(shown) > n {
		shown = shown[:max(0, n-1)]
	}
	var list []string
	for _, p := range shown {
		list = append(list, cut(clean(p.doing(now)), columns-1))
	}
	if more := len(t.parts) - len(shown); more > 0 && n > 0 {
		list = append(list, cut(fmt.Sprintf("... and %d more", more), columns-1))
	}
	return list
}

// rows writes the lines below the bar. The bar takes them one by one and draws
// all of them each time; only the last drawing is kept.
func (t *terminal) rows(list []string) {
	progressbar.OptionSetMaxDetailRow(len(list))(t.bar)
	begin := t.buf.Len()
	for _, line := range list {
		t.buf.Truncate(begin)
		t.bar.AddDetail(strings.ReplaceAll(line, "\t", " "))
	}
}

// end takes the bar away.
func (t *terminal) end() []byte {
	if !t.drawn {
		return nil
	}
	t.drawn = false
	return []byte(erase)
}
