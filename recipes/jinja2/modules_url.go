package jinja2

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func urllibModule() *Object {
	return newModule("urllib", nil, map[string]starlark.Value{"parse": urllibParseModule()})
}

func urllibParseModule() *Object {
	return newModule("urllib.parse", map[string]native{
		"quote": urlQuote(false), "quote_plus": urlQuote(true), "unquote": urlUnquote(false), "unquote_plus": urlUnquote(true),
		"urlencode": urlEncode, "urlparse": urlParse(true), "urlsplit": urlParse(false), "urlunparse": urlUnparse, "urlunsplit": urlUnparse,
		"urljoin": urlJoin, "parse_qs": urlQueryDict, "parse_qsl": urlQueryList, "urldefrag": urlDefrag,
	}, nil)
}

func urlQuote(plus bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "string", "safe", "encoding", "errors")
		if err != nil {
			return nil, err
		}
		usually := "/"
		if plus {
			usually = ""
		}
		safe, err := c.text(p[1], usually)
		if err != nil {
			return nil, err
		}
		var text string
		switch v := p[0].(type) {
		case starlark.Bytes:
			text = string(v)
		default:
			var ok bool
			if text, ok = asString(v); !ok {
				if u, undefined := v.(*Undefined); undefined {
					return nil, u.fail()
				}
				return nil, typeErrorf("quote_from_bytes() expected bytes")
			}
		}
		return starlark.String(percentEncode(text, safe, plus && !strings.Contains(safe, " "))), nil
	}
}

// percentDecode replaces %XX; what is no such escape stays.
func percentDecode(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil && len(c) == 1 {
				b = append(b, c[0])
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

func urlUnquote(plus bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "string", "encoding", "errors")
		if err != nil {
			return nil, err
		}
		text, err := c.text(p[0], "")
		if plus {
			text = strings.ReplaceAll(text, "+", " ")
		}
		return starlark.String(percentDecode(text)), err
	}
}

func urlEncode(c *call) (starlark.Value, error) {
	p, err := c.params(1, "query", "doseq", "safe", "encoding", "errors", "quote_via")
	if err != nil {
		return nil, err
	}
	doseq, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	safe, err := c.text(p[2], "")
	if err != nil {
		return nil, err
	}
	if orNone(p[5]) != nil {
		return nil, errorf(UnsupportedError, "the argument quote_via of urlencode")
	}
	var items []starlark.Value
	if d, ok := p[0].(*starlark.Dict); ok {
		items = (&View{d: d, kind: "items"}).elements()
	} else if items, err = c.r.list(p[0]); err != nil {
		return nil, err
	}
	var parts []string
	add := func(k, v starlark.Value) error {
		name, err := c.r.plain(k)
		if err != nil {
			return err
		}
		value, err := c.r.plain(v)
		parts = append(parts, percentEncode(name, safe, true)+"="+percentEncode(value, safe, true))
		return err
	}
	for _, item := range items {
		both, err := c.r.list(item)
		if err != nil {
			return nil, err
		}
		if len(both) != 2 {
			return nil, valueErrorf("not a valid non-string sequence or mapping object")
		}
		values := []starlark.Value{both[1]}
		if _, text := asString(both[1]); doseq && !text {
			if more, err := c.r.list(both[1]); err == nil {
				values = more
			}
		}
		for _, v := range values {
			if err := add(both[0], v); err != nil {
				return nil, err
			}
		}
	}
	return starlark.String(strings.Join(parts, "&")), nil
}

// plain is str(v), and for bytes their content.
func (r *run) plain(v starlark.Value) (string, error) {
	if b, ok := v.(starlark.Bytes); ok {
		return string(b), nil
	}
	return r.str(v)
}

// urlParts are the parts of a URL, with params split from the path if wanted.
type urlParts struct{ scheme, netloc, path, params, query, fragment string }

// schemesWithParams are those whose last path segment may have parameters.
var schemesWithParams = []string{"", "ftp", "hdl", "prospero", "http", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms", "sftp", "tel"}

func splitURL(text, scheme string, params bool) (urlParts, error) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	u := urlParts{scheme: scheme}
	if i := strings.IndexByte(text, ':'); i > 0 && isSchemeText(text[:i]) {
		u.scheme, text = strings.ToLower(text[:i]), text[i+1:]
	}
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		i := strings.IndexAny(rest, "/?#")
		if i < 0 {
			i = len(rest)
		}
		u.netloc, text = rest[:i], rest[i:]
		if strings.Contains(u.netloc, "[") != strings.Contains(u.netloc, "]") {
			return u, valueErrorf("Invalid IPv6 URL")
		}
	}
	text, u.fragment, _ = strings.Cut(text, "#")
	text, u.query, _ = strings.Cut(text, "?")
	u.path = text
	if params && strings.Contains(text, ";") && slices.Contains(schemesWithParams, u.scheme) {
		last := strings.LastIndexByte(text, '/') + 1
		if i := strings.IndexByte(text[last:], ';'); i >= 0 {
			u.path, u.params = text[:last+i], text[last+i+1:]
		}
	}
	return u, nil
}

