package jinja2

import (
	"go.starlark.net/starlark"
)

func sequenceMethods() map[string]native {
	return map[string]native{
		"index":        sequenceIndex,
		"count":        sequenceCount,
		"__len__":      lenMethod,
		"__add__":      operatorMethod("+"),
		"__mul__":      operatorMethod("*"),
		"__contains__": containsMethod,
		"__getitem__":  getitemMethod,
	}
}

func sequenceIndex(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "start", "stop")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(c.recv)
	if err != nil {
		return nil, err
	}
	bounds := [2]starlark.Value{starlark.None, starlark.None}
	for i := range bounds {
		if p[i+1] != nil {
			bounds[i] = p[i+1]
		}
	}
	from, to, _, err := sliceBounds(len(items), bounds[0], bounds[1], starlark.None)
	if err != nil {
		return nil, err
	}
	for i := from; i < to; i++ {
		if ok, err := c.r.equal(items[i], p[0]); ok || err != nil {
			return starlark.MakeInt(i), err
		}
	}
	if typeName(c.recv) == "tuple" {
		return nil, valueErrorf("tuple.index(x): x not in tuple")
	}
	return nil, valueErrorf("%s is not in list", Repr(p[0]))
}

func sequenceCount(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(c.recv)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, item := range items {
		ok, err := c.r.equal(item, p[0])
		if err != nil {
			return nil, err
		}
		if ok {
			n++
		}
	}
	return starlark.MakeInt(n), nil
}

func listMethods() map[string]native {
	return map[string]native{
		"append":      listAppend,
		"extend":      listExtend,
		"insert":      listInsert,
		"pop":         listPop,
		"remove":      listRemove,
		"clear":       func(c *call) (starlark.Value, error) { return starlark.None, c.recv.(*starlark.List).Clear() },
		"copy":        listCopy,
		"reverse":     listReverse,
		"sort":        listSort,
		"__setitem__": listSetitem,
		"__delitem__": listDelitem,
	}
}

func listAppend(c *call) (starlark.Value, error) {
	p, err := c.params(1, "object")
	if err != nil {
		return nil, err
	}
	return starlark.None, c.recv.(*starlark.List).Append(p[0])
}

func listExtend(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if err := c.recv.(*starlark.List).Append(item); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

// own calls a method that Starlark's lists have themselves.
func (c *call) own(name string, args ...starlark.Value) (starlark.Value, error) {
	fn, err := c.recv.(starlark.HasAttrs).Attr(name)
	if err != nil {
		return nil, err
	}
	return starlark.Call(c.r.thread, fn, args, nil)
}

func listInsert(c *call) (starlark.Value, error) {
	p, err := c.params(2, "index", "object")
	if err != nil {
		return nil, err
	}
	i, err := c.int(p[0], 0)
	if err != nil {
		return nil, err
	}
	n := c.recv.(*starlark.List).Len()
	if i < 0 {
		i = max(0, i+n)
	}
	return c.own("insert", starlark.MakeInt(min(i, n)), p[1])
}

func listPop(c *call) (starlark.Value, error) {
	p, err := c.params(0, "index")
	if err != nil {
		return nil, err
	}
	n := c.recv.(*starlark.List).Len()
	i, err := c.int(p[0], n-1)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errorf("IndexError", "pop from empty list")
	}
	if i < 0 {
		i += n
		if p[0] == nil {
			i = n - 1
		}
	}
	if i < 0 || i >= n {
		return nil, errorf("IndexError", "pop index out of range")
	}
	return c.own("pop", starlark.MakeInt(i))
}

func listRemove(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	l := c.recv.(*starlark.List)
	for i := range l.Len() {
		ok, err := c.r.equal(l.Index(i), p[0])
		if err != nil {
			return nil, err
		}
		if ok {
			_, err = c.own("pop", starlark.MakeInt(i))
			return starlark.None, err
		}
	}
	return nil, valueErrorf("list.remove(x): x not in list")
}

func listCopy(c *call) (starlark.Value, error) {
	items, err := c.r.list(c.recv)
	return starlark.NewList(items), err
}

// setElementsOf replaces the elements of l, of which there are as many as before.
func setElementsOf(l *starlark.List, items []starlark.Value) error {
	for i, item := range items {
		if err := l.SetIndex(i, item); err != nil {
			return err
		}
	}
	return nil
}

func listReverse(c *call) (starlark.Value, error) {
	items, err := c.r.list(c.recv)
	if err != nil {
		return nil, err
	}
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return starlark.None, setElementsOf(c.recv.(*starlark.List), items)
}

func listSort(c *call) (starlark.Value, error) {
	p, err := (&call{r: c.r, name: c.name, kwargs: c.kwargs, args: c.args}).params(0, "key", "reverse")
	if err != nil {
		return nil, err
	}
	if len(c.args) > 0 {
		return nil, typeErrorf("sort() takes no positional arguments")
	}
	items, err := c.r.list(c.recv)
	if err != nil {
		return nil, err
	}
	reverse, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	if items, err = c.r.sorted(items, c.r.keyOf(orNone(p[0])), reverse); err != nil {
		return nil, err
	}
	return starlark.None, setElementsOf(c.recv.(*starlark.List), items)
}

// keyOf returns what computes the sort key; fn may be nil.
func (r *run) keyOf(fn starlark.Value) func(starlark.Value) (starlark.Value, error) {
	if fn == nil {
		return nil
	}
	return func(v starlark.Value) (starlark.Value, error) { return r.call(fn, []starlark.Value{v}, nil) }
}

