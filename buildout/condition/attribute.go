package condition

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// starlarkMethods are the methods that Starlark and Python have in common.
var starlarkMethods = map[string][]string{
	"string": {"capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower",
		"isspace", "istitle", "isupper", "lower", "partition", "removeprefix", "removesuffix",
		"rfind", "rindex", "rpartition", "splitlines", "startswith", "title", "upper"},
	"list": {"append", "clear", "extend", "insert", "pop", "remove"},
	"dict": {"get", "items", "keys", "pop", "setdefault", "update", "values"},
	"set":  {"difference", "intersection", "issubset", "issuperset", "symmetric_difference", "union"},
}

// stringMethods are the methods of strings that need care: they make large
// values, or Starlark does them otherwise.
var stringMethods = map[string]function{
	"casefold":  textMethod(strings.ToLower),
	"isascii":   testMethod(func(c rune) bool { return c <= unicode.MaxASCII }, true),
	"isdecimal": testMethod(unicode.IsDigit, false),
	"isnumeric": testMethod(unicode.IsNumber, false),
	"join":      joinMethod,
	"lstrip":    stripMethod(strings.TrimLeftFunc),
	"replace":   replaceMethod,
	"rsplit":    splitMethod(true),
	"rstrip":    stripMethod(strings.TrimRightFunc),
	"split":     splitMethod(false),
	"strip":     stripMethod(strings.TrimFunc),
	"swapcase":  textMethod(swapCase),
	"zfill":     zfillMethod,
}

// attribute is `x.name`.
func attribute(r *run, a []starlark.Value) (starlark.Value, error) {
	name := string(a[1].(starlark.String))
	missing := errorf("AttributeError", "'%s' object has no attribute '%s'", typeName(a[0]), name)
	switch x := a[0].(type) {
	case *object:
		if member, ok := x.members[name]; ok {
			return member, nil
		}
		if x.kind == "module" {
			missing = errorf("AttributeError", "%s has no attribute '%s'", strings.Trim(x.name, "<>"), name)
		}
		return nil, missing
	case *structure:
		if i := slices.Index(x.names, name); i >= 0 {
			return x.Tuple[i], nil
		}
	case starlark.String:
		if name == "format" {
			return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
				return formatText(r, x, args, kwargs)
			}), nil
		}
		if method, ok := stringMethods[name]; ok {
			return bound(name, x, method), nil
		}
	case starlark.HasAttrs:
		if name == "copy" && (typeName(x) == "dict" || typeName(x) == "list") {
			return bound(name, x, copyMethod), nil
		}
	}
	if kind := typeName(unwrap(a[0])); kind == "tuple" || kind == "list" {
		switch name {
		case "count":
			return bound(name, a[0], countMethod), nil
		case "index":
			return bound(name, a[0], indexMethod), nil
		}
	}
	if !slices.Contains(starlarkMethods[a[0].Type()], name) {
		return nil, missing
	}
	method, err := a[0].(starlark.HasAttrs).Attr(name)
	if err != nil || method == nil {
		return nil, missing
	}
	return method, nil
}

// bound makes a method of a function whose first argument is the receiver and
// whose arguments may be named by position in Python's own signature.
func bound(name string, receiver starlark.Value, f function) starlark.Value {
	return starlark.NewBuiltin(name, func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		all := append([]starlark.Value{receiver}, args...)
		r := t.Local(runKey).(*run)
		for _, kw := range kwargs {
			at := slices.Index(parameters[name], string(kw[0].(starlark.String)))
			if at < len(all)-1 {
				return nil, errorf("TypeError", "%s() got an unexpected keyword argument %s", name, kw[0])
			}
			for len(all) <= at {
				all = append(all, starlark.None)
			}
			all = append(all, kw[1])
		}
		return f(r, all)
	})
}

// parameters are the names of the arguments of methods that may be named.
var parameters = map[string][]string{"split": {"sep", "maxsplit"}, "rsplit": {"sep", "maxsplit"}}

// textArgument returns argument i of a method, which must be a string.
func textArgument(a []starlark.Value, i int, method string) (string, error) {
	if i >= len(a) {
		return "", errorf("TypeError", "%s expected at least %d argument, got %d", method, i, len(a)-1)
	}
	s, ok := a[i].(starlark.String)
	if !ok {
		return "", errorf("TypeError", "%s argument must be str, not %s", method, typeName(a[i]))
	}
	return string(s), nil
}

func tooMany(a []starlark.Value, most int, method string) error {
	if len(a)-1 > most {
		return errorf("TypeError", "%s expected at most %d arguments, got %d", method, most, len(a)-1)
	}
	return nil
}

