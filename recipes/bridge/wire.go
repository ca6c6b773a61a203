package bridge

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gobuild/parts"
)

// Paths and variables may have bytes that are not UTF-8, which JSON has not. On
// the wire such a byte is a NUL, which neither can have, and two digits.

// wired returns a text as it is sent.
func wired(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(0)
			b.WriteString(strconv.FormatUint(uint64(text[0]), 16))
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// unwired returns a text as it was before it was sent.
func unwired(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "\x00")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = rest
		if len(rest) < 2 {
			continue
		}
		if code, err := strconv.ParseUint(rest[:2], 16, 8); err == nil {
			b.WriteByte(byte(code))
			text = rest[2:]
		}
	}
}

func wiredMap(values map[string]string, translate func(string) string) map[string]string {
	translated := make(map[string]string, len(values))
	for name, value := range values {
		translated[translate(name)] = translate(value)
	}
	return translated
}

func unwiredAll(list []string) {
	for i, text := range list {
		list[i] = unwired(text)
	}
}

// unwiredEnvironment returns a change of the environment as it was made.
func unwiredEnvironment(change parts.Environment) parts.Environment {
	unwiredAll(change.Unset)
	return parts.Environment{Set: wiredMap(change.Set, unwired), Unset: change.Unset}
}
