package lsp

import (
	"context"
	"strings"

	"gobuild/buildout/cfg"
)

// completion answers what may stand at the cursor.
func (s *server) completion(ctx context.Context, p *placeParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	c := completer{server: s, view: v, at: s.place(v, p.Position), list: []completionItem{}}
	c.line = v.lines.line(c.at)
	c.block = v.blockAt(c.line)
	c.offer()
	return completionList{false, c.list}, nil
}

// completer collects what may stand at a place.
type completer struct {
	*server
	view
	at    int    // the cursor
	line  int    // its line
	block *block // that the line is in, or nil
	over  span   // what an item replaces
	list  []completionItem
}

// before and after are the text of the line on both sides of the cursor.
func (c *completer) before() string { return c.text(c.lines.start[c.line], c.at) }
func (c *completer) after() string  { return c.text(c.at, c.lines.end[c.line]) }

// offer finds out what the cursor is in.
func (c *completer) offer() {
	before := c.before()
	if before != "" && strings.ContainsRune("#;", rune(before[0])) {
		return
	}
	if section, name, ok := openReference(before); ok {
		c.reference(section, name)
		return
	}
	if strings.HasPrefix(before, "[") {
		if name := strings.TrimLeft(before[1:], " \t"); !strings.ContainsAny(name, ":]#;") {
			c.replace(len(name), " \t:]#;")
			c.sections(false)
		}
		return
	}
	if c.block == nil || c.line == c.block.first {
		return
	}
	if name, value, ok := c.value(before); ok {
		c.inValue(name, value)
		return
	}
	if before == cfg.Trim(before) && !strings.ContainsAny(before, " \t=") {
		c.replace(len(before), " \t=+-")
		c.options()
	}
}

// openReference returns what stands behind the last `${` that is not closed:
// its section and its option; ok is false without one. name is nil before the
// colon.
func openReference(before string) (section string, name *string, ok bool) {
	pieces := strings.Split(before, "$$")
	last := pieces[len(pieces)-1]
	start := strings.LastIndex(last, "${")
	if start < 0 || strings.Contains(last[start:], "}") {
		return "", nil, false
	}
	section, option, found := strings.Cut(last[start+2:], ":")
	if !found {
		return section, nil, true
	}
	return section, &option, true
}

// replace makes items replace n bytes before the cursor, and what is after it
// up to one of stops.
func (c *completer) replace(n int, stops string) {
	after := c.after()
	if i := strings.IndexAny(after, stops); i >= 0 {
		after = after[:i]
	}
	c.over = span{c.at - n, c.at + len(after)}
}

// reference offers names for ${section:option}.
func (c *completer) reference(section string, name *string) {
	const stops = "}: \t/$,;\"'"
	if name == nil {
		c.replace(len(section), stops)
		c.sections(false)
		return
	}
	c.replace(len(*name), stops)
	if section == "" && c.block != nil {
		section = c.block.name
	}
	c.optionsOf(section)
}

// value returns the name of the option that the cursor is in the value of, and
// the part of the value's line before the cursor.
func (c *completer) value(before string) (name, value string, ok bool) {
	if rest, found := strings.CutPrefix(before, "=>"); found {
		return "<part-dependencies>", rest, true
	}
	if key, rest, found := strings.Cut(before, "="); found && key != "" && key == strings.TrimLeft(key, " \t") {
		return strings.TrimRight(key, " \t+-"), rest, true
	}
	if before == "" || before[0] != ' ' && before[0] != '\t' {
		return "", "", false
	}
	o := c.block.optionAt(c.line)
	if o == nil {
		return "", "", false
	}
	return o.name, before, true
}

// inValue offers what the value of an option may name.
func (c *completer) inValue(name, value string) {
	k, whole := valueKind(c.block.name, name)
	word := value[strings.LastIndexAny(value, " \t")+1:]
	stops := " \t"
	if whole {
		word, stops = strings.TrimLeft(value, " \t"), "\x00"
	}
	c.replace(len(word), stops)
	switch k {
	case toMacro, toSection:
		c.sections(name == "parts" || name == "<part-dependencies>")
	case toRecipe:
		c.recipes()
	case toFile:
		c.paths(word)
	}
}

// add offers text, which replaces what c.over says.
func (c *completer) add(item completionItem, text string) {
	item.FilterText = text
	item.TextEdit = &textEdit{c.extent(c.index, c.over), text}
	c.list = append(c.list, item)
}

// sections offers the sections of the profile; parts come first, or alone.
func (c *completer) sections(partsFirst bool) {
	for _, name := range c.sn.profile.Names() {
		recipe := c.sn.recipe(name)
		order := "1"
		if partsFirst && recipe != "" {
			order = "0"
		}
		c.add(completionItem{Label: name, Kind: itemModule, Detail: recipe, SortText: order + name}, name)
	}
}

// optionsOf offers the options of a section: its own, those of its macros, and
// those that its recipe sets.
func (c *completer) optionsOf(section string) {
	seen := map[string]bool{}
	for _, name := range c.sn.optionNames(section) {
		seen[name] = true
		detail := "set by the recipe"
		if v := c.sn.value(section, name); v != nil {
			detail, _, _ = strings.Cut(v.Text, "\n")
		}
		c.add(completionItem{Label: name, Kind: itemProperty, Detail: shortened(detail), SortText: "0" + name}, name)
	}
	spec, ok := c.config.Recipes.Find(c.sn.recipe(section))
	if !ok || c.sn.recipe(section) == "" {
		return
	}
	for _, o := range spec.Options {
		if o.Computed && !seen[o.Name] {
			c.add(completionItem{Label: o.Name, Kind: itemProperty, Detail: "set by the recipe",
				Documentation: o.Doc, SortText: "0" + o.Name}, o.Name)
		}
	}
}

// recipes offers the names of the built-in recipes.
func (c *completer) recipes() {
	for _, spec := range c.config.Recipes.All() {
		first, _, _ := strings.Cut(strings.TrimSpace(spec.Doc), "\n")
		for _, name := range spec.Names {
			c.add(completionItem{Label: name, Kind: itemFunction, Detail: first, Documentation: spec.Doc}, name)
		}
	}
}
