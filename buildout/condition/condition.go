// Package condition decides the conditions of section headers, `[name:EXPR]`:
// a PEP 508 marker, or else a Python expression, which go.starlark.net
// evaluates over the names that zc.buildout offers.
//
// Terms. A marker is a text that the grammar of PEP 508 accepts, such as
// `python_version >= "3.8"`. All else is read as Python: the value of the
// condition is the truth of the first element of the list `[EXPR]`. No text
// makes the evaluation panic, run without end or change anything; files are
// only looked at (os.path, os.access, open for reading, os-release).
//
// What differs from Python: generator expressions compute all elements at
// once; regular expressions are Go's (no assertions about surroundings, no
// back references); f-strings, `:=`, complex numbers, `...` and `**` or `*` in
// parameter lists are errors of the kind Unsupported; attributes of modules
// are those that say something about the machine or the interpreter; and the
// limits below hold.
package condition

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// Error says why a condition has no value.
type Error struct {
	Offset int    // byte in the expression where it went wrong; -1 when unknown
	Kind   string // the exception that Python raises: NameError, SyntaxError, ...
	Msg    string
}

// Error returns the message without a place.
func (e *Error) Error() string { return e.Msg }

// Kinds of errors that are none of Python's exceptions.
const (
	Unsupported = "Unsupported" // Python knows it, gobuild does not
	Limit       = "Limit"       // the condition is too large or runs too long
)

func errorf(kind, format string, args ...any) *Error {
	return &Error{Offset: -1, Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

func syntaxError(offset int, why string) *Error {
	return &Error{Offset: offset, Kind: "SyntaxError", Msg: "invalid syntax: " + why}
}

// Bounds of what one condition may use.
const (
	maxText  = 64 << 10 // bytes of text
	maxDepth = 600      // nested brackets, unary operators and functions
	maxChain = 64       // comparisons in one chain
	maxNodes = 5000     // operations
	maxSteps = 1 << 20  // steps of the Starlark interpreter
	maxSpend = 4 << 20  // bytes and elements that the operations make
)

// Evaluator decides conditions for one Python. It may be used by several
// goroutines at once.
type Evaluator struct {
	python Python

	mu      sync.Mutex
	memo    map[string]result
	globals starlark.StringDict // made when the first Python expression comes
	marker  map[string]string   // made when the first marker comes
}

type result struct {
	value bool
	err   error
}

// New returns an evaluator for p, whose empty fields get their defaults.
func New(p Python) *Evaluator {
	return &Evaluator{python: p.withDefaults(), memo: map[string]result{}}
}

// Eval returns the value of expr, the text between the colon and the last `]`
// of a header. The empty text is true. An error is an *Error.
func (e *Evaluator) Eval(expr string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r, ok := e.memo[expr]; ok {
		return r.value, r.err
	}
	var r result
	value, err := e.decide(expr)
	if err != nil {
		err.Offset = originalOffset(expr, err.Offset)
		r.err = err
	} else {
		r.value = value
	}
	e.memo[expr] = r
	return r.value, r.err
}

func (e *Evaluator) decide(expr string) (bool, *Error) {
	switch {
	case expr == "":
		return true, nil
	case len(expr) > maxText:
		return false, errorf(Limit, "condition is longer than %d bytes", maxText)
	case !utf8.ValidString(expr):
		return false, syntaxError(validPrefix(expr), "not UTF-8")
	}
	text := unescape(expr)
	if m, ok := parseMarker(text); ok {
		if e.marker == nil {
			e.marker = e.python.markerVariables()
		}
		return m.eval(e.marker)
	}
	return e.evalPython(text)
}

func validPrefix(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return len(s)
}

// The two characters that cannot stand in a header, and how they are written.
const (
	escapedHash      = `\x23`
	escapedSemicolon = `\x3b`
)

func unescape(expr string) string {
	return strings.ReplaceAll(strings.ReplaceAll(expr, escapedHash, "#"), escapedSemicolon, ";")
}

// originalOffset maps an offset in unescape(expr) to one in expr.
func originalOffset(expr string, offset int) int {
	if offset < 0 {
		return -1
	}
	at := 0
	for range offset {
		switch {
		case strings.HasPrefix(expr[at:], escapedHash), strings.HasPrefix(expr[at:], escapedSemicolon):
			at += len(escapedHash)
		case at < len(expr):
			at++
		}
	}
	return at
}
