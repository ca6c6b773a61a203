package jinja2

import (
	"crypto/md5"
	crand "crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"regexp"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func sixModule() *Object {
	return newModule("six", map[string]native{
		"iteritems": sixIterator("items"), "itervalues": sixIterator("values"), "iterkeys": sixIterator("keys"),
		"viewitems": sixView("items"), "viewvalues": sixView("values"), "viewkeys": sixView("keys"),
		"ensure_str": sixEnsure(false), "ensure_text": sixEnsure(false), "ensure_binary": sixEnsure(true),
		"next": builtinNext, "b": sixEnsure(true), "u": sixEnsure(false),
	}, map[string]starlark.Value{
		"PY2": starlark.False, "PY3": starlark.True, "PY34": starlark.True, "moves": sixMovesModule(),
		"string_types": starlark.Tuple{pythonTypes()["str"]}, "integer_types": starlark.Tuple{pythonTypes()["int"]},
		"text_type": pythonTypes()["str"], "binary_type": pythonTypes()["bytes"],
	})
}

func sixMovesModule() *Object {
	types := pythonTypes()
	return newModule("six.moves", map[string]native{"shlex_quote": shlexQuote, "reduce": funcReduce}, map[string]starlark.Value{
		"urllib": urllibModule(), "range": types["range"], "xrange": types["range"], "map": types["map"], "zip": types["zip"], "filter": types["filter"],
	})
}

// mapping returns an argument that must be a dict.
func (c *call) mapping() (*starlark.Dict, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *starlark.Dict:
		return v, nil
	case *Undefined:
		return nil, v.fail()
	}
	return nil, errorf("AttributeError", "%s object has no attribute %s", literal.Quote(typeName(v)), literal.Quote(strings.TrimPrefix(strings.TrimPrefix(c.name, "iter"), "view")))
}

func sixView(kind string) native {
	return func(c *call) (starlark.Value, error) {
		d, err := c.mapping()
		return &View{d: d, kind: kind}, err
	}
}

func sixIterator(kind string) native {
	return func(c *call) (starlark.Value, error) {
		d, err := c.mapping()
		if err != nil {
			return nil, err
		}
		next, err := c.r.iterate(&View{d: d, kind: kind})
		return &Iterator{kind: "dict_" + strings.TrimSuffix(kind, "s") + "iterator", next: next}, err
	}
}

func sixEnsure(binary bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "s", "encoding", "errors")
		if err != nil {
			return nil, err
		}
		inner := &call{r: c.r, name: c.name, recv: p[0]}
		if p[1] != nil {
			inner.args = []starlark.Value{p[1]}
		}
		switch p[0].(type) {
		case starlark.Bytes:
			if binary {
				return p[0], nil
			}
			return bytesDecode(inner)
		case starlark.String, Markup:
			if binary {
				return textEncode(inner)
			}
			return p[0], nil
		}
		return nil, typeErrorf("not expecting type '<class '%s'>'", typeName(p[0]))
	}
}

var unsafeForShell = regexp.MustCompile(`[^\w@%+=:,./-]`)

func quoteForShell(s string) string {
	if s == "" {
		return "''"
	}
	if !unsafeForShell.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

func shlexQuote(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, err := c.text(v, "")
	return starlark.String(quoteForShell(text)), err
}

func shlexModule() *Object {
	return newModule("shlex", map[string]native{
		"quote": shlexQuote,
		"join": func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			items, err := c.r.list(v)
			if err != nil {
				return nil, err
			}
			var parts []string
			for _, item := range items {
				text, err := c.text(item, "")
				if err != nil {
					return nil, err
				}
				parts = append(parts, quoteForShell(text))
			}
			return starlark.String(strings.Join(parts, " ")), nil
		},
	}, nil)
}

func stringModule() *Object {
	const lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	upper := strings.ToUpper(lower)
	texts := map[string]string{"ascii_lowercase": lower, "ascii_uppercase": upper, "ascii_letters": lower + upper, "digits": digits,
		"hexdigits": digits + "abcdefABCDEF", "octdigits": "01234567", "punctuation": punctuation, "whitespace": " \t\n\r\v\f",
		"printable": digits + lower + upper + punctuation + " \t\n\r\v\f"}
	constants := map[string]starlark.Value{}
	for name, text := range texts {
		constants[name] = starlark.String(text)
	}
	return newModule("string", nil, constants)
}

