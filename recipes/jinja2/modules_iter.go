package jinja2

import (
	"go.starlark.net/starlark"
)

func itertoolsModule() *Object {
	chain := &Type{name: "itertools.chain", fn: chainArgs, is: ofType("itertools.chain"), attrs: map[string]starlark.Value{
		"from_iterable": newFunc("from_iterable", func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			outer, err := c.r.iterate(v)
			return c.r.chained(outer), err
		}),
	}}
	return newModule("itertools", map[string]native{
		"accumulate": iterAccumulate, "combinations": iterCombinations, "compress": iterCompress, "count": iterCount, "cycle": iterCycle,
		"dropwhile": iterWhile(true), "islice": iterSlice, "permutations": iterPermutations, "product": iterProduct, "repeat": iterRepeat,
		"starmap": iterStarmap, "takewhile": iterWhile(false), "zip_longest": iterZipLongest,
	}, map[string]starlark.Value{"chain": chain})
}

func iterOf(name string, next iterator) *Iterator {
	return &Iterator{kind: "itertools." + name, next: next}
}

func chainArgs(c *call) (starlark.Value, error) { return c.r.chained(slicesIterator(c.args)), nil }

// chained goes through the elements of the elements of outer.
func (r *run) chained(outer iterator) starlark.Value {
	var inner iterator
	return iterOf("chain", func() (starlark.Value, error) {
		for {
			if inner != nil {
				if v, err := inner(); v != nil || err != nil {
					return v, err
				}
			}
			v, err := outer()
			if v == nil || err != nil {
				return nil, err
			}
			if inner, err = r.iterate(v); err != nil {
				return nil, err
			}
		}
	})
}

func iterCount(c *call) (starlark.Value, error) {
	p, err := c.params(0, "start", "step")
	if err != nil {
		return nil, err
	}
	var at, step starlark.Value = starlark.MakeInt(0), starlark.MakeInt(1)
	if p[0] != nil {
		at = p[0]
	}
	if p[1] != nil {
		step = p[1]
	}
	if !isNumber(at) {
		if u, ok := at.(*Undefined); ok && u.kind() == Strict {
			return nil, typeErrorf("a number is required")
		}
		return nil, typeErrorf("a number is required")
	}
	return iterOf("count", func() (starlark.Value, error) {
		v := at
		at, err = c.r.binary("+", at, step)
		if err == nil {
			err = c.r.tick(1)
		}
		return v, err
	}), nil
}

func iterCycle(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(v)
	var seen []starlark.Value
	at := -1
	return iterOf("cycle", func() (starlark.Value, error) {
		if err := c.r.tick(1); err != nil {
			return nil, err
		}
		if at < 0 {
			v, err := next()
			if v != nil || err != nil {
				seen = append(seen, v)
				return v, err
			}
			at = 0
		}
		if len(seen) == 0 {
			return nil, nil
		}
		at++
		return seen[(at-1)%len(seen)], nil
	}), err
}

func iterRepeat(c *call) (starlark.Value, error) {
	p, err := c.params(1, "object", "times")
	if err != nil {
		return nil, err
	}
	n, err := c.int(p[1], -1)
	if p[1] != nil {
		n = max(n, 0)
	}
	return iterOf("repeat", func() (starlark.Value, error) {
		if n == 0 {
			return nil, nil
		}
		n--
		return p[0], c.r.tick(1)
	}), err
}

func iterSlice(c *call) (starlark.Value, error) {
	if len(c.args) < 2 || len(c.args) > 4 {
		return nil, typeErrorf("islice expected at least 2 arguments, got %d", len(c.args))
	}
	next, err := c.r.iterate(c.args[0])
	if err != nil {
		return nil, err
	}
	bounds := [3]int{0, -1, 1}
	given := c.args[1:]
	if len(given) == 1 {
		given = []starlark.Value{starlark.None, given[0]}
	}
	for i, v := range given {
		if bounds[i], err = c.int(orNone(v), bounds[i]); err != nil {
			return nil, err
		}
		if orNone(v) != nil && bounds[i] < 0 || i == 2 && bounds[i] == 0 {
			return nil, valueErrorf("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
		}
	}
	at, wanted := 0, bounds[0]
	return iterOf("islice", func() (starlark.Value, error) {
		for {
			if bounds[1] >= 0 && max(at, wanted) >= bounds[1] && at >= min(bounds[1], wanted) {
				return nil, nil
			}
			v, err := next()
			if v == nil || err != nil {
				return nil, err
			}
			if at++; at-1 == wanted {
				wanted += bounds[2]
				return v, nil
			}
		}
	}), nil
}

// iterWhile makes takewhile and dropwhile.
func iterWhile(drop bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(2, "predicate", "iterable")
		if err != nil {
			return nil, err
		}
		next, err := c.r.iterate(p[1])
		done := false
		return iterOf(c.name, func() (starlark.Value, error) {
			for !done || drop {
				v, err := next()
				if v == nil || err != nil || done {
					return v, err
				}
				held, err := c.r.call(p[0], []starlark.Value{v}, nil)
				if err != nil {
					return nil, err
				}
				ok, err := c.r.truth(held)
				if err != nil {
					return nil, err
				}
				done = !ok
				if ok != drop && (ok || drop) {
					return v, nil
				}
			}
			return nil, nil
		}), err
	}
}

