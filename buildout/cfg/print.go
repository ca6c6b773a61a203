package cfg

import (
	"bytes"
	"strings"
)

// indent is what the lines of a value begin with.
const indent = "  "

// Format returns the text of f in house style (docs/fmt.md). The sections,
// options and values stay as they are, whatever the conditions of headers say,
// and so do all comments; formatting the result again changes nothing. A file
// with syntax errors is returned as it is.
func Format(f *File) []byte {
	if len(f.Check()) > 0 {
		return bytes.Clone(f.Src.Text)
	}
	p := printer{file: f, groups: f.groups()}
	p.print(f.Blocks())
	if len(p.out) == 0 {
		return nil
	}
	return []byte(strings.Join(p.out, "\n") + "\n")
}

// printer collects the lines of the formatted text.
type printer struct {
	file   *File
	groups map[group]int
	out    []string
	gap    bool // a blank line comes before the next one
	frozen int  // length of out after the last value that is kept as it is
}

// group names the assignments that may become one value: those of an option,
// or of an option with an operator, in all blocks of a section. The group
// {section, option, "?"} is there when an operator is written in another way
// than with one blank.
type group struct{ section, name, mark string }

// groups counts the assignments by group.
func (f *File) groups() map[group]int {
	counts := map[group]int{}
	for _, b := range f.Blocks() {
		for _, it := range b.Options {
			base, operator := splitKey(it.Key)
			counts[group{b.Name, base, ""}]++
			if operator != "" {
				counts[group{b.Name, it.Key, "key"}]++
			}
			if f.key(&f.Lines[it.Line]) != it.Key {
				counts[group{b.Name, base, "?"}]++
			}
		}
	}
	return counts
}

// joined reports whether the value may be joined with another one of the same
// file. Its indentation and its last blank lines are then data.
func (p *printer) joined(section string, it Item) bool {
	return it.Adds() && p.groups[group{section, it.Key, "key"}] > 1
}

// respelt reports whether the name may be written with one blank before its
// operator. The reader joins and drops assignments of one spelling only.
func (p *printer) respelt(section string, it Item) bool {
	return p.groups[group{section, it.Base(), "?"}] == 0 || p.groups[group{section, it.Base(), ""}] == 1
}

func (p *printer) print(blocks []Block) {
	first := len(p.file.Lines)
	if len(blocks) > 0 {
		first = blocks[0].Header
	}
	p.between(0, first)
	for i, b := range blocks {
		end := len(p.file.Lines)
		if i+1 < len(blocks) {
			end = blocks[i+1].Header
		}
		p.block(b, end)
	}
}

// block prints the lines from the header up to end.
func (p *printer) block(b Block, end int) {
	p.header(&p.file.Lines[b.Header])
	at := b.Header + 1
	for i, it := range b.Options {
		p.between(at, it.Line)
		at = it.Last + 1
		next := end
		if i+1 < len(b.Options) {
			next = b.Options[i+1].Line
		}
		head := p.head(b.Name, it)
		switch {
		case p.joined(b.Name, it):
			p.line(head)
			p.verbatim(it.Line+1, next)
			at = next
		case p.value(it) == "":
			p.line(head)
			p.blockValue(it)
		default:
			p.line(head)
			p.lineValue(it, head)
		}
	}
	p.between(at, end)
}

// line prints a line after the blank line that is due.
func (p *printer) line(text string) {
	if p.gap && len(p.out) > 0 {
		p.out = append(p.out, "")
	}
	p.gap = false
	p.out = append(p.out, text)
}

// text returns a line without white space at its end.
func (p *printer) text(i int) string {
	l := &p.file.Lines[i]
	return trimRight(p.file.text(l.From, l.To))
}

// between prints the comments and blank lines outside of values.
func (p *printer) between(from, to int) {
	for i := from; i < to; i++ {
		if p.file.Lines[i].Kind == Blank {
			p.gap = true
			continue
		}
		p.line(p.text(i))
	}
}

