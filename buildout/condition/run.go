package condition

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// run is the evaluation of one condition: what it may still spend.
type run struct {
	thread *starlark.Thread
	left   int
}

const runKey = "condition"

// function is a function that conditions call. It may rely on len(args).
type function func(r *run, args []starlark.Value) (starlark.Value, error)

// builtin makes a Starlark function of f.
func builtin(name string, f function) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(kwargs) > 0 {
			return nil, errorf("TypeError", "%s() takes no keyword arguments", b.Name())
		}
		return f(t.Local(runKey).(*run), args)
	})
}

// spend takes n from what the evaluation may use.
func (r *run) spend(n int) error {
	if n < 0 || n > r.left {
		r.left = 0
		return errorf(Limit, "condition uses too much memory or time")
	}
	r.left -= n
	return nil
}

// evalPython returns the truth of the first element of `[text]`.
func (e *Evaluator) evalPython(text string) (bool, *Error) {
	if strings.ContainsRune(text, 0) {
		return false, syntaxError(strings.IndexByte(text, 0), "null byte")
	}
	if e.globals == nil {
		e.globals = e.python.globals()
	}
	const open = "["
	tree, err := parsePython(open+text+"]", e.globals.Has)
	if err != nil {
		return false, err.moved(-len(open), len(text))
	}
	first := &syntax.CallExpr{
		Fn:     &syntax.Ident{Name: "%index", NamePos: position(0)},
		Lparen: position(0),
		Args:   []syntax.Expr{tree, &syntax.Literal{Token: syntax.INT, Value: int64(0)}},
	}
	value, failure := e.runTree(first)
	if failure != nil {
		return false, failureOf(failure).moved(-len(open), len(text))
	}
	return bool(value.Truth()), nil
}

func (e *Evaluator) runTree(tree syntax.Expr) (starlark.Value, error) {
	thread := &starlark.Thread{Name: sourceName, Print: func(*starlark.Thread, string) {}}
	thread.SetMaxExecutionSteps(maxSteps)
	thread.SetLocal(runKey, &run{thread: thread, left: maxSpend})
	options := &syntax.FileOptions{Set: true}
	return starlark.EvalExprOptions(options, thread, tree, e.globals)
}

// moved shifts the offset, which stays within a text of length bytes.
func (e *Error) moved(by, length int) *Error {
	if e.Offset >= 0 {
		e.Offset = min(max(e.Offset+by, 0), length)
	}
	return e
}

// failureOf makes an Error of what Starlark reports.
func failureOf(err error) *Error {
	result := &Error{Offset: -1, Kind: Unsupported, Msg: err.Error()}
	var own *Error
	var eval *starlark.EvalError
	switch {
	case errors.As(err, &own):
		copied := *own
		result = &copied
	case errors.As(err, &eval):
		result.Kind, result.Msg = kindOf(eval.Msg), eval.Msg
	}
	if errors.As(err, &eval) && result.Offset < 0 {
		for _, frame := range slices.Backward(eval.CallStack) {
			if frame.Pos.Filename() == sourceName && frame.Pos.Col > 0 {
				result.Offset = int(frame.Pos.Col) - 1
				break
			}
		}
	}
	return result
}

// kindOf guesses the exception from a message of the interpreter.
func kindOf(msg string) string {
	switch {
	case strings.Contains(msg, "cancelled"), strings.Contains(msg, "recursively"):
		return Limit
	case strings.Contains(msg, "referenced before assignment"):
		return "NameError"
	case strings.Contains(msg, "not found"), strings.Contains(msg, "unpack"), strings.Contains(msg, "invalid literal"):
		return "ValueError"
	}
	return "TypeError"
}

// globals returns all names that a condition may read, and the functions that
// the parser calls.
func (p Python) globals() starlark.StringDict {
	names := starlark.StringDict{"True": starlark.True, "False": starlark.False, "None": starlark.None}
	maps.Copy(names, operations())
	maps.Copy(names, builtins())
	maps.Copy(names, p.facts())
	maps.Copy(names, p.modules())
	names.Freeze()
	return names
}

// operations are the functions that the parser calls.
func operations() starlark.StringDict {
	table := map[string]function{
		"undefined": func(_ *run, a []starlark.Value) (starlark.Value, error) {
			return nil, errorf("NameError", "name '%s' is not defined", string(a[0].(starlark.String)))
		},
		"attribute": attribute, "index": index, "slice": slice,
		"iterate": iterable, "generator": newGenerator, "unpack": unpack,
		"set": newSet, "dict": newDict,
		"tuple": func(r *run, a []starlark.Value) (starlark.Value, error) {
			items, err := r.elements(a[0])
			return starlark.Tuple(items), err
		},
	}
	for _, op := range []string{"<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not"} {
		table[op] = func(r *run, a []starlark.Value) (starlark.Value, error) {
			value, err := r.compare(op, unwrap(a[0]), unwrap(a[1]))
			return starlark.Bool(value), err
		}
	}
	for op := range binaryTokens {
		table[op] = func(r *run, a []starlark.Value) (starlark.Value, error) {
			return r.binary(op, unwrap(a[0]), unwrap(a[1]))
		}
	}
	for _, op := range []string{"-", "+", "~"} {
		table["unary"+op] = func(_ *run, a []starlark.Value) (starlark.Value, error) { return unary(op, a[0]) }
	}
	all := starlark.StringDict{}
	for name, f := range table {
		all["%"+name] = builtin(name, f)
	}
	return all
}
