package eggs

import (
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/literal"
	"gobuild/parts/pep"
)

// pin is what a profile says of the version of a project:
//
//	1.2.3                    exactly this one; ==1.2.3 is the same
//	>=1,<2                   specifiers
//	1.2.3:whl                as a wheel, even where sources are preferred
//	1.2.3#sha256=HEX         with this checksum; several have commas between them
type pin struct {
	exact      string
	specifiers pep.Specifiers
	wheel      bool
	sums       []string // sha256 of the archives that may be used; none: any
}

func parsePin(name, text string) (pin, error) {
	text, sums, hashed := strings.Cut(strings.TrimSpace(text), "#")
	p := pin{}
	text, p.wheel = strings.CutSuffix(strings.TrimSpace(text), ":whl")
	bad := func() (pin, error) {
		return p, diag.At(diag.Span{}, "egg-pin", "the version %s of %s is none: it must be such as 1.2.3, or >=1,<2", literal.Quote(text), name)
	}
	if hashed {
		for word := range strings.SplitSeq(sums, ",") {
			hex, ok := strings.CutPrefix(strings.TrimSpace(word), "sha256=")
			if hex = strings.ToLower(hex); !ok || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
				return p, diag.At(diag.Span{}, "egg-pin", "%s of %s is no checksum: write #sha256= and 64 hexadecimal digits", literal.Quote(word), name)
			}
			p.sums = append(p.sums, hex)
		}
	}
	if text == "" || strings.ContainsRune("<>~!", rune(text[0])) {
		var ok bool
		if p.specifiers, ok = pep.ParseSpecifiers(text); !ok || text == "" {
			return bad()
		}
		return p, nil
	}
	p.exact = strings.TrimSpace(strings.TrimPrefix(text, "=="))
	if _, ok := pep.ParseVersion(p.exact); !ok {
		return bad()
	}
	return p, nil
}

// accepts reports whether an archive with this sha256 may be used.
func (p pin) accepts(sum string) bool {
	for _, s := range p.sums {
		if s == sum {
			return true
		}
	}
	return len(p.sums) == 0
}

// checksum is the one that the archive must have, if there is just one.
func (p pin) checksum() []parts.Checksum {
	if len(p.sums) != 1 {
		return nil
	}
	return []parts.Checksum{{Algorithm: "sha256", Hex: p.sums[0]}}
}

// exactly returns the specifiers that only one version meets.
func exactly(version string) (pep.Specifiers, bool) { return pep.ParseSpecifiers("==" + version) }

// constrain returns a requirement with what is pinned.
func (w *workingSet) constrain(r wanted) (wanted, error) {
	p, ok, err := w.pinOf(r.Key())
	if err != nil || !ok {
		return r, err
	}
	if p.exact == "" {
		r.Specifiers = append(append(pep.Specifiers{}, r.Specifiers...), p.specifiers...)
		return r, nil
	}
	if !r.Contains(p.exact) {
		if w.building > 0 { // what builds others follows the pins where it can
			return r, nil
		}
		d := diag.At(diag.Span{}, "egg-pin", "The requirement (%s) is not allowed by your [versions] constraint (%s)", literal.Quote(r.String()), p.exact)
		return r, d.WithHint("%s: pin a version that it allows", r.origin())
	}
	specifiers, ok := exactly(p.exact)
	if !ok {
		return r, diag.At(diag.Span{}, "egg-pin", "%s of %s is no version", literal.Quote(p.exact), r.Name)
	}
	r.Specifiers, r.pin = specifiers, &p
	return r, nil
}

// pinOf returns the pin of a project. Patches of it add to its version.
func (w *workingSet) pinOf(key string) (pin, bool, error) {
	text, ok := w.pins[key]
	if !ok {
		return pin{}, false, nil
	}
	p, err := parsePin(key, text)
	if patch := w.patchOf(key); err == nil && patch != nil && p.exact != "" {
		p.exact, err = patch.version(key, p.exact)
	}
	return p, true, err
}
