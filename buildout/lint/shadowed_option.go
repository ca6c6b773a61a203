package lint

import (
	"context"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

func shadowedOption() Rule {
	return Rule{
		Code: "shadowed-option", Fix: true,
		Doc: `An option is set twice in one section of one file.

The later value counts, the earlier one does nothing. Sections with conditions
are told apart: only what certainly has no effect is reported. The fix takes out
the earlier one when both are the same.`,
		Check: checkShadowed,
	}
}

// setting is an option with the block that it stands in.
type setting struct {
	block cfg.Block
	item  cfg.Item
}

func checkShadowed(_ context.Context, s *Subject) {
	for _, f := range s.files {
		last := map[[2]string]setting{}
		for _, b := range f.blocks {
			for _, it := range b.Options {
				key := [2]string{b.Name, it.Base()}
				if before, twice := last[key]; twice && !it.Adds() && (b.Condition == "" || b.Condition == before.block.Condition) {
					s.reportShadowed(f, before, setting{b, it})
				}
				if it.Adds() {
					delete(last, key) // what is added to is used, as far as we know
				}
				last[key] = setting{b, it}
			}
		}
	}
}

func (s *Subject) reportShadowed(f *file, before, after setting) {
	x := s.report(f.KeySpan(before.item), "this value has no effect: %s is set again below", after.item.Key)
	x.WithPath(before.block.Name, before.item.Base())
	x.WithRelated(f.KeySpan(after.item), "the value that counts")
	same := before.item.Key == after.item.Key && f.ValueSpan(before.item).Text() == f.ValueSpan(after.item).Text()
	if !same {
		x.WithHint("take one of them out")
		return
	}
	x.WithHint("both are the same: take one out")
	from, to := f.Lines[before.item.Line].From, f.Lines[before.item.Last].End
	x.Fix = []Edit{{diag.SpanOf(f.Src, from, to), ""}}
}