func iterStarmap(c *call) (starlark.Value, error) {
	p, err := c.params(2, "function", "iterable")
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(p[1])
	return iterOf("starmap", func() (starlark.Value, error) {
		v, err := next()
		if v == nil || err != nil {
			return nil, err
		}
		args, err := c.r.list(v)
		if err != nil {
			return nil, err
		}
		return c.r.call(p[0], args, nil)
	}), err
}

func iterZipLongest(c *call) (starlark.Value, error) {
	fill, rest := pop(c.kwargs, "fillvalue")
	if fill == nil {
		fill = starlark.None
	}
	if len(rest) > 0 {
		return nil, typeErrorf("zip_longest() got an unexpected keyword argument %s", Repr(rest[0][0]))
	}
	all, err := c.r.iterators(c.args)
	return iterOf("zip_longest", func() (starlark.Value, error) {
		items := make(starlark.Tuple, len(all))
		some := false
		for i, next := range all {
			v, err := next()
			if err != nil {
				return nil, err
			}
			some = some || v != nil
			if items[i] = v; v == nil {
				items[i] = fill
			}
		}
		if !some {
			return nil, nil
		}
		return items, nil
	}), err
}

func iterAccumulate(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "func", "initial")
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(p[0])
	total := orNone(p[2])
	first := total != nil
	return iterOf("accumulate", func() (starlark.Value, error) {
		if first {
			first = false
			return total, nil
		}
		v, err := next()
		if v == nil || err != nil {
			return nil, err
		}
		switch {
		case total == nil:
			total = v
		case orNone(p[1]) != nil:
			total, err = c.r.call(p[1], []starlark.Value{total, v}, nil)
		default:
			total, err = c.r.binary("+", total, v)
		}
		return total, err
	}), err
}

func iterCompress(c *call) (starlark.Value, error) {
	p, err := c.params(2, "data", "selectors")
	if err != nil {
		return nil, err
	}
	all, err := c.r.iterators(p)
	return iterOf("compress", func() (starlark.Value, error) {
		for {
			pair, err := together(all)
			if pair == nil || err != nil {
				return nil, err
			}
			if ok, err := c.r.truth(pair[1]); ok || err != nil {
				return pair[0], err
			}
		}
	}), err
}

// choices returns tuples of elements by the indices that each calls yield with.
func (c *call) choices(pools [][]starlark.Value, each func(yield func([]int) error) error) (starlark.Value, error) {
	return iterOf(c.name, lazily(func() ([]starlark.Value, error) {
		var all []starlark.Value
		err := each(func(indices []int) error {
			t := make(starlark.Tuple, len(indices))
			for i, at := range indices {
				t[i] = pools[i][at]
			}
			all = append(all, t)
			return c.r.tick(1 + len(t))
		})
		return all, err
	}).(*Iterator).next), nil
}

func iterProduct(c *call) (starlark.Value, error) {
	repeat, rest := pop(c.kwargs, "repeat")
	times, err := c.int(repeat, 1)
	if err == nil && len(rest) > 0 {
		err = typeErrorf("product() got an unexpected keyword argument %s", Repr(rest[0][0]))
	}
	if err != nil {
		return nil, err
	}
	var pools [][]starlark.Value
	for _, a := range c.args {
		items, err := c.r.list(a)
		if err != nil {
			return nil, err
		}
		pools = append(pools, items)
	}
	if err := c.r.tick(max(0, times) * len(pools)); err != nil {
		return nil, err
	}
	var repeated [][]starlark.Value
	for range times {
		repeated = append(repeated, pools...)
	}
	return c.choices(repeated, func(yield func([]int) error) error {
		indices := make([]int, len(repeated))
		var next func(at int) error
		next = func(at int) error {
			if at == len(repeated) {
				return yield(indices)
			}
			for i := range repeated[at] {
				indices[at] = i
				if err := next(at + 1); err != nil {
					return err
				}
			}
			return nil
		}
		return next(0)
	})
}

// pick makes the choices of n elements of one pool that ok permits.
func (c *call) pick(items []starlark.Value, n int, ok func(chosen []int, i int) bool) (starlark.Value, error) {
	pools := make([][]starlark.Value, min(max(n, 0), len(items)+1))
	for i := range pools {
		pools[i] = items
	}
	return c.choices(pools, func(yield func([]int) error) error {
		var chosen []int
		var next func() error
		next = func() error {
			if len(chosen) == n {
				return yield(chosen)
			}
			for i := range items {
				if !ok(chosen, i) {
					continue
				}
				chosen = append(chosen, i)
				if err := next(); err != nil {
					return err
				}
				chosen = chosen[:len(chosen)-1]
			}
			return c.r.tick(1)
		}
		if n > len(items) || n < 0 {
			return nil
		}
		return next()
	})
}

func iterCombinations(c *call) (starlark.Value, error) {
	p, err := c.params(2, "iterable", "r")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	n, err := c.int(p[1], 0)
	if err != nil {
		return nil, err
	}
	return c.pick(items, n, func(chosen []int, i int) bool { return len(chosen) == 0 || i > chosen[len(chosen)-1] })
}

func iterPermutations(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "r")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	n, err := c.int(orNone(p[1]), len(items))
	if err != nil {
		return nil, err
	}
	return c.pick(items, n, func(chosen []int, i int) bool {
		for _, j := range chosen {
			if i == j {
				return false
			}
		}
		return true
	})
}
