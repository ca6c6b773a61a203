package profile

import (
	"maps"
	"slices"
	"strings"
)

// change is what a file, and all that it extends, does to the sections below
// it. Changes compose, so that a file to which many paths lead is worked out
// once (docs/performance.md).
type change map[string]*sectionChange

type sectionChange struct {
	alone *Section                 // the result where there is no such section
	onto  map[string]*optionChange // what becomes of the options where there is one
}

// optionChange is what becomes of an option of a section that there is.
type optionChange struct {
	alone *Value // the result where there is no such option
	// Where there is one: the text is made by edits, and the history is that of
	// the option, if kept, and then trail.
	edits *edits // nil: the text of alone
	keep  bool
	trail *trail
}

// apply returns the option that v becomes; nil means that there is none. c is
// seen from a file that reaches that of c by the entry via, or "" for the same.
func (c *optionChange) apply(v *Value, via string) *Value {
	if v == nil {
		return c.alone.reached(via)
	}
	t := c.trail.reached(via)
	if c.keep {
		t = v.trail.then(t)
	}
	if c.edits == nil {
		return &Value{c.alone.Text, t, c.alone.huge}
	}
	text := c.edits.apply(v.lines())
	return &Value{text.text, t, text.huge}
}

// then returns the change of c followed by that of d, reached by via.
func (c *optionChange) then(d *optionChange, via string) *optionChange {
	r := &optionChange{alone: d.apply(c.alone, via), keep: d.keep, trail: d.trail.reached(via)}
	if c.edits != nil && d.edits != nil {
		e := c.edits.then(*d.edits)
		r.edits = &e
	}
	if d.keep {
		r.keep, r.trail = c.keep, c.trail.then(r.trail)
	}
	return r
}

// reached returns c as it is seen from a file that extends that of c.
func (c *optionChange) reached(via string) *optionChange {
	if via == "" {
		return c
	}
	return &optionChange{c.alone.reached(via), c.edits, c.keep, c.trail.reached(via)}
}

// assigned is the change that a plain assignment makes.
func assigned(v *Value) *optionChange {
	if op := v.trail.lastOp(); op == OpAdd || op == OpRemove {
		return &optionChange{alone: v, trail: v.trail}
	}
	s := v.trail.last()
	s.Op, s.Text = OpOverride, v.Text
	return &optionChange{alone: v, keep: true, trail: (*trail)(nil).with(s)}
}

// edited is the change that an addition or a removal makes.
func edited(op Op, v *Value) *optionChange {
	s := v.trail.last()
	s.Op, s.Text = op, v.Text
	e := adding(v.Text)
	if op == OpRemove {
		e = removing(v.Text)
	}
	c := &optionChange{edits: &e, keep: true, trail: (*trail)(nil).with(s)}
	nothing := &Value{trail: (*trail)(nil).with(Setting{Op: OpSet, Source: sourceImplicit})}
	c.alone = c.apply(nothing, "")
	return c
}

// changesOf returns what the options of a section do to those below: pending
// additions and removals find their base among the options or else below.
func changesOf(options map[string]*Value) map[string]*optionChange {
	changes := make(map[string]*optionChange, len(options))
	pending := pendingKeys(options)
	if len(pending) > 0 {
		options = maps.Clone(options)
	}
	for _, k := range pending {
		key, op := strings.TrimRight(k, " +"), OpAdd
		if strings.HasSuffix(k, "-") {
			key, op = strings.TrimRight(k, " -"), OpRemove
		}
		c := edited(op, options[k])
		delete(options, k)
		switch base, before := options[key], changes[key]; {
		case base != nil:
			options[key] = c.apply(base, "")
		case before != nil:
			changes[key] = before.then(c, "")
		default:
			changes[key] = c
		}
	}
	for k, v := range options {
		changes[k] = assigned(v)
	}
	return changes
}

// pendingKeys returns the keys that end in + or -, in the order in which the
// reference works them in: all additions to an option before its removals.
func pendingKeys(options map[string]*Value) []string {
	var keys []string
	for k := range options {
		if isPending(k) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		if c := strings.Compare(strings.TrimRight(a, " +"), strings.TrimRight(b, " +")); c != 0 {
			return c
		}
		return strings.Compare(a[len(a)-1:]+a, b[len(b)-1:]+b)
	})
	return keys
}

// changeOf returns what one file does.
func changeOf(file sections) change {
	c := make(change, len(file))
	for name, s := range file {
		c[name] = &sectionChange{alone: fresh(s), onto: changesOf(s.Options)}
	}
	return c
}

// after adds to c, in place, what d does behind it; d is seen from the file of
// c, which reaches it by the entry via. d is not changed.
func (c change) after(d change, via string) {
	for name, e := range d {
		s := c[name]
		if s == nil {
			c[name] = e.reached(via)
			continue
		}
		alone := s.alone.Options
		for k, o := range e.onto {
			before := s.onto[k]
			if before == nil {
				s.onto[k] = o.reached(via)
				alone[k] = s.onto[k].alone
				continue
			}
			r := before.then(o, via)
			if alone[k] == before.alone {
				alone[k] = r.alone
			} else {
				alone[k] = o.apply(alone[k], via)
			}
			s.onto[k] = r
		}
	}
}

func (e *sectionChange) reached(via string) *sectionChange {
	r := &sectionChange{alone: e.alone.clone(), onto: make(map[string]*optionChange, len(e.onto))}
	for k, o := range e.onto {
		r.onto[k] = o.reached(via)
	}
	for k, v := range e.alone.Options {
		if o := e.onto[k]; o != nil && o.alone == v {
			r.alone.Options[k] = r.onto[k].alone
		} else {
			r.alone.Options[k] = v.reached(via)
		}
	}
	return r
}

// applyTo does what c does to acc, in place; c is that of the file called via.
func (c change) applyTo(acc sections, via string) {
	for name, e := range c {
		s := acc[name]
		if s == nil {
			acc[name] = e.alone.reached(via)
			continue
		}
		for k, o := range e.onto {
			s.Options[k] = o.apply(s.Options[k], via)
		}
	}
}

func (s *Section) reached(via string) *Section {
	t := s.clone()
	for k, v := range t.Options {
		t.Options[k] = v.reached(via)
	}
	return t
}

func (v *Value) reached(via string) *Value {
	if via == "" {
		return v
	}
	return &Value{v.Text, v.trail.reached(via), v.huge}
}
