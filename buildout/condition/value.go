package condition

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"gobuild/parts/literal"
	"gobuild/parts/pep"
)

// object is a module or another value with attributes.
type object struct {
	kind    string // Python's name of the type
	name    string // as repr shows it
	members starlark.StringDict
}

var _ starlark.Value = (*object)(nil)

func (o *object) String() string        { return o.name }
func (o *object) Type() string          { return o.kind }
func (o *object) Freeze()               { o.members.Freeze() }
func (o *object) Truth() starlark.Bool  { return true }
func (o *object) Hash() (uint32, error) { return starlark.String(o.name).Hash() }

// structure is a tuple whose elements have names, as sys.version_info.
type structure struct {
	starlark.Tuple
	kind  string
	names []string
}

func (s *structure) Type() string { return s.kind }

// generator is the value of a generator expression, whose elements are
// computed at once.
type generator struct{ *starlark.List }

func (g *generator) Type() string         { return "generator" }
func (g *generator) Truth() starlark.Bool { return true }

// unwrap returns a structure as the tuple that it is.
func unwrap(v starlark.Value) starlark.Value {
	if s, ok := v.(*structure); ok {
		return s.Tuple
	}
	return v
}

// typeNames are Python's names of Starlark's types.
var typeNames = map[string]string{
	"string": "str", "builtin_function_or_method": "builtin_function_or_method",
}

func typeName(v starlark.Value) string {
	if name, ok := typeNames[v.Type()]; ok {
		return name
	}
	return v.Type()
}

// elements returns what iterating v yields.
func (r *run) elements(v starlark.Value) ([]starlark.Value, error) {
	switch v := unwrap(v).(type) {
	case starlark.String:
		if err := r.spend(len(v)); err != nil {
			return nil, err
		}
		items := make([]starlark.Value, 0, len(v))
		for _, c := range string(v) {
			items = append(items, starlark.String(c))
		}
		return items, nil
	case starlark.Tuple:
		return v, r.spend(len(v))
	case starlark.Bytes:
		items := make([]starlark.Value, len(v))
		for i := range len(v) {
			items[i] = starlark.MakeInt(int(v[i]))
		}
		return items, r.spend(len(v))
	case starlark.Iterable:
		return r.collect(v)
	}
	return nil, errorf("TypeError", "'%s' object is not iterable", typeName(v))
}

