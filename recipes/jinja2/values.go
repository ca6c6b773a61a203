package jinja2

import (
	"fmt"
	"hash/maphash"
	"math/big"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// opaque has the methods of starlark.Value that most types of this package
// share: they are true, cannot be keys, and have nothing to freeze.
type opaque struct{}

// Freeze implements starlark.Value.
func (opaque) Freeze() {}

// Truth implements starlark.Value.
func (opaque) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (opaque) Hash() (uint32, error) { return 0, typeErrorf("unhashable type") }

// Markup is text that is safe in HTML: it is not escaped again.
type Markup string

// String returns the repr.
func (m Markup) String() string { return "Markup(" + literal.Quote(string(m)) + ")" }

// Type implements starlark.Value.
func (m Markup) Type() string { return "Markup" }

// Freeze implements starlark.Value.
func (m Markup) Freeze() {}

// Truth implements starlark.Value.
func (m Markup) Truth() starlark.Bool { return len(m) > 0 }

// Hash implements starlark.Value.
func (m Markup) Hash() (uint32, error) { return starlark.String(m).Hash() }

// Undefined is the value of what is not there. What may be done with it depends
// on the environment.
type Undefined struct {
	opaque
	r    *run
	name string         // of the variable or attribute
	obj  starlark.Value // that lacks it, nil for variables
	key  starlark.Value // the element, if it is not an attribute
	hint string         // message that takes the place of the usual one
	mild bool           // always of the default kind
}

// String returns "Undefined".
func (u *Undefined) String() string { return "Undefined" }

// Type implements starlark.Value.
func (u *Undefined) Type() string { return "Undefined" }

// Truth implements starlark.Value.
func (u *Undefined) Truth() starlark.Bool { return false }

// Hash implements starlark.Value: undefined values are one key.
func (u *Undefined) Hash() (uint32, error) { return 1, nil }

// CompareSameType implements starlark.Comparable.
func (u *Undefined) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	switch op {
	case syntax.EQL:
		return true, nil
	case syntax.NEQ:
		return false, nil
	}
	return false, u.fail()
}

func (u *Undefined) kind() UndefinedKind {
	if u.mild {
		return Default
	}
	return u.r.env.Undefined
}

// fail returns the error of a use that is not permitted.
func (u *Undefined) fail() error { return errorf(UndefinedError, "%s", u.message()) }

func (u *Undefined) message() string {
	switch {
	case u.hint != "":
		return u.hint
	case u.obj == nil:
		return literal.Quote(u.name) + " is undefined"
	case u.key != nil:
		return objectName(u.obj) + " has no element " + Repr(u.key)
	}
	return literal.Quote(objectName(u.obj)) + " has no attribute " + literal.Quote(u.name)
}

// objectName names the type of v as messages about missing attributes do.
func objectName(v starlark.Value) string {
	switch v.(type) {
	case starlark.NoneType:
		return "None"
	case *Module:
		return "jinja2.environment.TemplateModule object"
	case *Macro:
		return "jinja2.runtime.Macro object"
	case *Namespace:
		return "jinja2.utils.Namespace object"
	case *Loop:
		return "jinja2.runtime.LoopContext object"
	case Markup:
		return "markupsafe.Markup object"
	}
	return typeName(v) + " object"
}

// Range is Python's range.
type Range struct{ start, stop, step, n starlark.Int }

func newRange(start, stop, step starlark.Int) *Range {
	span := stop.Sub(start)
	n := starlark.MakeInt(0)
	if span.Sign() == step.Sign() {
		n = ceilDiv(span, step)
	}
	return &Range{start, stop, step, n}
}

// ceilDiv returns a/b rounded up, for a and b of the same sign.
func ceilDiv(a, b starlark.Int) starlark.Int {
	q := a.Div(b)
	if a.Mod(b).Sign() != 0 {
		q = q.Add(starlark.MakeInt(1))
	}
	return q
}

// String returns the repr.
func (r *Range) String() string {
	if one, ok := r.step.Int64(); ok && one == 1 {
		return fmt.Sprintf("range(%s, %s)", r.start, r.stop)
	}
	return fmt.Sprintf("range(%s, %s, %s)", r.start, r.stop, r.step)
}

// Type implements starlark.Value.
func (r *Range) Type() string { return "range" }

// Freeze implements starlark.Value.
func (r *Range) Freeze() {}

// Truth implements starlark.Value.
func (r *Range) Truth() starlark.Bool { return r.n.Sign() > 0 }

// Hash implements starlark.Value.
func (r *Range) Hash() (uint32, error) { return r.start.Hash() }

// at returns the element of that index, which is within the range.
func (r *Range) at(i starlark.Int) starlark.Value { return r.start.Add(i.Mul(r.step)) }

// Iterator is a Python iterator: a generator, or the result of map or zip.
type Iterator struct {
	opaque
	kind string
	next iterator
}

// iterator returns the next element, or nil after the last one.
type iterator func() (starlark.Value, error)

// String returns the repr, without the address that Python's has.
func (i *Iterator) String() string { return "<" + i.kind + " object>" }

