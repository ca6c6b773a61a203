package jinja2

import (
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// Macro is a macro, or the caller of a call block, with the variables around it.
type Macro struct {
	node       *macroNode
	f          *frame // in which it was made
	autoescape bool
}

func (s *macroStmt) exec(f *frame) error {
	m := &Macro{s.macro, f, f.r.autoescape}
	f.set(s.target.ref, m)
	if s.toplevel {
		f.sc.vars[s.target.name] = m
		if !strings.HasPrefix(s.target.name, "_") {
			f.sc.exported[s.target.name] = true
		}
	}
	return nil
}

func (s *callStmt) exec(f *frame) error {
	caller := &Macro{s.macro, f, f.r.autoescape}
	v, err := s.call.evalWith(f, caller)
	if err == nil {
		err = f.print(v)
	}
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	return nil
}

// pop takes the value of name out of kwargs.
func pop(kwargs []starlark.Tuple, name string) (starlark.Value, []starlark.Tuple) {
	for i, kw := range kwargs {
		if string(kw[0].(starlark.String)) == name {
			rest := append([]starlark.Tuple{}, kwargs[:i]...)
			return kw[1], append(rest, kwargs[i+1:]...)
		}
	}
	return nil, kwargs
}

// call renders the macro with the given arguments.
func (m *Macro) call(args []starlark.Value, kwargs []starlark.Tuple) (starlark.Value, error) {
	n := m.node
	r := m.f.r
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	before := r.autoescape
	r.autoescape = m.autoescape
	defer func() { r.autoescape = before }()
	f := m.f.activate(n.fn, &output{run: r})
	f.enter(n.inner)
	kwargs, err := m.bind(f, args, kwargs)
	if err != nil {
		return nil, err
	}
	if err := m.extra(f, args, kwargs); err != nil {
		return nil, err
	}
	if err := m.fill(f); err != nil {
		return nil, err
	}
	if err := f.exec(n.body); err != nil {
		return nil, err
	}
	return r.text(string(f.out.buf)), nil
}

// bind sets the parameters that are given and returns the kwargs that are left.
func (m *Macro) bind(f *frame, args []starlark.Value, kwargs []starlark.Tuple) ([]starlark.Tuple, error) {
	n := m.node
	foundCaller := len(args) >= len(n.params) && n.callerParam >= 0
	for i, param := range n.params {
		var v starlark.Value
		if i < len(args) {
			v = args[i]
		} else {
			v, kwargs = pop(kwargs, param.name)
			foundCaller = foundCaller || param.name == "caller"
		}
		f.slots[param.ref.slot] = v
	}
	if n.caller && !foundCaller {
		var caller starlark.Value
		caller, kwargs = pop(kwargs, "caller")
		if caller == nil || caller == starlark.None {
			caller = &Undefined{r: f.r, hint: "No caller defined", name: "caller"}
		}
		if n.callerParam < 0 {
			f.slots[n.callerRef.slot] = caller
		}
	}
	return kwargs, nil
}

// extra sets varargs and kwargs, or complains about what is too much.
func (m *Macro) extra(f *frame, args []starlark.Value, kwargs []starlark.Tuple) error {
	n := m.node
	if n.kwargs {
		d := starlark.NewDict(len(kwargs))
		for _, kw := range kwargs {
			if err := d.SetKey(kw[0], kw[1]); err != nil {
				return err
			}
		}
		f.slots[n.kwargsRef.slot] = d
	} else if len(kwargs) > 0 {
		if v, _ := pop(kwargs, "caller"); v != nil {
			return typeErrorf("macro %s was invoked with two values for the special caller argument. This is most likely a bug.", m.shown())
		}
		return typeErrorf("macro %s takes no keyword argument %s", m.shown(), Repr(kwargs[0][0]))
	}
	if n.varargs {
		f.slots[n.varargsRef.slot] = append(starlark.Tuple{}, args[min(len(args), len(n.params)):]...)
	} else if len(args) > len(n.params) {
		return typeErrorf("macro %s takes not more than %d argument(s)", m.shown(), len(n.params))
	}
	return nil
}

// fill gives the parameters that were left out their defaults.
func (m *Macro) fill(f *frame) error {
	n := m.node
	required := len(n.params) - len(n.defaults)
	for i, param := range n.params {
		if f.slots[param.ref.slot] != nil {
			continue
		}
		if i < required {
			f.slots[param.ref.slot] = &Undefined{r: f.r, name: param.name, hint: "parameter " + literal.Quote(param.name) + " was not provided"}
			continue
		}
		v, err := n.defaults[i-required].eval(f)
		if err != nil {
			return err
		}
		f.slots[param.ref.slot] = v
	}
	return nil
}

// shown is the name of the macro as Python prints it.
func (m *Macro) shown() string {
	if m.node.name == "" {
		return "None"
	}
	return literal.Quote(m.node.name)
}