// header prints a header, and a blank line above it or above the comments that
// belong to it.
func (p *printer) header(l *Line) {
	text := "[" + p.file.text(l.NameFrom, l.NameTo)
	if l.HasCondition {
		text += ":" + p.file.text(l.ValueFrom, l.ValueTo)
	}
	text += "]"
	if comment := trim(p.file.text(l.Tail+1, l.To)); comment != "" {
		text += " " + comment
	}
	if !p.gap {
		p.separate()
	}
	p.line(text)
}

// separate puts a blank line above the comments that end the output.
func (p *printer) separate() {
	at := len(p.out)
	for at > p.frozen && isComment(p.out[at-1]) {
		at--
	}
	if at == 0 || at == p.frozen || p.out[at-1] == "" {
		return
	}
	for at < len(p.out) && isOutcommented(p.out[at]) {
		at++
	}
	p.out = append(p.out[:at], append([]string{""}, p.out[at:]...)...)
}

func isComment(line string) bool {
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";")
}

// isOutcommented reports whether a comment looks like a line of a value: it
// then belongs to what stands above.
func isOutcommented(line string) bool {
	return strings.HasPrefix(line, "#  ") || strings.HasPrefix(line, "#\t")
}

func (p *printer) value(it Item) string {
	l := &p.file.Lines[it.Line]
	return p.file.text(l.ValueFrom, l.ValueTo)
}

// head returns the line with the name of an option.
func (p *printer) head(section string, it Item) string {
	l := &p.file.Lines[it.Line]
	raw := p.file.text(l.NameFrom, l.NameTo)
	base, operator := splitKey(raw)
	text := base + " " + operator + "="
	switch {
	case raw == "=>":
		text = raw
	case raw == "<":
		text = "<="
	case operator != "" && !p.respelt(section, it):
		text = raw + "="
	}
	if value := p.value(it); value != "" {
		text += " " + value
	}
	return text
}

// verbatim prints lines of a value whose indentation and blank lines count.
func (p *printer) verbatim(from, to int) {
	for i := from; i < to; i++ {
		p.out = append(p.out, p.text(i))
	}
	p.frozen = len(p.out)
}

// blockValue prints the lines of a value that begins on the line after its
// name: the common indentation becomes that of the house, blank lines above
// the first line go.
func (p *printer) blockValue(it Item) {
	margin, begun := p.margin(it), false
	for i := it.Line + 1; i <= it.Last; i++ {
		text := p.text(i)
		switch p.file.Lines[i].Kind {
		case Indented:
			text, begun = indent+text[len(margin):], true
		case Blank:
			if !begun {
				continue
			}
		}
		p.out = append(p.out, text)
	}
}

// lineValue prints the further lines of a value that begins on the line of its
// name. Their indentation means nothing; lines below the first character of
// the value stay there.
func (p *printer) lineValue(it Item, head string) {
	l := &p.file.Lines[it.Line]
	margin, lead := p.margin(it), indent
	if margin == strings.Repeat(" ", l.ValueFrom-l.From) {
		lead = strings.Repeat(" ", len(head)-(l.ValueTo-l.ValueFrom))
	}
	for i := it.Line + 1; i <= it.Last; i++ {
		switch p.file.Lines[i].Kind {
		case Indented:
			p.line(lead + p.text(i)[len(margin):])
		case Blank:
			p.gap = true
		default:
			p.line(p.text(i))
		}
	}
}

// margin returns the blanks and tabs that all indented lines of a value begin
// with.
func (p *printer) margin(it Item) string {
	margin, found := "", false
	for i := it.Line + 1; i <= it.Last; i++ {
		if p.file.Lines[i].Kind != Indented {
			continue
		}
		text := p.text(i)
		lead := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if !found {
			margin, found = lead, true
			continue
		}
		margin = commonPrefix(margin, lead)
	}
	return margin
}
