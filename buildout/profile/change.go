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
	// Where there is one: the text is that of alone, or made by edits; the
	// history is that of the option, if kept, and then trail.
	fixed bool
	edits edits
	keep  bool
	trail *trail
}

// apply returns the option that v becomes; nil means that there is none.
func (c *optionChange) apply(v *Value) *Value {
	if v == nil {
		return c.alone
	}
	t := c.trail
	if c.keep {
		t = v.trail.then(c.trail)
	}
	if c.fixed {
		return &Value{c.alone.Text, t, c.alone.huge}
	}
	text := c.edits.apply(v.lines())
	return &Value{text.text, t, text.huge}
}

// then returns the change of c followed by that of d.
func (c *optionChange) then(d *optionChange) *optionChange {
	r := &optionChange{alone: d.apply(c.alone), fixed: c.fixed || d.fixed, keep: d.keep, trail: d.trail}
	if !r.fixed {
		r.edits = c.edits.then(d.edits)
	}
	if d.keep {
		r.keep, r.trail = c.keep, c.trail.then(d.trail)
	}
	return r
}

// assigned is the change that a plain assignment makes.
func assigned(v *Value) *optionChange {
	if op := v.trail.lastOp(); op == OpAdd || op == OpRemove {
		return &optionChange{alone: v, fixed: true, trail: v.trail}
	}
	s := v.trail.last()
	s.Op, s.Text = OpOverride, v.Text
	return &optionChange{alone: v, fixed: true, keep: true, trail: (*trail)(nil).with(s)}
}

// edited is the change that an addition or a removal makes.
func edited(op Op, v *Value) *optionChange {
	s := v.trail.last()
	s.Op, s.Text = op, v.Text
	c := &optionChange{edits: adding(v.Text), keep: true, trail: (*trail)(nil).with(s)}
	if op == OpRemove {
		c.edits = removing(v.Text)
	}
	nothing := &Value{trail: (*trail)(nil).with(Setting{Op: OpSet, Source: sourceImplicit})}
	c.alone = c.apply(nothing)
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
			options[key] = c.apply(base)
		case before != nil:
			changes[key] = before.then(c)
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
			s = &sectionChange{alone: e.alone.reached(via), onto: make(map[string]*optionChange, len(e.onto))}
			c[name] = s
			for k, o := range e.onto {
				s.onto[k] = o.reached(via)
			}
			continue
		}
		for k, o := range e.onto {
			o = o.reached(via)
			s.alone.Options[k] = o.apply(s.alone.Options[k])
			if before := s.onto[k]; before != nil {
				o = before.then(o)
			}
			s.onto[k] = o
		}
	}
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
			s.Options[k] = o.reached(via).apply(s.Options[k])
		}
	}
}

func (c *optionChange) reached(via string) *optionChange {
	if via == "" {
		return c
	}
	d := *c
	d.alone, d.trail = c.alone.reached(via), c.trail.reached(via)
	return &d
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
