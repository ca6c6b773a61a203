package jinja2

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// randomSource makes the numbers of the filter random and of lipsum.
type randomSource struct{ *rand.Rand }

func (r *run) randomly() *randomSource {
	if r.random == nil {
		r.random = &randomSource{rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	}
	return r.random
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// jinjaGlobals returns the globals of Jinja2 by name.
func jinjaGlobals() map[string]starlark.Value {
	types := pythonTypes()
	return map[string]starlark.Value{
		"range":     types["range"],
		"dict":      types["dict"],
		"lipsum":    newFunc("lipsum", globalLipsum),
		"cycler":    newFunc("cycler", globalCycler),
		"joiner":    newFunc("joiner", globalJoiner),
		"namespace": newFunc("namespace", globalNamespace),
	}
}

func filterRandom(c *call) (starlark.Value, error) {
	p, err := c.params(1, "seq")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &Undefined{r: c.r, hint: "No random item, sequence was empty."}, nil
	}
	return items[c.r.randomly().IntN(len(items))], nil
}

func globalNamespace(c *call) (starlark.Value, error) {
	if len(c.args) > 1 {
		return nil, typeErrorf("dict expected at most 1 argument, got %d", len(c.args))
	}
	n := &Namespace{attrs: starlark.NewDict(len(c.kwargs))}
	return n, c.r.fillDict(n.attrs, c.args, c.kwargs)
}

// newObject returns an object that prints as one of that class.
func newObject(kind string, attrs map[string]starlark.Value) *Object {
	return &Object{kind: kind, shown: "<" + kind + " object>", attrs: attrs}
}

func globalCycler(c *call) (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, errorf("RuntimeError", "at least one item has to be provided")
	}
	items, at := append([]starlark.Value{}, c.args...), 0
	o := newObject("Cycler", map[string]starlark.Value{})
	move := func(to int) {
		at = to % len(items)
		o.attrs["current"] = items[at]
		o.attrs["pos"] = starlark.MakeInt(at)
	}
	move(0)
	next := newFunc("next", func(c *call) (starlark.Value, error) {
		v := items[at]
		move(at + 1)
		return v, c.none()
	})
	o.attrs["items"] = starlark.Tuple(items)
	o.attrs["next"], o.attrs["__next__"] = next, next
	o.attrs["reset"] = newFunc("reset", func(c *call) (starlark.Value, error) {
		move(0)
		return starlark.None, c.none()
	})
	return o, nil
}

func globalJoiner(c *call) (starlark.Value, error) {
	p, err := c.params(0, "sep")
	if err != nil {
		return nil, err
	}
	var sep starlark.Value = starlark.String(", ")
	if p[0] != nil {
		sep = p[0]
	}
	used := false
	o := newObject("Joiner", map[string]starlark.Value{"sep": sep})
	o.attrs["__call__"] = newFunc("joiner", func(c *call) (starlark.Value, error) {
		if !used {
			used = true
			return starlark.String(""), c.none()
		}
		return sep, c.none()
	})
	return o, nil
}

// lipsumWords are what lipsum makes its sentences of.
const lipsumWords = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua " +
	"enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis aute irure in reprehenderit " +
	"voluptate velit esse cillum eu fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim id est laborum"

func globalLipsum(c *call) (starlark.Value, error) {
	p, err := c.params(0, "n", "html", "min", "max")
	if err != nil {
		return nil, err
	}
	n, err := c.int(p[0], 5)
	if err != nil {
		return nil, err
	}
	html, err := c.bool(p[1], true)
	if err != nil {
		return nil, err
	}
	least, err := c.int(p[2], 20)
	if err != nil {
		return nil, err
	}
	most, err := c.int(p[3], 100)
	if err != nil {
		return nil, err
	}
	if most <= least {
		return nil, valueErrorf("empty range for lipsum: %d to %d words", least, most)
	}
	var paragraphs []string
	for range n {
		count := least + c.r.randomly().IntN(most-least)
		if err := c.r.tick(count); err != nil {
			return nil, err
		}
		paragraphs = append(paragraphs, c.r.paragraph(count))
	}
	if !html {
		return starlark.String(strings.Join(paragraphs, "\n\n")), nil
	}
	for i, text := range paragraphs {
		paragraphs[i] = "<p>" + text + "</p>"
	}
	return Markup(strings.Join(paragraphs, "\n")), nil
}

func (r *run) paragraph(count int) string {
	words := strings.Fields(lipsumWords)
	var b strings.Builder
	begin := true
	for i := range count {
		word := words[r.randomly().IntN(len(words))]
		if begin {
			word = capitalizeText(word)
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		begin = i == count-1 || r.randomly().IntN(10) == 0
		if begin {
			b.WriteByte('.')
		}
	}
	return b.String()
}