func textwrapModule() *Object {
	return newModule("textwrap", map[string]native{"dedent": textwrapDedent, "indent": textwrapIndent}, nil)
}

func textwrapDedent(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, err := c.text(v, "")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	margin, found := "", false
	for i, line := range lines {
		rest := strings.TrimLeft(line, " \t")
		if rest == "" {
			lines[i] = ""
			continue
		}
		indent := line[:len(line)-len(rest)]
		if !found {
			margin, found = indent, true
		}
		for !strings.HasPrefix(indent, margin) {
			margin = margin[:len(margin)-1]
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, margin)
	}
	return starlark.String(strings.Join(lines, "\n")), nil
}

func textwrapIndent(c *call) (starlark.Value, error) {
	p, err := c.params(2, "text", "prefix")
	if err != nil {
		return nil, err
	}
	text, err := c.text(p[0], "")
	if err != nil {
		return nil, err
	}
	prefix, err := c.text(p[1], "")
	var b strings.Builder
	for _, line := range splitLines(text, true) {
		if strings.TrimFunc(line, isSpace) != "" {
			b.WriteString(prefix)
		}
		b.WriteString(line)
		if err := c.r.room(b.Len()); err != nil {
			return nil, err
		}
	}
	return starlark.String(b.String()), err
}

func randomModule() *Object {
	return newModule("random", map[string]native{
		"random": func(c *call) (starlark.Value, error) { return starlark.Float(c.r.randomly().Float64()), c.none() },
		"choice": func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			items, err := c.r.list(v)
			if err == nil && len(items) == 0 {
				err = errorf("IndexError", "Cannot choose from an empty sequence")
			}
			if err != nil {
				return nil, err
			}
			return items[c.r.randomly().IntN(len(items))], nil
		},
		"randint": func(c *call) (starlark.Value, error) {
			p, err := c.params(2, "a", "b")
			if err != nil {
				return nil, err
			}
			a, err := c.int(p[0], 0)
			if err != nil {
				return nil, err
			}
			b, err := c.int(p[1], 0)
			if err == nil && b < a {
				err = valueErrorf("empty range in randrange(%d, %d)", a, b+1)
			}
			if err != nil {
				return nil, err
			}
			return starlark.MakeInt(a + c.r.randomly().IntN(b-a+1)), nil
		},
	}, nil)
}

// newUUID returns a uuid.UUID of 16 bytes.
func newUUID(b []byte, version byte) starlark.Value {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	digits := hex.EncodeToString(b[:16])
	text := strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
	return &Object{kind: "UUID", shown: "UUID('" + text + "')", attrs: map[string]starlark.Value{
		"hex": starlark.String(digits), "bytes": starlark.Bytes(b[:16]), "version": starlark.MakeInt(int(version)),
		"urn": starlark.String("urn:uuid:" + text), "__str__": newFunc("__str__", func(c *call) (starlark.Value, error) { return starlark.String(text), nil }),
	}}
}

func uuidNamed(version byte, sum func([]byte) []byte) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(2, "namespace", "name")
		if err != nil {
			return nil, err
		}
		space, ok := p[0].(*Object)
		if !ok || space.attrs["bytes"] == nil {
			return nil, errorf("AttributeError", "%s object has no attribute 'bytes'", literal.Quote(typeName(p[0])))
		}
		name, err := c.text(p[1], "")
		return newUUID(sum([]byte(string(space.attrs["bytes"].(starlark.Bytes))+name)), version), err
	}
}

func uuidModule() *Object {
	constants := map[string]starlark.Value{}
	for i, name := range []string{"NAMESPACE_DNS", "NAMESPACE_URL", "NAMESPACE_OID"} {
		b, _ := hex.DecodeString("6ba7b8109dad11d180b400c04fd430c8")
		b[3] += byte(i)
		constants[name] = newUUID(b, 1)
	}
	return newModule("uuid", map[string]native{
		"uuid3": uuidNamed(3, func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
		"uuid5": uuidNamed(5, func(b []byte) []byte { s := sha1.Sum(b); return s[:] }),
		"uuid4": func(c *call) (starlark.Value, error) {
			b := make([]byte, 16)
			_, err := crand.Read(b)
			return newUUID(b, 4), err
		},
	}, constants)
}
