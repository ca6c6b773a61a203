package recipes

import (
	"regexp"
	"strings"
)

// hexagondownloadPattern is a shell pattern in which * matches slashes, as
// Python's fnmatch has it.
type hexagondownloadPattern struct{ re *regexp.Regexp }

func (p hexagondownloadPattern) matches(name string) bool { return p.re.MatchString(name) }

// hexagondownloadCompile reads a pattern. Every text is one: a bracket that is
// not closed is a bracket.
func hexagondownloadCompile(pattern string) hexagondownloadPattern {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			class, size := hexagondownloadClass(pattern[i:])
			b.WriteString(class)
			i += size - 1
		default:
			size := 1
			for i+size < len(pattern) && !strings.ContainsRune("*?[", rune(pattern[i+size])) {
				size++
			}
			b.WriteString(regexp.QuoteMeta(pattern[i : i+size]))
			i += size - 1
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	if err != nil { // a range that runs backwards: it matches nothing
		re = regexp.MustCompile(`\A\z.`)
	}
	return hexagondownloadPattern{re}
}

// hexagondownloadClass returns the expression for the set of characters at the
// start of text, and how long that is.
func hexagondownloadClass(text string) (expression string, size int) {
	from := 1
	negated := strings.HasPrefix(text[from:], "!")
	if negated {
		from++
	}
	if from >= len(text) {
		return `\[`, 1
	}
	end := strings.IndexByte(text[from+1:], ']') // a ] at the start is one of the set
	if end < 0 {
		return `\[`, 1
	}
	end += from + 1
	set := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(text[from:end])
	if negated {
		return "[^" + set + "]", end + 1
	}
	return "[" + set + "]", end + 1
}
