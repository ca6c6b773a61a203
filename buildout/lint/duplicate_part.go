package lint

import (
	"context"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func duplicatePart() Rule {
	return Rule{
		Code: "duplicate-part", Fix: true,
		Doc: `A part stands twice in one list of parts.

It is installed once, at its first place. The fix takes out the second one when
it has a line of its own.`,
		Check: checkParts,
	}
}

func checkParts(_ context.Context, s *Subject) {
	parts := s.Profile.Value("buildout", "parts")
	if parts == nil {
		return
	}
	first := map[string]profile.Word{}
	for _, w := range parts.Words() {
		before, twice := first[w.Text]
		if !twice {
			first[w.Text] = w
			continue
		}
		if nameOf(before.At) != nameOf(w.At) || before.At == w.At {
			continue // what several files add may well be the same
		}
		f := s.report(w.At, "part %s is in the list already", w.Text)
		f.WithPath("buildout", "parts")
		f.WithRelated(before.At, "first here")
		f.Fix = ownLine(w.At)
	}
}

// ownLine returns the edit that takes out an indented line which holds nothing
// but at, or nil.
func ownLine(at diag.Span) []Edit {
	text := string(at.From.Src.Text)
	from := strings.LastIndexByte(text[:at.From.Offset], '\n') + 1
	to := strings.IndexByte(text[at.To.Offset:], '\n')
	if to < 0 || from == at.From.Offset || strings.TrimSpace(text[from:at.To.Offset+to]) != at.Text() {
		return nil
	}
	return []Edit{{diag.SpanOf(at.From.Src, from, at.To.Offset+to+1), ""}}
}