func listSetitem(c *call) (starlark.Value, error) {
	p, err := c.params(2, "index", "value")
	if err != nil {
		return nil, err
	}
	l := c.recv.(*starlark.List)
	i, err := c.int(p[0], 0)
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i += l.Len()
	}
	if i < 0 || i >= l.Len() {
		return nil, errorf("IndexError", "list assignment index out of range")
	}
	return starlark.None, l.SetIndex(i, p[1])
}

func listDelitem(c *call) (starlark.Value, error) {
	if len(c.args) != 1 {
		return nil, typeErrorf("expected 1 argument, got %d", len(c.args))
	}
	_, err := listPop(c)
	return starlark.None, err
}

func dictMethods() map[string]native {
	return map[string]native{
		"get":          dictGet,
		"items":        viewMethod("items"),
		"keys":         viewMethod("keys"),
		"values":       viewMethod("values"),
		"pop":          dictPop,
		"popitem":      dictPopitem,
		"setdefault":   dictSetdefault,
		"update":       dictUpdate,
		"copy":         dictCopy,
		"clear":        func(c *call) (starlark.Value, error) { return starlark.None, c.recv.(*starlark.Dict).Clear() },
		"__len__":      lenMethod,
		"__contains__": containsMethod,
		"__getitem__":  getitemMethod,
		"__setitem__":  dictSetitem,
		"__delitem__":  dictDelitem,
	}
}

func dictGet(c *call) (starlark.Value, error) {
	if len(c.args) == 0 || len(c.args) > 2 || c.kwargs != nil {
		return nil, typeErrorf("get expected 1 or 2 arguments, got %d", len(c.args))
	}
	v, err := c.r.getKey(c.recv.(*starlark.Dict), c.args[0])
	if v != nil || err != nil {
		return v, err
	}
	if len(c.args) == 2 {
		return c.args[1], nil
	}
	return starlark.None, nil
}

func viewMethod(kind string) native {
	return func(c *call) (starlark.Value, error) {
		return &View{d: c.recv.(*starlark.Dict), kind: kind}, c.none()
	}
}

// delete removes k from d and returns its value, or nil.
func (r *run) delete(d *starlark.Dict, k starlark.Value) (starlark.Value, error) {
	if err := r.hash(k); err != nil {
		return nil, err
	}
	v, ok, err := d.Delete(k)
	if t := twin(k); !ok && err == nil && t != nil {
		v, ok, err = d.Delete(t)
	}
	if !ok {
		return nil, err
	}
	return v, err
}

func dictPop(c *call) (starlark.Value, error) {
	p, err := c.params(1, "key", "default")
	if err != nil {
		return nil, err
	}
	v, err := c.r.delete(c.recv.(*starlark.Dict), p[0])
	switch {
	case v != nil || err != nil:
		return v, err
	case p[1] != nil:
		return p[1], nil
	}
	return nil, errorf("KeyError", "%s", Repr(p[0]))
}

func dictPopitem(c *call) (starlark.Value, error) {
	d := c.recv.(*starlark.Dict)
	items := d.Items()
	if len(items) == 0 {
		return nil, errorf("KeyError", "'popitem(): dictionary is empty'")
	}
	last := items[len(items)-1]
	_, _, err := d.Delete(last[0])
	return last, err
}

func dictSetdefault(c *call) (starlark.Value, error) {
	p, err := c.params(1, "key", "default")
	if err != nil {
		return nil, err
	}
	d := c.recv.(*starlark.Dict)
	v, err := c.r.getKey(d, p[0])
	if v != nil || err != nil {
		return v, err
	}
	if v = p[1]; v == nil {
		v = starlark.None
	}
	return v, c.r.setKey(d, p[0], v)
}

func dictUpdate(c *call) (starlark.Value, error) {
	if len(c.args) > 1 {
		return nil, typeErrorf("update expected at most 1 argument, got %d", len(c.args))
	}
	return starlark.None, c.r.fillDict(c.recv.(*starlark.Dict), c.args, c.kwargs)
}

// fillDict adds what the arguments of dict() mean to d.
func (r *run) fillDict(d *starlark.Dict, args []starlark.Value, kwargs []starlark.Tuple) error {
	for _, arg := range args {
		if err := r.fillFrom(d, arg); err != nil {
			return err
		}
	}
	for _, kw := range kwargs {
		if err := r.setKey(d, kw[0], kw[1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) fillFrom(d *starlark.Dict, v starlark.Value) error {
	if from, ok := v.(*starlark.Dict); ok {
		for _, item := range from.Items() {
			if err := r.setKey(d, item[0], item[1]); err != nil {
				return err
			}
		}
		return nil
	}
	items, err := r.list(v)
	if err != nil {
		return err
	}
	for i, item := range items {
		pair, err := r.list(item)
		if err != nil {
			return typeErrorf("cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(pair) != 2 {
			return valueErrorf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := r.setKey(d, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

func dictCopy(c *call) (starlark.Value, error) {
	d := starlark.NewDict(c.recv.(*starlark.Dict).Len())
	return d, c.r.fillFrom(d, c.recv)
}

func dictSetitem(c *call) (starlark.Value, error) {
	p, err := c.params(2, "key", "value")
	if err != nil {
		return nil, err
	}
	return starlark.None, c.r.setKey(c.recv.(*starlark.Dict), p[0], p[1])
}

func dictDelitem(c *call) (starlark.Value, error) {
	if len(c.args) != 1 {
		return nil, typeErrorf("expected 1 argument, got %d", len(c.args))
	}
	_, err := dictPop(c)
	return starlark.None, err
}
