package profile

import (
	"slices"
	"strings"
)

// lines is the text of a value, or a part of it: a list of lines. Its zero
// value is the list without lines, which is not the same as one empty line.
type lines struct {
	text string
	some bool // there is a line
	huge bool // longer than maxText: the text is lost
}

func linesOf(text string) lines { return lines{text: text, some: true} }

// and returns the lines of l and behind them those of m.
func (l lines) and(m lines) lines {
	switch {
	case !m.some:
		return l
	case !l.some:
		return m
	case l.huge || m.huge || len(l.text)+len(m.text) > maxText:
		return lines{some: true, huge: true}
	}
	return linesOf(l.text + "\n" + m.text)
}

// without returns the lines of l that are not in set.
func (l lines) without(set []string) lines {
	if !l.some || len(set) == 0 || l.huge {
		return l
	}
	all := strings.Split(l.text, "\n")
	kept := slices.DeleteFunc(all, func(line string) bool { return slices.Contains(set, line) })
	if len(kept) == 0 {
		return lines{}
	}
	return linesOf(strings.Join(kept, "\n"))
}

// edits is what a sequence of additions and removals does to a value. A value
// that a removal leaves without lines is one empty line from there on, so the
// result depends on when that happens; else it is what is left of the value,
// and a tail.
//
//	result(v) = ends[i].text            for the first i with v within ends[i].gone
//	            v without gone, + tail  when there is none
type edits struct {
	gone []string // sorted
	ends []ending // each gone within the next one's
	tail lines
}

// ending is the result when a removal leaves nothing of the value and of what
// was added to it: then all lines of the value are in gone.
type ending struct {
	gone []string
	text lines
}

func adding(text string) edits { return edits{tail: linesOf(text)} }

func removing(text string) edits {
	gone := strings.Split(text, "\n")
	slices.Sort(gone)
	gone = slices.Compact(gone)
	return edits{gone: gone, ends: []ending{{gone, linesOf("")}}}
}

// apply returns what becomes of a value.
func (e edits) apply(v lines) lines {
	for _, end := range e.ends {
		if !v.without(end.gone).some {
			return end.text
		}
	}
	return v.without(e.gone).and(e.tail)
}

// then returns the edits of e followed by those of f.
func (e edits) then(f edits) edits {
	if len(f.gone) == 0 {
		return edits{gone: e.gone, ends: thenEach(e.ends, f), tail: e.tail.and(f.tail)}
	}
	g := edits{gone: union(e.gone, f.gone), ends: thenEach(e.ends, f), tail: e.tail.without(f.gone).and(f.tail)}
	for _, end := range f.ends {
		if e.tail.without(end.gone).some {
			continue // a line that e added is left
		}
		gone := union(e.gone, end.gone)
		if n := len(g.ends); n == 0 || len(g.ends[n-1].gone) < len(gone) {
			g.ends = append(g.ends, ending{gone, end.text})
		}
	}
	return g
}

// thenEach returns the endings with f applied to what they end with.
func thenEach(ends []ending, f edits) []ending {
	list := make([]ending, 0, len(ends)+len(f.ends))
	for _, end := range ends {
		list = append(list, ending{end.gone, f.apply(end.text)})
	}
	return list
}

// union returns the lines of two sorted lists, sorted.
func union(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
