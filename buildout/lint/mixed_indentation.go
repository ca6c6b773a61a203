package lint

import (
	"context"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

func mixedIndentation() Rule {
	return Rule{
		Code: "mixed-indentation",
		Doc: `The lines of a value are indented with tabs and with blanks.

A value that begins on the line after its name loses the indentation that all of
its lines have in common. A tab equals no number of blanks, so what is left is not
what the editor shows.`,
		Check: checkIndentation,
	}
}

func checkIndentation(_ context.Context, s *Subject) {
	for _, f := range s.files {
		for _, b := range f.blocks {
			for _, it := range b.Options {
				if l := f.Lines[it.Line]; l.ValueFrom == l.ValueTo {
					s.checkIndent(f, b.Name, it)
				}
			}
		}
	}
}

// checkIndent reports the first line whose indentation begins with another
// character than that of the first line.
func (s *Subject) checkIndent(f *file, section string, it cfg.Item) {
	first := byte(0)
	for i := it.Line + 1; i <= it.Last; i++ {
		l := f.Lines[i]
		if l.Kind != cfg.Indented {
			continue
		}
		text := f.Text(i, i)
		lead := len(text) - len(strings.TrimLeft(text, " \t"))
		if lead == 0 {
			continue
		}
		if first == 0 {
			first = text[0]
		}
		if text[0] == first {
			continue
		}
		x := s.report(diag.SpanOf(f.Src, l.From, l.From+lead), "this line is indented with %s, the lines above with %s", blankName(text[0]), blankName(first))
		x.WithPath(section, it.Base())
		x.WithHint("indent all lines of the value with blanks")
		return
	}
}

func blankName(b byte) string { return word(b == '\t', "a tab", "blanks") }
