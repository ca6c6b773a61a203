package jinja2

import (
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
	thread := &starlark.Thread{Name: "repr"}
	thread.SetMaxExecutionSteps(1 << 16)
	return starlark.EvalOptions(&syntax.FileOptions{Set: true}, thread, "!py!", text, known)
}

// Text is a text as a value.
func Text(s string) Value { return starlark.String(s) }
