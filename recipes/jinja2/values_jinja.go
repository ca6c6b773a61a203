package jinja2

import (
	"maps"
	"slices"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// Module is what a template exports: its attributes, and its text.
type Module struct {
	opaque
	name, body string
	attrs      map[string]starlark.Value
}

// String returns the repr.
func (m *Module) String() string {
	if m.name == "" {
		return "<TemplateModule memory:0>"
	}
	return "<TemplateModule " + literal.Quote(m.name) + ">"
}

// Type implements starlark.Value.
func (m *Module) Type() string { return "TemplateModule" }

// Hash implements starlark.Value: a module is equal to itself only.
func (m *Module) Hash() (uint32, error) { return identityHash(m), nil }

// Text is what the template printed.
func (m *Module) Text() string { return m.body }

// Attr returns an exported macro or variable, or nil.
func (m *Module) Attr(name string) (starlark.Value, error) { return m.attrs[name], nil }

// AttrNames returns the names of all that is exported.
func (m *Module) AttrNames() []string { return slices.Sorted(maps.Keys(m.attrs)) }

// TemplateValue is a template as a value: it can be extended, included and
// imported in place of a name.
type TemplateValue struct {
	opaque
	*Template
}

// String returns the repr.
func (t *TemplateValue) String() string { return "<Template " + literal.Quote(t.name) + ">" }

// Type implements starlark.Value.
func (t *TemplateValue) Type() string { return "Template" }

// String returns the repr.
func (m *Macro) String() string {
	if m.node.name == "" {
		return "<Macro anonymous>"
	}
	return "<Macro " + literal.Quote(m.node.name) + ">"
}

// Type implements starlark.Value.
func (m *Macro) Type() string { return "Macro" }

// Freeze implements starlark.Value.
func (m *Macro) Freeze() {}

// Truth implements starlark.Value.
func (m *Macro) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (m *Macro) Hash() (uint32, error) { return starlark.String(m.node.name).Hash() }

// Name implements starlark.Callable.
func (m *Macro) Name() string { return m.node.name }

// CallInternal implements starlark.Callable. The run in which the macro was
// made must not be in use.
func (m *Macro) CallInternal(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return m.call(args, kwargs)
}

func (m *Macro) attr(name string) starlark.Value {
	n := m.node
	switch name {
	case "name":
		if n.name == "" {
			return starlark.None
		}
		return starlark.String(n.name)
	case "arguments":
		var names starlark.Tuple
		for _, p := range n.params {
			names = append(names, starlark.String(p.name))
		}
		return names
	case "catch_kwargs":
		return starlark.Bool(n.kwargs)
	case "catch_varargs":
		return starlark.Bool(n.varargs)
	case "caller":
		return starlark.Bool(n.caller)
	}
	return nil
}

// Namespace is an object whose attributes templates may set.
type Namespace struct {
	opaque
	attrs *starlark.Dict
}

// String returns the repr.
func (n *Namespace) String() string { return Repr(n) }

// Type implements starlark.Value.
func (n *Namespace) Type() string { return "Namespace" }

func (n *Namespace) set(name string, v starlark.Value) error {
	return n.attrs.SetKey(starlark.String(name), v)
}

// selfValue is `self`: its attributes are the blocks.
type selfValue struct{ sc *scope }

// String returns the repr.
func (s *selfValue) String() string {
	if s.sc.t.name == "" {
		return "<TemplateReference None>"
	}
	return "<TemplateReference " + literal.Quote(s.sc.t.name) + ">"
}

// Type implements starlark.Value.
func (s *selfValue) Type() string { return "TemplateReference" }

// Freeze implements starlark.Value.
func (s *selfValue) Freeze() {}

// Truth implements starlark.Value.
func (s *selfValue) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (s *selfValue) Hash() (uint32, error) { return 0, typeErrorf("unhashable type") }

func (s *selfValue) attr(name string) starlark.Value {
	if chain := s.sc.blocks[name]; chain != nil {
		return &blockValue{s.sc, chain, 0}
	}
	return nil
}

// blockValue is a block that can be called: `super`, or an attribute of `self`.
type blockValue struct {
	sc    *scope
	chain []*blockNode
	index int
}

// String returns the repr.
func (b *blockValue) String() string {
	return "<BlockReference " + literal.Quote(b.chain[0].name) + ">"
}

// Type implements starlark.Value.
func (b *blockValue) Type() string { return "BlockReference" }

// Freeze implements starlark.Value.
func (b *blockValue) Freeze() {}

// Truth implements starlark.Value.
func (b *blockValue) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (b *blockValue) Hash() (uint32, error) { return 0, typeErrorf("unhashable type") }

// Name implements starlark.Callable.
func (b *blockValue) Name() string { return b.chain[0].name }

// CallInternal implements starlark.Callable.
func (b *blockValue) CallInternal(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args)+len(kwargs) > 0 {
		return nil, typeErrorf("BlockReference.__call__() takes 1 positional argument but %d were given", 1+len(args))
	}
	out := &output{run: b.sc.r}
	if err := renderBlock(b.sc, b.chain, b.index, out); err != nil {
		return nil, err
	}
	return b.sc.r.text(string(out.buf)), nil
}

