package jinja2

import (
	"errors"
	"strings"

	"go.starlark.net/starlark"
)

// What break and continue return to the loop around them.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

func (f *frame) exec(list []stmt) error {
	for _, s := range list {
		if err := s.exec(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *textStmt) exec(f *frame) error {
	if f.silent() {
		return nil
	}
	return f.out.write(s.text)
}

func (s *printStmt) exec(f *frame) error {
	if f.silent() {
		return nil
	}
	v, err := s.x.eval(f)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	if err = f.print(v); err != nil {
		return f.t.placed(s.at(), err)
	}
	return nil
}

// print writes v, escaped if that is on.
func (f *frame) print(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.String:
		if f.r.autoescape {
			return f.out.write(escapeHTML(string(v)))
		}
		return f.out.write(string(v))
	case Markup:
		return f.out.write(string(v))
	}
	text, err := f.r.str(v)
	if err == nil {
		if f.r.autoescape {
			text = escapeHTML(text)
		}
		err = f.out.write(text)
	}
	return err
}

// truth evaluates a condition.
func (f *frame) truth(x expr) (bool, error) {
	v, err := x.eval(f)
	if err != nil {
		return false, err
	}
	ok, err := f.r.truth(v)
	if err != nil {
		return false, f.t.placed(x.at(), err)
	}
	return ok, nil
}

func (s *ifStmt) exec(f *frame) error {
	for _, branch := range append([]*ifStmt{s}, s.elifs...) {
		ok, err := f.truth(branch.test)
		if err != nil {
			return f.t.placed(branch.at(), err)
		}
		if ok {
			return f.exec(branch.body)
		}
	}
	return f.exec(s.otherwise)
}

func (s *setStmt) exec(f *frame) error {
	v, err := s.value.eval(f)
	if err == nil {
		err = f.assign(s.target, v)
	}
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	if s.toplevel {
		f.export(s.target)
	}
	return nil
}

// export makes the names of a target visible outside of the template.
func (f *frame) export(target expr) {
	eachName(target, func(n *nameExpr) {
		f.sc.vars[n.name] = f.get(n.ref)
		if !strings.HasPrefix(n.name, "_") {
			f.sc.exported[n.name] = true
		}
	})
}

// assign gives target the value v.
func (f *frame) assign(target expr, v starlark.Value) error {
	switch t := target.(type) {
	case *nameExpr:
		f.set(t.ref, v)
		return nil
	case *namespaceRef:
		base := f.get(t.base.ref)
		ns, ok := base.(*Namespace)
		if !ok {
			return f.t.placed(t.at(), errorf(RuntimeError, "cannot assign attribute on non-namespace object"))
		}
		return ns.set(t.attr, v)
	case *tupleExpr:
		return f.unpack(t, v)
	}
	return errorf(SyntaxError, "can't assign to this")
}

// unpack assigns the elements of v to the items of a tuple.
func (f *frame) unpack(t *tupleExpr, v starlark.Value) error {
	n := len(t.items)
	if pair, ok := v.(starlark.Tuple); ok && len(pair) == n {
		for i, item := range t.items {
			if err := f.assign(item, pair[i]); err != nil {
				return err
			}
		}
		return nil
	}
	next, err := f.r.iterate(v)
	if err != nil {
		if kindOf(err) == "TypeError" {
			return typeErrorf("cannot unpack non-iterable %s object", typeName(v))
		}
		return err
	}
	var items []starlark.Value
	for len(items) <= n {
		item, err := next()
		if err != nil {
			return err
		}
		if item == nil {
			break
		}
		items = append(items, item)
	}
	switch {
	case len(items) > n:
		return valueErrorf("too many values to unpack (expected %d)", n)
	case len(items) < n:
		return valueErrorf("not enough values to unpack (expected %d, got %d)", n, len(items))
	}
	for i, item := range t.items {
		if err := f.assign(item, items[i]); err != nil {
			return err
		}
	}
	return nil
}

// capture renders body to a text of its own.
func (f *frame) capture(body []stmt, check bool) (string, error) {
	out, before := f.out, f.check
	f.out, f.check = &output{run: f.r}, check
	defer func() { f.out, f.check = out, before }()
	if err := f.exec(body); err != nil {
		return "", err
	}
	return string(f.out.buf), nil
}

// text is rendered text as a value: it is safe if escaping is on.
func (r *run) text(s string) starlark.Value {
	if r.autoescape {
		return Markup(s)
	}
	return starlark.String(s)
}

func (s *setBlockStmt) exec(f *frame) error {
	f.enter(s.inner)
	defer f.leave(s.inner)
	body, err := f.capture(s.body, false)
	if err != nil {
		return err
	}
	v := f.r.text(body)
	if s.filter != nil {
		if v, err = f.applyFilter(s.filter, v); err != nil {
			return f.t.placed(s.at(), err)
		}
		if f.r.autoescape { // what a filter makes of safe text is text, and safe
			text, err := f.r.str(v)
			if err != nil {
				return f.t.placed(s.at(), err)
			}
			v = Markup(text)
		}
	}
	if err = f.assign(s.target, v); err != nil {
		return f.t.placed(s.at(), err)
	}
	if s.toplevel {
		f.export(s.target)
	}
	return nil
}

// applyFilter applies a chain of filters without a value to v.
func (f *frame) applyFilter(chain expr, v starlark.Value) (starlark.Value, error) {
	x := chain.(*filterExpr)
	if x.x != nil {
		var err error
		if v, err = f.applyFilter(x.x, v); err != nil {
			return nil, err
		}
	}
	return x.apply(f, v)
}

func (s *filterStmt) exec(f *frame) error {
	f.enter(s.inner)
	defer f.leave(s.inner)
	body, err := f.capture(s.body, f.check)
	if err != nil {
		return err
	}
	v, err := f.applyFilter(s.filter, f.r.text(body))
	if _, text := asString(v); err == nil && !text {
		err = typeErrorf("the result of a filter block is a text, not %s", typeName(v))
	}
	if err == nil {
		err = f.print(v)
	}
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	return nil
}

func (s *doStmt) exec(f *frame) error {
	_, err := s.x.eval(f)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	return nil
}

func (s *withStmt) exec(f *frame) error {
	values := make([]starlark.Value, len(s.values))
	for i, x := range s.values {
		v, err := x.eval(f)
		if err != nil {
			return f.t.placed(s.at(), err)
		}
		values[i] = v
	}
	f.enter(s.inner)
	defer f.leave(s.inner)
	for i, target := range s.targets {
		if err := f.assign(target, values[i]); err != nil {
			return f.t.placed(s.at(), err)
		}
	}
	return f.exec(s.body)
}

func (s *autoescapeStmt) exec(f *frame) error {
	f.enter(s.inner)
	defer f.leave(s.inner)
	on, err := f.truth(s.x)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	before := f.r.autoescape
	f.r.autoescape = on
	defer func() { f.r.autoescape = before }()
	return f.exec(s.body)
}

func (s *breakStmt) exec(*frame) error    { return errBreak }
func (s *continueStmt) exec(*frame) error { return errContinue }
