package ui

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/event"
)

// show opens a Terminal on a vt.
func show(t *testing.T, columns, rows int, c Config) (*stage, *vt) {
	s, v := newStage(t), newVT(t, columns, rows)
	c.Clock = s.clock()
	s.sink = Terminal(v, v.size, c)
	return s, v
}

// middle brings a run to where three parts of five are at work.
func (s *stage) middle() {
	s.run(5)
	s.part("Updating", "a")
	s.done("a", nil)
	s.part("Installing", "zlib")
	s.step("zlib", "fetch")
	s.progress("zlib", 43, 100)
	s.part("Installing", "日本語の部品")
	s.step("日本語の部品", "configure")
	s.part("Installing", "openssl")
	s.pass(2 * time.Second)
	s.say(event.Info, "zlib", "hello")
	s.part("Installing", "b")
	s.pass(10 * time.Second)
	s.done("b", nil)
	s.pass(time.Second)
}

// terminalTests shows the same moment on terminals of several kinds.
var terminalTests = []struct {
	name          string
	columns, rows int
	ascii         bool
	during, after string
}{
	{"wide", 80, 24, false, `
Updated a.
zlib: hello
Installed b in 10 s.
  40% |████████████████                        |  2/5 13 s
zlib: fetch 43 %
日本語の部品: configure 13 s
openssl: installing 13 s
`, `
Updated a.
zlib: hello
Installed b in 10 s.
Failed zlib in step fetch after 14 s.
`},
	{"ascii", 80, 24, true, `
Updated a.
zlib: hello
Installed b in 10 s.
  40% [===============>........................]  2/5 13 s
zlib: fetch 43 %
日本語の部品: configure 13 s
openssl: installing 13 s
`, ""},
	{"narrow", 20, 24, false, `
Updated a.
zlib: hello
Installed b in 10 s.
  40% |██   |  2/5
zlib: fetch 43 %
日本語の部品: co...
openssl: install...
`, ""},
	{"low", 80, 4, false, `
Updated a.
zlib: hello
Installed b in 10 s.
  40% |████████████████                        |  2/5 13 s
zlib: fetch 43 %
... and 2 more
`, ""},
}

func TestTerminal(t *testing.T) {
	for _, tt := range terminalTests {
		t.Run(tt.name, func(t *testing.T) {
			s, v := show(t, tt.columns, tt.rows, Config{Style: Style{ASCII: tt.ascii}})
			s.middle()
			check(t, v.String(), tt.during)
			if v.wrapped {
				t.Error("a line has wrapped")
			}
			s.pass(time.Second)
			s.emit(event.Event{Kind: event.PartDone, Part: "zlib", Error: "no"})
			s.close()
			if tt.after != "" {
				check(t, v.String(), tt.after)
			}
			if v.column != 0 {
				t.Errorf("the cursor is left in column %d", v.column)
			}
		})
	}
}

// TestTerminalShrinks: lines of parts that have ended do not stay.
func TestTerminalShrinks(t *testing.T) {
	s, v := show(t, 40, 24, Config{})
	s.run(3)
	for _, part := range []string{"a", "b", "c"} {
		s.part("Installing", part)
	}
	s.pass(time.Second)
	s.done("a", nil)
	s.done("c", nil)
	s.pass(time.Second)
	check(t, v.String(), `
Installed a.
Installed c.
  66% |█████████████        |  2/3 2 s
b: installing 2 s
`)
	s.done("b", nil)
	s.pass(time.Second)
	check(t, v.String(), "Installed a.\nInstalled c.\nInstalled b in 2 s.\n")
	s.close()
}

// TestTerminalNested: the parts of a nested run count too.
func TestTerminalNested(t *testing.T) {
	s, v := show(t, 40, 24, Config{})
	s.run(1)
	s.part("Installing", "outer")
	s.run(3)
	s.part("Installing", "a")
	s.done("a", nil)
	s.pass(time.Second)
	check(t, v.String(), "Installed a.\n  25% |█████                |  1/4 1 s\nouter: installing 1 s\n")
	s.close()
}

// TestTerminalTotal: more parts than were announced break nothing.
func TestTerminalTotal(t *testing.T) {
	s, v := show(t, 40, 24, Config{})
	s.run(1)
	s.part("Installing", "a")
	s.done("x", nil)
	s.done("y", nil)
	s.pass(time.Second)
	check(t, v.String(), "Installed x.\nInstalled y.\n  66% |█████████████        |  2/3 1 s\na: installing 1 s\n")
	s.close()
}

// TestTerminalQuick: a run that ends before the first tick shows no bar.
func TestTerminalQuick(t *testing.T) {
	s, v := show(t, 80, 24, Config{})
	s.run(2)
	s.part("Updating", "a")
	s.done("a", nil)
	s.part("Updating", "b")
	s.done("b", nil)
	s.close()
	check(t, v.String(), "Updated a.\nUpdated b.\n")
}

