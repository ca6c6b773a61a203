package relocate

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// form says how strictly the surroundings of a prefix are looked at.
type form int

const (
	formText   form = iota // neither side may continue a name
	formBinary             // what is in front may be anything: lengths, other strings
	formPyc                // as formBinary; strings have a length and no end
)

// nameByte reports whether c may continue the name of a file in usual texts.
func nameByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '_' || c == '-' || c == '+' || c == '.' || c == '~'
}

// ends reports whether a prefix that ends at a place of content ends there as
// a path, too: /b/zlib does not end in /b/zlib2.
func ends(content []byte, start, at int, form form) bool {
	if at >= len(content) || boundary(content[at:]) {
		return true
	}
	return form == formPyc && endsString(content, start, at)
}

func boundary(rest []byte) bool {
	c := rest[0]
	if c >= utf8.RuneSelf {
		r, _ := utf8.DecodeRune(rest)
		return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}
	if c == '.' { // the end of a sentence
		return len(rest) == 1 || rest[1] <= ' ' || rest[1] == '"' || rest[1] == '\'' || rest[1] == ')' || rest[1] == '<'
	}
	return !nameByte(c) && c != '@'
}

// insidePath reports whether the path that begins at start is the rest of a
// longer one: the /b/zlib of /stage/b/zlib, but not of file://host/b/zlib. A
// short prefix is also not taken from a relative path such as lib/b, where it
// is likely to be there by chance, but it is from -I/b.
func insidePath(content []byte, start int, short bool) bool {
	end := start
	for end > 0 && content[end-1] == '/' {
		end--
	}
	at := end
	for at > 0 && nameBefore(content[:at]) {
		at--
	}
	switch {
	case at == end, at > 0 && content[at-1] == '\\': // "\n/b/zlib"
		return false
	case at > 0 && content[at-1] == '/':
		return at < 3 || string(content[at-3:at]) != "://"
	}
	return short && !isOption(content[at:end])
}

// isOption reports whether text ends with an option and nothing more: -I.
func isOption(text []byte) bool {
	name := bytes.TrimRightFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
	return bytes.HasSuffix(name, []byte("-"))
}

// nameBefore reports whether text ends with a byte of a name.
func nameBefore(text []byte) bool {
	c := text[len(text)-1]
	if c < utf8.RuneSelf {
		return nameByte(c)
	}
	r, _ := utf8.DecodeLastRune(text)
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// maxPycString is how far back the start of a string of a .pyc is looked for.
const maxPycString = 4096

// endsString reports whether a string of the marshal format that begins at
// start or before ends at a place: the bytes in front of it are its type and
// length.
func endsString(content []byte, start, at int) bool {
	for s := start; s >= 2 && start-s < maxPycString; s-- {
		switch content[s-2] &^ 0x80 {
		case 'z', 'Z':
			if int(content[s-1]) == at-s {
				return true
			}
		}
		if s < 5 {
			continue
		}
		switch content[s-5] &^ 0x80 {
		case 'a', 'A', 'u', 't', 's':
			if uint64(binary.LittleEndian.Uint32(content[s-4:])) == uint64(at-s) {
				return true
			}
		}
	}
	return false
}
