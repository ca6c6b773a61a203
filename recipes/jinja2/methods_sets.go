package jinja2

import (
	"go.starlark.net/starlark"
)

// setMethods are those of sets and frozen sets.
func setMethods() map[string]native {
	return map[string]native{
		"union":                setOperation(true, func(inA, inB bool) bool { return inA || inB }),
		"intersection":         setOperation(true, func(inA, inB bool) bool { return inA && inB }),
		"difference":           setOperation(true, func(inA, inB bool) bool { return inA && !inB }),
		"symmetric_difference": setOperation(false, func(inA, inB bool) bool { return inA != inB }),
		"issubset":             setRelation(func(r *run, a, b *starlark.Set) (bool, error) { return r.subset(a, b) }),
		"issuperset":           setRelation(func(r *run, a, b *starlark.Set) (bool, error) { return r.subset(b, a) }),
		"isdisjoint":           setRelation((*run).disjoint),
		"copy":                 func(c *call) (starlark.Value, error) { return setLike(c.recv, copySet(asSet(c.recv))), nil },
		"__len__":              lenMethod,
		"__contains__":         containsMethod,
	}
}

func copySet(s *starlark.Set) *starlark.Set {
	all := starlark.NewSet(s.Len())
	for v := range s.Elements() {
		_ = all.Insert(v) // it is in a set already
	}
	return all
}

// newSetOf returns the set of the elements of v.
func (r *run) newSetOf(v starlark.Value) (*starlark.Set, error) {
	items, err := r.list(v)
	if err != nil {
		return nil, err
	}
	s := starlark.NewSet(len(items))
	for _, item := range items {
		if err := r.insert(s, item); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// combine returns the elements of a and b that are kept, those of a first.
func (r *run) combine(a, b *starlark.Set, keep func(inA, inB bool) bool) (*starlark.Set, error) {
	s := starlark.NewSet(a.Len())
	for v := range a.Elements() {
		inB, err := r.has(b, v)
		if err != nil {
			return nil, err
		}
		if keep(true, inB) {
			_ = s.Insert(v)
		}
	}
	if !keep(false, true) {
		return s, r.tick(a.Len())
	}
	for v := range b.Elements() {
		inA, err := r.has(a, v)
		if err != nil {
			return nil, err
		}
		if keep(inA, true) {
			_ = s.Insert(v)
		}
	}
	return s, r.tick(a.Len() + b.Len())
}

func setOperation(many bool, keep func(inA, inB bool) bool) native {
	return func(c *call) (starlark.Value, error) {
		if !many && len(c.args) != 1 {
			return nil, typeErrorf("%s() takes exactly one argument (%d given)", c.name, len(c.args))
		}
		s := copySet(asSet(c.recv))
		for _, arg := range c.args {
			other, err := c.r.newSetOf(arg)
			if err != nil {
				return nil, err
			}
			if s, err = c.r.combine(s, other, keep); err != nil {
				return nil, err
			}
		}
		return setLike(c.recv, s), nil
	}
}

func (r *run) disjoint(a, b *starlark.Set) (bool, error) {
	s, err := r.combine(a, b, func(inA, inB bool) bool { return inA && inB })
	return err == nil && s.Len() == 0, err
}

func setRelation(holds func(r *run, a, b *starlark.Set) (bool, error)) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "other")
		if err != nil {
			return nil, err
		}
		other, err := c.r.newSetOf(p[0])
		if err != nil {
			return nil, err
		}
		ok, err := holds(c.r, asSet(c.recv), other)
		return starlark.Bool(ok), err
	}
}

// setChanges are the methods that change a set.
func setChanges() map[string]native {
	return map[string]native{
		"add":                 setAdd,
		"discard":             setDiscard,
		"remove":              setRemove,
		"pop":                 setPop,
		"clear":               func(c *call) (starlark.Value, error) { return starlark.None, c.recv.(*starlark.Set).Clear() },
		"update":              setUpdate(func(inA, inB bool) bool { return inA || inB }),
		"intersection_update": setUpdate(func(inA, inB bool) bool { return inA && inB }),
		"difference_update":   setUpdate(func(inA, inB bool) bool { return inA && !inB }),
	}
}

func setAdd(c *call) (starlark.Value, error) {
	p, err := c.params(1, "elem")
	if err != nil {
		return nil, err
	}
	return starlark.None, c.r.insert(c.recv.(*starlark.Set), p[0])
}

// deleteFrom removes v from s and reports whether it was there.
func (r *run) deleteFrom(s *starlark.Set, v starlark.Value) (bool, error) {
	if err := r.hash(v); err != nil {
		return false, err
	}
	ok, err := s.Delete(v)
	if t := twin(v); !ok && err == nil && t != nil {
		return s.Delete(t)
	}
	return ok, err
}

func setDiscard(c *call) (starlark.Value, error) {
	p, err := c.params(1, "elem")
	if err != nil {
		return nil, err
	}
	_, err = c.r.deleteFrom(c.recv.(*starlark.Set), p[0])
	return starlark.None, err
}

func setRemove(c *call) (starlark.Value, error) {
	p, err := c.params(1, "elem")
	if err != nil {
		return nil, err
	}
	ok, err := c.r.deleteFrom(c.recv.(*starlark.Set), p[0])
	if err == nil && !ok {
		err = errorf("KeyError", "%s", Repr(p[0]))
	}
	return starlark.None, err
}

func setPop(c *call) (starlark.Value, error) {
	s := c.recv.(*starlark.Set)
	for _, v := range setElements(s) {
		_, err := s.Delete(v)
		return v, err
	}
	return nil, errorf("KeyError", "'pop from an empty set'")
}

func setUpdate(keep func(inA, inB bool) bool) native {
	return func(c *call) (starlark.Value, error) {
		s := c.recv.(*starlark.Set)
		for _, arg := range c.args {
			other, err := c.r.newSetOf(arg)
			if err != nil {
				return nil, err
			}
			all, err := c.r.combine(s, other, keep)
			if err != nil {
				return nil, err
			}
			if err := s.Clear(); err != nil {
				return nil, err
			}
			for v := range all.Elements() {
				if err := s.Insert(v); err != nil {
					return nil, err
				}
			}
		}
		return starlark.None, nil
	}
}
