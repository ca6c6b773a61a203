package plan

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gobuild/buildout/profile"
	"gobuild/parts/literal"
)

// pythonMark stands before values that are expressions of Python (SPEC-engine 5).
const pythonMark = "!py!"

// readText is what a recipe reads of a value: in the dialect of SlapOS an
// expression of Python whose value is a text is that text. Others are left to
// those recipes that know what to do with them. References see the value as it is.
func (o *options) readText(value string) string {
	expression, ok := strings.CutPrefix(value, pythonMark)
	if !ok || o.build.Evaluator.Profile.Dialect != profile.SlapOS {
		return value
	}
	if text, ok := pythonText(expression); ok && !strings.HasPrefix(text, pythonMark) {
		return text
	}
	return value
}

var pythonSlice = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]`) })

// pythonText evaluates texts, slices of them, and their sums.
func pythonText(expression string) (string, bool) {
	sum := ""
	for {
		value, rest, err := literal.Read(strings.TrimSpace(expression))
		text, ok := value.(string)
		if err != nil || !ok {
			return "", false
		}
		rest = strings.TrimSpace(rest)
		for {
			m := pythonSlice().FindStringSubmatch(rest)
			if m == nil {
				break
			}
			text, rest = sliced(text, m[1], m[2]), strings.TrimSpace(rest[len(m[0]):])
		}
		sum += text
		if rest == "" {
			return sum, true
		}
		if expression, ok = strings.CutPrefix(rest, "+"); !ok {
			return "", false
		}
	}
}

// sliced is text[from:to] of Python.
func sliced(text, from, to string) string {
	runes := []rune(text)
	bound := func(number string, missing int) int {
		n, err := strconv.Atoi(number)
		if err != nil {
			return missing
		}
		if n < 0 {
			n += len(runes)
		}
		return min(max(n, 0), len(runes))
	}
	start, end := bound(from, 0), bound(to, len(runes))
	return string(runes[min(start, end):end])
}
