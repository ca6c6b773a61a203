package pep

import (
	"fmt"
	"slices"
	"strings"
)

// Requirement is what PEP 508 calls a dependency specification.
type Requirement struct {
	Name       string
	Extras     []string // as they are written
	Specifiers Specifiers
	URL        string
	Marker     Marker // nil for none
	marker     string
}

// ParseRequirement reads a requirement. The specifiers may stand in parentheses,
// as old metadata has them.
func ParseRequirement(text string) (Requirement, error) {
	r := Requirement{}
	rest := strings.TrimFunc(text, IsSpace)
	r.Name, rest = cutName(rest)
	if r.Name == "" {
		return r, fmt.Errorf("%q does not begin with the name of a project", text)
	}
	var ok bool
	if r.Extras, rest, ok = cutExtras(rest); !ok {
		return r, fmt.Errorf("the extras of %q are no names in brackets", text)
	}
	if address, isURL := strings.CutPrefix(rest, "@"); isURL {
		r.URL, rest = cutURL(strings.TrimLeftFunc(address, IsSpace))
	} else {
		var specifiers string
		specifiers, rest = cutAt(rest, ";")
		specifiers = strings.TrimFunc(specifiers, IsSpace)
		if inner, open := strings.CutPrefix(specifiers, "("); open {
			specifiers = strings.TrimSuffix(inner, ")")
		}
		if r.Specifiers, ok = ParseSpecifiers(specifiers); !ok {
			return r, fmt.Errorf("%q of %q is not made of version specifiers such as >=1.0,<2", specifiers, text)
		}
	}
	return r, r.setMarker(text, rest)
}

func (r *Requirement) setMarker(text, rest string) error {
	if rest = strings.TrimFunc(rest, IsSpace); rest == "" {
		return nil
	}
	marker, found := strings.CutPrefix(rest, ";")
	if r.marker = strings.TrimFunc(marker, IsSpace); !found {
		return fmt.Errorf("%q cannot stand behind the rest of %q", rest, text)
	}
	var ok bool
	if r.Marker, ok = ParseMarker(r.marker, nil); !ok {
		return fmt.Errorf("%q of %q is no marker", r.marker, text)
	}
	return nil
}

func cutAt(text, separators string) (before, after string) {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// cutName cuts the name of a project or extra off.
func cutName(text string) (name, rest string) {
	end := strings.IndexFunc(text, func(c rune) bool { return !isNameRune(c) })
	if end < 0 {
		end = len(text)
	}
	name = text[:end]
	if strings.Trim(name, "._-") != name {
		return "", text
	}
	return name, strings.TrimLeftFunc(text[end:], IsSpace)
}

func isNameRune(c rune) bool {
	return c < 0x80 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
}

func cutExtras(text string) (extras []string, rest string, ok bool) {
	inner, found := strings.CutPrefix(text, "[")
	if !found {
		return nil, text, true
	}
	list, rest, closed := strings.Cut(inner, "]")
	if !closed {
		return nil, text, false
	}
	for _, word := range strings.Split(list, ",") {
		if word = strings.TrimFunc(word, IsSpace); word == "" && strings.TrimFunc(list, IsSpace) == "" {
			break
		}
		name, more := cutName(word)
		if name == "" || more != "" {
			return nil, text, false
		}
		extras = append(extras, name)
	}
	return extras, strings.TrimLeftFunc(rest, IsSpace), true
}

// cutURL cuts a URL off: it ends at white space.
func cutURL(text string) (url, rest string) {
	if i := strings.IndexFunc(text, IsSpace); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// Key is the name in the form in which all its spellings are equal.
func (r Requirement) Key() string { return Canonical(r.Name) }

// Contains reports whether a version fits, pre-releases included.
func (r Requirement) Contains(version string) bool { return r.Specifiers.Contains(version) }

// Applies reports whether the marker of r holds. Of the extras that are asked for
// one must make it hold; none is the empty one.
func (r Requirement) Applies(env map[string]string, extras []string) (bool, error) {
	if r.Marker == nil {
		return true, nil
	}
	if len(extras) == 0 {
		extras = []string{""}
	}
	with := make(map[string]string, len(env)+1)
	for key, value := range env {
		with[key] = value
	}
	for _, extra := range extras {
		with["extra"] = Canonical(extra)
		holds, err := r.Marker.Eval(with)
		if err != nil {
			return false, err
		}
		if holds {
			return true, nil
		}
	}
	return false, nil
}

// String writes r as Python's packaging does, without its marker.
func (r Requirement) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if len(r.Extras) > 0 {
		extras := slices.Clone(r.Extras)
		slices.Sort(extras)
		b.WriteString("[" + strings.Join(slices.Compact(extras), ",") + "]")
	}
	b.WriteString(r.Specifiers.String())
	if r.URL != "" {
		b.WriteString("@ " + r.URL)
	}
	return b.String()
}
