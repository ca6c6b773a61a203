package lint

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

func trailingComment() Rule {
	return Rule{
		Code: "trailing-comment",
		Doc: `A value ends in what looks like a comment.

A comment begins in the first column and nowhere else: ` + "`x = 1 # why`" + ` gives x
the value ` + "`1 # why`" + `. Looked at are values on the line of their name, and the lines
of lists such as ` + "`parts` and `extends`" + `; options that hold commands are left out.`,
		Check: checkTrailing,
	}
}

var (
	trailing = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\s\\]\s+#(\s|$)`) })
	lists    = []string{"parts", "extends", "eggs", "<", "patches", "find-links", "depends"}
	commands = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`command|hook|script|configure|build|install|exec|make-|inline|content|init|update|test|template|rendered|input|environment|line|pre-|post-`)
	})
)

func checkTrailing(_ context.Context, s *Subject) {
	for _, f := range s.files {
		for _, b := range f.blocks {
			for _, it := range b.Options {
				if !commands().MatchString(it.Base()) {
					s.checkTrailing(f, b.Name, it)
				}
			}
		}
	}
}

func (s *Subject) checkTrailing(f *file, section string, it cfg.Item) {
	last := it.Line
	if slices.Contains(lists, it.Base()) {
		last = it.Last
	}
	for i := it.Line; i <= last; i++ {
		l := f.Lines[i]
		if l.Kind == cfg.Comment {
			continue
		}
		text := f.Text(i, i)
		if i == it.Line {
			text = strings.Repeat(" ", l.ValueFrom-l.From) + f.Text(i, i)[l.ValueFrom-l.From:]
		}
		m := trailing().FindStringIndex(text)
		if m == nil {
			continue
		}
		from := l.From + m[0] + strings.IndexByte(text[m[0]:], '#')
		x := s.report(diag.SpanOf(f.Src, from, l.To), "this is no comment but part of the value")
		x.WithPath(section, it.Base())
		x.WithHint("put the comment on a line of its own, with # in the first column")
	}
}
