package promise

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Match reports whether a line of r matches a basic regular expression, as grep
// reads it.
func Match(pattern string, r io.Reader) (bool, error) {
	re, err := regexp.Compile(extended(pattern))
	if err != nil {
		return false, fmt.Errorf("%q is no regular expression", pattern)
	}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 && re.Match([]byte(strings.TrimSuffix(string(line), "\n"))) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// extended turns a basic regular expression into one of package regexp: what a
// backslash makes special there is special without it here, and the reverse.
func extended(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '[':
			end := bracketEnd(pattern, i)
			b.WriteString(strings.ReplaceAll(pattern[i:end], `\`, `\\`))
			i = end - 1
		case c == '\\' && i+1 < len(pattern):
			i++
			if strings.IndexByte("(){}|+?", pattern[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(pattern[i])
		case strings.IndexByte("(){}|+?", c) >= 0:
			b.WriteString(`\` + string(c))
		case c == '*' && (i == 0 || pattern[i-1] == '^' || strings.HasSuffix(pattern[:i], `\(`)):
			b.WriteString(`\*`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// bracketEnd is where the bracket expression at start ends.
func bracketEnd(pattern string, start int) int {
	i := start + 1
	if strings.HasPrefix(pattern[i:], "^") {
		i++
	}
	if strings.HasPrefix(pattern[i:], "]") {
		i++
	}
	for i < len(pattern) && pattern[i] != ']' {
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
		i++
	}
	return min(i+1, len(pattern))
}
