package jinja2

import (
	"strings"

	"go.starlark.net/starlark"
)

// sorted returns items in ascending order of their keys, those that are equal
// as they were. keyOf may be nil.
func (r *run) sorted(items []starlark.Value, keyOf func(starlark.Value) (starlark.Value, error), reverse bool) ([]starlark.Value, error) {
	entries := make([]sortEntry, len(items))
	for i, item := range items {
		entries[i] = sortEntry{item, item}
		if keyOf != nil {
			k, err := keyOf(item)
			if err != nil {
				return nil, err
			}
			entries[i].key = k
		}
	}
	if err := r.mergeSort(entries, make([]sortEntry, len(entries)), reverse); err != nil {
		return nil, err
	}
	result := make([]starlark.Value, len(entries))
	for i, e := range entries {
		result[i] = e.value
	}
	return result, nil
}

type sortEntry struct{ key, value starlark.Value }

// mergeSort sorts list; space is as long.
func (r *run) mergeSort(list, space []sortEntry, reverse bool) error {
	if len(list) < 2 {
		return nil
	}
	half := len(list) / 2
	if err := r.mergeSort(list[:half], space[:half], reverse); err != nil {
		return err
	}
	if err := r.mergeSort(list[half:], space[half:], reverse); err != nil {
		return err
	}
	if err := r.tick(len(list)); err != nil {
		return err
	}
	copy(space, list)
	for at, i, j := 0, 0, half; at < len(list); at++ {
		second := i == half
		if i < half && j < len(list) {
			a, b := space[j].key, space[i].key
			if reverse {
				a, b = b, a
			}
			var err error
			if second, err = r.ordered("<", a, b); err != nil {
				return err
			}
		}
		if second {
			list[at] = space[j]
			j++
		} else {
			list[at] = space[i]
			i++
		}
	}
	return nil
}

// foldCase returns texts in lower case, and all else as it is.
func foldCase(v starlark.Value) starlark.Value {
	if s, ok := asString(v); ok {
		return starlark.String(lowerText(s))
	}
	return v
}

// getter returns what follows the dots of attribute, such as `a.0.b`.
func (r *run) getter(attribute, usually starlark.Value) (func(starlark.Value) (starlark.Value, error), error) {
	var parts []starlark.Value
	switch a := attribute.(type) {
	case starlark.String, Markup:
		text, _ := asString(a)
		for _, part := range strings.Split(text, ".") {
			parts = append(parts, indexOf(part))
		}
	default:
		parts = []starlark.Value{attribute}
	}
	return func(v starlark.Value) (starlark.Value, error) {
		for _, part := range parts {
			var err error
			if v, err = r.item(v, part); err != nil {
				return nil, err
			}
			if _, undefined := v.(*Undefined); undefined && usually != nil {
				v = usually
			}
		}
		return v, nil
	}, nil
}

// indexOf returns a number for digits, else the text.
func indexOf(part string) starlark.Value {
	if part != "" && strings.Trim(part, "0123456789") == "" {
		if n, err := parseInt(part, 10); err == nil {
			return n
		}
	}
	return starlark.String(part)
}

// foldedKey returns the key function of the filters that take an attribute and
// case_sensitive.
func (r *run) foldedKey(attribute starlark.Value, sensitive bool) (func(starlark.Value) (starlark.Value, error), error) {
	get := func(v starlark.Value) (starlark.Value, error) { return v, nil }
	if orNone(attribute) != nil {
		var err error
		if get, err = r.getter(attribute, nil); err != nil {
			return nil, err
		}
	}
	return func(v starlark.Value) (starlark.Value, error) {
		k, err := get(v)
		if err == nil && !sensitive {
			k = foldCase(k)
		}
		return k, err
	}, nil
}

// sortKey is foldedKey for the filter sort, which takes several attributes with
// commas between them. The key of an attribute is a list, in which undefined
// values are equal.
func (r *run) sortKey(attribute starlark.Value, sensitive bool) (func(starlark.Value) (starlark.Value, error), error) {
	fold := foldCase
	if sensitive {
		fold = func(v starlark.Value) starlark.Value { return v }
	}
	attribute = orNone(attribute)
	if attribute == nil {
		return func(v starlark.Value) (starlark.Value, error) { return fold(v), nil }, nil
	}
	names := []starlark.Value{attribute}
	if text, ok := asString(attribute); ok && strings.Contains(text, ",") {
		names = nil
		for _, name := range strings.Split(text, ",") {
			names = append(names, starlark.String(name))
		}
	}
	var getters []func(starlark.Value) (starlark.Value, error)
	for _, name := range names {
		get, err := r.getter(name, nil)
		if err != nil {
			return nil, err
		}
		getters = append(getters, get)
	}
	return func(v starlark.Value) (starlark.Value, error) {
		var keys []starlark.Value
		for _, get := range getters {
			k, err := get(v)
			if err != nil {
				return nil, err
			}
			keys = append(keys, fold(k))
		}
		return starlark.NewList(keys), nil
	}, nil
}
