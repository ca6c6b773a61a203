package jinja2

import (
	"context"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// Remote is an interpreter of Python that has objects which this package has
// not, such as modules.
type Remote interface {
	// Ask does something with an object.
	Ask(ctx context.Context, q RemoteQuery) (RemoteAnswer, error)
}

// RemoteQuery asks for an attribute (attr, by Name), an element (item, by the only
// argument), the result of a call (call), or that of a special method such as
// __str__, by its name.
type RemoteQuery struct {
	Object string                `json:"object"`
	Do     string                `json:"what"`
	Name   string                `json:"name"`
	Args   []RemoteData          `json:"args"`
	Kwargs map[string]RemoteData `json:"kwargs"`
}

// RemoteData is a value that travels: data as their repr, or an object that stays
// where it is.
type RemoteData struct {
	Literal string `json:"literal,omitempty"`
	Object  string `json:"object,omitempty"`
}

// RemoteAnswer is a value, or that there is none.
type RemoteAnswer struct {
	RemoteData
	Type    string   `json:"type"`
	Shown   string   `json:"shown"`   // the repr of an object
	Methods []string `json:"methods"` // its special methods, without blanks and underscores
	None    bool     `json:"none"`    // there is no such attribute or element, or no further one
	// Raised is the exception, its type and its text.
	Raised []string `json:"raised"`
}

// RemoteModule returns a module that an interpreter has.
func RemoteModule(remote Remote, name string) starlark.Value {
	return remoteObject(remote, RemoteAnswer{RemoteData: RemoteData{Object: "module " + name}, Type: "module", Shown: "<module " + literal.Quote(name) + ">"})
}

// remote is what an Object needs that stands for one of an interpreter.
type remote struct {
	Remote
	object string
}

// remoteObject makes the Object for an answer. What it can do is what Python says
// that its type can.
func remoteObject(in Remote, a RemoteAnswer) *Object {
	o := &Object{kind: a.Type, shown: a.Shown, attrs: map[string]starlark.Value{}, remote: &remote{in, a.Object}}
	for _, method := range append([]string{"str", "bool", "eq"}, a.Methods...) {
		do := "__" + method + "__"
		switch method {
		case "getitem":
			do = "item"
		case "call":
			do = "call"
		case "iter":
			o.attrs["__iter__"] = newFunc("__iter__", o.iterate)
			continue
		}
		o.attrs["__"+method+"__"] = newFunc(method, func(c *call) (starlark.Value, error) {
			v, err := o.ask(c.r, do, "", c.args, c.kwargs)
			if v == nil && err == nil {
				err = errorf("KeyError", "%s", Repr(c.args[0]))
			}
			return v, err
		})
	}
	return o
}

// iterate is iter(o).
func (o *Object) iterate(c *call) (starlark.Value, error) {
	v, err := o.ask(c.r, "__iter__", "", nil, nil)
	it, ok := v.(*Object)
	if err != nil || !ok {
		return v, err
	}
	return &Iterator{next: func() (starlark.Value, error) { return it.ask(c.r, "__next__", "", nil, nil) }}, nil
}

// remoteAttr is an attribute, or nil.
func (o *Object) remoteAttr(r *run, name string) (starlark.Value, error) {
	return o.ask(r, "attr", name, nil, nil)
}

// ask asks the interpreter. Nothing and no error means that there is no such
// thing.
func (o *Object) ask(r *run, do, name string, args []starlark.Value, kwargs []starlark.Tuple) (starlark.Value, error) {
	q := RemoteQuery{Object: o.remote.object, Do: do, Name: name, Args: []RemoteData{}, Kwargs: map[string]RemoteData{}}
	for _, v := range args {
		data, err := o.remote.send(v)
		if err != nil {
			return nil, err
		}
		q.Args = append(q.Args, data)
	}
	for _, pair := range kwargs {
		data, err := o.remote.send(pair[1])
		if err != nil {
			return nil, err
		}
		q.Kwargs[Str(pair[0])] = data
	}
	if err := r.tick(1); err != nil {
		return nil, err
	}
	a, err := o.remote.Ask(r.ctx, q)
	switch {
	case err != nil && r.ctx.Err() != nil:
		return nil, r.ctx.Err()
	case err != nil:
		return nil, &Error{Kind: RuntimeError, Msg: firstLine(err), Err: err}
	case len(a.Raised) == 2:
		return nil, errorf(a.Raised[0], "%s", a.Raised[1])
	case a.None:
		return nil, nil
	case a.Object != "":
		return remoteObject(o.remote.Remote, a), nil
	}
	return ParseRepr(a.Literal)
}

// firstLine is the first line of the message of an error.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// send makes of a value what travels.
func (m *remote) send(v starlark.Value) (RemoteData, error) {
	if o, ok := v.(*Object); ok && o.remote != nil && o.remote.Remote == m.Remote {
		return RemoteData{Object: o.remote.object}, nil
	}
	if err := isData(v, 0); err != nil {
		return RemoteData{}, err
	}
	return RemoteData{Literal: Repr(v)}, nil
}

// maxDataDepth is how deep data that travel may be nested.
const maxDataDepth = 50

// isData reports what keeps a value from being written as a literal of Python.
func isData(v starlark.Value, depth int) error {
	if depth > maxDataDepth {
		return errorf("RecursionError", "data that are given to Python are nested too deeply")
	}
	var inner []starlark.Value
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes:
	case *starlark.List:
		for i := range v.Len() {
			inner = append(inner, v.Index(i))
		}
	case starlark.Tuple:
		inner = v
	case *starlark.Set:
		inner = setElements(v)
	case *starlark.Dict:
		for k, x := range v.Entries() {
			inner = append(inner, k, x)
		}
	case *Undefined:
		return v.fail()
	default:
		return errorf(UnsupportedError, "a value of type %s cannot be given to a function of Python from a template", literal.Quote(typeName(v)))
	}
	for _, x := range inner {
		if err := isData(x, depth+1); err != nil {
			return err
		}
	}
	return nil
}
