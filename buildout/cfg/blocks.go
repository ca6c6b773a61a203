package cfg

import "gobuild/buildout/diag"

// Block is a header and what stands below it up to the next header, whatever
// its condition says. What stands above the first header is in no block.
type Block struct {
	Header    int // index of the line
	Name      string
	Condition string // "" for none
	Options   []Item
}

// Item is an option as it is written, with the lines of its value.
type Item struct {
	Line int // index of the line with the name
	Last int // index of the last line of the value
	// Key is the name, with one blank before its operator: `x +`.
	Key string
}

// Blocks returns the file as it is written, in the order of the lines.
func (f *File) Blocks() []Block {
	var blocks []Block
	for i := range f.Lines {
		l := &f.Lines[i]
		if l.Kind == Header {
			b := Block{Header: i, Name: f.text(l.NameFrom, l.NameTo)}
			if l.HasCondition {
				b.Condition = f.text(l.ValueFrom, l.ValueTo)
			}
			blocks = append(blocks, b)
			continue
		}
		if len(blocks) == 0 {
			continue
		}
		b := &blocks[len(blocks)-1]
		switch {
		case l.Kind == Option:
			b.Options = append(b.Options, Item{i, i, spaced(f.key(l))})
		case l.Kind == Indented && len(b.Options) > 0:
			b.Options[len(b.Options)-1].Last = i
		}
	}
	return blocks
}

// key returns the name of an option line as Sections reads it.
func (f *File) key(l *Line) string {
	if key := f.text(l.NameFrom, l.NameTo); key != "=>" {
		return key
	}
	return "<part-dependencies>"
}

// Base returns the name of the option without its operator.
func (it Item) Base() string {
	base, _ := splitKey(it.Key)
	return base
}

// Adds reports whether the option adds to or removes from another value.
func (it Item) Adds() bool {
	_, operator := splitKey(it.Key)
	return operator != ""
}

// splitKey splits a key into the name and the operator `+`, `-` or none.
func splitKey(key string) (base, operator string) {
	n := len(key) - 1
	if n < 1 || key[n] != '+' && key[n] != '-' {
		return key, ""
	}
	return trimRight(key[:n]), key[n:]
}

// Text returns the text of the lines first to last, without the last line end.
func (f *File) Text(first, last int) string {
	return f.text(f.Lines[first].From, f.Lines[last].To)
}

// KeySpan is the place of the name of an option, with its operator.
func (f *File) KeySpan(it Item) diag.Span {
	l := &f.Lines[it.Line]
	return f.span(l.NameFrom, l.NameTo)
}

// ValueSpan is the place of the value of an option, from its first character
// to the end of its last line.
func (f *File) ValueSpan(it Item) diag.Span {
	return f.span(f.Lines[it.Line].ValueFrom, max(f.Lines[it.Line].ValueTo, f.lastText(it)))
}

func (f *File) lastText(it Item) int {
	if it.Last == it.Line {
		return 0
	}
	return f.Lines[it.Last].To
}

// NameSpan is the place of the name in a header.
func (f *File) NameSpan(b Block) diag.Span {
	l := &f.Lines[b.Header]
	return f.span(l.NameFrom, l.NameTo)
}

// ConditionSpan is the place of the condition of a header.
func (f *File) ConditionSpan(b Block) diag.Span {
	l := &f.Lines[b.Header]
	return f.span(l.ValueFrom, l.ValueTo)
}

// Check returns the syntax errors of the file, whatever its conditions say.
func (f *File) Check() diag.List {
	_, errs := f.Sections(func(string) (bool, error) { return true, nil })
	return errs
}
