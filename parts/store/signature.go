package store

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SignatureFile is the file of a shared directory that says that it is
// complete. It holds the signature.
const SignatureFile = ".buildout-shared.json"

// profileBase is the option that the SlapOS fork adds to every section. Its
// value depends on where the profile lies, so it is not part of a signature.
const profileBase = "_profile_base_location_"

// Signature returns the JSON text that identifies a shared part: its options
// with final values, as they are before the recipe adds its own. The text base
// (the value of _profile_base_location_) in a value becomes a reference. The
// bytes are those of slapos.recipe.build, so that both share one directory.
func Signature(options map[string]string, base string) string {
	var b strings.Builder
	b.WriteString("{")
	separator := "\n  "
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if key == profileBase {
			continue
		}
		value := options[key]
		if base != "" {
			value = strings.ReplaceAll(value, base, "${:"+profileBase+"}")
		}
		b.WriteString(separator + quote(key) + ": " + quote(value))
		separator = ",\n  "
	}
	if separator == "\n  " {
		return "{}"
	}
	b.WriteString("\n}")
	return b.String()
}

// Digest returns the name of the directory of a shared part.
func Digest(signature string) string {
	sum := md5.Sum([]byte(signature))
	return hex.EncodeToString(sum[:])
}

// escapes are the characters that JSON text names by a letter.
var escapes = map[byte]string{
	'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`,
}

// quote returns s as a JSON string in which all but quotes, backslashes and
// control characters stand for themselves. encoding/json escapes more.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		c := s[i]
		switch escape, ok := escapes[c]; {
		case ok:
			b.WriteString(escape)
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