// TestTerminalIdle: nothing is written when nothing has changed.
func TestTerminalIdle(t *testing.T) {
	s, v := show(t, 80, 24, Config{})
	s.run(2)
	s.part("Installing", "a")
	s.pass(time.Second)
	before := v.writes
	s.pass(300 * time.Millisecond)
	if v.writes != before {
		t.Errorf("%d writes without a change", v.writes-before)
	}
	s.progress("a", 1, 2)
	s.pass(100 * time.Millisecond)
	s.pass(time.Second)
	if n := v.writes - before; n != 2 {
		t.Errorf("%d writes for two changes", n)
	}
	s.close()
}

func TestTerminalQuiet(t *testing.T) {
	s, v := show(t, 80, 24, Config{Verbosity: -10})
	s.play()
	s.close()
	check(t, v.String(), "Section `a` contains unused option(s): 'x'.\nFailed b in step configure after 3 s.\n")
}

func TestTerminalVerbose(t *testing.T) {
	s, v := show(t, 80, 24, Config{Verbosity: 10})
	s.play()
	s.close()
	check(t, v.String(), `
Uninstalled old.
zlib: get https://joe:***@host/z.tar
zlib: two
lines\x1b[2J
Section `+"`a`"+` contains unused option(s): 'x'.
Updated a.
Installed zlib in 2 min 16 s.
Failed b in step configure after 3 s.
`)
}

// TestPTY runs the screen on a real pseudo-terminal of the two widths.
func TestPTY(t *testing.T) {
	for _, columns := range []int{80, 20} {
		master, slave := openPTY(t, uint16(columns), 24)
		output := make(chan []byte)
		go func() { output <- readAll(master) }()
		s := newStage(t)
		style, err := NewStyle(slave, "auto", []string{"TERM=xterm", "LANG=C.UTF-8"})
		if err != nil || !style.Color || style.ASCII || style.Width != columns {
			t.Errorf("style %+v, %v", style, err)
		}
		s.sink = Open(slave, []string{"TERM=xterm"}, Config{Clock: s.clock()})
		s.middle()
		s.close()
		slave.Close()
		raw := <-output
		v := newVT(t, columns, 24)
		v.Write(raw)
		check(t, v.String(), "Updated a.\nzlib: hello\nInstalled b in 10 s.\n")
		if !bytes.Contains(raw, []byte("  40% |")) || v.wrapped {
			t.Errorf("%d columns: no bar, or a line has wrapped: %q", columns, raw)
		}
	}
}

// TestOpen: no bar where it would not work, or where nobody looks.
func TestOpen(t *testing.T) {
	_, slave := openPTY(t, 80, 24)
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := []struct {
		name      string
		file      *os.File
		environ   []string
		verbosity int
		bar       bool
	}{
		{"terminal", slave, []string{"TERM=xterm"}, 0, true},
		{"not CI", slave, []string{"TERM=xterm", "CI=false"}, 0, true},
		{"CI", slave, []string{"TERM=xterm", "CI=true"}, 0, false},
		{"dumb", slave, []string{"TERM=dumb"}, 0, false},
		{"no TERM", slave, nil, 0, false},
		{"quiet", slave, []string{"TERM=xterm"}, -10, false},
		{"file", file, []string{"TERM=xterm"}, 0, false},
	}
	for _, tt := range tests {
		s := Open(tt.file, tt.environ, Config{Verbosity: tt.verbosity})
		_, bar := s.(*screen).painter.(*terminal)
		s.Close()
		if bar != tt.bar {
			t.Errorf("%s: bar is %v", tt.name, bar)
		}
	}
	if columns, rows := Size(file)(); columns != 80 || rows != 24 {
		t.Errorf("size of a file: %d, %d", columns, rows)
	}
}

func TestNewStyle(t *testing.T) {
	_, slave := openPTY(t, 33, 24)
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := []struct {
		file    *os.File
		mode    string
		environ string
		color   bool
		ascii   bool
	}{
		{slave, "auto", "TERM=xterm", true, true},
		{slave, "", "TERM=xterm LANG=de_DE.utf8", true, false},
		{slave, "auto", "TERM=xterm LC_ALL=C LANG=de_DE.utf8", true, true},
		{slave, "auto", "TERM=xterm NO_COLOR=1", false, true},
		{slave, "auto", "TERM=xterm NO_COLOR=", true, true},
		{slave, "auto", "TERM=dumb", false, true},
		{slave, "never", "TERM=xterm", false, true},
		{slave, "always", "TERM=dumb NO_COLOR=1", true, true},
		{file, "auto", "TERM=xterm", false, true},
		{file, "always", "TERM=xterm", true, true},
	}
	for _, tt := range tests {
		s, err := NewStyle(tt.file, tt.mode, strings.Fields(tt.environ))
		if err != nil || s.Color != tt.color || s.ASCII != tt.ascii || s.Dir == "" {
			t.Errorf("%s %s: %+v, %v", tt.mode, tt.environ, s, err)
		}
	}
	_, err = NewStyle(file, "allways", nil)
	if want := `unknown colour mode "allways": it is one of auto, always, never`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
