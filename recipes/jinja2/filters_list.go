package jinja2

import (
	"go.starlark.net/starlark"

	"gobuild/parts/literal"
)

func listFilters() map[string]native {
	return map[string]native{
		"attr":       filterAttr,
		"batch":      filterBatch,
		"count":      filterLength,
		"length":     filterLength,
		"dictsort":   filterDictsort,
		"first":      filterFirst,
		"groupby":    filterGroupby,
		"items":      filterItems,
		"last":       filterLast,
		"list":       filterList,
		"map":        filterMap,
		"max":        extremeFilter(">"),
		"min":        extremeFilter("<"),
		"random":     filterRandom,
		"reject":     selectFilter(false, false),
		"rejectattr": selectFilter(true, false),
		"reverse":    filterReverse,
		"select":     selectFilter(false, true),
		"selectattr": selectFilter(true, true),
		"slice":      filterSlice,
		"sort":       filterSort,
		"sum":        filterSum,
		"unique":     filterUnique,
	}
}

// generator returns next as a Python generator.
func generator(next iterator) starlark.Value { return &Iterator{kind: "generator", next: next} }

// lazily makes a generator whose elements are computed when the first is asked for.
func lazily(make func() ([]starlark.Value, error)) starlark.Value {
	var next iterator
	return generator(func() (starlark.Value, error) {
		if next == nil {
			items, err := make()
			if err != nil {
				return nil, err
			}
			next = slicesIterator(items)
		}
		return next()
	})
}

func filterAttr(c *call) (starlark.Value, error) {
	p, err := c.params(2, "obj", "name")
	if err != nil {
		return nil, err
	}
	name, err := c.r.str(p[1])
	if err != nil {
		return nil, err
	}
	v, err := c.r.getattr(p[0], name)
	if v == nil && err == nil {
		v = c.r.undefinedAttr(p[0], name)
	}
	return v, err
}

func filterBatch(c *call) (starlark.Value, error) {
	p, err := c.params(2, "value", "linecount", "fill_with")
	if err != nil {
		return nil, err
	}
	size, err := c.int(p[1], 0)
	if err != nil {
		return nil, err
	}
	return lazily(func() ([]starlark.Value, error) {
		items, err := c.r.list(p[0])
		if err != nil {
			return nil, err
		}
		var all []starlark.Value
		for len(items) > 0 {
			n := min(max(size, 1), len(items))
			batch := append([]starlark.Value{}, items[:n]...)
			items = items[n:]
			if orNone(p[2]) != nil {
				if err := c.r.tick(max(size-len(batch), 0)); err != nil {
					return nil, err
				}
				for len(batch) < size {
					batch = append(batch, p[2])
				}
			}
			all = append(all, starlark.NewList(batch))
		}
		return all, nil
	}), nil
}

func filterSlice(c *call) (starlark.Value, error) {
	p, err := c.params(2, "value", "slices", "fill_with")
	if err != nil {
		return nil, err
	}
	n, err := c.int(p[1], 0)
	if err != nil {
		return nil, err
	}
	return lazily(func() ([]starlark.Value, error) {
		items, err := c.r.list(p[0])
		if err == nil {
			err = c.r.tick(max(n, 0))
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errorf("ZeroDivisionError", "integer division or modulo by zero")
		}
		var all []starlark.Value
		at := 0
		for i := range max(n, 0) {
			size := len(items) / n
			more := i < len(items)%n
			if more {
				size++
			}
			part := append([]starlark.Value{}, items[at:at+size]...)
			at += size
			if orNone(p[2]) != nil && !more {
				part = append(part, p[2])
			}
			all = append(all, starlark.NewList(part))
		}
		return all, nil
	}), nil
}

func filterLength(c *call) (starlark.Value, error) {
	p, err := c.params(1, "obj")
	if err != nil {
		return nil, err
	}
	n, err := c.r.length(p[0])
	return starlark.MakeInt(n), err
}

func filterDictsort(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "case_sensitive", "by", "reverse")
	if err != nil {
		return nil, err
	}
	sensitive, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	by, err := c.text(p[2], "key")
	if err != nil {
		return nil, err
	}
	reverse, err := c.bool(p[3], false)
	if err != nil {
		return nil, err
	}
	at := 0
	switch by {
	case "key":
	case "value":
		at = 1
	default:
		return nil, errorf("FilterArgumentError", `You can only sort by either "key" or "value"`)
	}
	items, err := c.r.mappingItems(p[0])
	if err != nil {
		return nil, err
	}
	items, err = c.r.sorted(items, func(v starlark.Value) (starlark.Value, error) {
		k := v.(starlark.Tuple)[at]
		if !sensitive {
			k = foldCase(k)
		}
		return k, nil
	}, reverse)
	return starlark.NewList(items), err
}