func (b *blockValue) attr(name string) starlark.Value {
	if name == "super" {
		return superOf(b.sc, b.chain, b.index)
	}
	return nil
}

// String returns the repr.
func (l *Loop) String() string { return Repr(l) }

// Type implements starlark.Value.
func (l *Loop) Type() string { return "LoopContext" }

// Freeze implements starlark.Value.
func (l *Loop) Freeze() {}

// Truth implements starlark.Value.
func (l *Loop) Truth() starlark.Bool { return true }

// Hash implements starlark.Value.
func (l *Loop) Hash() (uint32, error) { return 0, typeErrorf("unhashable type") }

// attr returns an attribute of the loop variable, or nil.
func (l *Loop) attr(r *run, name string) (starlark.Value, error) {
	switch name {
	case "index":
		return starlark.MakeInt(l.index + 1), nil
	case "index0":
		return starlark.MakeInt(l.index), nil
	case "first":
		return starlark.Bool(l.index == 0), nil
	case "depth":
		return starlark.MakeInt(l.depth + 1), nil
	case "depth0":
		return starlark.MakeInt(l.depth), nil
	case "previtem":
		if l.before == nil {
			return &Undefined{r: r, hint: "there is no previous item"}, nil
		}
		return l.before, nil
	case "last", "nextitem":
		ahead, err := l.peek()
		switch {
		case err != nil:
			return nil, err
		case name == "last":
			return starlark.Bool(ahead == nil), nil
		case ahead == nil:
			return &Undefined{r: r, hint: "there is no next item"}, nil
		}
		return ahead, nil
	case "length", "revindex", "revindex0":
		n, err := l.length(r)
		switch {
		case err != nil:
			return nil, err
		case name == "revindex":
			n -= l.index
		case name == "revindex0":
			n -= l.index + 1
		}
		return starlark.MakeInt(n), nil
	case "cycle":
		return &Func{name: "cycle", fn: l.cycle, recv: l}, nil
	case "changed":
		return &Func{name: "changed", fn: l.isChanged, recv: l}, nil
	}
	return nil, nil
}

func (l *Loop) cycle(c *call) (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, typeErrorf("no items for cycling given")
	}
	return c.args[l.index%len(c.args)], nil
}

func (l *Loop) isChanged(c *call) (starlark.Value, error) {
	if l.changed != nil {
		same, err := c.r.equal(starlark.Tuple(l.changed), starlark.Tuple(c.args))
		if err != nil || same {
			return starlark.False, err
		}
	}
	l.changed = append([]starlark.Value{}, c.args...)
	return starlark.True, nil
}
