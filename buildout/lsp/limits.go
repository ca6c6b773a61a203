package lsp

import (
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// The limits beyond which a profile is not evaluated. A few lines of text can
// stand for more than any memory holds, and an editor shows every text.
const (
	maxExpansions = 200_000  // macros used, counted once for each path
	maxValues     = 64 << 20 // bytes of all values after substitution
	maxValue      = 4 << 20  // bytes of one value
	maxReferences = 200_000  // references in all values
	maxChain      = 2_000    // options that refer to each other in a row
)

// macrosFit reports whether expanding all macros is a reasonable amount of
// work.
func (sn *snapshot) macrosFit() bool {
	count := map[string]int{}
	total := 0
	for _, name := range sn.profile.Names() {
		total += sn.expansions(name, count)
		if total > maxExpansions {
			sn.tooLarge(sn.profile.Sections[name].Header, "macros of section [%s] are used more than %d times in all", name, maxExpansions)
			return false
		}
	}
	return true
}

// expansions counts the macros that a section uses, directly or not.
func (sn *snapshot) expansions(name string, count map[string]int) int {
	if n, known := count[name]; known {
		return n
	}
	count[name] = 0 // a circle is reported elsewhere and ends here
	n := 1
	if v := sn.profile.Value(name, "<"); v != nil && name != "buildout" {
		for _, line := range strings.Split(v.Text, "\n") {
			if used := cfg.Trim(line); used != "" {
				n = min(n+sn.expansions(used, count), maxExpansions+1)
			}
		}
	}
	count[name] = n
	return n
}

func (sn *snapshot) tooLarge(at diag.Span, format string, args ...any) {
	d := diag.At(at, "too-large", format, args...).
		WithHint("the profile is shown without values; a section or a value that uses another twice, again and again, does this")
	sn.warn(d)
}

// measure estimates the values of a profile without making them.
type measure struct {
	*snapshot
	known      map[[2]string]size
	references int
}

// size is the estimated length of a value and of its longest chain of
// references.
type size struct{ bytes, chain int }

// valuesFit reports whether all values have a reasonable size.
func (sn *snapshot) valuesFit() bool {
	m := measure{snapshot: sn, known: map[[2]string]size{}}
	total := 0
	for _, name := range sn.profile.Names() {
		for key, v := range sn.expanded[name] {
			s := m.value(name, key, v, 0)
			if key == "<part-dependencies>" {
				m.references += len(cfg.Fields(v.Text))
			}
			total += s.bytes
			switch {
			case s.bytes > maxValue || total > maxValues:
				sn.tooLarge(v.KeyAt(), "the values are too long after substitution")
			case s.chain > maxChain || m.references > maxReferences:
				sn.tooLarge(v.KeyAt(), "the values refer to each other too deeply")
			default:
				continue
			}
			return false
		}
	}
	return true
}

func (m *measure) value(section, key string, v *profile.Value, depth int) size {
	at := [2]string{section, key}
	if s, known := m.known[at]; known {
		return s
	}
	s := size{len(v.Text), 1}
	m.known[at] = s // of a circle, which the evaluation reports
	if !strings.Contains(v.Text, "${") || depth > maxChain {
		s.chain += depth
		return s
	}
	for _, r := range v.References() {
		m.references++
		to := r.Section
		if to == "" {
			to = section
		}
		if w := m.expanded[to][r.Option]; w != nil {
			below := m.value(to, r.Option, w, depth+1)
			s.bytes = min(s.bytes+below.bytes, maxValue+1)
			s.chain = max(s.chain, below.chain+1)
		}
	}
	m.known[at] = s
	return s
}
