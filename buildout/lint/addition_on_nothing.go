package lint

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func additionOnNothing() Rule {
	return Rule{
		Code: "addition-on-nothing",
		Doc: `An option is added to with ` + "`+=`" + `, but there is nothing below.

Nothing that comes before gives the option a value, so the addition sets it: the
option is misspelt, the file that sets it is not extended or comes later, or
` + "`=`" + ` is meant. The value then begins with an empty line. Reported are options that the
recipe knows, in the file that gives the section its recipe or macro, and names
close to one that the section has: else several files may collect what nobody
begins.`,
		Check: checkAdditions,
	}
}

// checkAdditions reports the additions that find a value nowhere: one in a
// macro may find it in one of the sections that use the macro.
func checkAdditions(_ context.Context, s *Subject) {
	type place struct{ section, option string }
	lonely, based := map[diag.Span]place{}, map[diag.Span]bool{}
	var order []diag.Span
	s.each(func(x *section) {
		for _, key := range x.keys() {
			for _, e := range additions(x.options[key]) {
				if _, known := lonely[e.at]; !known && e.lonely {
					lonely[e.at] = place{x.name, strings.TrimRight(key, " +")}
					order = append(order, e.at)
				}
				based[e.at] = based[e.at] || !e.lonely
			}
		}
	})
	for _, at := range order {
		if based[at] {
			continue
		}
		name, key := lonely[at].section, lonely[at].option
		hint := s.similarOption(name, key)
		if hint == "" && !(s.sections[name].has(key) && s.owns(at, name)) {
			continue
		}
		f := s.report(at, "nothing to add to: no file before this one gives %s a value", key)
		f.WithPath(name, key)
		if f.Hint = hint; hint == "" {
			f.Hint = "write `" + key + " =` if this is the first value, else extend the file that sets it"
		}
	}
}

// addition is a `+=` in the history of a value.
type addition struct {
	at     diag.Span
	lonely bool
}

func additions(v *profile.Value) []addition {
	var list []addition
	history := v.History()
	for i, s := range history {
		if !strings.HasSuffix(s.KeyAt.Text(), "+") {
			continue
		}
		lonely := s.Op != profile.OpAdd
		if i == 1 {
			lonely = lonely || isImplicit(history[0])
		}
		list = append(list, addition{s.KeyAt, lonely})
	}
	return list
}

// isImplicit reports whether s is the empty value that the engine puts below
// an addition or a removal.
func isImplicit(s profile.Setting) bool {
	return !s.At.IsValid() && s.Text == "" && s.Source != profile.SourceDefault &&
		s.Source != profile.SourceComputed && s.Source != profile.SourceCommandLine
}

// owns reports whether the file of at says what a section is: its recipe or
// its macros.
func (s *Subject) owns(at diag.Span, name string) bool {
	f := s.byName[nameOf(at)]
	return f != nil && slices.ContainsFunc(f.blocks, func(b cfg.Block) bool {
		return b.Name == name && slices.ContainsFunc(b.Options, func(it cfg.Item) bool {
			return it.Key == "recipe" || it.Key == "<"
		})
	})
}

// similarOption suggests an option of the section that its recipe knows.
func (s *Subject) similarOption(name, key string) string {
	x := s.sections[name]
	if x.has(key) {
		return ""
	}
	return diag.DidYouMean(key, slices.DeleteFunc(x.keys(), func(k string) bool { return !x.has(k) }))
}
