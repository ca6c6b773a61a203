// Package jinja2 renders templates of the Jinja2 3.1 language as Python does.
//
// An [Environment] holds options and the tables of filters, tests and globals.
// [Environment.Parse] makes a [Template] of a source text; [Template.Render]
// writes it with the given variables. Data are values of go.starlark.net:
// dicts keep their order, ints have any size, and str, repr, operators and
// methods are those of Python, not those of Starlark. Values that Starlark does
// not have (ranges, iterators, views of dicts, frozen sets, safe text, types,
// undefined) are types of this package.
//
// A template can run neither out of memory nor forever: a run has limits for
// its output, its steps and its depth, and ends when its context is cancelled.
// A run reads and writes no file and starts no process; only os.path.exists and
// the like, where a context imports os, look whether a file is there.
//
// All errors are of type [*Error]: the kind has the name that Python gives it,
// and the place is that in the template.
package jinja2
