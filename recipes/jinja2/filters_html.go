package jinja2

import (
	"regexp"
	"strings"

	"go.starlark.net/starlark"
)

func htmlFilters() map[string]native {
	return map[string]native{
		"e":           filterEscape,
		"escape":      filterEscape,
		"forceescape": filterForceescape,
		"safe":        filterSafe,
		"tojson":      filterTojson,
		"urlize":      filterUrlize,
		"xmlattr":     filterXmlattr,
	}
}

func filterEscape(c *call) (starlark.Value, error) {
	if _, err := c.params(1, "s"); err != nil {
		return nil, err
	}
	return c.r.escape(c.args[0])
}

func filterForceescape(c *call) (starlark.Value, error) {
	if _, err := c.params(1, "value"); err != nil {
		return nil, err
	}
	text, err := c.r.str(c.args[0])
	return Markup(escapeHTML(text)), err
}

func filterSafe(c *call) (starlark.Value, error) {
	if _, err := c.params(1, "value"); err != nil {
		return nil, err
	}
	text, err := c.r.str(c.args[0])
	return Markup(text), err
}

func filterTojson(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "indent")
	if err != nil {
		return nil, err
	}
	e := newJSONEncoder(c.r)
	e.sortKeys = true
	if err := e.setIndent(p[1]); err != nil {
		return nil, err
	}
	text, err := e.encode(p[0])
	return Markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(text)), err
}

func filterXmlattr(c *call) (starlark.Value, error) {
	p, err := c.params(1, "d", "autospace")
	if err != nil {
		return nil, err
	}
	space, err := c.bool(p[1], true)
	if err != nil {
		return nil, err
	}
	items, err := c.r.mappingItems(p[0])
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, item := range items {
		k, v := item.(starlark.Tuple)[0], item.(starlark.Tuple)[1]
		if _, undefined := v.(*Undefined); undefined || v == starlark.None {
			continue
		}
		name, err := c.r.str(k)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(name, " \t\n\f\r/>=") {
			return nil, valueErrorf("Invalid character in attribute name: %s", Repr(k))
		}
		value, err := c.r.escape(v)
		if err != nil {
			return nil, err
		}
		parts = append(parts, escapeHTML(name)+`="`+string(value)+`"`)
	}
	text := strings.Join(parts, " ")
	if space && text != "" {
		text = " " + text
	}
	return c.r.text(text), nil
}

// urlizer turns addresses in a text into links.
type urlizer struct {
	limit   int // characters shown, 0 for all
	attrs   string
	schemes []string
}

var (
	linkPattern = regexp.MustCompile(`(?i)^((https?://|www\.)(([\w%-]+\.)+)?((([a-z]{2,63}|xn--[\w%]{2,59}))|([\w%-]{2,63}\.)+([a-z]{2,63}))` +
		`|((https?://)((((\d{1,3})\.){3}(\d{1,3}))|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\]))))(:\d{1,5})?([/?#]\S*)?$`)
	mailPattern  = regexp.MustCompile(`^\S+@\w[\w.-]*\.\w+$`)
	blankPattern = regexp.MustCompile(`\s+`)
)

func filterUrlize(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes")
	if err != nil {
		return nil, err
	}
	u := urlizer{}
	if u.limit, err = c.int(orNone(p[1]), 0); err != nil {
		return nil, err
	}
	nofollow, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	rel := map[string]bool{"noopener": true}
	given, err := c.text(orNone(p[4]), "")
	if err != nil {
		return nil, err
	}
	for _, word := range strings.Fields(given) {
		rel[word] = true
	}
	if nofollow {
		rel["nofollow"] = true
	}
	u.attrs = ` rel="` + escapeHTML(strings.Join(sortedKeys(rel), " ")) + `"`
	target, err := c.text(orNone(p[3]), "")
	if err != nil {
		return nil, err
	}
	if target != "" {
		u.attrs += ` target="` + escapeHTML(target) + `"`
	}
	if orNone(p[5]) != nil {
		schemes, err := c.r.list(p[5])
		if err != nil {
			return nil, err
		}
		for _, s := range schemes {
			u.schemes = append(u.schemes, Str(s))
		}
	}
	text, err := c.r.escape(p[0])
	if err != nil {
		return nil, err
	}
	out := u.all(string(text))
	return c.r.text(out), nil
}

func (u urlizer) all(text string) string {
	var b strings.Builder
	for text != "" {
		at := blankPattern.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		b.WriteString(u.word(text[:at[0]]) + text[at[0]:at[1]])
		text = text[at[1]:]
	}
	return b.String()
}

// word makes a link of a word, without the punctuation around it.
func (u urlizer) word(word string) string {
	head, middle, tail := "", word, ""
	for more := true; more; {
		more = false
		for _, open := range []string{"(", "<", "&lt;"} {
			if rest, ok := strings.CutPrefix(middle, open); ok {
				head, middle, more = head+open, rest, true
			}
		}
	}
	for more := true; more; {
		more = false
		for _, end := range []string{")", ">", ".", ",", "\n", "&gt;"} {
			if rest, ok := strings.CutSuffix(middle, end); ok {
				tail, middle, more = end+tail, rest, true
			}
		}
	}
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		for missing := strings.Count(middle, pair[0]) - strings.Count(middle, pair[1]); missing > 0; missing-- {
			i := strings.Index(tail, pair[1])
			if i < 0 {
				break
			}
			i += len(pair[1])
			middle, tail = middle+tail[:i], tail[i:]
		}
	}
	return head + u.link(middle) + tail
}

func (u urlizer) link(s string) string {
	shown := s
	if runes := []rune(s); u.limit > 0 && len(runes) > u.limit {
		shown = string(runes[:u.limit]) + "..."
	}
	switch {
	case linkPattern.MatchString(s):
		if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
			return `<a href="` + s + `"` + u.attrs + `>` + shown + `</a>`
		}
		return `<a href="https://` + s + `"` + u.attrs + `>` + shown + `</a>`
	case strings.HasPrefix(s, "mailto:") && mailPattern.MatchString(s[7:]):
		return `<a href="` + s + `">` + s[7:] + `</a>`
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.HasPrefix(s, "@") && !strings.Contains(s, ":") && mailPattern.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + `</a>`
	}
	for _, scheme := range u.schemes {
		if s != scheme && strings.HasPrefix(s, scheme) {
			return `<a href="` + s + `"` + u.attrs + `>` + s + `</a>`
		}
	}
	return s
}
