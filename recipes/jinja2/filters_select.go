package jinja2

import (
	"go.starlark.net/starlark"

	"gobuild/parts/literal"
)

// filterMap applies a filter to each element, or takes an attribute of it.
func filterMap(c *call) (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, typeErrorf("map() missing 1 required positional argument")
	}
	var apply func(starlark.Value) (starlark.Value, error)
	return c.r.lazyList(c.args[0], func(v starlark.Value) (_ starlark.Value, err error) {
		if apply == nil {
			if apply, err = c.mapper(); err != nil {
				return nil, err
			}
		}
		return apply(v)
	}), nil
}

// lazyList returns a generator of what f makes of each element; elements for
// which it makes nil are left out.
func (r *run) lazyList(v starlark.Value, f func(starlark.Value) (starlark.Value, error)) starlark.Value {
	var next iterator
	return generator(func() (starlark.Value, error) {
		if next == nil {
			ok, err := r.truth(v)
			if err != nil {
				return nil, err
			}
			if next = slicesIterator(nil); ok {
				if next, err = r.iterate(v); err != nil {
					return nil, err
				}
			}
		}
		for {
			item, err := next()
			if item == nil || err != nil {
				return nil, err
			}
			if err := r.tick(1); err != nil {
				return nil, err
			}
			if item, err = f(item); item != nil || err != nil {
				return item, err
			}
		}
	})
}

// mapper returns what the filter map does with one element.
func (c *call) mapper() (func(starlark.Value) (starlark.Value, error), error) {
	attribute, rest := pop(c.kwargs, "attribute")
	if len(c.args) == 1 && attribute != nil {
		usually, rest := pop(rest, "default")
		if len(rest) > 0 {
			return nil, errorf("FilterArgumentError", "Unexpected keyword argument %s", Repr(rest[0][0]))
		}
		return c.r.getter(attribute, usually)
	}
	if len(c.args) < 2 {
		return nil, errorf("FilterArgumentError", "map requires a filter argument")
	}
	name, err := c.text(c.args[1], "")
	if err != nil {
		return nil, err
	}
	fn := c.r.tables.filters[name]
	if fn == nil {
		return nil, errorf(RuntimeError, "No filter named %s.", literal.Quote(name))
	}
	return func(v starlark.Value) (starlark.Value, error) {
		return c.r.call(fn, append([]starlark.Value{v}, c.args[2:]...), c.kwargs)
	}, nil
}

// selectFilter makes the filters that keep the elements for which a test holds,
// or does not hold.
func selectFilter(attribute, keep bool) native {
	return func(c *call) (starlark.Value, error) {
		if len(c.args) == 0 {
			return nil, typeErrorf("%s() missing 1 required positional argument", c.name)
		}
		var holds func(starlark.Value) (bool, error)
		return c.r.lazyList(c.args[0], func(v starlark.Value) (_ starlark.Value, err error) {
			if holds == nil {
				if holds, err = c.selector(attribute); err != nil {
					return nil, err
				}
			}
			ok, err := holds(v)
			if err != nil || ok != keep {
				return nil, err
			}
			return v, nil
		}), nil
	}
}

func (c *call) selector(attribute bool) (func(starlark.Value) (bool, error), error) {
	get := func(v starlark.Value) (starlark.Value, error) { return v, nil }
	rest := c.args[1:]
	if attribute {
		if len(rest) == 0 {
			return nil, errorf("FilterArgumentError", "Missing parameter for attribute name")
		}
		var err error
		if get, err = c.r.getter(rest[0], nil); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return func(v starlark.Value) (bool, error) {
			v, err := get(v)
			if err != nil {
				return false, err
			}
			return c.r.truth(v)
		}, nil
	}
	name, err := c.text(rest[0], "")
	if err != nil {
		return nil, err
	}
	fn := c.r.tables.tests[name]
	if fn == nil {
		return nil, errorf(RuntimeError, "No test named %s.", literal.Quote(name))
	}
	return func(v starlark.Value) (bool, error) {
		v, err := get(v)
		if err == nil {
			v, err = c.r.call(fn, append([]starlark.Value{v}, rest[1:]...), c.kwargs)
		}
		if err != nil {
			return false, err
		}
		return c.r.truth(v)
	}, nil
}

// Group is an element of what groupby returns: a pair with names.
type Group struct{ starlark.Tuple }

func filterGroupby(c *call) (starlark.Value, error) {
	p, err := c.params(2, "value", "attribute", "default", "case_sensitive")
	if err != nil {
		return nil, err
	}
	sensitive, err := c.bool(p[3], false)
	if err != nil {
		return nil, err
	}
	get, err := c.r.getter(p[1], orNone(p[2]))
	if err != nil {
		return nil, err
	}
	keyOf := func(v starlark.Value) (starlark.Value, error) {
		k, err := get(v)
		if !sensitive && err == nil {
			k = foldCase(k)
		}
		return k, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	if items, err = c.r.sorted(items, keyOf, false); err != nil {
		return nil, err
	}
	var groups []starlark.Value
	var last starlark.Value
	for _, item := range items {
		k, err := keyOf(item)
		if err != nil {
			return nil, err
		}
		again := false
		if last != nil {
			if again, err = c.r.equal(k, last); err != nil {
				return nil, err
			}
		}
		if last = k; again {
			err = groups[len(groups)-1].(*Group).Tuple[1].(*starlark.List).Append(item)
		} else if k, err = get(item); err == nil {
			groups = append(groups, &Group{starlark.Tuple{k, starlark.NewList([]starlark.Value{item})}})
		}
		if err != nil {
			return nil, err
		}
	}
	return starlark.NewList(groups), nil
}
