package jinja2

import (
	"context"
	"io"
	"maps"
	"sync"

	"go.starlark.net/starlark"
	"gobuild/buildout/diag"
)

// UndefinedKind says what a template may do with a value that is not there.
type UndefinedKind int

// Default prints as nothing, Strict permits nothing but `is defined` and
// `default`, Chainable is Default whose attributes are undefined too, and Debug
// is Default that prints its name.
const (
	Default UndefinedKind = iota
	Strict
	Chainable
	Debug
)

// Loader finds templates that others extend, include or import.
type Loader interface {
	// Load returns the template of that name, or nil when there is none.
	// It may be called concurrently.
	Load(name string) (*Source, error)
}

// Source is the text of a template. Name is shown in errors; when it is empty,
// the name under which the template was asked for is.
type Source struct{ Name, Text string }

// MapLoader is a Loader of texts by name.
type MapLoader map[string]string

// Load implements Loader.
func (m MapLoader) Load(name string) (*Source, error) {
	if text, ok := m[name]; ok {
		return &Source{Text: text}, nil
	}
	return nil, nil
}

// Delimiters are the marks of a template; empty ones have Jinja2's defaults.
type Delimiters struct {
	BlockStart, BlockEnd       string
	VariableStart, VariableEnd string
	CommentStart, CommentEnd   string
}

// Limits bound what a template may take. Zero values mean the defaults.
type Limits struct {
	Output int // bytes of output, and of any text made on the way; 64 MiB
	Steps  int // iterations, calls, and elements of lists made; 1 << 26
	Depth  int // macros, templates and containers within each other; 500
}

// Environment is the set of rules after which templates are parsed and rendered.
// It must not be changed after its first use, and may then be used concurrently.
type Environment struct {
	Delimiters          Delimiters
	TrimBlocks          bool // remove the newline after a tag
	LstripBlocks        bool // remove blanks before a tag that begins a line
	KeepTrailingNewline bool
	Autoescape          bool
	Undefined           UndefinedKind
	Do                  bool // the tag do
	LoopControls        bool // the tags break and continue
	Limits              Limits
	Loader              Loader // nil: no template can be loaded

	// Filters, Tests and Globals are added to those of Jinja2, or replace them.
	// Filters and tests get the value as first argument.
	Filters map[string]starlark.Callable
	Tests   map[string]starlark.Callable
	Globals map[string]starlark.Value

	once   sync.Once
	tables *tables
	mu     sync.Mutex
	loaded map[string]*Template
}

// tables are the names that an environment knows.
type tables struct {
	filters, tests map[string]starlark.Callable
	globals        map[string]starlark.Value
	methods        *methodTables
}

func (e *Environment) setup() *tables {
	e.once.Do(func() {
		e.Limits.Output = orDefault(e.Limits.Output, 64<<20)
		e.Limits.Steps = orDefault(e.Limits.Steps, 1<<26)
		e.Limits.Depth = orDefault(e.Limits.Depth, 500)
		t := &tables{filters: builtinFilters(), tests: builtinTests(), globals: jinjaGlobals(), methods: newMethodTables()}
		maps.Copy(t.filters, e.Filters)
		maps.Copy(t.tests, e.Tests)
		maps.Copy(t.globals, e.Globals)
		e.tables = t
		e.loaded = map[string]*Template{}
	})
	return e.tables
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Template is a parsed template. It may be rendered concurrently.
type Template struct {
	env    *Environment
	name   string
	source *diag.Source
	root   *function
	blocks map[string]*blockNode
	body   []stmt
}

// Parse parses source; name stands for it in errors and in `self`.
func (e *Environment) Parse(name, source string) (*Template, error) {
	return e.parse(name, &Source{Name: name, Text: source})
}

func (e *Environment) parse(name string, s *Source) (t *Template, err error) {
	e.setup()
	shown := s.Name
	if shown == "" {
		shown = name
	}
	t = &Template{env: e, name: name, blocks: map[string]*blockNode{}}
	text := normalizeNewlines(s.Text)
	t.source = diag.NewSource(shown, []byte(text))
	p := &parser{t: t, env: e}
	if t.body, err = p.template(text); err != nil {
		return nil, err
	}
	if err = t.resolve(); err != nil {
		return nil, err
	}
	return t, nil
}

// Name returns the name under which the template was parsed.
func (t *Template) Name() string { return t.name }

// Render writes the template with vars to w, in one piece, after all of it was
// made: nothing is written when there is an error.
func (t *Template) Render(ctx context.Context, w io.Writer, vars map[string]starlark.Value) error {
	r := newRun(ctx, t.env)
	out := &output{run: r, buf: make([]byte, 0, min(len(t.source.Text)+512, 1<<20))}
	if err := r.guard(func() error { return t.renderRoot(newScope(r, t, vars), out) }); err != nil {
		return err
	}
	_, err := w.Write(out.buf)
	return err
}

// Module renders the template with vars and returns what it exports: its
// macros and top-level variables, as attributes.
func (t *Template) Module(ctx context.Context, vars map[string]starlark.Value) (*Module, error) {
	r := newRun(ctx, t.env)
	var m *Module
	err := r.guard(func() (err error) {
		m, err = t.module(newScope(r, t, vars))
		return err
	})
	return m, err
}

// load returns the template of that name.
func (e *Environment) load(name string) (*Template, error) {
	if e.Loader == nil {
		return nil, typeErrorf("no loader for this environment specified")
	}
	e.mu.Lock()
	t := e.loaded[name]
	e.mu.Unlock()
	if t != nil {
		return t, nil
	}
	s, err := e.Loader.Load(name)
	if err != nil {
		return nil, &Error{Kind: NotFoundError, Msg: err.Error(), Err: err}
	}
	if s == nil {
		return nil, errorf(NotFoundError, "%s", name)
	}
	if t, err = e.parse(name, s); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.loaded[name] = t
	e.mu.Unlock()
	return t, nil
}
