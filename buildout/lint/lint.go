package lint

import (
	"cmp"
	"context"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// Rule is one thing that is looked for.
type Rule struct {
	Code string
	Doc  string // a sentence, then paragraphs
	Fix  bool   // some of its findings can be fixed
	Off  bool   // runs only when it is asked for
	// Check reports to the subject.
	Check func(ctx context.Context, s *Subject)
}

// Input is what is looked at.
type Input struct {
	Profile *profile.Profile
	// Recipe finds a built-in recipe by a name that profiles use.
	Recipe func(name string) (parts.Spec, bool)
	// Load reads the profile again in a dialect. nil: rules that compare
	// dialects find nothing.
	Load func(ctx context.Context, d profile.Dialect) (*profile.Profile, error)
	// Read returns the text of a local file: templates name sections too. nil:
	// none is read.
	Read func(path string) ([]byte, error)
	Home string // for names in extends that begin with ~/
}

// Edit replaces the text of a span.
type Edit struct {
	At   diag.Span
	Text string
}

// Finding is a diagnostic, with edits that put it right where that is safe.
type Finding struct {
	*diag.Diagnostic
	Fix []Edit
}

// Check runs the rules and returns what they find in local files, sorted by
// place, without what comments silence.
func Check(ctx context.Context, in Input, rules []Rule) []*Finding {
	s := newSubject(in)
	for _, r := range rules {
		if ctx.Err() != nil {
			break
		}
		s.rule = r.Code
		r.Check(ctx, s)
	}
	return s.results()
}

// report adds a warning of the rule that is running.
func (s *Subject) report(at diag.Span, format string, args ...any) *Finding {
	d := diag.At(at, s.rule, format, args...)
	d.Severity = diag.Warning
	f := &Finding{Diagnostic: d}
	s.found = append(s.found, f)
	return f
}

// results sorts what was found. Of findings with one text at one place the
// first counts.
func (s *Subject) results() []*Finding {
	type key struct {
		at        diag.Span
		code, msg string
	}
	seen := map[key]bool{}
	kept := slices.DeleteFunc(s.found, func(f *Finding) bool {
		k := key{f.At, f.Code, f.Msg}
		file := s.byName[nameOf(f.At)]
		drop := file == nil || profile.IsURL(nameOf(f.At)) || seen[k] || file.silences(f)
		seen[k] = true
		return drop
	})
	slices.SortStableFunc(kept, func(a, b *Finding) int {
		return cmp.Or(cmp.Compare(nameOf(a.At), nameOf(b.At)), cmp.Compare(a.At.From.Offset, b.At.From.Offset))
	})
	return kept
}

func nameOf(at diag.Span) string {
	if !at.IsValid() {
		return ""
	}
	return at.From.Src.Name
}
