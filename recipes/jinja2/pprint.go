package jinja2

import (
	"sort"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// safeRepr is the repr of pprint: dicts are sorted. readable says whether the
// text can be evaluated back.
func (r *run) safeRepr(v starlark.Value) (text string, readable bool, err error) {
	p := &safePrinter{r: r, readable: true}
	err = p.write(v)
	return p.b.String(), p.readable, err
}

type safePrinter struct {
	r        *run
	b        strings.Builder
	readable bool
}

func (p *safePrinter) write(v starlark.Value) error {
	if err := p.r.enter(); err != nil {
		return err
	}
	defer p.r.leave()
	if err := p.r.room(p.b.Len()); err != nil {
		return err
	}
	switch v := v.(type) {
	case *starlark.Dict:
		return p.dict(v)
	case *starlark.List:
		return p.sequence("[", "]", v)
	case starlark.Tuple:
		if len(v) == 1 {
			return p.sequence("(", ",)", v)
		}
		return p.sequence("(", ")", v)
	}
	text, err := p.r.repr(v)
	p.b.WriteString(text)
	p.readable = p.readable && text != "" && !strings.HasPrefix(text, "<")
	return err
}

func (p *safePrinter) sequence(left, right string, v starlark.Indexable) error {
	p.b.WriteString(left)
	for i := range v.Len() {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.write(v.Index(i)); err != nil {
			return err
		}
	}
	p.b.WriteString(right)
	return nil
}

func (p *safePrinter) dict(d *starlark.Dict) error {
	p.b.WriteString("{")
	for i, item := range p.r.sortedItems(d) {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.write(item[0]); err != nil {
			return err
		}
		p.b.WriteString(": ")
		if err := p.write(item[1]); err != nil {
			return err
		}
	}
	p.b.WriteString("}")
	return nil
}

// sortedItems returns the entries of d by key. Keys that cannot be compared are
// sorted by the names of their types.
func (r *run) sortedItems(d *starlark.Dict) []starlark.Tuple {
	items := d.Items()
	sort.SliceStable(items, func(i, j int) bool { return r.safeLess(items[i][0], items[j][0]) })
	return items
}

func (r *run) safeLess(a, b starlark.Value) bool {
	less, err := r.ordered("<", a, b)
	if err != nil {
		return "<class '"+typeName(a)+"'>" < "<class '"+typeName(b)+"'>"
	}
	return less
}

// prettyWidth is how wide the lines of the filter pprint are.
const prettyWidth = 80

func filterPprint(c *call) (starlark.Value, error) {
	if _, err := c.params(1, "value"); err != nil {
		return nil, err
	}
	p := &prettyPrinter{r: c.r}
	err := p.write(c.args[0], 0, 0)
	return starlark.String(p.b.String()), err
}

// prettyPrinter lays values out on lines as pprint.pformat does.
type prettyPrinter struct {
	r *run
	b strings.Builder
}

// write prints v, which begins at column indent and is followed by allowance
// characters on its last line.
func (p *prettyPrinter) write(v starlark.Value, indent, allowance int) error {
	text, _, err := p.r.safeRepr(v)
	if err == nil {
		err = p.r.room(p.b.Len() + len(text))
	}
	if err != nil {
		return err
	}
	if textLen(text) <= prettyWidth-indent-allowance {
		p.b.WriteString(text)
		return nil
	}
	switch v := v.(type) {
	case *starlark.Dict:
		return p.dict(v, indent, allowance)
	case *starlark.List:
		items, err := p.r.list(v)
		if err != nil {
			return err
		}
		return p.items("[", items, "]", indent, allowance)
	case starlark.Tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		return p.items("(", v, end, indent, allowance)
	case *starlark.Set:
		items := setElements(v)
		sort.SliceStable(items, func(i, j int) bool { return p.r.safeLess(items[i], items[j]) })
		return p.items("{", items, "}", indent, allowance)
	case starlark.String:
		return p.long(string(v), indent, allowance)
	}
	p.b.WriteString(text)
	return nil
}

func (p *prettyPrinter) items(left string, items []starlark.Value, right string, indent, allowance int) error {
	p.b.WriteString(left)
	for i, item := range items {
		if i > 0 {
			p.b.WriteString(",\n" + strings.Repeat(" ", indent+1))
		}
		after := 1
		if i == len(items)-1 {
			after = allowance + len(right)
		}
		if err := p.write(item, indent+1, after); err != nil {
			return err
		}
	}
	p.b.WriteString(right)
	return nil
}

func (p *prettyPrinter) dict(d *starlark.Dict, indent, allowance int) error {
	p.b.WriteString("{")
	items := p.r.sortedItems(d)
	for i, item := range items {
		if i > 0 {
			p.b.WriteString(",\n" + strings.Repeat(" ", indent+1))
		}
		name, _, err := p.r.safeRepr(item[0])
		if err != nil {
			return err
		}
		p.b.WriteString(name + ": ")
		after := 1
		if i == len(items)-1 {
			after = allowance + 1
		}
		if err := p.write(item[1], indent+1+textLen(name)+2, after); err != nil {
			return err
		}
	}
	p.b.WriteString("}")
	return nil
}

// long splits a text that does not fit into a line into several literals.
func (p *prettyPrinter) long(s string, indent, allowance int) error {
	inParens := indent == 0
	if inParens {
		indent++
		allowance++
	}
	var chunks []string
	lines := splitLines(s, true)
	for i, line := range lines {
		width := prettyWidth - indent
		if i == len(lines)-1 {
			width -= allowance
		}
		if text := literal.Quote(line); textLen(text) <= width {
			chunks = append(chunks, text)
			continue
		}
		chunks = append(chunks, splitLiteral(line, prettyWidth-indent, width)...)
	}
	if len(chunks) == 1 {
		p.b.WriteString(chunks[0])
		return nil
	}
	text := strings.Join(chunks, "\n"+strings.Repeat(" ", indent))
	if inParens {
		text = "(" + text + ")"
	}
	p.b.WriteString(text)
	return nil
}

// splitLiteral splits a line behind blanks, so that each literal fits.
func splitLiteral(line string, width, lastWidth int) []string {
	var parts []string
	for rest := line; rest != ""; {
		i := strings.IndexFunc(rest, isSpace)
		if i < 0 {
			i = len(rest)
		}
		j := i + len(rest[i:]) - len(strings.TrimLeftFunc(rest[i:], isSpace))
		parts = append(parts, rest[:j])
		rest = rest[j:]
	}
	var chunks []string
	current := ""
	for i, part := range parts {
		limit := width
		if i == len(parts)-1 {
			limit = lastWidth
		}
		if candidate := literal.Quote(current + part); textLen(candidate) > limit {
			if current != "" {
				chunks = append(chunks, literal.Quote(current))
			}
			current = part
			continue
		}
		current += part
	}
	if current != "" {
		chunks = append(chunks, literal.Quote(current))
	}
	return chunks
}