// mappingItems returns the entries of a dict as pairs.
func (r *run) mappingItems(v starlark.Value) ([]starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.Dict:
		return (&View{d: v, kind: "items"}).elements(), nil
	case *Undefined:
		return nil, v.fail()
	case starlark.IterableMapping:
		var all []starlark.Value
		for _, item := range v.Items() {
			all = append(all, item)
		}
		return all, nil
	}
	return nil, errorf("AttributeError", "%s object has no attribute 'items'", literal.Quote(typeName(v)))
}

func filterFirst(c *call) (starlark.Value, error) {
	p, err := c.params(1, "seq")
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(p[0])
	if err != nil {
		return nil, err
	}
	v, err := next()
	if v == nil && err == nil {
		v = &Undefined{r: c.r, hint: "No first item, sequence was empty."}
	}
	return v, err
}

func filterLast(c *call) (starlark.Value, error) {
	p, err := c.params(1, "seq")
	if err != nil {
		return nil, err
	}
	items, err := c.r.reversed(p[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &Undefined{r: c.r, hint: "No last item, sequence was empty."}, nil
	}
	return items[0], nil
}

// reversed returns the elements of a sequence, the last first.
func (r *run) reversed(v starlark.Value) ([]starlark.Value, error) {
	switch v := v.(type) {
	case *Iterator, *starlark.Set, *FrozenSet:
		return nil, typeErrorf("%s object is not reversible", literal.Quote(typeName(v)))
	}
	items, err := r.list(v)
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items, err
}

func filterReverse(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	if text, ok := asString(p[0]); ok {
		return like(p[0], sliceText(text, textLen(text)-1, -1, -1)), nil
	}
	items, err := c.r.reversed(p[0])
	if kindOf(err) == "TypeError" {
		if items, err = c.r.list(p[0]); err != nil {
			return nil, errorf("FilterArgumentError", "argument must be iterable")
		}
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
		return starlark.NewList(items), nil
	}
	return &Iterator{kind: typeName(p[0]) + "_reverseiterator", next: slicesIterator(items)}, err
}

func filterItems(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	return lazily(func() ([]starlark.Value, error) {
		if _, undefined := p[0].(*Undefined); undefined {
			return nil, nil
		}
		items, err := c.r.mappingItems(p[0])
		if kindOf(err) == "AttributeError" {
			return nil, typeErrorf("Can only get item pairs from a mapping.")
		}
		return items, err
	}), nil
}

func filterList(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	return starlark.NewList(items), err
}

func extremeFilter(op string) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "value", "case_sensitive", "attribute")
		if err != nil {
			return nil, err
		}
		sensitive, err := c.bool(p[1], false)
		if err != nil {
			return nil, err
		}
		items, err := c.r.list(p[0])
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return &Undefined{r: c.r, hint: "No aggregated item, sequence was empty."}, nil
		}
		keyOf, err := c.r.foldedKey(p[2], sensitive)
		if err != nil {
			return nil, err
		}
		return c.r.extreme(op, items, keyOf)
	}
}

// extreme returns the first of items, of which there is one, whose key is
// smaller (or larger) than all others.
func (r *run) extreme(op string, items []starlark.Value, keyOf func(starlark.Value) (starlark.Value, error)) (starlark.Value, error) {
	var best, bestKey starlark.Value
	for _, item := range items {
		k := item
		if keyOf != nil {
			var err error
			if k, err = keyOf(item); err != nil {
				return nil, err
			}
		}
		if best != nil {
			better, err := r.ordered(op, k, bestKey)
			if err != nil {
				return nil, err
			}
			if !better {
				continue
			}
		}
		best, bestKey = item, k
	}
	return best, nil
}

func filterSort(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	reverse, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	sensitive, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	keyOf, err := c.r.sortKey(p[3], sensitive)
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	items, err = c.r.sorted(items, keyOf, reverse)
	return starlark.NewList(items), err
}

func filterSum(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "attribute", "start")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	var total starlark.Value = starlark.MakeInt(0)
	if p[2] != nil {
		total = p[2]
	}
	get := func(v starlark.Value) (starlark.Value, error) { return v, nil }
	if orNone(p[1]) != nil {
		if get, err = c.r.getter(p[1], nil); err != nil {
			return nil, err
		}
	}
	for _, item := range items {
		v, err := get(item)
		if err != nil {
			return nil, err
		}
		if total, err = c.r.binary("+", total, v); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func filterUnique(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	sensitive, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	keyOf, err := c.r.foldedKey(p[2], sensitive)
	if err != nil {
		return nil, err
	}
	return lazily(func() ([]starlark.Value, error) {
		items, err := c.r.list(p[0])
		if err != nil {
			return nil, err
		}
		seen := starlark.NewSet(len(items))
		var all []starlark.Value
		for _, item := range items {
			k, err := keyOf(item)
			if err != nil {
				return nil, err
			}
			ok, err := c.r.has(seen, k)
			if err != nil {
				return nil, err
			}
			if !ok {
				_ = seen.Insert(k)
				all = append(all, item)
			}
		}
		return all, nil
	}), nil
}
