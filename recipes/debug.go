package recipes

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"gobuild/buildout/event"
	"gobuild/parts"
)

func debugSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"debug", "zc.buildout:debug"},
		Doc: `Prints the options of the section, sorted by name, and installs nothing.

Each line is the name, an equals sign and the value as Python writes a text.`,
		Open: true, InOrder: true, // the order of what is printed
		Recipe: debugRecipe{},
	}
}

type debugRecipe struct{}

// debugAction prints lines.
type debugAction struct{ lines []string }

// Prepare makes the lines.
func (debugRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	a := &debugAction{}
	for _, key := range o.Keys() {
		a.lines = append(a.lines, "  "+key+"="+debugRepr(optionText(o, key)))
	}
	return a, nil
}

// Run prints the lines as they are, without the name of the part.
func (a *debugAction) Run(_ context.Context, w *parts.Work) error {
	for _, line := range a.lines {
		io.WriteString(w.Log, line+"\n")
		w.Events.Emit(event.Event{Kind: event.Message, Level: event.Info, Text: line})
	}
	return nil
}

// Update prints the lines again.
func (a *debugAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// debugRepr returns text as Python's repr does.
func debugRepr(text string) string {
	quote := '\''
	if strings.ContainsRune(text, '\'') && !strings.ContainsRune(text, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			fmt.Fprintf(&b, `\udc%02x`, text[i]) // a stray byte: Python's surrogateescape
			continue
		}
		b.WriteString(debugRune(r, quote))
	}
	b.WriteRune(quote)
	return b.String()
}

// debugShort are the characters that Python writes with a letter.
var debugShort = map[rune]string{'\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func debugRune(r, quote rune) string {
	short, ok := debugShort[r]
	switch {
	case ok:
		return short
	case r == quote:
		return `\` + string(r)
	case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
