// Package ui shows diagnostics and events: as text for people, on a terminal
// or not, and as JSON, SARIF or GitHub annotations for programs. All text that
// leaves it has passed Mask and holds no control characters of others.
package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"gobuild/buildout/diag"
)

// Style says how text for people looks. The zero Style is plain.
type Style struct {
	Color bool
	All   bool   // show all diagnostics, however many there are
	ASCII bool   // the terminal may not know how to show more
	Dir   string // names below it are shown relative to it; "" means as they are
	Width int    // columns to which source lines are cut; 0 means defaultWidth
}

// defaultWidth is the width of what is no terminal.
const defaultWidth = 120

// ColorModes are the values of --color.
var ColorModes = []string{"auto", "always", "never"}

// NewStyle returns the style for text that goes to file. Mode is one of
// ColorModes, "" meaning auto: colour on a terminal unless NO_COLOR is set or
// TERM is dumb. An unknown mode is an error, with the style of auto beside it.
func NewStyle(file *os.File, mode string, environ []string) (Style, error) {
	s := Style{Color: isTerminal(file, environ) && lookup(environ, "NO_COLOR") == "", ASCII: !isUTF8(environ)}
	if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
		s.Width = columns
	}
	if dir, err := os.Getwd(); err == nil {
		s.Dir = dir
	}
	switch mode {
	case "", "auto":
	case "always":
		s.Color = true
	case "never":
		s.Color = false
	default:
		return s, badMode(mode)
	}
	return s, nil
}

func badMode(mode string) error {
	d := diag.At(diag.Span{}, "color-mode", "unknown colour mode %q: it is one of %s", mode, strings.Join(ColorModes, ", "))
	return d.WithHint("%s", diag.DidYouMean(mode, ColorModes))
}

// Interactive reports whether file is a terminal on which a bar may be drawn:
// one that knows cursor movements and is not the log of a CI service.
func Interactive(file *os.File, environ []string) bool {
	ci := lookup(environ, "CI")
	return isTerminal(file, environ) && (ci == "" || ci == "0" || ci == "false")
}

// Asks reports whether a question on a file reaches somebody: it is a terminal.
func Asks(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// isTerminal reports whether file is a terminal that is more than dumb.
func isTerminal(file *os.File, environ []string) bool {
	kind := lookup(environ, "TERM")
	return kind != "" && kind != "dumb" && term.IsTerminal(int(file.Fd()))
}

// isUTF8 reports whether the locale of environ has the encoding UTF-8.
func isUTF8(environ []string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := lookup(environ, name); locale != "" {
			locale = strings.ToLower(strings.ReplaceAll(locale, "-", ""))
			return strings.Contains(locale, "utf8")
		}
	}
	return false
}

// lookup returns the value of name in environ, "" when it is missing.
func lookup(environ []string, name string) string {
	value := ""
	for _, e := range environ {
		if n, v, ok := strings.Cut(e, "="); ok && n == name {
			value = v
		}
	}
	return value
}

// The colours, as parameters of the escape sequence.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	cyan   = "1;36"
	blue   = "34"
)

// paint returns text in a colour when s has colours; "" is no colour.
func (s Style) paint(color, text string) string {
	if !s.Color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// colorOf returns the colour of a severity.
func colorOf(s diag.Severity) string {
	switch s {
	case diag.Error:
		return red
	case diag.Warning:
		return yellow
	}
	return cyan
}

// columns returns the width to which source lines are cut.
func (s Style) columns() int {
	if s.Width <= 0 {
		return defaultWidth
	}
	return s.Width
}

// name returns the name of a source as it is shown: relative to the current
// directory when that is shorter.
func (s Style) name(name string) string {
	if s.Dir == "" || !filepath.IsAbs(name) {
		return name
	}
	if rel, err := filepath.Rel(s.Dir, name); err == nil && len(rel) < len(name) {
		return rel
	}
	return name
}

// place returns name:line:column of a position, "" for nowhere.
func (s Style) place(p diag.Pos) string {
	if !p.IsValid() {
		return ""
	}
	line, column := p.LineColumn()
	return fmt.Sprintf("%s:%d:%d", s.name(p.Src.Name), line, column)
}