func (r *run) collect(v starlark.Iterable) ([]starlark.Value, error) {
	iter := v.Iterate()
	defer iter.Done()
	var items []starlark.Value
	var item starlark.Value
	for iter.Next(&item) {
		if err := r.spend(1); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func iterable(r *run, a []starlark.Value) (starlark.Value, error) {
	items, err := r.elements(a[0])
	if err != nil {
		return nil, err
	}
	return starlark.NewList(slices.Clone(items)), nil
}

func newGenerator(_ *run, a []starlark.Value) (starlark.Value, error) {
	return &generator{a[0].(*starlark.List)}, nil
}

// unpack makes a list of ("item", x) and ("elements", x).
func unpack(r *run, a []starlark.Value) (starlark.Value, error) {
	var all []starlark.Value
	list := a[0].(*starlark.List)
	for i := range list.Len() {
		entry := list.Index(i).(starlark.Tuple)
		if entry[0] == starlark.String("item") {
			all = append(all, entry[1])
			continue
		}
		items, err := r.elements(entry[1])
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return starlark.NewList(all), nil
}

func newSet(r *run, a []starlark.Value) (starlark.Value, error) {
	set := starlark.NewSet(0)
	if len(a) == 0 {
		return set, nil
	}
	items, err := r.elements(a[0])
	for _, item := range items {
		if err != nil {
			break
		}
		var key starlark.Value
		if key, err = r.key(item); err == nil {
			err = insertable(key, set.Insert(key))
		}
	}
	return set, err
}

func newDict(r *run, a []starlark.Value) (starlark.Value, error) {
	dict := starlark.NewDict(0)
	items, err := r.elements(a[0])
	for _, item := range items {
		if err != nil {
			break
		}
		var pair []starlark.Value
		if pair, err = r.elements(item); err != nil {
			break
		}
		if len(pair) != 2 {
			return nil, errorf("ValueError", "dictionary update sequence element has length %d; 2 is required", len(pair))
		}
		var key starlark.Value
		if key, err = r.key(pair[0]); err == nil {
			err = insertable(key, dict.SetKey(key, pair[1]))
		}
	}
	return dict, err
}

func insertable(key starlark.Value, err error) error {
	if err != nil {
		return errorf("TypeError", "unhashable type: '%s'", typeName(key))
	}
	return nil
}

// index is `x[i]`.
func index(r *run, a []starlark.Value) (starlark.Value, error) {
	x, key := unwrap(a[0]), a[1]
	if dict, ok := x.(*starlark.Dict); ok {
		k, err := r.key(key)
		if err != nil {
			return nil, err
		}
		value, found, err := dict.Get(k)
		if err == nil && !found {
			err = errorf("KeyError", "%s", repr(key))
		}
		return value, err
	}
	if o, ok := x.(*object); ok && o.kind == "re.Match" {
		return starlark.Call(r.thread, o.members["group"], starlark.Tuple{key}, nil)
	}
	items, ok := r.sequence(x)
	if !ok {
		return nil, errorf("TypeError", "'%s' object is not subscriptable", typeName(x))
	}
	n, isInt := numeric(key).(starlark.Int)
	if !isInt {
		return nil, errorf("TypeError", "%s indices must be integers, not '%s'", typeName(x), typeName(key))
	}
	i, fits := n.Int64()
	if i < 0 {
		i += int64(items.Len())
	}
	if !fits || i < 0 || i >= int64(items.Len()) {
		return nil, errorf("IndexError", "%s index out of range", typeName(x))
	}
	return items.Index(int(i)), nil
}

// sequence returns what can be indexed with numbers.
func (r *run) sequence(v starlark.Value) (starlark.Indexable, bool) {
	switch v := v.(type) {
	case starlark.String:
		if len(v) == utf8.RuneCountInString(string(v)) {
			return v, true
		}
		items, err := r.elements(v)
		return starlark.Tuple(items), err == nil
	case *generator:
		return nil, false
	case starlark.Indexable:
		return v, true
	}
	return nil, false
}

// slice is `x[low:high:step]`.
func slice(r *run, a []starlark.Value) (starlark.Value, error) {
	x := unwrap(a[0])
	items, ok := r.sequence(x)
	if !ok {
		kind := "TypeError"
		if o, isObject := x.(*object); isObject && o.kind == "re.Match" {
			kind = "IndexError"
		}
		return nil, errorf(kind, "'%s' object is not subscriptable", typeName(x))
	}
	step := 1
	if a[3] != starlark.None {
		n, err := sliceIndex(a[3], math.MaxInt32)
		if err != nil {
			return nil, err
		}
		if step = n; step == 0 {
			return nil, errorf("ValueError", "slice step cannot be zero")
		}
	}
	low, high, err := sliceBounds(a[1], a[2], step, items.Len())
	if err != nil {
		return nil, err
	}
	var picked []starlark.Value
	for i := low; step > 0 && i < high || step < 0 && i > high; i += step {
		picked = append(picked, items.Index(i))
	}
	return rebuild(x, picked), r.spend(len(picked))
}

// sliceIndex returns an index, cut off at limit.
func sliceIndex(v starlark.Value, limit int) (int, error) {
	n, ok := numeric(v).(starlark.Int)
	if !ok {
		return 0, errorf("TypeError", "slice indices must be integers or None or have an __index__ method")
	}
	i, fits := n.Int64()
	if !fits {
		i = int64(n.Sign()) * math.MaxInt32
	}
	return int(min(max(i, -int64(limit)), int64(limit))), nil
}

func sliceBounds(lowValue, highValue starlark.Value, step, length int) (low, high int, err error) {
	least, most := 0, length
	if step < 0 {
		least, most = -1, length-1
	}
	bound := func(v starlark.Value, absent int) int {
		if v == starlark.None || err != nil {
			return absent
		}
		var i int
		if i, err = sliceIndex(v, math.MaxInt32); i < 0 {
			i += length
		}
		return min(max(i, least), most)
	}
	if step < 0 {
		return bound(lowValue, most), bound(highValue, least), err
	}
	return bound(lowValue, least), bound(highValue, most), err
}

// rebuild makes a sequence of the type of like.
func rebuild(like starlark.Value, items []starlark.Value) starlark.Value {
	switch like.(type) {
	case starlark.String:
		var b strings.Builder
		for _, item := range items {
			b.WriteString(string(item.(starlark.String)))
		}
		return starlark.String(b.String())
	case starlark.Tuple:
		return starlark.Tuple(items)
	case starlark.Bytes:
		b := make([]byte, len(items))
		for i, item := range items {
			n, _ := starlark.AsInt32(item)
			b[i] = byte(n)
		}
		return starlark.Bytes(b)
	}
	return starlark.NewList(items)
}

// quote returns s as Python's repr shows it.
func quote(s string) string { return literal.Quote(s) }

// repr returns v as Python shows it. The caller has measured v.
func repr(v starlark.Value) string {
	joined := func(items []starlark.Value) string {
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = repr(item)
		}
		return strings.Join(texts, ", ")
	}
	switch v := v.(type) {
	case *structure:
		fields := make([]string, len(v.names))
		for i, name := range v.names {
			fields[i] = name + "=" + repr(v.Tuple[i])
		}
		return v.kind + "(" + strings.Join(fields, ", ") + ")"
	case starlark.String:
		return quote(string(v))
	case starlark.Bytes:
		return "b" + quote(string(v))
	case starlark.Tuple:
		if len(v) == 1 {
			return "(" + repr(v[0]) + ",)"
		}
		return "(" + joined(v) + ")"
	case *starlark.List:
		items := make([]starlark.Value, v.Len())
		for i := range items {
			items[i] = v.Index(i)
		}
		return "[" + joined(items) + "]"
	case *starlark.Dict:
		texts := make([]string, 0, v.Len())
		for _, item := range v.Items() {
			texts = append(texts, repr(item[0])+": "+repr(item[1]))
		}
		return "{" + strings.Join(texts, ", ") + "}"
	case *starlark.Set:
		if v.Len() == 0 {
			return "set()"
		}
		items := make([]starlark.Value, 0, v.Len())
		for item := range v.Elements() {
			items = append(items, item)
		}
		return "{" + joined(items) + "}"
	}
	return v.String()
}

// str returns v as str() does.
func (r *run) str(v starlark.Value) (string, error) {
	if s, ok := v.(starlark.String); ok {
		return string(s), nil
	}
	if err := r.measure(v); err != nil {
		return "", err
	}
	return repr(v), nil
}

// isSpace is Python's str.isspace for one character.
func isSpace(c rune) bool { return pep.IsSpace(c) }
