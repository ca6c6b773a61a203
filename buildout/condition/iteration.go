package condition

import (
	"math"
	"slices"

	"go.starlark.net/starlark"
)

// The built-in functions that go through sequences.

func enumerate(r *run, a []starlark.Value) (starlark.Value, error) {
	items, err := r.elements(a[0])
	if err != nil {
		return nil, err
	}
	first := 0
	if len(a) == 2 {
		if first, err = sliceIndex(a[1], math.MaxInt32); err != nil {
			return nil, err
		}
	}
	pairs := make([]starlark.Value, len(items))
	for i, item := range items {
		pairs[i] = starlark.Tuple{starlark.MakeInt(first + i), item}
	}
	return &generator{starlark.NewList(pairs)}, nil
}

func zip(r *run, a []starlark.Value) (starlark.Value, error) {
	columns := make([][]starlark.Value, len(a))
	rows := 0
	for i, v := range a {
		var err error
		if columns[i], err = r.elements(v); err != nil {
			return nil, err
		}
		if i == 0 || len(columns[i]) < rows {
			rows = len(columns[i])
		}
	}
	all := make([]starlark.Value, rows)
	for i := range all {
		row := make(starlark.Tuple, len(columns))
		for j := range columns {
			row[j] = columns[j][i]
		}
		all[i] = row
	}
	return &generator{starlark.NewList(all)}, nil
}

func mapping(r *run, a []starlark.Value) (starlark.Value, error) {
	rows, err := zip(r, a[1:])
	if err != nil {
		return nil, err
	}
	list := rows.(*generator).List
	results := make([]starlark.Value, list.Len())
	for i := range results {
		if results[i], err = starlark.Call(r.thread, a[0], list.Index(i).(starlark.Tuple), nil); err != nil {
			return nil, err
		}
	}
	return &generator{starlark.NewList(results)}, nil
}

func filter(r *run, a []starlark.Value) (starlark.Value, error) {
	items, err := r.elements(a[1])
	if err != nil {
		return nil, err
	}
	var kept []starlark.Value
	for _, item := range items {
		keep := item
		if a[0] != starlark.None {
			if keep, err = starlark.Call(r.thread, a[0], starlark.Tuple{item}, nil); err != nil {
				return nil, err
			}
		}
		if keep.Truth() {
			kept = append(kept, item)
		}
	}
	return &generator{starlark.NewList(kept)}, nil
}

func reversed(r *run, a []starlark.Value) (starlark.Value, error) {
	switch a[0].(type) {
	case *starlark.Set, *generator:
		return nil, errorf("TypeError", "'%s' object is not reversible", typeName(a[0]))
	}
	items, err := r.elements(a[0])
	items = slices.Clone(items)
	slices.Reverse(items)
	return &generator{starlark.NewList(items)}, err
}

// starlarkFunction is the signature of functions with named arguments.
type starlarkFunction = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// named takes the allowed named arguments out of kwargs.
func named(kwargs []starlark.Tuple, function string, allowed ...string) (map[string]starlark.Value, error) {
	values := map[string]starlark.Value{}
	for _, kw := range kwargs {
		name := string(kw[0].(starlark.String))
		if !slices.Contains(allowed, name) {
			return nil, errorf("TypeError", "%s() got an unexpected keyword argument '%s'", function, name)
		}
		if kw[1] != starlark.None {
			values[name] = kw[1]
		}
	}
	return values, nil
}

// keyed returns what items are compared by.
func (r *run) keyed(items []starlark.Value, key starlark.Value) ([]starlark.Value, error) {
	if key == nil {
		return items, nil
	}
	keys := make([]starlark.Value, len(items))
	for i, item := range items {
		var err error
		if keys[i], err = starlark.Call(r.thread, key, starlark.Tuple{item}, nil); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// extreme is min or max.
func extreme(op string) starlarkFunction {
	return func(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		r := t.Local(runKey).(*run)
		options, err := named(kwargs, b.Name(), "key", "default")
		if err != nil {
			return nil, err
		}
		items := []starlark.Value(args)
		switch len(args) {
		case 0:
			return nil, errorf("TypeError", "%s expected at least 1 argument, got 0", b.Name())
		case 1:
			if items, err = r.elements(args[0]); err != nil {
				return nil, err
			}
		}
		if len(items) == 0 {
			if value, ok := options["default"]; ok {
				return value, nil
			}
			return nil, errorf("ValueError", "%s() arg is an empty sequence", b.Name())
		}
		keys, err := r.keyed(items, options["key"])
		best := 0
		for i := 1; i < len(items) && err == nil; i++ {
			var better bool
			if better, err = r.ordered(op, keys[i], keys[best]); better {
				best = i
			}
		}
		return items[best], err
	}
}

func sorted(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r := t.Local(runKey).(*run)
	options, err := named(kwargs, b.Name(), "key", "reverse")
	if err != nil {
		return nil, err
	}
	if len(args) != 1 {
		return nil, errorf("TypeError", "sorted expected 1 argument, got %d", len(args))
	}
	items, err := r.elements(args[0])
	if err != nil {
		return nil, err
	}
	keys, err := r.keyed(items, options["key"])
	if err != nil {
		return nil, err
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	backwards := options["reverse"] != nil && bool(options["reverse"].Truth())
	slices.SortStableFunc(order, func(i, j int) int {
		if backwards {
			i, j = j, i
		}
		less, failure := r.ordered("<", keys[i], keys[j])
		more, failure2 := r.ordered("<", keys[j], keys[i])
		if err == nil && (failure != nil || failure2 != nil) {
			err = failure
		}
		switch {
		case less:
			return -1
		case more:
			return 1
		}
		return 0
	})
	result := make([]starlark.Value, len(items))
	for i, at := range order {
		result[i] = items[at]
	}
	return starlark.NewList(result), err
}

func dictOf(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r := t.Local(runKey).(*run)
	var pairs []starlark.Value
	switch len(args) {
	case 0:
	case 1:
		source := args[0]
		if dict, ok := source.(*starlark.Dict); ok {
			for _, item := range dict.Items() {
				pairs = append(pairs, item)
			}
			break
		}
		var err error
		if pairs, err = r.elements(source); err != nil {
			return nil, err
		}
	default:
		return nil, errorf("TypeError", "dict expected at most 1 argument, got %d", len(args))
	}
	pairs = slices.Clone(pairs)
	for _, kw := range kwargs {
		pairs = append(pairs, kw)
	}
	return newDict(r, []starlark.Value{starlark.NewList(pairs)})
}
