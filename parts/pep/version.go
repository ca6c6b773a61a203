package pep

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Version is a version of PEP 440. Numbers are decimal texts without leading
// zeros: they have no upper limit.
type Version struct {
	epoch   string
	release []string
	pre     int // rank of a, b, rc: 0, 1, 2; noPre when absent
	preN    string
	post    string // "" when absent
	dev     string // "" when absent
	local   []string
}

// Ranks of the pre-release part in the order of versions.
const (
	devOnly = -1
	noPre   = 3
)

// letters are the names of pre-releases, a longer name before its beginning.
var letters = []struct {
	name string
	rank int
}{
	{"alpha", 0}, {"a", 0}, {"beta", 1}, {"b", 1}, {"preview", 2}, {"pre", 2}, {"c", 2}, {"rc", 2},
}

// versionScanner reads the parts of a version from left to right. The grammar
// never needs to go back further than one part.
type versionScanner struct {
	text string // lower case
	pos  int
}

// ParseVersion reads a whole version.
func ParseVersion(s string) (Version, bool) {
	v, wild, ok := parseRelease(s, false)
	return v, ok && !wild
}

// parseRelease reads a version, or with wildcard allowed `1.2.*`.
func parseRelease(s string, wildcard bool) (v Version, wild, ok bool) {
	sc := &versionScanner{text: strings.ToLower(strings.TrimFunc(s, IsSpace))}
	sc.take("v")
	v = Version{epoch: "0", pre: noPre}
	first := sc.digits()
	if first != "" && sc.take("!") {
		v.epoch, first = first, sc.digits()
	}
	if first == "" {
		return v, false, false
	}
	v.release = []string{first}
	for {
		mark := sc.pos
		if n := ""; sc.take(".") {
			if n = sc.digits(); n != "" {
				v.release = append(v.release, n)
				continue
			}
		}
		sc.pos = mark
		break
	}
	if wildcard && sc.rest() == ".*" {
		return v, true, true
	}
	sc.preRelease(&v)
	sc.postRelease(&v)
	if n, ok := sc.named("dev"); ok {
		v.dev = n
	}
	return v, false, sc.localLabel(&v) && sc.rest() == ""
}

func (s *versionScanner) rest() string { return s.text[s.pos:] }

func (s *versionScanner) take(word string) bool {
	if !strings.HasPrefix(s.rest(), word) {
		return false
	}
	s.pos += len(word)
	return true
}

// digits reads a number without its leading zeros; "" when there is none.
func (s *versionScanner) digits() string {
	from := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	if from == s.pos {
		return ""
	}
	return number(s.text[from:s.pos])
}

func number(digits string) string {
	if t := strings.TrimLeft(digits, "0"); t != "" {
		return t
	}
	return "0"
}

func (s *versionScanner) separator() {
	if s.pos < len(s.text) && strings.IndexByte("._-", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// named reads separator, word, separator, number; the number may be absent.
func (s *versionScanner) named(word string) (n string, ok bool) {
	mark := s.pos
	s.separator()
	if !s.take(word) {
		s.pos = mark
		return "", false
	}
	s.separator()
	if n = s.digits(); n == "" {
		n = "0"
	}
	return n, true
}

func (s *versionScanner) preRelease(v *Version) {
	for _, l := range letters {
		if n, ok := s.named(l.name); ok {
			v.pre, v.preN = l.rank, n
			return
		}
	}
}

func (s *versionScanner) postRelease(v *Version) {
	mark := s.pos
	if s.take("-") {
		if v.post = s.digits(); v.post != "" {
			return
		}
		s.pos = mark
	}
	for _, word := range []string{"post", "rev", "r"} {
		if n, ok := s.named(word); ok {
			v.post = n
			return
		}
	}
}

func (s *versionScanner) localLabel(v *Version) bool {
	if !s.take("+") {
		return true
	}
	label := s.rest()
	s.pos = len(s.text)
	v.local = strings.FieldsFunc(label, func(r rune) bool { return strings.ContainsRune("._-", r) })
	separators := strings.Count(label, ".") + strings.Count(label, "_") + strings.Count(label, "-")
	if len(v.local) != separators+1 {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	})
}

// IsPrerelease reports whether v comes before a final release: a, b, rc or dev.
func (v Version) IsPrerelease() bool { return v.pre != noPre || v.dev != "" }

// rank orders the pre-release part: a lone dev release comes before all.
func (v Version) rank() int {
	if v.pre == noPre && v.post == "" && v.dev != "" {
		return devOnly
	}
	return v.pre
}

func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func trimmed(release []string) []string {
	for len(release) > 0 && release[len(release)-1] == "0" {
		release = release[:len(release)-1]
	}
	return release
}

// Compare orders v and w, local labels included.
func (v Version) Compare(w Version) int {
	return cmp.Or(v.comparePublic(w), v.compareLocal(w))
}

func (v Version) comparePublic(w Version) int {
	absent := func(s string) int { // a version without dev comes after one with it
		if s == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(
		compareNumbers(v.epoch, w.epoch),
		slices.CompareFunc(trimmed(v.release), trimmed(w.release), compareNumbers),
		cmp.Compare(v.rank(), w.rank()),
		compareNumbers(v.preN, w.preN),
		compareNumbers(v.post, w.post),
		cmp.Compare(absent(v.dev), absent(w.dev)),
		compareNumbers(v.dev, w.dev),
	)
}

// compareLocal orders local labels: none, then words, then numbers.
func (v Version) compareLocal(w Version) int {
	return slices.CompareFunc(v.local, w.local, func(a, b string) int {
		an, bn := isNumber(a), isNumber(b)
		switch {
		case an && bn:
			return compareNumbers(number(a), number(b))
		case an:
			return 1
		case bn:
			return -1
		}
		return cmp.Compare(a, b)
	})
}

func isNumber(s string) bool {
	return strings.TrimLeft(s, "0123456789") == ""
}

// samePrefix reports whether the release of v begins with that of w, missing
// components being zero.
func (v Version) samePrefix(w Version, n int) bool {
	if v.epoch != w.epoch {
		return false
	}
	for i := range n {
		component := "0"
		if i < len(v.release) {
			component = v.release[i]
		}
		if component != w.release[i] {
			return false
		}
	}
	return true
}

// sameBase reports whether v and w differ in post, dev and local parts only.
func (v Version) sameBase(w Version) bool {
	return v.epoch == w.epoch && slices.Equal(trimmed(v.release), trimmed(w.release)) && v.pre == w.pre && v.preN == w.preN
}
