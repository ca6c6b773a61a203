package jinja2

import (
	"context"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Value is a value of a template.
type Value = starlark.Value

// ParseRepr reads a value of Python as repr writes it: the text of a `!py!`
// option (SPEC-engine 5). Literals, set, frozenset and bytearray are known.
func ParseRepr(text string) (Value, error) {
	known := starlark.StringDict{}
	for name, t := range pythonTypes() {
		switch name {
		case "set", "frozenset", "dict", "list", "tuple", "float":
			known[name] = t
		}
	}
	// set([…]) and its like are called as in a template.
	thread := newRun(context.Background(), reprEnvironment()).thread
	thread.SetMaxExecutionSteps(maxReprSteps)
	return starlark.EvalOptions(&syntax.FileOptions{Set: true}, thread, "!py!", text, known)
}

// reprEnvironment is that of values which stand in no template.
var reprEnvironment = sync.OnceValue(func() *Environment { return &Environment{} })

// maxReprSteps bounds the work of ParseRepr.
const maxReprSteps = 1 << 24

// Text is a text as a value.
func Text(s string) Value { return starlark.String(s) }
