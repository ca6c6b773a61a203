package ui

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// hidden is shown in place of a secret.
const hidden = "***"

// Mask hides the secrets that text shows by their form: passwords in URLs, and
// the values of what is named like a password, token or secret. All text that
// is printed passes it. References such as ${keys:token} are no secrets.
func Mask(text string) string {
	spans := secrets(text)
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(text[at:s.from])
		b.WriteString(hidden)
		at = s.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// stretch is the bytes of a text from from up to to.
type stretch struct{ from, to int }

// secretForm is a form of text whose last submatch is a secret.
type secretForm struct {
	form func() *regexp.Regexp
	hint string                             // one of these bytes occurs where the form does
	is   func(text string, m []int) bool    // nil means always
	end  func(text string, m []int) stretch // nil means the last submatch
}

// lazy compiles a form when it is first needed: most runs need none.
func lazy(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}

// secretForms lists the forms that Mask knows.
var secretForms = []secretForm{
	// scheme://user:PASSWORD@host
	{form: lazy(`[a-zA-Z][a-zA-Z0-9+.-]*://(?:\$\{[^}\s]*\}|[^\s/?#:@"'])*:([^\s/?#"']+)@`), hint: "@"},
	// https://TOKEN@host
	{form: lazy(`https?://((?:\$\{[^}\s]*\}|[^\s/?#:@"'])+)@`), hint: "@"},
	// name = VALUE, --name=VALUE, ?name=VALUE
	{form: lazy(`([\w.-]+)[ \t]*[+-]?=[ \t]*`), hint: "=", is: isSecretOption, end: optionValue},
	// signed URLs
	{form: lazy(`(?i)[?&](?:x-amz-signature|x-amz-credential|signature|sig)=([^\s&#"']+)`), hint: "?&"},
	// "name": "VALUE"
	{form: lazy(`["']([\w.-]+)["']\s*:\s*["']([^"'\n]+)["']`), hint: ":", is: isSecretOption},
	// --name VALUE
	{form: lazy(`--([\w-]+)[ \t]+([^\s-][^\s]*)`), hint: "-", is: isSecretOption},
	// Authorization: Basic VALUE
	{form: lazy(`(?i)authorization["']?:[ \t]*["']?(?:[a-z]+[ \t]+)?([^\s"']+)`), hint: ":"},
}

// secrets returns the secret stretches of text, in order and apart.
func secrets(text string) []stretch {
	var found []stretch
	for _, f := range secretForms {
		if !strings.ContainsAny(text, f.hint) {
			continue
		}
		known := 0 // up to here all is found
		for _, m := range f.form().FindAllStringSubmatchIndex(text, -1) {
			if m[0] < known || f.is != nil && !f.is(text, m) {
				continue
			}
			s := stretch{m[len(m)-2], m[len(m)-1]}
			if f.end != nil {
				s = f.end(text, m)
			}
			known = s.to
			found = append(found, withoutReferences(text, s)...)
		}
	}
	return joined(found)
}

// joined sorts stretches and joins those that overlap.
func joined(list []stretch) []stretch {
	slices.SortFunc(list, func(a, b stretch) int { return a.from - b.from })
	var out []stretch
	for _, s := range list {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// isSecretOption reports whether the first submatch is the name of a secret.
func isSecretOption(text string, m []int) bool { return isSecretName(text[m[2]:m[3]]) }

// isSecretName reports whether an option of this name holds a secret itself,
// and not the place or the form of one.
func isSecretName(name string) bool {
	name = strings.Trim(strings.ToLower(name), "-_.")
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	if len(words) == 0 || slices.Contains(harmlessEndings, words[len(words)-1]) {
		return false
	}
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(w, "token") || w == "tokens" })
}

// secretParts occur in the names of secrets.
var secretParts = []string{"password", "passwd", "passphrase", "secret", "api-key", "api_key", "apikey"}

// harmlessEndings are last words of names that hold no secret themselves.
var harmlessEndings = []string{"file", "path", "dir", "directory", "length", "recipe", "name", "url", "type", "expire", "lifetime"}

// optionValue returns the value of the option that m matched: to the end of
// the line when the option begins it, else to the next blank or &.
func optionValue(text string, m []int) stretch {
	from := m[1]
	rest := text[from:]
	switch {
	case rest == "" || rest[0] == '=':
		return stretch{from, from}
	case beginsLine(text[:m[0]]):
		return stretch{from, from + len(strings.TrimRight(upTo(rest, "\n"), " \t\r"))}
	case rest[0] == '"' || rest[0] == '\'':
		value := upTo(rest[1:], rest[:1]+"\n")
		return stretch{from + 1, from + 1 + len(value)}
	}
	return stretch{from, from + len(upTo(rest, " \t\r\n&\"'`"))}
}

// upTo returns text up to the first of the characters in ends.
func upTo(text, ends string) string {
	if i := strings.IndexAny(text, ends); i >= 0 {
		return text[:i]
	}
	return text
}

// beginsLine reports whether only blanks stand at the end of before, in its
// last line.
func beginsLine(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before == "" || before[len(before)-1] == '\n'
}

// reference matches what stands for a value elsewhere.
var reference = lazy(`\$?\$\{[^}\n]*\}|%\([^)\n]*\)s`)

// withoutReferences returns s without the references in it and without the
// blanks around them.
func withoutReferences(text string, s stretch) []stretch {
	var out []stretch
	add := func(from, to int) {
		if part := text[from:to]; strings.TrimSpace(part) != "" {
			out = append(out, stretch{from, to})
		}
	}
	at := s.from
	for _, m := range reference().FindAllStringIndex(text[s.from:s.to], -1) {
		add(at, s.from+m[0])
		at = s.from + m[1]
	}
	add(at, s.to)
	return out
}
