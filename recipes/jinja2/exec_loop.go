package jinja2

import (
	"go.starlark.net/starlark"
)

func (s *forStmt) exec(f *frame) error {
	v, err := s.iter.eval(f)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	if s.recursive {
		return s.recurse(f, v, 0)
	}
	return s.run(f, v, nil, 0)
}

// recurse runs the loop over v as a function of its own.
func (s *forStmt) recurse(f *frame, v starlark.Value, depth int) error {
	if err := f.r.enter(); err != nil {
		return f.t.placed(s.at(), err)
	}
	defer f.r.leave()
	in := f.activate(s.fn, f.out)
	in.check = f.check
	escape := f.r.autoescape
	call := func(v starlark.Value) (starlark.Value, error) {
		before, out := f.r.autoescape, &output{run: f.r}
		f.r.autoescape = escape
		outer := *f
		outer.out = out
		outer.slots = f.slots
		err := s.recurse(&outer, v, depth+1)
		f.r.autoescape = before
		if err != nil {
			return nil, err
		}
		return f.r.text(string(out.buf)), nil
	}
	return s.run(in, v, call, depth)
}

// run runs the loop over v in f. call is what calling the loop variable does.
func (s *forStmt) run(f *frame, v starlark.Value, call func(starlark.Value) (starlark.Value, error), depth int) error {
	next, err := f.r.iterate(v)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	if s.test != nil {
		next = s.filtered(f, next)
	}
	var loop *Loop
	if s.extended {
		loop = &Loop{next: next, call: call, depth: depth, index: -1}
		if s.test == nil {
			loop.source = v
		}
		next = loop.advance
	}
	ran := false
	for {
		item, err := next()
		if err != nil {
			return f.t.placed(s.at(), err)
		}
		if item == nil {
			break
		}
		err = s.once(f, item, loop)
		if err == errBreak {
			break
		}
		if err != nil && err != errContinue {
			return err
		}
		ran = ran || err == nil // as in Python, an iteration that is left early does not count for else
	}
	if ran || s.otherwise == nil {
		return nil
	}
	f.enter(s.elseLevel)
	defer f.leave(s.elseLevel)
	return f.exec(s.otherwise)
}

// once runs the body for one item.
func (s *forStmt) once(f *frame, item starlark.Value, loop *Loop) error {
	err := f.r.tick(1)
	if err == nil {
		f.enter(s.inner)
		if loop != nil {
			f.set(s.loop, loop)
		}
		if err = f.assign(s.target, item); err == nil {
			err = f.exec(s.body)
			f.leave(s.inner)
			return err
		}
	}
	return f.t.placed(s.at(), err)
}

// filtered returns the items of next for which the test of the loop holds.
func (s *forStmt) filtered(f *frame, next iterator) iterator {
	return func() (starlark.Value, error) {
		for {
			item, err := next()
			if item == nil || err != nil {
				return nil, err
			}
			if err = f.r.tick(1); err != nil {
				return nil, err
			}
			f.enter(s.testLevel)
			if err = f.assign(s.testTarget, item); err != nil {
				return nil, err
			}
			ok, err := f.truth(s.test)
			f.leave(s.testLevel)
			if err != nil {
				return nil, err
			}
			if ok {
				return item, nil
			}
		}
	}
}

// Loop is the variable `loop` of a for loop.
type Loop struct {
	source       starlark.Value // what is iterated, if it may be measured
	next         iterator
	call         func(starlark.Value) (starlark.Value, error)
	depth, index int
	before, item starlark.Value
	ahead        starlark.Value
	peeked       bool
	changed      []starlark.Value
	rest         []starlark.Value // read to know the length
	restRead     bool
}

// pull returns the next item.
func (l *Loop) pull() (starlark.Value, error) {
	if l.restRead {
		if len(l.rest) == 0 {
			return nil, nil
		}
		v := l.rest[0]
		l.rest = l.rest[1:]
		return v, nil
	}
	return l.next()
}

func (l *Loop) peek() (starlark.Value, error) {
	if !l.peeked {
		v, err := l.pull()
		if err != nil {
			return nil, err
		}
		l.ahead, l.peeked = v, true
	}
	return l.ahead, nil
}

// advance goes to the next item and returns it.
func (l *Loop) advance() (starlark.Value, error) {
	v, err := l.ahead, error(nil)
	if !l.peeked {
		v, err = l.pull()
	}
	if err != nil || v == nil {
		return nil, err
	}
	l.peeked, l.ahead = false, nil
	l.before, l.item = l.item, v
	l.index++
	return v, nil
}

// length returns how many items there are.
func (l *Loop) length(r *run) (int, error) {
	if l.source != nil {
		if n, err := r.length(l.source); err == nil {
			return n, nil
		}
	}
	ahead, err := l.peek()
	if err != nil {
		return 0, err
	}
	if !l.restRead {
		if l.rest, err = r.collect(l.next); err != nil {
			return 0, err
		}
		l.restRead = true
	}
	n := l.index + 1 + len(l.rest)
	if ahead != nil {
		n++
	}
	return n, nil
}
