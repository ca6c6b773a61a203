package jinja2

import (
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// truth is bool(v).
func (r *run) truth(v starlark.Value) (bool, error) {
	switch v := v.(type) {
	case starlark.Bool:
		return bool(v), nil
	case *Undefined:
		if v.kind() == Strict {
			return false, v.fail()
		}
		return false, nil
	case *Object:
		if m := v.attrs["__bool__"]; m != nil {
			ok, err := r.call(m, nil, nil)
			return err == nil && bool(ok.Truth()), err
		}
	}
	return bool(v.Truth()), nil
}

// iterate returns the elements of v. The lists and dicts that it goes through
// may be changed meanwhile, as in Python.
func (r *run) iterate(v starlark.Value) (iterator, error) {
	switch v := v.(type) {
	case *starlark.List:
		i := 0
		return func() (starlark.Value, error) {
			if i >= v.Len() {
				return nil, nil
			}
			i++
			return v.Index(i - 1), nil
		}, nil
	case starlark.Tuple:
		return slicesIterator(v), nil
	case starlark.String:
		return textIterator(string(v)), nil
	case Markup:
		return textIterator(string(v)), nil // the characters are no Markup
	case *starlark.Dict:
		return guarded(v.Keys(), v.Len, "dictionary"), nil
	case *View:
		return guarded(v.elements(), v.d.Len, "dictionary"), nil
	case *starlark.Set:
		return guarded(setElements(v), v.Len, "Set"), nil
	case *FrozenSet:
		return slicesIterator(setElements(v.set)), nil
	case *Iterator:
		return v.next, nil
	case *Range:
		return v.iterate(), nil
	case starlark.Bytes:
		i := 0
		return func() (starlark.Value, error) {
			if i >= len(v) {
				return nil, nil
			}
			i++
			return starlark.MakeInt(int(v[i-1])), nil
		}, nil
	case *Undefined:
		if v.kind() == Strict {
			return nil, v.fail()
		}
		return slicesIterator(nil), nil
	case *Loop:
		return v.advance, nil
	case *Object:
		if m := v.attrs["__iter__"]; m != nil {
			inner, err := r.call(m, nil, nil)
			if err != nil {
				return nil, err
			}
			return r.iterate(inner)
		}
	case starlark.Iterable:
		return slicesIterator(iterableElements(v)), nil
	}
	return nil, typeErrorf("%s object is not iterable", literal.Quote(typeName(v)))
}

func slicesIterator(list []starlark.Value) iterator {
	i := 0
	return func() (starlark.Value, error) {
		if i >= len(list) {
			return nil, nil
		}
		i++
		return list[i-1], nil
	}
}

// guarded goes through list, whose container must keep its size.
func guarded(list []starlark.Value, size func() int, what string) iterator {
	i, n := 0, len(list)
	return func() (starlark.Value, error) {
		if size() != n {
			return nil, errorf("RuntimeError", "%s changed size during iteration", what)
		}
		if i >= n {
			return nil, nil
		}
		i++
		return list[i-1], nil
	}
}

func textIterator(s string) iterator {
	return func() (starlark.Value, error) {
		if s == "" {
			return nil, nil
		}
		_, n := utf8.DecodeRuneInString(s)
		c := s[:n]
		s = s[n:]
		return starlark.String(c), nil
	}
}

func (r *Range) iterate() iterator {
	i, zero := starlark.MakeInt(0), starlark.MakeInt(1)
	return func() (starlark.Value, error) {
		if i.Sub(r.n).Sign() >= 0 {
			return nil, nil
		}
		v := r.at(i)
		i = i.Add(zero)
		return v, nil
	}
}

func iterableElements(v starlark.Iterable) []starlark.Value {
	it := v.Iterate()
	defer it.Done()
	var all []starlark.Value
	var x starlark.Value
	for it.Next(&x) {
		all = append(all, x)
	}
	return all
}

// collect returns all elements that next has left.
func (r *run) collect(next iterator) ([]starlark.Value, error) {
	var all []starlark.Value
	for {
		v, err := next()
		if err != nil {
			return nil, err
		}
		if v == nil {
			return all, nil
		}
		if err := r.tick(1); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

// list returns the elements of v as a slice that is the caller's.
func (r *run) list(v starlark.Value) ([]starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.List:
		if err := r.tick(v.Len()); err != nil {
			return nil, err
		}
		all := make([]starlark.Value, v.Len())
		for i := range all {
			all[i] = v.Index(i)
		}
		return all, nil
	case starlark.Tuple:
		return append([]starlark.Value{}, v...), r.tick(len(v))
	}
	next, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	return r.collect(next)
}

// length is len(v).
func (r *run) length(v starlark.Value) (int, error) {
	switch v := v.(type) {
	case starlark.String:
		return textLen(string(v)), nil
	case Markup:
		return textLen(string(v)), nil
	case *starlark.Dict:
		return v.Len(), nil
	case *View:
		return v.d.Len(), nil
	case *FrozenSet:
		return v.set.Len(), nil
	case *Range:
		n, ok := v.n.Int64()
		if !ok {
			return 0, errorf("OverflowError", "Python int too large to convert to C ssize_t")
		}
		return int(n), nil
	case *Undefined:
		if v.kind() == Strict {
			return 0, v.fail()
		}
		return 0, nil
	case *Loop:
		return v.length(r)
	case *Object:
		if m := v.attrs["__len__"]; m != nil {
			n, err := r.call(m, nil, nil)
			if err != nil {
				return 0, err
			}
			size, _ := asInt(n)
			return size, nil
		}
	case starlark.Sequence:
		return v.Len(), nil
	case starlark.Bytes:
		return len(v), nil
	}
	return 0, typeErrorf("object of type %s has no len()", literal.Quote(typeName(v)))
}

// hash reports whether v may be a key.
func (r *run) hash(v starlark.Value) error {
	switch v := v.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set:
		return typeErrorf("unhashable type: %s", literal.Quote(typeName(v)))
	case starlark.Tuple:
		for _, x := range v {
			if err := r.hash(x); err != nil {
				return err
			}
		}
	case *Undefined:
		if v.kind() == Strict {
			return v.fail()
		}
		return nil
	}
	if _, err := v.Hash(); err != nil {
		return typeErrorf("unhashable type: %s", literal.Quote(typeName(v)))
	}
	return nil
}

// twin returns the other value that is the same key as v in Python, but not in
// Starlark: False and 0, True and 1, a text and the same text that is safe. It
// is nil for all other values.
func twin(v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case starlark.String:
		return Markup(v)
	case Markup:
		return starlark.String(v)
	case starlark.Bool:
		n, _ := asInt(v)
		return starlark.MakeInt(n)
	case starlark.Int:
		if n, ok := v.Int64(); ok && (n == 0 || n == 1) {
			return starlark.Bool(n == 1)
		}
	case starlark.Float:
		if v == 0 || v == 1 {
			return starlark.Bool(v == 1)
		}
	}
	return nil
}