func isSchemeText(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return s != ""
}

// text puts the parts together again.
func (u urlParts) text() string {
	s := u.path
	if u.params != "" {
		s += ";" + u.params
	}
	if u.netloc != "" || u.scheme == "file" && strings.HasPrefix(s, "//") {
		if s != "" && !strings.HasPrefix(s, "/") {
			s = "/" + s
		}
		s = "//" + u.netloc + s
	}
	if u.scheme != "" {
		s = u.scheme + ":" + s
	}
	if u.query != "" {
		s += "?" + u.query
	}
	if u.fragment != "" {
		s += "#" + u.fragment
	}
	return s
}

// URL is what urlparse and urlsplit return: a tuple whose elements have names.
type URL struct {
	starlark.Tuple
	parts  urlParts
	fields []string
	kind   string
}

func newURL(u urlParts, params bool) *URL {
	values := []string{u.scheme, u.netloc, u.path, u.params, u.query, u.fragment}
	v := &URL{parts: u, fields: []string{"scheme", "netloc", "path", "params", "query", "fragment"}, kind: "ParseResult"}
	if !params {
		v.kind = "SplitResult"
		v.fields = slices.Delete(v.fields, 3, 4)
		values = slices.Delete(values, 3, 4)
	}
	for _, text := range values {
		v.Tuple = append(v.Tuple, starlark.String(text))
	}
	return v
}

// String returns the repr.
func (u *URL) String() string {
	var parts []string
	for i, f := range u.fields {
		parts = append(parts, f+"="+Repr(u.Tuple[i]))
	}
	return u.kind + "(" + strings.Join(parts, ", ") + ")"
}

// Type implements starlark.Value.
func (u *URL) Type() string { return u.kind }

// attr returns an attribute, or nil.
func (u *URL) attr(r *run, name string) (starlark.Value, error) {
	if i := slices.Index(u.fields, name); i >= 0 {
		return u.Tuple[i], nil
	}
	at := strings.LastIndexByte(u.parts.netloc, '@')
	user, hasUser := u.parts.netloc[:max(at, 0)], at >= 0
	name0, password, hasPassword := strings.Cut(user, ":")
	host, port := splitHostPort(u.parts.netloc[at+1:])
	switch name {
	case "username":
		return textOrNone(name0, hasUser), nil
	case "password":
		return textOrNone(password, hasPassword), nil
	case "hostname":
		bare, zone, hasZone := strings.Cut(host, "%")
		bare = strings.ToLower(bare)
		if hasZone {
			bare += "%" + zone
		}
		return textOrNone(bare, bare != ""), nil
	case "port":
		if port == "" {
			return starlark.None, nil
		}
		n, err := parseInt(port, 10)
		if strings.Trim(port, "0123456789") != "" || err != nil {
			return nil, valueErrorf("Port could not be cast to integer value as %s", literal.Quote(port))
		}
		if k, ok := n.Int64(); !ok || k > 65535 {
			return nil, valueErrorf("Port out of range 0-65535")
		}
		return n, nil
	case "geturl":
		return newFunc("geturl", func(c *call) (starlark.Value, error) { return starlark.String(u.parts.text()), c.none() }), nil
	case "_replace":
		return newFunc("_replace", u.replace), nil
	}
	if m := r.tables.methods.tuple[name]; m != nil {
		return &Func{m.name, m.fn, u.Tuple}, nil
	}
	return nil, nil
}

func textOrNone(text string, there bool) starlark.Value {
	if !there {
		return starlark.None
	}
	return starlark.String(text)
}

func splitHostPort(hostinfo string) (host, port string) {
	if _, bracketed, ok := strings.Cut(hostinfo, "["); ok {
		host, rest, _ := strings.Cut(bracketed, "]")
		_, port, _ = strings.Cut(rest, ":")
		return host, port
	}
	host, port, _ = strings.Cut(hostinfo, ":")
	return host, port
}