// Hash implements starlark.Value: an iterator is equal to itself only.
func (i *Iterator) Hash() (uint32, error) { return identityHash(i), nil }

// Type implements starlark.Value.
func (i *Iterator) Type() string { return i.kind }

// View is what the methods keys, values and items of a dict return.
type View struct {
	opaque
	d    *starlark.Dict
	kind string // keys, values or items
}

// String returns the repr.
func (v *View) String() string { return Repr(v) }

// Type implements starlark.Value.
func (v *View) Type() string { return "dict_" + v.kind }

// Truth implements starlark.Value.
func (v *View) Truth() starlark.Bool { return v.d.Len() > 0 }

func (v *View) elements() []starlark.Value {
	all := make([]starlark.Value, 0, v.d.Len())
	for k, x := range v.d.Entries() {
		switch v.kind {
		case "keys":
			all = append(all, k)
		case "values":
			all = append(all, x)
		default:
			all = append(all, starlark.Tuple{k, x})
		}
	}
	return all
}

// FrozenSet is Python's frozenset.
type FrozenSet struct{ set *starlark.Set }

// String returns the repr.
func (f *FrozenSet) String() string { return Repr(f) }

// Type implements starlark.Value.
func (f *FrozenSet) Type() string { return "frozenset" }

// Freeze implements starlark.Value.
func (f *FrozenSet) Freeze() {}

// Truth implements starlark.Value.
func (f *FrozenSet) Truth() starlark.Bool { return f.set.Len() > 0 }

// Hash implements starlark.Value.
func (f *FrozenSet) Hash() (uint32, error) {
	h := uint32(f.set.Len())
	for x := range f.set.Elements() {
		n, err := x.Hash()
		if err != nil {
			return 0, err
		}
		h ^= n * 16777619
	}
	return h, nil
}

// CompareSameType implements starlark.Comparable, so that frozen sets are keys.
func (f *FrozenSet) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return f.set.CompareSameType(op, y.(*FrozenSet).set, depth)
}

// Func is a function or method written in Go.
type Func struct {
	name string
	fn   native
	recv starlark.Value // nil for functions
}

// native is the body of a Func.
type native func(c *call) (starlark.Value, error)

// call is a call of a Func.
type call struct {
	r      *run
	name   string
	recv   starlark.Value
	args   []starlark.Value
	kwargs []starlark.Tuple
}

// String returns the repr, without the address that Python's has.
func (f *Func) String() string {
	if f.recv != nil {
		return fmt.Sprintf("<built-in method %s of %s object>", f.name, typeName(f.recv))
	}
	return "<built-in function " + f.name + ">"
}

// Type implements starlark.Value.
func (f *Func) Type() string { return "builtin_function_or_method" }

// Freeze implements starlark.Value.
func (f *Func) Freeze() {}

// Truth implements starlark.Value.
func (f *Func) Truth() starlark.Bool { return true }

var hashSeed = maphash.MakeSeed()

// Hash implements starlark.Value.
func (f *Func) Hash() (uint32, error) { return identityHash(f), nil }

func identityHash[T any](p *T) uint32 { return uint32(maphash.Comparable(hashSeed, p)) }

// Name implements starlark.Callable.
func (f *Func) Name() string { return f.name }

// CallInternal implements starlark.Callable. It works in the threads of a run only.
func (f *Func) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r, ok := thread.Local(runKey).(*run)
	if !ok {
		return nil, typeErrorf("%s can only be called from a template", f.name)
	}
	return r.call(f, args, kwargs)
}

// Type is a type of Python: it makes values, and isinstance takes it.
type Type struct {
	name string
	fn   native
	is   func(starlark.Value) bool
	// attrs are the functions of the type itself, such as dict.fromkeys
	attrs map[string]starlark.Value
}

// String returns the repr.
func (t *Type) String() string { return "<class " + literal.Quote(t.name) + ">" }

// Type implements starlark.Value.
func (t *Type) Type() string { return "type" }

// Freeze implements starlark.Value.
func (t *Type) Freeze() {}

// Truth implements starlark.Value.
func (t *Type) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (t *Type) Hash() (uint32, error) { return starlark.String(t.name).Hash() }

// Name implements starlark.Callable.
func (t *Type) Name() string { return t.name }

// CallInternal implements starlark.Callable.
func (t *Type) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return (&Func{name: t.name, fn: t.fn}).CallInternal(thread, args, kwargs)
}

// Object is an object with fixed attributes, such as a Python module.
type Object struct {
	opaque
	kind  string // type
	shown string // repr
	attrs map[string]starlark.Value
	// missing explains why an attribute of that name is not there; may be nil
	missing func(name string) error
	remote  *remote // of an object of an interpreter; else nil
}

// String returns the repr.
func (o *Object) String() string { return o.shown }

// Hash implements starlark.Value: an object is equal to itself only.
func (o *Object) Hash() (uint32, error) { return identityHash(o), nil }

// Type implements starlark.Value.
func (o *Object) Type() string { return o.kind }

// bigOf returns n as a big integer.
func bigOf(n starlark.Int) *big.Int { return n.BigInt() }