// getKey returns the value of k in d, or nil.
func (r *run) getKey(d *starlark.Dict, k starlark.Value) (starlark.Value, error) {
	if s, ok := k.(starlark.String); ok {
		v, found, err := d.Get(s)
		if !found && err == nil {
			v, found, err = d.Get(Markup(s))
		}
		if !found {
			return nil, err
		}
		return v, err
	}
	if err := r.hash(k); err != nil {
		return nil, err
	}
	v, ok, err := d.Get(k)
	if t := twin(k); !ok && err == nil && t != nil {
		v, ok, err = d.Get(t)
	}
	if !ok {
		return nil, err
	}
	return v, err
}

// setKey is `d[k] = v`.
func (r *run) setKey(d *starlark.Dict, k, v starlark.Value) error {
	if err := r.hash(k); err != nil {
		return err
	}
	if t := twin(k); t != nil {
		if _, ok, _ := d.Get(t); ok {
			k = t
		}
	}
	if err := r.tick(1); err != nil {
		return err
	}
	return d.SetKey(k, v)
}

// has reports whether k is in s.
func (r *run) has(s *starlark.Set, k starlark.Value) (bool, error) {
	if err := r.hash(k); err != nil {
		return false, err
	}
	ok, err := s.Has(k)
	if t := twin(k); !ok && err == nil && t != nil {
		ok, err = s.Has(t)
	}
	return ok, err
}

// insert adds v to s.
func (r *run) insert(s *starlark.Set, v starlark.Value) error {
	ok, err := r.has(s, v)
	if ok || err != nil {
		return err
	}
	if err := r.tick(1); err != nil {
		return err
	}
	return s.Insert(v)
}

func nextOf(i *Iterator) (starlark.Value, error) {
	v, err := i.next()
	if err == nil && v == nil {
		err = errorf(stopIteration, "")
	}
	return v, err
}