func (u *URL) replace(c *call) (starlark.Value, error) {
	parts := u.parts
	places := map[string]*string{"scheme": &parts.scheme, "netloc": &parts.netloc, "path": &parts.path, "query": &parts.query, "fragment": &parts.fragment}
	if u.kind == "ParseResult" {
		places["params"] = &parts.params
	}
	for _, kw := range c.kwargs {
		name := string(kw[0].(starlark.String))
		text, ok := asString(kw[1])
		if places[name] == nil || !ok {
			return nil, valueErrorf("Got unexpected field names: [%s]", literal.Quote(name))
		}
		*places[name] = text
	}
	return newURL(parts, u.kind == "ParseResult"), nil
}

func urlParse(params bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "url", "scheme", "allow_fragments")
		if err != nil {
			return nil, err
		}
		text, err := c.text(orNone(p[0]), "")
		if err != nil {
			return nil, err
		}
		scheme, err := c.text(p[1], "")
		if err != nil {
			return nil, err
		}
		if p[0] == starlark.None {
			return nil, errorf(UnsupportedError, "urlparse(None)")
		}
		u, err := splitURL(text, scheme, params)
		return newURL(u, params), err
	}
}

func urlUnparse(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(v)
	if err != nil {
		return nil, err
	}
	want := 6
	if c.name == "urlunsplit" {
		want = 5
	}
	if len(items) != want {
		return nil, valueErrorf("not enough values to unpack (expected %d, got %d)", want, len(items))
	}
	var texts []string
	for _, item := range items {
		text, err := c.text(item, "")
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	if want == 5 {
		texts = slices.Insert(texts, 3, "")
	}
	return starlark.String(urlParts{texts[0], texts[1], texts[2], texts[3], texts[4], texts[5]}.text()), nil
}

func urlDefrag(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, err := c.text(v, "")
	if err != nil {
		return nil, err
	}
	u, err := splitURL(text, "", true)
	fragment := u.fragment
	u.fragment = ""
	return pair(u.text(), fragment), err
}

func urlJoin(c *call) (starlark.Value, error) {
	p, err := c.params(2, "base", "url")
	if err != nil {
		return nil, err
	}
	base, err := c.text(p[0], "")
	if err != nil {
		return nil, err
	}
	text, err := c.text(p[1], "")
	if err != nil {
		return nil, err
	}
	if base == "" || text == "" {
		return starlark.String(base + text), nil
	}
	b, err := url.Parse(base)
	if err != nil {
		return nil, valueErrorf("%v", err)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, valueErrorf("%v", err)
	}
	return starlark.String(b.ResolveReference(u).String()), nil
}

// queryPairs splits a query.
func (c *call) queryPairs() ([][2]string, error) {
	p, err := c.params(1, "qs", "keep_blank_values", "strict_parsing", "encoding", "errors", "max_num_fields", "separator")
	if err != nil {
		return nil, err
	}
	text, err := c.text(p[0], "")
	if err != nil {
		return nil, err
	}
	blanks, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	strict, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	separator, err := c.text(p[6], "&")
	if err != nil {
		return nil, err
	}
	var pairs [][2]string
	if text == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, separator) {
		if part == "" && !strict {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok && strict {
			return nil, valueErrorf("bad query field: %s", literal.Quote(part))
		}
		if !ok && !blanks || value == "" && !blanks {
			continue
		}
		pairs = append(pairs, [2]string{percentDecode(strings.ReplaceAll(name, "+", " ")), percentDecode(strings.ReplaceAll(value, "+", " "))})
	}
	return pairs, nil
}

func urlQueryList(c *call) (starlark.Value, error) {
	pairs, err := c.queryPairs()
	var all []starlark.Value
	for _, p := range pairs {
		all = append(all, pair(p[0], p[1]))
	}
	return starlark.NewList(all), err
}

func urlQueryDict(c *call) (starlark.Value, error) {
	pairs, err := c.queryPairs()
	d := starlark.NewDict(len(pairs))
	for _, p := range pairs {
		l, ok, _ := d.Get(starlark.String(p[0]))
		if !ok {
			l = starlark.NewList(nil)
			if err := d.SetKey(starlark.String(p[0]), l); err != nil {
				return nil, err
			}
		}
		if err := l.(*starlark.List).Append(starlark.String(p[1])); err != nil {
			return nil, err
		}
	}
	return d, err
}

// parseAddress reads an IP address.
func parseAddress(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	return a, err == nil && a.Zone() == ""
}
