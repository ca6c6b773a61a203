package jinja2

import (
	"go.starlark.net/starlark"

	"gobuild/parts/literal"
)

func (x *constExpr) eval(*frame) (starlark.Value, error) { return x.value, nil }

func (x *nameExpr) eval(f *frame) (starlark.Value, error) {
	at := f
	for h := x.ref.hops; h > 0; h-- {
		at = at.up
	}
	if v := at.slots[x.ref.slot]; v != nil {
		return v, nil
	}
	return &Undefined{r: f.r, name: x.name}, nil
}

func (x *namespaceRef) eval(f *frame) (starlark.Value, error) { return x.base.eval(f) }

func evalAll(f *frame, list []expr) ([]starlark.Value, error) {
	values := make([]starlark.Value, len(list))
	for i, x := range list {
		v, err := x.eval(f)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (x *tupleExpr) eval(f *frame) (starlark.Value, error) {
	values, err := evalAll(f, x.items)
	if err != nil {
		return nil, err
	}
	return starlark.Tuple(values), nil
}

func (x *listExpr) eval(f *frame) (starlark.Value, error) {
	values, err := evalAll(f, x.items)
	if err != nil {
		return nil, err
	}
	return starlark.NewList(values), nil
}

func (x *dictExpr) eval(f *frame) (starlark.Value, error) {
	d := starlark.NewDict(len(x.keys))
	for i := range x.keys {
		k, err := x.keys[i].eval(f)
		if err != nil {
			return nil, err
		}
		v, err := x.values[i].eval(f)
		if err != nil {
			return nil, err
		}
		if err = f.r.setKey(d, k, v); err != nil {
			return nil, f.t.placed(x.keys[i].at(), err)
		}
	}
	return d, nil
}

func (x *attrExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err == nil {
		v, err = f.r.attribute(v, x.name)
	}
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

func (x *itemExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err != nil {
		return nil, err
	}
	if s, ok := x.index.(*sliceExpr); ok {
		if v, err = s.apply(f, v); err != nil {
			return nil, f.t.placed(x.at(), err)
		}
		return v, nil
	}
	index, err := x.index.eval(f)
	if err != nil {
		return nil, err
	}
	if v, err = f.r.item(v, index); err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

// apply returns the slice of v.
func (x *sliceExpr) apply(f *frame, v starlark.Value) (starlark.Value, error) {
	parts := [3]starlark.Value{starlark.None, starlark.None, starlark.None}
	for i, p := range []expr{x.from, x.to, x.step} {
		if p == nil {
			continue
		}
		n, err := p.eval(f)
		if err != nil {
			return nil, err
		}
		parts[i] = n
	}
	return f.r.slice(v, parts[0], parts[1], parts[2])
}

func (x *sliceExpr) eval(f *frame) (starlark.Value, error) {
	return nil, f.t.placed(x.at(), errorf(UnsupportedError, "a slice as a part of an index"))
}

// arguments evaluates the arguments of a call. first is put before them.
func (f *frame) arguments(a *arguments, first ...starlark.Value) ([]starlark.Value, []starlark.Tuple, error) {
	args := make([]starlark.Value, len(first), len(first)+len(a.args))
	copy(args, first)
	for _, x := range a.args {
		v, err := x.eval(f)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, v)
	}
	var kwargs []starlark.Tuple
	for i, x := range a.kwargs {
		v, err := x.eval(f)
		if err != nil {
			return nil, nil, err
		}
		kwargs = append(kwargs, starlark.Tuple{starlark.String(a.names[i]), v})
	}
	if a.star != nil {
		v, err := a.star.eval(f)
		if err != nil {
			return nil, nil, err
		}
		more, err := f.r.list(v)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, more...)
	}
	if a.double == nil {
		return args, kwargs, nil
	}
	v, err := a.double.eval(f)
	if err != nil {
		return nil, nil, err
	}
	kwargs, err = f.r.doubleStar(kwargs, v)
	return args, kwargs, err
}

// doubleStar adds the entries of the dict v to kwargs.
func (r *run) doubleStar(kwargs []starlark.Tuple, v starlark.Value) ([]starlark.Tuple, error) {
	d, ok := v.(*starlark.Dict)
	if u, undefined := v.(*Undefined); undefined && u.kind() == Strict {
		return nil, u.fail()
	}
	if !ok {
		return nil, typeErrorf("argument after ** must be a mapping, not %s", typeName(v))
	}
	for k, v := range d.Entries() {
		name, ok := asString(k)
		if !ok {
			return nil, typeErrorf("keywords must be strings")
		}
		if twice, _ := pop(kwargs, name); twice != nil {
			return nil, typeErrorf("got multiple values for keyword argument %s", literal.Quote(name))
		}
		kwargs = append(kwargs, starlark.Tuple{starlark.String(name), v})
	}
	return kwargs, nil
}

func (x *callExpr) eval(f *frame) (starlark.Value, error) { return x.evalWith(f, nil) }

// evalWith evaluates the call; caller, if it is set, is one more keyword argument.
func (x *callExpr) evalWith(f *frame, caller starlark.Value) (starlark.Value, error) {
	fn, recv, err := x.callee(f)
	if err != nil {
		return nil, err
	}
	args, kwargs, err := f.arguments(&x.args)
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	if caller != nil {
		kwargs = append(kwargs, starlark.Tuple{starlark.String("caller"), caller})
	}
	var v starlark.Value
	if recv != nil {
		v, err = f.r.invoke(&call{f.r, x.fn.(*attrExpr).name, recv, args, kwargs}, fn.(*Func).fn)
	} else {
		v, err = f.r.call(fn, args, kwargs)
	}
	if kindOf(err) == stopIteration {
		return &Undefined{r: f.r, hint: "value was undefined because a callable raised a StopIteration exception"}, nil
	}
	if err != nil {
		err = f.t.placed(x.fn.at(), err)
		if m, ok := fn.(*Macro); ok {
			err = f.t.entered("macro "+m.node.name, x.fn.at(), err)
		}
		return nil, err
	}
	return v, nil
}

// callee evaluates what is called. A method comes with its receiver.
func (x *callExpr) callee(f *frame) (fn, recv starlark.Value, err error) {
	a, ok := x.fn.(*attrExpr)
	if !ok {
		fn, err = x.fn.eval(f)
		return fn, nil, err
	}
	v, err := a.x.eval(f)
	if err != nil {
		return nil, nil, err
	}
	if m := f.r.method(v, a.name); m != nil {
		return m, v, nil
	}
	fn, err = f.r.attribute(v, a.name)
	if err != nil {
		return nil, nil, f.t.placed(a.at(), err)
	}
	return fn, nil, nil
}

// invoke calls the body of a function.
func (r *run) invoke(c *call, fn native) (starlark.Value, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	return fn(c)
}

// call calls fn.
func (r *run) call(fn starlark.Value, args []starlark.Value, kwargs []starlark.Tuple) (starlark.Value, error) {
	switch fn := fn.(type) {
	case *Func:
		return r.invoke(&call{r, fn.name, fn.recv, args, kwargs}, fn.fn)
	case *Type:
		return r.invoke(&call{r, fn.name, nil, args, kwargs}, fn.fn)
	case *Macro:
		return fn.call(args, kwargs)
	case *Undefined:
		return nil, fn.fail()
	case *Object:
		if m := fn.attrs["__call__"]; m != nil {
			return r.call(m, args, kwargs)
		}
	case *Loop:
		if fn.call == nil {
			return nil, typeErrorf("The loop must have the 'recursive' marker to be called recursively.")
		}
		if len(args) != 1 || len(kwargs) > 0 {
			return nil, typeErrorf("LoopContext.__call__() takes one argument")
		}
		return fn.call(args[0])
	case *blockValue:
		return fn.CallInternal(nil, args, kwargs)
	case starlark.Callable:
		if err := r.enter(); err != nil {
			return nil, err
		}
		defer r.leave()
		return starlark.Call(r.thread, fn, args, kwargs)
	}
	return nil, typeErrorf("%s object is not callable", literal.Quote(typeName(fn)))
}

func (x *filterExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err != nil {
		return nil, err
	}
	if v, err = x.apply(f, v); err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

func (x *filterExpr) apply(f *frame, v starlark.Value) (starlark.Value, error) {
	fn := f.r.tables.filters[x.name]
	if fn == nil {
		return nil, errorf(RuntimeError, "No filter named %s found.", literal.Quote(x.name))
	}
	args, kwargs, err := f.arguments(&x.args, v)
	if err != nil {
		return nil, err
	}
	return f.r.call(fn, args, kwargs)
}

func (x *testExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err != nil {
		return nil, err
	}
	fn := f.r.tables.tests[x.name]
	if fn == nil {
		return nil, f.t.placed(x.at(), errorf(RuntimeError, "No test named %s found.", literal.Quote(x.name)))
	}
	args, kwargs, err := f.arguments(&x.args, v)
	if err == nil {
		v, err = f.r.call(fn, args, kwargs)
	}
	if err == nil && x.not {
		var ok bool
		ok, err = f.r.truth(v)
		v = starlark.Bool(!ok)
	}
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

func (x *unaryExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err == nil {
		v, err = f.r.unary(x.op, v)
	}
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

func (x *notExpr) eval(f *frame) (starlark.Value, error) {
	ok, err := f.truth(x.x)
	return starlark.Bool(!ok), err
}

func (x *binaryExpr) eval(f *frame) (starlark.Value, error) {
	a, err := x.x.eval(f)
	if err != nil {
		return nil, err
	}
	b, err := x.y.eval(f)
	if err != nil {
		return nil, err
	}
	v, err := f.r.binary(x.op, a, b)
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return v, nil
}

func (x *logicExpr) eval(f *frame) (starlark.Value, error) {
	v, err := x.x.eval(f)
	if err != nil {
		return nil, err
	}
	ok, err := f.r.truth(v)
	if err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	if ok == x.or {
		return v, nil
	}
	return x.y.eval(f)
}

// eval joins the texts of the items.
func (x *concatExpr) eval(f *frame) (starlark.Value, error) {
	values, err := evalAll(f, x.items)
	if err != nil {
		return nil, err
	}
	if f.r.autoescape {
		return f.joinSafe(values)
	}
	var buf []byte
	for i, v := range values {
		text, err := f.r.str(v)
		if err != nil {
			return nil, f.t.placed(x.items[i].at(), err)
		}
		buf = append(buf, text...)
	}
	if err := f.r.room(len(buf)); err != nil {
		return nil, f.t.placed(x.at(), err)
	}
	return starlark.String(buf), nil
}

func (f *frame) joinSafe(values []starlark.Value) (starlark.Value, error) {
	safe := false
	for _, v := range values {
		_, markup := v.(Markup)
		safe = safe || markup
	}
	var buf []byte
	for _, v := range values {
		text, err := f.r.str(v)
		if err != nil {
			return nil, err
		}
		if _, markup := v.(Markup); safe && !markup {
			text = escapeHTML(text)
		}
		buf = append(buf, text...)
	}
	if err := f.r.room(len(buf)); err != nil {
		return nil, err
	}
	if safe {
		return Markup(buf), nil
	}
	return starlark.String(buf), nil
}

func (x *compareExpr) eval(f *frame) (starlark.Value, error) {
	a, err := x.first.eval(f)
	if err != nil {
		return nil, err
	}
	for _, c := range x.ops {
		b, err := c.x.eval(f)
		if err != nil {
			return nil, err
		}
		ok, err := f.r.compare(c.op, a, b)
		if err != nil {
			return nil, f.t.placed(c.x.at(), err)
		}
		if !ok {
			return starlark.False, nil
		}
		a = b
	}
	return starlark.True, nil
}

func (x *condExpr) eval(f *frame) (starlark.Value, error) {
	ok, err := f.truth(x.test)
	switch {
	case err != nil:
		return nil, err
	case ok:
		return x.yes.eval(f)
	case x.no == nil:
		return &Undefined{r: f.r, mild: f.r.env.Undefined == Strict,
			hint: "the inline if-expression evaluated to false and no else section was defined."}, nil
	}
	return x.no.eval(f)
}
