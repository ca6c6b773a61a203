package relocate

import (
	"bytes"
	"strings"
)

// noteEncoded notes prefixes in UTF-16 and UTF-32. The bytes of one anchor are
// the same in both byte orders, but for the zeros at the ends.
func (s *scanner) noteEncoded(f *Fact, content []byte) {
	for _, encoding := range []struct {
		name string
		step int
	}{{"UTF-16", 2}, {"UTF-32", 4}} {
		count := 0
		for i := range s.matcher.groups {
			count += s.matcher.groups[i].countSpread(content, encoding.step)
		}
		if count > 0 {
			f.note(CodeEncoding, Warning, "a prefix stands in the file in "+encoding.name+", "+times(count), "it is left as it is")
		}
	}
}

// countSpread counts the prefixes of a group whose bytes are a step apart.
func (g *group) countSpread(content []byte, step int) int {
	anchor := spread(g.anchor, step)
	count := 0
	for from := 0; ; {
		i := bytes.Index(content[from:], anchor)
		if i < 0 {
			return count
		}
		from += i
		around, at := gather(content, from, step)
		if start, ok := g.start(around, at); ok {
			if _, ok := g.at(around, start, formBinary); ok {
				count++
			}
		}
		from += len(anchor)
	}
}

// spread puts zeros between the bytes of text.
func spread(text []byte, step int) []byte {
	wide := make([]byte, (len(text)-1)*step+1)
	for i, c := range text {
		wide[i*step] = c
	}
	return wide
}

// gather returns the characters around a place of content whose bytes are a
// step apart, and the index of that place among them.
func gather(content []byte, at, step int) ([]byte, int) {
	const around = 4096
	first := at - min(at/step, around)*step
	var text []byte
	for i := first; i < len(content) && i < at+around*step; i += step {
		text = append(text, content[i])
	}
	return text, (at - first) / step
}

// noteEscaped notes prefixes whose slashes have a backslash or are %2F.
func (s *scanner) noteEscaped(f *Fact, content []byte) {
	for _, escape := range []string{`\/`, `%2F`, `%2f`} {
		if !bytes.Contains(content, []byte(escape)) {
			continue
		}
		for _, p := range s.facts.Prefixes {
			text := strings.ReplaceAll(p.Path, "/", escape)
			if n := bytes.Count(content, []byte(text)); n > 0 {
				f.note(CodeEncoding, Warning, "a prefix stands in the file with its slashes as "+escape+", "+times(n), "it is left as it is")
				break
			}
		}
	}
}
