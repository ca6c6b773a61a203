package literal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Repr is the literal of a value, with dicts in the order of their keys and sets
// in that of their elements.
func Repr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return Quote(v)
	case json.Number:
		return number(v)
	case int:
		return strconv.Itoa(v)
	case []any:
		return "[" + items(v) + "]"
	case Tuple:
		if len(v) == 1 {
			return "(" + items(v) + ",)"
		}
		return "(" + items(v) + ")"
	case Set:
		sorted := slices.SortedFunc(slices.Values(v), func(a, b any) int { return cmp.Compare(Repr(a), Repr(b)) })
		return "set([" + items(sorted) + "])"
	case map[string]any:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, Quote(key)+": "+Repr(v[key]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	panic(fmt.Sprintf("a value of type %T has no literal", value))
}

func items(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = Repr(v)
	}
	return strings.Join(texts, ", ")
}

// number is the literal of a JSON number. One that is no integer is a float,
// also when it is one by its value.
func number(n json.Number) string {
	text := n.String()
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return text
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// Quote is the literal of a text, as Python's repr writes it. A byte that is no
// text is written as Python reads it from the name of a file.
func Quote(s string) string {
	q := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteRune(q)
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, "\\udc%02x", s[i])
			i++
			continue
		}
		i += n
		quoteRune(&b, c, q)
	}
	b.WriteRune(q)
	return b.String()
}

// QuoteBytes is the literal of bytes.
func QuoteBytes(s string) string {
	q := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteString("b" + string(q))
	for i := range len(s) {
		if c := s[i]; c >= 0x7f {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			quoteRune(&b, rune(c), q)
		}
	}
	b.WriteRune(q)
	return b.String()
}

func quoteRune(b *strings.Builder, c, q rune) {
	switch {
	case c == q || c == '\\':
		b.WriteString(`\` + string(c))
	case c == '\n':
		b.WriteString(`\n`)
	case c == '\r':
		b.WriteString(`\r`)
	case c == '\t':
		b.WriteString(`\t`)
	case unicode.IsPrint(c):
		b.WriteRune(c)
	case c <= 0xff:
		fmt.Fprintf(b, `\x%02x`, c)
	case c <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, c)
	default:
		fmt.Fprintf(b, `\U%08x`, c)
	}
}
