package lsp

import (
	"sort"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// span is a part of one file in bytes.
type span struct{ from, to int }

// holds reports whether the cursor at offset is in s or at its end.
func (s span) holds(offset int) bool { return s.from <= offset && offset <= s.to }

// index is a file as it is written, whatever its conditions say, with all that
// names a section, an option, a recipe or a file.
type index struct {
	src    *diag.Source
	lines  *lineTable
	file   *cfg.File
	blocks []*block
	refs   []*ref // in the order of the text
}

// block is a header and what stands below it.
type block struct {
	name    string
	at      span
	first   int // number of the header's line
	last    int // number of the last line that is not blank
	options []*option
}

// option is one setting of an option.
type option struct {
	block *block
	name  string // without operator
	adds  bool   // += or -=
	at    span   // the name
	value span
	first int // numbers of lines
	last  int
}

// kind says what a reference names.
type kind int

// The kinds of references.
const (
	toOption  kind = iota // ${section:option}
	toMacro               // <= section
	toSection             // a name in parts, versions, =>, environment-section
	toFile                // an entry of extends
	toRecipe              // recipe = name
)

// ref is a place that names something.
type ref struct {
	kind    kind
	at      span
	in      *option
	section string // written: "" in ${:option}
	sectAt  span
	option  string
	optAt   span
	text    string // of at
}

// newIndex reads a source. It accepts every text.
func newIndex(src *diag.Source) *index {
	x := &index{src: src, lines: newLineTable(src.Text), file: cfg.Scan(src)}
	for _, b := range x.file.Blocks() {
		x.block(b)
	}
	return x
}

func (x *index) block(b cfg.Block) {
	at := x.file.NameSpan(b)
	out := &block{name: b.Name, at: span{at.From.Offset, at.To.Offset}, first: b.Header, last: b.Header}
	x.blocks = append(x.blocks, out)
	for _, item := range b.Options {
		x.option(out, item)
	}
	for i := b.Header + 1; i < len(x.file.Lines) && x.file.Lines[i].Kind != cfg.Header; i++ {
		if x.file.Lines[i].Kind != cfg.Blank {
			out.last = i
		}
	}
}

func (x *index) option(b *block, item cfg.Item) {
	l := &x.file.Lines[item.Line]
	name := item.Base()
	to := l.NameTo
	if name != "<part-dependencies>" {
		to = l.NameFrom + len(name)
	}
	value := x.file.ValueSpan(item)
	o := &option{block: b, name: name, adds: item.Adds(), at: span{l.NameFrom, to},
		value: span{value.From.Offset, value.To.Offset}, first: item.Line, last: item.Last}
	b.options = append(b.options, o)
	from := len(x.refs)
	x.words(o)
	for i := o.first; i <= o.last; i++ {
		if line := &x.file.Lines[i]; line.Kind != cfg.Comment {
			x.references(o, max(line.From, o.value.from), line.To)
		}
	}
	added := x.refs[from:]
	sort.SliceStable(added, func(i, j int) bool { return added[i].at.from < added[j].at.from })
}

// references notes each ${section:option} of a line. `$$` protects what follows
// it. What has not the form of a reference is left to the evaluation.
func (x *index) references(o *option, from, to int) {
	for _, piece := range strings.SplitAfter(x.text(from, to), "$$") {
		x.piece(o, from, strings.TrimSuffix(piece, "$$"))
		from += len(piece)
	}
}

func (x *index) piece(o *option, from int, text string) {
	for {
		start := strings.Index(text, "${")
		if start < 0 {
			return
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return
		}
		inner := text[start+2 : start+end]
		section, name, found := strings.Cut(inner, ":")
		if at := from + start; found && !strings.Contains(name, ":") {
			colon := at + 2 + len(section)
			x.refs = append(x.refs, &ref{kind: toOption, in: o, at: span{at, at + end + 1}, text: text[start : start+end+1],
				section: section, sectAt: span{at + 2, colon}, option: name, optAt: span{colon + 1, colon + 1 + len(name)}})
		}
		text, from = text[start+end+1:], from+start+end+1
	}
}

// words notes the names in options whose values are names.
func (x *index) words(o *option) {
	switch k, whole := valueKind(o.block.name, o.name); {
	case k == toOption:
	case whole:
		for i := o.first; i <= o.last; i++ {
			x.word(o, k, x.lineValue(o, i))
		}
	default:
		for i := o.first; i <= o.last; i++ {
			s := x.lineValue(o, i)
			for _, w := range cfg.Fields(x.text(s.from, s.to)) {
				s.from += strings.Index(x.text(s.from, s.to), w)
				x.word(o, k, span{s.from, s.from + len(w)})
				s.from += len(w)
			}
		}
	}
}

// valueKind says what the value of an option names, toOption for nothing, and
// whether a whole line is one name.
func valueKind(section, name string) (k kind, whole bool) {
	switch {
	case name == "<":
		return toMacro, true
	case name == "recipe":
		return toRecipe, true
	case name == "<part-dependencies>", section == "buildout" && name == "parts":
		return toSection, false
	case section == "buildout" && (name == "extends" || name == "optional-extends"):
		return toFile, false
	case section == "buildout" && (name == "versions" || name == "networkcache-section"), name == "environment-section":
		return toSection, true
	}
	return toOption, false
}

// lineValue returns the part of a line that belongs to the value of o, without
// blanks around it.
func (x *index) lineValue(o *option, i int) span {
	l := &x.file.Lines[i]
	if l.Kind == cfg.Comment {
		return span{l.From, l.From}
	}
	from := max(l.From, o.value.from)
	text := x.text(from, max(l.To, from))
	trimmed := cfg.Trim(text)
	from += strings.Index(text, trimmed)
	return span{from, from + len(trimmed)}
}

// word notes one name; a text that is made by substitution is none.
func (x *index) word(o *option, k kind, at span) {
	text := x.text(at.from, at.to)
	if text == "" || strings.Contains(text, "${") {
		return
	}
	r := &ref{kind: k, at: at, in: o, text: text}
	if k == toMacro || k == toSection {
		r.section, r.sectAt = text, at
	}
	x.refs = append(x.refs, r)
}

func (x *index) text(from, to int) string { return string(x.src.Text[from:max(from, to)]) }

// within returns the references in a part of the file.
func (x *index) within(s span) []*ref {
	from := sort.Search(len(x.refs), func(i int) bool { return x.refs[i].at.from >= s.from })
	to := from
	for to < len(x.refs) && x.refs[to].at.to <= s.to {
		to++
	}
	return x.refs[from:to]
}

// blockAt returns the block that holds a line, or nil.
func (x *index) blockAt(line int) *block {
	i := sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].first > line })
	if i == 0 {
		return nil
	}
	return x.blocks[i-1]
}

// optionAt returns the option whose value a line belongs to or would continue,
// or nil.
func (b *block) optionAt(line int) *option {
	i := sort.Search(len(b.options), func(i int) bool { return b.options[i].first > line })
	if i == 0 {
		return nil
	}
	return b.options[i-1]
}

// target returns the section that a reference names.
func (r *ref) target() string {
	if r.kind == toOption && r.section == "" {
		return r.in.block.name
	}
	return r.section
}

// span returns a part of the file as diagnostics have it.
func (x *index) span(s span) diag.Span { return diag.SpanOf(x.src, s.from, s.to) }
