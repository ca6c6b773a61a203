package condition

import (
	"regexp"
	"strings"

	"go.starlark.net/starlark"
)

// regexFlags are the flags that conditions may give, as Go's letters.
var regexFlags = map[string]int{"i": 2, "m": 8, "s": 16}

// reModule is the module re over Go's regular expressions, which have neither
// back references nor assertions about what surrounds a match.
func reModule() *object {
	members := starlark.StringDict{
		"escape": builtin("escape", func(_ *run, a []starlark.Value) (starlark.Value, error) {
			s, err := textArgument(append([]starlark.Value{nil}, a...), 1, "escape()")
			return starlark.String(regexp.QuoteMeta(s)), err
		}),
		"compile": builtin("compile", compile),
	}
	for name, f := range patternFunctions {
		members[name] = builtin(name, func(r *run, a []starlark.Value) (starlark.Value, error) {
			if len(a) < 2 {
				return nil, errorf("TypeError", "%s() missing required arguments", name)
			}
			pattern, err := newPattern(r, a[0], a[2:])
			if err != nil {
				return nil, err
			}
			return pattern.apply(r, f, a[1])
		})
	}
	for letter, names := range map[string][]string{"i": {"I", "IGNORECASE"}, "m": {"M", "MULTILINE"}, "s": {"S", "DOTALL"}} {
		for _, name := range names {
			members[name] = starlark.MakeInt(regexFlags[letter])
		}
	}
	return module("re", members)
}

// patternFunctions find matches in a text.
var patternFunctions = map[string]func(p pattern, text string) starlark.Value{
	"match":     func(p pattern, text string) starlark.Value { return p.match(text, p.start) },
	"search":    func(p pattern, text string) starlark.Value { return p.match(text, p.anywhere) },
	"fullmatch": func(p pattern, text string) starlark.Value { return p.match(text, p.whole) },
	"findall":   pattern.findAll,
	"split":     pattern.split,
}

// pattern is a regular expression anchored in three ways.
type pattern struct{ start, anywhere, whole *regexp.Regexp }

// newPattern compiles source, which is a text or a compiled pattern.
func newPattern(r *run, source starlark.Value, flags []starlark.Value) (pattern, error) {
	if o, ok := source.(*object); ok && o.kind == "re.Pattern" {
		source = o.members["pattern"]
		flags = []starlark.Value{o.members["flags"]}
	}
	text, ok := source.(starlark.String)
	if !ok {
		return pattern{}, errorf("TypeError", "first argument must be string or compiled pattern")
	}
	if err := r.spend(1 + 16*len(text)); err != nil {
		return pattern{}, err
	}
	prefix, err := flagPrefix(flags)
	if err != nil {
		return pattern{}, err
	}
	var p pattern
	body := goPattern(string(text))
	for form, target := range map[string]**regexp.Regexp{
		prefix + `\A(?:` + body + `)`:   &p.start,
		prefix + `(?:` + body + `)`:     &p.anywhere,
		prefix + `\A(?:` + body + `)\z`: &p.whole,
	} {
		if *target, err = regexp.Compile(form); err != nil {
			return p, regexError(string(text), err)
		}
	}
	return p, nil
}

