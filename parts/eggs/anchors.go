package eggs

import (
	"html"
	"net/url"
	"path/filepath"
	"strings"
)

// anchor is a link of a page.
type anchor struct {
	href   string // absolute
	python string // versions of Python that it is for
	yanked bool
}

// anchors returns the links of a page that is at address.
func anchors(page, address string) []anchor {
	var links []anchor
	base := address
	for {
		_, rest, ok := strings.Cut(page, "<")
		if !ok {
			return links
		}
		tag, attributes := "", map[string]string(nil)
		tag, attributes, page = readTag(rest)
		href, has := attributes["href"]
		switch {
		case tag == "base" && has:
			base = absolute(href, address)
		case tag == "a" && has:
			_, yanked := attributes["data-yanked"]
			links = append(links, anchor{absolute(href, base), attributes["data-requires-python"], yanked})
		}
	}
}

// readTag reads a tag behind its `<`, and returns what follows it.
func readTag(text string) (name string, attributes map[string]string, rest string) {
	if comment, ok := strings.CutPrefix(text, "!--"); ok {
		_, rest, _ = strings.Cut(comment, "-->")
		return "", nil, rest
	}
	end := strings.IndexAny(text, " \t\r\n\f/>")
	if end < 0 {
		return "", nil, ""
	}
	name, text = strings.ToLower(text[:end]), text[end:]
	attributes = map[string]string{}
	for {
		text = strings.TrimLeft(text, " \t\r\n\f/")
		if text == "" || text[0] == '>' {
			return name, attributes, strings.TrimPrefix(text, ">")
		}
		end := strings.IndexAny(text, " \t\r\n\f/>=")
		if end < 0 {
			return name, attributes, ""
		}
		if end == 0 { // a stray =
			text = text[1:]
			continue
		}
		key := strings.ToLower(text[:end])
		value := ""
		text = strings.TrimLeft(text[end:], " \t\r\n\f")
		if after, ok := strings.CutPrefix(text, "="); ok {
			value, text = readValue(strings.TrimLeft(after, " \t\r\n\f"))
		}
		attributes[key] = html.UnescapeString(value)
	}
}

// readValue reads the value of an attribute.
func readValue(text string) (value, rest string) {
	if text != "" && (text[0] == '"' || text[0] == '\'') {
		value, rest, _ = strings.Cut(text[1:], text[:1])
		return value, rest
	}
	end := strings.IndexAny(text, " \t\r\n\f>")
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// absolute resolves a link of a page at base, which may be a local file.
func absolute(href, base string) string {
	href = strings.TrimSpace(href)
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "" {
		return href
	}
	if !strings.Contains(base, "://") {
		name, fragment, found := strings.Cut(href, "#")
		if path, err := url.PathUnescape(name); err == nil {
			name = path
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(base), name)
		}
		if found {
			name += "#" + fragment
		}
		return name
	}
	b, err := url.Parse(base)
	if err != nil {
		return href
	}
	return b.ResolveReference(u).String()
}
