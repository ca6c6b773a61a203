package ui

import (
	"fmt"
	"strings"

	"gobuild/buildout/diag"
)

// snippet returns the source line of at with its number, and below it a caret
// with the rest of the span underlined up to the end of the line. Gutter is the
// width of the line number. It is "" for nowhere and for a source without text.
func (s Style) snippet(at diag.Span, gutter int, color string) string {
	if !at.IsValid() || len(at.From.Src.Text) == 0 {
		return ""
	}
	number, column := at.From.LineColumn()
	line := at.From.Src.Line(number)
	from := max(0, min(column-1, len(line)))
	to := from
	if at.To.Src == at.From.Src && at.To.Offset > at.From.Offset {
		to = min(from+at.To.Offset-at.From.Offset, len(line))
	}
	r := newRow(line, hiddenIn(at.From.Src, number, line), from, to)
	margin := fmt.Sprintf(" %*d | ", gutter, number)
	r.cut(s.columns() - len(margin))
	text, marks := r.render(len(margin))
	return s.paint(blue, margin) + text + "\n" +
		s.paint(blue, strings.Repeat(" ", gutter+2)+"| ") + marks[:len(marks)-len(strings.TrimLeft(marks, " \t"))] +
		s.paint(color, strings.TrimLeft(marks, " \t")) + "\n"
}

// hiddenIn returns the secret stretches of a line of src. The lines that
// continue the value of a secret option are secret as a whole.
func hiddenIn(src *diag.Source, number int, line string) []stretch {
	if isContinuation(line) {
		for n := number - 1; n > 0; n-- {
			first := src.Line(n)
			if isContinuation(first) || first == "" || strings.ContainsAny(first[:1], "#;") {
				continue
			}
			name, _, ok := strings.Cut(first, "=")
			if ok && isSecretName(strings.TrimRight(name, "+- \t")) {
				from := len(line) - len(strings.TrimLeft(line, " \t"))
				return withoutReferences(line, stretch{from, len(line)})
			}
			break
		}
	}
	return secrets(line)
}

func isContinuation(line string) bool {
	return line != "" && strings.ContainsAny(line[:1], " \t")
}

// row is a source line as characters, with the marked ones from first up to
// last; both may be len(cells).
type row struct {
	cells       []cell
	first, last int
}

// newRow makes the row of line with the bytes from up to to marked.
func newRow(line string, hide []stretch, from, to int) *row {
	r := &row{first: -1}
	for at := 0; at < len(line); {
		c := nextCell(line[at:])
		if len(hide) > 0 && at >= hide[0].from {
			c = cell{hidden, len(hidden), hide[0].to - at}
			hide = hide[1:]
		}
		if r.first < 0 && from < at+c.size {
			r.first = len(r.cells)
		}
		r.cells = append(r.cells, c)
		if at < to {
			r.last = len(r.cells)
		}
		at += c.size
	}
	if r.first < 0 {
		r.first = len(r.cells)
	}
	r.last = max(r.last, r.first)
	return r
}

// cut shortens a row that is wider than width to the characters around the
// mark. The tabs of such a row become blanks, as its columns are lost anyway.
func (r *row) cut(width int) {
	if r.width() <= width {
		return
	}
	for i := range r.cells {
		if r.cells[i].text == "\t" {
			r.cells[i].text, r.cells[i].width = " ", 1
		}
	}
	dots := cell{text: "...", width: 3}
	room := max(width-2*dots.width, 8)
	from := r.first
	for left := room / 3; from > 0 && left >= r.cells[from-1].width; from-- {
		left -= r.cells[from-1].width
	}
	to := from
	for to < len(r.cells) && room >= r.cells[to].width {
		room -= r.cells[to].width
		to++
	}
	for from > 0 && room >= r.cells[from-1].width { // near the end of the line
		from--
		room -= r.cells[from].width
	}
	r.keep(from, to, dots)
}

// keep drops the characters outside of from up to to and puts dots there.
func (r *row) keep(from, to int, dots cell) {
	cells := r.cells[from:to:to]
	if to < len(r.cells) {
		cells = append(cells, dots)
	}
	r.first, r.last = r.first-from, min(r.last, to)-from
	if from > 0 {
		cells = append([]cell{dots}, cells...)
		r.first++
		r.last++
	}
	r.cells = cells
}

// width returns the columns of the whole row, tabs counted as wide as can be.
func (r *row) width() int {
	w := 0
	for _, c := range r.cells {
		if c.text == "\t" {
			w += tabStop
		}
		w += c.width
	}
	return w
}

// render returns the text of the row and the marks for the line below it. Both
// lines begin at column, and the tabs before the mark stand in both.
func (r *row) render(column int) (text, marks string) {
	var t, m strings.Builder
	marked := false
	for i, c := range r.cells {
		t.WriteString(c.text)
		width := c.widthAt(column)
		column += width
		switch {
		case i < r.first && c.text == "\t":
			m.WriteByte('\t')
		case i < r.first:
			m.WriteString(strings.Repeat(" ", width))
		case i == r.first:
			m.WriteString("^")
			marked = true
			if i < r.last {
				m.WriteString(strings.Repeat("~", max(0, width-1)))
			}
		case i < r.last:
			m.WriteString(strings.Repeat("~", width))
		}
	}
	if !marked {
		m.WriteString("^")
	}
	return t.String(), m.String()
}