func textMethod(f func(string) string) function {
	return func(r *run, a []starlark.Value) (starlark.Value, error) {
		s := string(a[0].(starlark.String))
		if err := tooMany(a, 0, "method"); err != nil {
			return nil, err
		}
		return starlark.String(f(s)), r.spend(len(s))
	}
}

// testMethod reports whether all characters satisfy f; the empty text does as
// told.
func testMethod(f func(rune) bool, empty bool) function {
	return func(_ *run, a []starlark.Value) (starlark.Value, error) {
		s := string(a[0].(starlark.String))
		if s == "" {
			return starlark.Bool(empty), tooMany(a, 0, "method")
		}
		return starlark.Bool(!strings.ContainsFunc(s, func(c rune) bool { return !f(c) })), tooMany(a, 0, "method")
	}
}

func swapCase(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, s)
}

func stripMethod(trim func(string, func(rune) bool) string) function {
	return func(_ *run, a []starlark.Value) (starlark.Value, error) {
		s := string(a[0].(starlark.String))
		if err := tooMany(a, 1, "strip"); err != nil {
			return nil, err
		}
		if len(a) == 1 || a[1] == starlark.None {
			return starlark.String(trim(s, isSpace)), nil
		}
		set, err := textArgument(a, 1, "strip")
		return starlark.String(trim(s, func(c rune) bool { return strings.ContainsRune(set, c) })), err
	}
}

// splitMethod is split or rsplit.
func splitMethod(right bool) function {
	return func(r *run, a []starlark.Value) (starlark.Value, error) {
		s := string(a[0].(starlark.String))
		limit := -1
		if err := tooMany(a, 2, "split"); err != nil {
			return nil, err
		}
		if len(a) == 3 {
			n, ok := numeric(a[2]).(starlark.Int)
			if !ok {
				return nil, errorf("TypeError", "'%s' object cannot be interpreted as an integer", typeName(a[2]))
			}
			limit, _ = sliceIndex(n, maxText)
		}
		separator := ""
		if len(a) > 1 && a[1] != starlark.None {
			var err error
			if separator, err = textArgument(a, 1, "split"); err != nil {
				return nil, err
			}
			if separator == "" {
				return nil, errorf("ValueError", "empty separator")
			}
		}
		fields := splitText(s, separator, limit, right)
		items := make([]starlark.Value, len(fields))
		for i, f := range fields {
			items[i] = starlark.String(f)
		}
		return starlark.NewList(items), r.spend(len(s) + len(items))
	}
}

// splitText splits s at most limit times (all when negative) at separator, or
// at runs of blanks when it is empty.
func splitText(s, separator string, limit int, right bool) []string {
	var fields []string
	for separator == "" || limit != 0 {
		if separator == "" {
			if s = strings.TrimFunc(s, isSpace); s == "" {
				break
			}
		}
		from, to := findSeparator(s, separator, right)
		if limit == 0 || from < 0 {
			break
		}
		limit--
		if right {
			fields = append(fields, s[to:])
			s = s[:from]
		} else {
			fields = append(fields, s[:from])
			s = s[to:]
		}
	}
	if separator != "" || s != "" {
		fields = append(fields, s)
	}
	if right {
		slices.Reverse(fields)
	}
	return fields
}

func findSeparator(s, separator string, right bool) (from, to int) {
	switch {
	case separator != "" && right:
		from = strings.LastIndex(s, separator)
	case separator != "":
		from = strings.Index(s, separator)
	case right:
		from = strings.LastIndexFunc(s, isSpace)
		if from >= 0 {
			_, n := utf8.DecodeRuneInString(s[from:])
			return from, from + n
		}
	default:
		from = strings.IndexFunc(s, isSpace)
		if from >= 0 {
			_, n := utf8.DecodeRuneInString(s[from:])
			return from, from + n
		}
	}
	return from, from + len(separator)
}

func replaceMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	s := string(a[0].(starlark.String))
	before, err := textArgument(a, 1, "replace")
	if err != nil {
		return nil, err
	}
	after, err := textArgument(a, 2, "replace")
	if err != nil {
		return nil, err
	}
	limit := -1
	if len(a) > 3 {
		if limit, err = sliceIndex(a[3], maxSpend); err != nil {
			return nil, err
		}
	}
	if err := r.spend(len(s) + (strings.Count(s, before)+1)*len(after)); err != nil {
		return nil, err
	}
	return starlark.String(strings.Replace(s, before, after, limit)), tooMany(a, 3, "replace")
}

func joinMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	separator := string(a[0].(starlark.String))
	if len(a) != 2 {
		return nil, errorf("TypeError", "str.join() takes exactly one argument (%d given)", len(a)-1)
	}
	items, err := r.elements(a[1])
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, errorf("TypeError", "sequence item %d: expected str instance, %s found", i, typeName(item))
		}
		if err := r.spend(len(s) + len(separator)); err != nil {
			return nil, err
		}
		texts[i] = string(s)
	}
	return starlark.String(strings.Join(texts, separator)), nil
}

func zfillMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	s := string(a[0].(starlark.String))
	if len(a) != 2 {
		return nil, errorf("TypeError", "str.zfill() takes exactly one argument (%d given)", len(a)-1)
	}
	width, err := sliceIndex(a[1], maxSpend)
	if err != nil {
		return nil, err
	}
	sign := ""
	if s != "" && strings.ContainsRune("+-", rune(s[0])) {
		sign = s[:1]
	}
	zeros := max(width-utf8.RuneCountInString(s), 0)
	if err := r.spend(len(s) + zeros); err != nil {
		return nil, err
	}
	return starlark.String(sign + strings.Repeat("0", zeros) + s[len(sign):]), nil
}

func copyMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	if dict, ok := a[0].(*starlark.Dict); ok {
		items := make([]starlark.Value, 0, dict.Len())
		for _, item := range dict.Items() {
			items = append(items, item)
		}
		return newDict(r, []starlark.Value{starlark.NewList(items)})
	}
	return iterable(r, a)
}

func countMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) != 2 {
		return nil, errorf("TypeError", "count() takes exactly one argument (%d given)", len(a)-1)
	}
	items, err := r.elements(a[0])
	n := 0
	for _, item := range items {
		var equal bool
		if equal, err = r.equal(item, a[1]); err != nil {
			return nil, err
		}
		if equal {
			n++
		}
	}
	return starlark.MakeInt(n), err
}

func indexMethod(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) != 2 {
		return nil, errorf(Unsupported, "index() with bounds is not supported in conditions")
	}
	items, err := r.elements(a[0])
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		if equal, err := r.equal(item, a[1]); err != nil || equal {
			return starlark.MakeInt(i), err
		}
	}
	return nil, errorf("ValueError", "%s is not in %s", repr(a[1]), typeName(a[0]))
}

// presentable returns v so that Starlark's formatting shows it as Python does.
func (r *run) presentable(v starlark.Value) (starlark.Value, error) {
	switch v.(type) {
	case starlark.String, starlark.Int, starlark.Float:
		return v, r.measure(v)
	}
	s, err := r.str(v)
	return starlark.String(s), err
}

// formatText is str.format.
func formatText(r *run, s starlark.String, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	shown, size := make(starlark.Tuple, len(args)), 0
	var err error
	for i, arg := range args {
		if shown[i], err = r.presentable(arg); err != nil {
			return nil, err
		}
		size = max(size, starlark.Len(shown[i]))
	}
	named := make([]starlark.Tuple, len(kwargs))
	for i, kw := range kwargs {
		value, err := r.presentable(kw[1])
		if err != nil {
			return nil, err
		}
		named[i] = starlark.Tuple{kw[0], value}
		size = max(size, starlark.Len(value))
	}
	if err := r.spend(len(s) + strings.Count(string(s), "{")*(size+64)); err != nil {
		return nil, err
	}
	method, err := s.Attr("format")
	if err != nil {
		return nil, err
	}
	return starlark.Call(r.thread, method, shown, named)
}

// format is `text % values`.
func (r *run) format(a, b starlark.Value) (starlark.Value, error) {
	text := a.(starlark.String)
	if _, isList := b.(*starlark.List); isList && !strings.Contains(string(text), "%") {
		return text, nil // a list may be left over, other values not
	}
	size := 0
	values, err := r.presentAll(b, &size)
	if err != nil {
		return nil, err
	}
	if err := r.spend(len(text) + strings.Count(string(text), "%")*(size+64)); err != nil {
		return nil, err
	}
	return starlark.Binary(binaryTokens["%"], text, values)
}

// presentAll makes the values of a format presentable and tells the size of
// the largest.
func (r *run) presentAll(v starlark.Value, size *int) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.Tuple:
		shown := make(starlark.Tuple, len(v))
		for i, item := range v {
			var err error
			if shown[i], err = r.presentable(item); err != nil {
				return nil, err
			}
			*size = max(*size, starlark.Len(shown[i]))
		}
		return shown, nil
	case *starlark.Dict:
		err := r.measure(v)
		if err == nil {
			*size = largest(v)
		}
		return v, err
	}
	shown, err := r.presentable(v)
	*size = max(*size, starlark.Len(shown))
	return shown, err
}

// largest returns the length of the longest text in d.
func largest(d *starlark.Dict) int {
	size := 0
	for _, item := range d.Items() {
		size = max(size, len(repr(item[1])))
	}
	return size
}
