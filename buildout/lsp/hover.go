package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// hover answers what is known of the thing at the cursor.
func (s *server) hover(ctx context.Context, p *placeParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	sub := v.subject(s.place(v, p.Position))
	if sub == nil {
		return nil, nil
	}
	h := page{server: s, view: v}
	switch sub.what {
	case aSection:
		h.section(sub.section)
	case anOption:
		h.option(ctx, v.sn.whose(sub.section, sub.option), sub.option)
	case aFile:
		h.file(sub.text)
	case aRecipe:
		h.recipe(sub.text)
	}
	if h.text.Len() == 0 {
		return nil, nil
	}
	kind := "markdown"
	if f := s.client.Document.Hover.Format; len(f) > 0 && !slices.Contains(f, kind) {
		kind = "plaintext"
	}
	return hover{markup{kind, strings.TrimSpace(h.text.String())}, s.extent(v.index, sub.at)}, nil
}

// page is the text of a hover.
type page struct {
	*server
	view
	text strings.Builder
}

func (h *page) say(format string, args ...any) { fmt.Fprintf(&h.text, format, args...) }

// maxShown is how much of a value is shown, in bytes and in lines.
const (
	maxShown      = 4000
	maxShownLines = 40
)

// block shows a text as it is.
func (h *page) block(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	h.say("%sini\n%s\n%s\n\n", fence, shortened(text), fence)
}

// shortened returns the begin of a long text.
func shortened(text string) string {
	lines := strings.Split(text, "\n")
	more := ""
	if len(lines) > maxShownLines {
		lines, more = lines[:maxShownLines], fmt.Sprintf("\n… %d more lines", len(lines)-maxShownLines)
	}
	text = strings.Join(lines, "\n")
	if len(text) > maxShown {
		text, more = strings.ToValidUTF8(text[:maxShown], ""), "…"
	}
	return text + more
}

// option shows a value after substitution, its text before, its layers, and
// what the recipe says about it.
func (h *page) option(ctx context.Context, section, name string) {
	raw := h.sn.value(section, name)
	e := h.sn.evaluated(section)
	doc := h.optionDoc(section, name)
	if raw == nil && (e == nil || !e.Has(name)) && doc == "" {
		return
	}
	h.say("**%s:%s**\n\n", plain(section), plain(name))
	text, known := "", false
	if e != nil {
		var err error
		text, known, err = e.Get(ctx, name)
		known = known && err == nil
	}
	switch {
	case known && text == "":
		h.say("(empty)\n\n")
	case known:
		h.block(text)
	}
	switch {
	case raw == nil && known:
		h.say("Set by the recipe.\n\n")
	case raw == nil:
		h.say("Not set.\n\n")
	case !known:
		h.say("The value is not known. Its text:\n\n")
		h.block(raw.Text)
	case raw.Text != text:
		h.say("Before substitution:\n\n")
		h.block(raw.Text)
	}
	h.history(section, name)
	h.say("%s", doc)
}

// history lists the settings of a value, the first one first.
func (h *page) history(section, name string) {
	layers := h.sn.history(section, name)
	if len(layers) == 0 {
		return
	}
	h.say("History:\n\n")
	for _, set := range layers {
		first, _, more := strings.Cut(set.Text, "\n")
		if more {
			first += " …"
		}
		if len(first) > 80 {
			first = strings.ToValidUTF8(first[:80], "") + "…"
		}
		h.say("- %s %s%s `%s`\n", strings.ToLower(string(set.Op)), h.origin(set), h.macro(section, set), strings.ReplaceAll(first, "`", "'"))
	}
	h.say("\n")
}

// origin is a link to where a setting stands, or the word for where it comes
// from.
func (h *page) origin(set profile.Setting) string {
	at, ok := h.locationOf(h.sn, set.KeyAt)
	if !ok {
		switch set.Source {
		case profile.SourceDefault:
			return "(default)"
		case profile.SourceComputed:
			return "(computed)"
		}
		return plain(set.Source)
	}
	line := at.Range.Start.Line + 1
	return fmt.Sprintf("[%s:%d](%s#L%d)", h.name(set.KeyAt.From.Src.Name), line, at.URI, line)
}

// macro names the macro that a setting comes from.
func (h *page) macro(section string, set profile.Setting) string {
	x := h.sn.index(set.KeyAt.From.Src)
	if x == nil {
		return ""
	}
	if name := (place{x, span{set.KeyAt.From.Offset, 0}}).section(); name != section && name != "" {
		return " in [" + plain(name) + "]"
	}
	return ""
}

// name is a file as people call it: relative to the directory of the profile.
func (h *page) name(file string) string {
	return plain(relative(h.sn.root, file))
}

// optionDoc is what the recipe of a section says about an option.
func (h *page) optionDoc(section, name string) string {
	recipe := h.sn.recipe(section)
	spec, ok := h.config.Recipes.Find(recipe)
	if recipe == "" || !ok {
		return ""
	}
	for _, o := range spec.Options {
		if o.Name == name {
			return fmt.Sprintf("Recipe %s: %s%s\n", plain(recipe), plain(o.Doc), optionNote(o))
		}
	}
	return ""
}

// optionNote says what is special about an option of a recipe.
func optionNote(o parts.OptionSpec) string {
	switch {
	case o.Computed:
		return " (set by the recipe)"
	case o.Required:
		return " (required)"
	case o.Default != "":
		return " (default: " + o.Default + ")"
	}
	return ""
}

// section shows what a section is, where it stands and who uses it.
func (h *page) section(name string) {
	if h.sn.profile.Sections[name] == nil {
		return
	}
	h.say("**[%s]**", plain(name))
	if recipe := h.sn.recipe(name); recipe != "" {
		h.say(" recipe %s", plain(recipe))
	}
	h.say("\n\n")
	if v := h.sn.profile.Value(name, "<"); v != nil {
		h.say("Uses %s\n\n", plain(strings.Join(cfg.Fields(v.Text), ", ")))
	}
	uses := 0
	for _, o := range h.sn.sectionOccurrences(name) {
		if !o.write {
			uses++
			continue
		}
		at := h.location(o.index, o.span)
		line := at.Range.Start.Line + 1
		h.say("- [%s:%d](%s#L%d)\n", h.name(o.src.Name), line, at.URI, line)
	}
	h.say("\n%d options, named %d times\n", len(h.sn.optionNames(name)), uses)
	h.recipeDoc(h.sn.recipe(name))
}

func (h *page) recipeDoc(name string) {
	if spec, ok := h.config.Recipes.Find(name); ok && name != "" {
		h.say("\n%s\n", strings.TrimSpace(spec.Doc))
	}
}

func (h *page) file(entry string) {
	name := profile.Join(h.path, entry, h.config.Home)
	h.say("%s\n", plain(name))
	if path := localPath(name); path != "" && !h.files.has(path) {
		h.say("\nThere is no such file.\n")
	}
}

func (h *page) recipe(name string) {
	spec, ok := h.config.Recipes.Find(name)
	if !ok {
		h.say("**%s**\n\nNot a built-in recipe of gobuild.\n", plain(name))
		return
	}
	h.say("**%s**\n", plain(strings.Join(spec.Names, ", ")))
	h.recipeDoc(name)
	h.say("\n")
	for _, o := range spec.Options {
		h.say("- `%s`: %s%s\n", o.Name, plain(o.Doc), optionNote(o))
	}
}

// plain returns text without what Markdown would take for a sign of its own.
func plain(text string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "<", "\\<", "`", "\\`", "[", "\\[").Replace(text)
}
