package lint

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func removalOfNothing() Rule {
	return Rule{
		Code: "removal-of-nothing",
		Doc: `A line of a ` + "`-=`" + ` equals no line of the value that it is taken from.

Whole lines are compared, white space included. A line that equals none removes
nothing, and says so nowhere.`,
		Check: checkRemovals,
	}
}

// removal is one line of a `-=`, and the lines it was compared with.
type removal struct {
	at      diag.Span // of the name
	line    string
	section string
	option  string
}

// checkRemovals plays the histories of all values. A line of a macro counts as
// used if one of the sections that use the macro has it.
func checkRemovals(_ context.Context, s *Subject) {
	type key struct {
		at   diag.Span
		line string
	}
	used, below := map[key]bool{}, map[key][]string{}
	var order []removal
	s.each(func(x *section) {
		for _, name := range x.keys() {
			playRemovals(x.options[name], func(at diag.Span, line string, lines []string) {
				k := key{at, line}
				if _, known := below[k]; !known {
					order = append(order, removal{at, line, x.name, strings.TrimRight(name, " -")})
				}
				used[k] = used[k] || slices.Contains(lines, line)
				below[k] = lines
			})
		}
	})
	for _, r := range order {
		if k := (key{r.at, r.line}); !used[k] {
			s.reportRemoval(r, below[k])
		}
	}
}

// playRemovals calls found for each line that v's history removes, with the
// lines of the value before.
func playRemovals(v *profile.Value, found func(at diag.Span, line string, below []string)) {
	text := ""
	for _, s := range v.History() {
		removes := strings.HasSuffix(s.KeyAt.Text(), "-")
		if removes && s.Op != profile.OpAdd {
			below := strings.Split(text, "\n")
			if s.Op != profile.OpRemove {
				below = nil
			}
			removed := strings.Split(s.Text, "\n")
			for _, line := range removed {
				if strings.TrimSpace(line) != "" {
					found(s.KeyAt, line, below)
				}
			}
			text = strings.Join(slices.DeleteFunc(below, func(l string) bool { return slices.Contains(removed, l) }), "\n")
			continue
		}
		if s.Op == profile.OpAdd {
			text += "\n" + s.Text
		} else {
			text = s.Text
		}
	}
}

func (s *Subject) reportRemoval(r removal, below []string) {
	f := s.report(r.at, "nothing to remove: no line of %s is %q", r.option, r.line)
	f.WithPath(r.section, r.option)
	for _, line := range below {
		if strings.TrimSpace(line) == strings.TrimSpace(r.line) {
			f.WithHint("a line differs in white space only: %q", line)
			return
		}
	}
	f.Hint = diag.DidYouMean(r.line, below)
}