func regexError(text string, err error) error {
	kind := "re.error"
	if strings.Contains(err.Error(), "(?") || strings.Contains(err.Error(), "invalid escape sequence") {
		kind = Unsupported
	}
	return errorf(kind, "regular expression %s: %s", quote(text), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

func flagPrefix(flags []starlark.Value) (string, error) {
	if len(flags) == 0 {
		return "", nil
	}
	bits, err := starlark.AsInt32(numeric(flags[0]))
	if err != nil || len(flags) > 1 {
		return "", errorf("TypeError", "flags must be an integer")
	}
	letters := ""
	for _, letter := range []string{"i", "m", "s"} {
		if bits&regexFlags[letter] != 0 {
			letters += letter
			bits &^= regexFlags[letter]
		}
	}
	switch {
	case bits != 0:
		return "", errorf(Unsupported, "only the flags I, M and S are supported in conditions")
	case letters == "":
		return "", nil
	}
	return "(?" + letters + ")", nil
}

// goPattern rewrites what Go spells otherwise: \Z is the end of the text, and
// {,n} begins at 0.
func goPattern(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			if i++; s[i] == 'Z' {
				b.WriteString(`\z`)
			} else {
				b.WriteString(s[i-1 : i+1])
			}
		case strings.HasPrefix(s[i:], "{,"):
			b.WriteString("{0,")
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func (p pattern) apply(r *run, f func(pattern, string) starlark.Value, text starlark.Value) (starlark.Value, error) {
	s, ok := text.(starlark.String)
	if !ok {
		return nil, errorf("TypeError", "expected string or bytes-like object, got '%s'", typeName(text))
	}
	if err := r.spend(64 + 8*len(s)); err != nil {
		return nil, err
	}
	return f(p, string(s)), nil
}

func (p pattern) match(text string, re *regexp.Regexp) starlark.Value {
	at := re.FindStringSubmatchIndex(text)
	if at == nil {
		return starlark.None
	}
	groups := make(starlark.Tuple, len(at)/2)
	for i := range groups {
		groups[i] = starlark.None
		if at[2*i] >= 0 {
			groups[i] = starlark.String(text[at[2*i]:at[2*i+1]])
		}
	}
	return matchObject(groups, re.SubexpNames(), at)
}

func matchObject(groups starlark.Tuple, names []string, at []int) starlark.Value {
	named := starlark.NewDict(0)
	for i, name := range names {
		if name != "" {
			named.SetKey(starlark.String(name), groups[i]) // cannot fail, as in environ
		}
	}
	group := func(_ *run, a []starlark.Value) (starlark.Value, error) {
		if len(a) == 0 {
			return groups[0], nil
		}
		picked := make(starlark.Tuple, len(a))
		for i, v := range a {
			if value, found, _ := named.Get(v); found {
				picked[i] = value
				continue
			}
			n, err := starlark.AsInt32(v)
			if err != nil || n < 0 || n >= len(groups) {
				return nil, errorf("IndexError", "no such group")
			}
			picked[i] = groups[n]
		}
		if len(picked) == 1 {
			return picked[0], nil
		}
		return picked, nil
	}
	return &object{kind: "re.Match", name: "<re.Match object>", members: starlark.StringDict{
		"group":     builtin("group", group),
		"groups":    constant("groups", groups[1:]),
		"groupdict": constant("groupdict", named),
		"start":     constant("start", starlark.MakeInt(at[0])),
		"end":       constant("end", starlark.MakeInt(at[1])),
		"span":      constant("span", starlark.Tuple{starlark.MakeInt(at[0]), starlark.MakeInt(at[1])}),
	}}
}

func (p pattern) findAll(text string) starlark.Value {
	var found []starlark.Value
	for _, m := range p.anywhere.FindAllStringSubmatch(text, -1) {
		switch len(m) {
		case 1, 2:
			found = append(found, starlark.String(m[len(m)-1]))
		default:
			found = append(found, texts(m[1:]...))
		}
	}
	return starlark.NewList(found)
}

func (p pattern) split(text string) starlark.Value {
	var parts []starlark.Value
	from := 0
	for _, at := range p.anywhere.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, starlark.String(text[from:at[0]]))
		for i := 2; i < len(at); i += 2 {
			if at[i] < 0 {
				parts = append(parts, starlark.None)
				continue
			}
			parts = append(parts, starlark.String(text[at[i]:at[i+1]]))
		}
		from = at[1]
	}
	return starlark.NewList(append(parts, starlark.String(text[from:])))
}

// compile is re.compile.
func compile(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return nil, errorf("TypeError", "compile() missing 1 required positional argument: 'pattern'")
	}
	p, err := newPattern(r, a[0], a[1:])
	if err != nil {
		return nil, err
	}
	members := starlark.StringDict{"pattern": a[0], "flags": starlark.MakeInt(0)}
	if len(a) == 2 {
		members["flags"] = a[1]
	}
	for name, f := range patternFunctions {
		members[name] = builtin(name, func(r *run, a []starlark.Value) (starlark.Value, error) {
			if len(a) != 1 {
				return nil, errorf("TypeError", "%s() takes 1 argument", name)
			}
			return p.apply(r, f, a[0])
		})
	}
	return &object{kind: "re.Pattern", name: "re.compile()", members: members}, nil
}
