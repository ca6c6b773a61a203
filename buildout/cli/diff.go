package cli

import (
	"fmt"
	"strings"
)

const (
	diffContext = 3    // unchanged lines around a change
	maxEdits    = 2000 // beyond it, the differing middle is one change
)

// diffLine is a line of a comparison: op is ' ', '-' or '+'.
type diffLine struct {
	op   byte
	text string
}

// unifiedDiff returns the changes from was to is in the unified form, "" when
// there are none.
func unifiedDiff(name, was, is string) string {
	lines := compareLines(splitLines(was), splitLines(is))
	var b strings.Builder
	for from := 0; from < len(lines); {
		start, end := nextHunk(lines, from)
		if start == end {
			break
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
		}
		writeHunk(&b, lines, start, end)
		from = end
	}
	return b.String()
}

// splitLines splits text after each line feed.
func splitLines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	return lines[:len(lines)-len(lastEmpty(lines))]
}

func lastEmpty(lines []string) []string {
	if n := len(lines); lines[n-1] == "" {
		return lines[n-1:]
	}
	return nil
}

// nextHunk returns the range of the next changes at or after from with their
// context. Changes with at most two contexts between them are one hunk.
func nextHunk(lines []diffLine, from int) (start, end int) {
	first := from
	for first < len(lines) && lines[first].op == ' ' {
		first++
	}
	if first == len(lines) {
		return first, first
	}
	last := first
	for i := first; i < len(lines) && i-last <= 2*diffContext; i++ {
		if lines[i].op != ' ' {
			last = i
		}
	}
	return max(first-diffContext, from), min(last+1+diffContext, len(lines))
}

func writeHunk(b *strings.Builder, lines []diffLine, start, end int) {
	was, is := 1, 1
	count := func(from, to int) (w, i int) {
		for _, l := range lines[from:to] {
			if l.op != '+' {
				w++
			}
			if l.op != '-' {
				i++
			}
		}
		return w, i
	}
	w, i := count(0, start)
	was, is = was+w, is+i
	w, i = count(start, end)
	fmt.Fprintf(b, "@@ -%s +%s @@\n", hunkRange(was, w), hunkRange(is, i))
	for _, l := range lines[start:end] {
		b.WriteByte(l.op)
		b.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// hunkRange writes the first line and the number of lines; an empty range
// begins one line before.
func hunkRange(first, count int) string {
	switch count {
	case 0:
		return fmt.Sprintf("%d,0", first-1)
	case 1:
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d,%d", first, count)
}

// compareLines returns all lines of a and b, marked.
func compareLines(a, b []string) []diffLine {
	prefix := 0
	for prefix < len(a) && prefix < len(b) && a[prefix] == b[prefix] {
		prefix++
	}
	suffix := 0
	for suffix < len(a)-prefix && suffix < len(b)-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	var lines []diffLine
	lines = appendLines(lines, ' ', a[:prefix])
	lines = append(lines, shortestEdit(a[prefix:len(a)-suffix], b[prefix:len(b)-suffix])...)
	return appendLines(lines, ' ', a[len(a)-suffix:])
}

func appendLines(lines []diffLine, op byte, texts []string) []diffLine {
	for _, t := range texts {
		lines = append(lines, diffLine{op, t})
	}
	return lines
}

// shortestEdit is the greedy algorithm of Myers (1986): reach[k] is the
// furthest line of a on diagonal k after d edits; trace keeps reach for each d.
func shortestEdit(a, b []string) []diffLine {
	limit := min(len(a)+len(b), maxEdits)
	reach := make([]int, 2*limit+3)
	at := func(k int) *int { return &reach[k+limit+1] }
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), reach[limit+1-d:limit+2+d]...))
		for k := -d; k <= d; k += 2 {
			x := *at(k - 1) + 1
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = *at(k + 1)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return walkBack(a, b, trace)
			}
		}
	}
	return appendLines(appendLines(nil, '-', a), '+', b)
}

// walkBack follows the trace from the end of a and b to their beginning.
// trace[d][k+d] is the reach before round d.
func walkBack(a, b []string, trace [][]int) []diffLine {
	var reversed []diffLine
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		k := x - y
		before := k - 1
		get := func(k int) int {
			if k < -d || k > d {
				return -1
			}
			return trace[d][k+d]
		}
		if k == -d || k != d && get(k-1) < get(k+1) {
			before = k + 1
		}
		fromX := 0
		if d > 0 {
			fromX = get(before)
		}
		fromY := fromX - before
		for x > max(fromX, 0) && y > max(fromY, 0) {
			x, y = x-1, y-1
			reversed = append(reversed, diffLine{' ', a[x]})
		}
		switch {
		case d == 0:
		case before == k+1:
			y--
			reversed = append(reversed, diffLine{'+', b[y]})
		default:
			x--
			reversed = append(reversed, diffLine{'-', a[x]})
		}
	}
	lines := make([]diffLine, 0, len(reversed))
	for i := len(reversed) - 1; i >= 0; i-- {
		lines = append(lines, reversed[i])
	}
	return lines
}
