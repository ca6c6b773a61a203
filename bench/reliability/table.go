//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
)

// mostViolations ends a command that finds nothing else.
const mostViolations = 150

// table is what a command found: rows of numbers, and what was violated.
// Several goroutines may add to it.
type table struct {
	live io.Writer // where violations are shown as they come, or nil

	mu         sync.Mutex
	head       []string
	rows       [][]string
	violations []string
}

// columns names the columns.
func (t *table) columns(names ...string) { t.head = names }

// row adds a row.
func (t *table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = fmt.Sprint(c)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, texts)
}

// violation notes what must not be.
func (t *table) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.violations = append(t.violations, text)
	if t.live != nil {
		fmt.Fprintf(t.live, "VIOLATION: %s\n", strings.ReplaceAll(text, "\n", "\n    "))
	}
}

// count returns the number of violations so far.
func (t *table) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.violations)
}

// print writes the table as aligned text.
func (t *table) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{t.head}, t.rows...) {
		fmt.Fprintln(out, strings.Join(r, "\t"))
	}
	out.Flush()
}

// tally counts by name in the order of first mention.
type tally struct {
	names []string
	of    map[string]int
}

func (c *tally) add(name string, n int) {
	if c.of == nil {
		c.of = map[string]int{}
	}
	if c.of[name] == 0 {
		c.names = append(c.names, name)
	}
	c.of[name] += n
}

// merge adds what another one has counted.
func (c *tally) merge(other tally) {
	for _, name := range other.names {
		c.add(name, other.of[name])
	}
}

func (c tally) String() string {
	if len(c.names) == 0 {
		return "0"
	}
	var all []string
	for _, n := range c.names {
		all = append(all, fmt.Sprintf("%s %d", n, c.of[n]))
	}
	return strings.Join(all, ", ")
}
