package explain

import (
	"context"
	"slices"

	"gobuild/buildout/diag"
)

// Option is all there is to know about one option.
type Option struct {
	Section string `json:"section"`
	Option  string `json:"option"`
	// Value is the final value; with Error it is not known.
	Value string `json:"value"`
	// Unsubstituted is the value as the profile has it, when that differs.
	Unsubstituted string  `json:"unsubstituted,omitempty"`
	Kind          string  `json:"kind"`
	Recipe        string  `json:"recipe,omitempty"` // that set it
	Dialect       string  `json:"dialect"`
	DialectSign   string  `json:"dialect_sign"`
	Layers        []Layer `json:"layers"`
	Steps         []Step  `json:"steps"`
	Users         []User  `json:"users"`
	Error         string  `json:"error,omitempty"`
}

// Option explains an option. What is wrong with the section is in the error;
// the answer then holds what can be said without evaluation. It is nil when
// there is no such section or option.
func (x *Explainer) Option(ctx context.Context, section, option string) (*Option, error) {
	if x.profile.Sections[section] == nil {
		return nil, unknownSection(section, x.profile.Names())
	}
	e, failed := x.eval.Section(ctx, section, diag.Span{})
	if x.options(section)[option] == nil && (e == nil || !e.Has(option)) {
		if failed != nil {
			return nil, failed
		}
		return nil, unknownOption(e.Header, option, e.Keys())
	}
	s := &stepper{x, ctx, map[[2]string]bool{}}
	o := s.origin(section, option, section)
	r := &Option{Section: section, Option: option, Value: o.Value, Kind: o.Kind, Recipe: o.Recipe,
		Dialect: string(x.profile.Dialect), DialectSign: x.profile.DialectSign,
		Layers: x.layers(section, option), Steps: s.steps(section, option), Users: x.usersOf(section, option)}
	if failed == nil {
		var value string
		value, _, failed = e.Get(ctx, option)
		r.Value = x.masked(option, value)
	}
	if failed != nil {
		r.Value, r.Error = "", failed.Error()
	}
	if v := x.options(section)[option]; v != nil && (v.Text != r.Value || failed != nil) {
		r.Unsubstituted = x.masked(option, v.Text)
	}
	r.Layers, r.Steps = list(r.Layers), list(r.Steps)
	return r, failed
}

// list makes a nil list an empty one, for JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// UnknownError says that the profile has no section or option of the name that
// was asked for.
type UnknownError struct{ *diag.Diagnostic }

// Unwrap returns the diagnostic.
func (e *UnknownError) Unwrap() error { return e.Diagnostic }

func unknownSection(name string, names []string) error {
	d := diag.At(diag.Span{}, "unknown-section", "there is no section %q", name)
	return &UnknownError{d.WithHint("%s", diag.DidYouMean(name, names))}
}

func unknownOption(header diag.Span, name string, names []string) error {
	d := diag.At(header, "unknown-option", "there is no option %q in this section", name)
	return &UnknownError{d.WithHint("%s", diag.DidYouMean(name, names))}
}

// Section is a section in short.
type Section struct {
	Section string        `json:"section"`
	Place   *Place        `json:"place,omitempty"`
	Recipe  string        `json:"recipe,omitempty"`
	Dialect string        `json:"dialect"`
	Macros  []Use         `json:"macros"` // all that reach it by `<=`, nearest first
	Needs   []string      `json:"needs"`  // sections that it reads
	Options []ShortOption `json:"options"`
	Users   []User        `json:"users"` // what refers to it or its options, but itself
	Error   string        `json:"error,omitempty"`
}

// ShortOption is an option of a Section.
type ShortOption struct {
	Option string `json:"option"`
	Origin
	Macro  string `json:"macro,omitempty"` // the section that it came from by `<=`
	Layers int    `json:"layers"`          // how many settings made it
	Users  int    `json:"users"`           // how many places refer to it
}

// Section explains a section in short. See Option for errors.
func (x *Explainer) Section(ctx context.Context, section string) (*Section, error) {
	if x.profile.Sections[section] == nil {
		return nil, unknownSection(section, x.profile.Names())
	}
	e, failed := x.eval.Section(ctx, section, diag.Span{})
	r := &Section{Section: section, Place: x.header(section), Recipe: x.recipe(section), Dialect: string(x.profile.Dialect),
		Macros: []Use{}, Needs: []string{}, Options: []ShortOption{}, Users: []User{}}
	x.macros(section, func(_ string, chain []Use) {
		if len(chain) > 0 {
			r.Macros = append(r.Macros, chain[len(chain)-1])
		}
	})
	keys := sortedKeys(x.options(section))
	if failed != nil {
		r.Error = failed.Error()
	} else {
		keys, r.Needs = e.Keys(), list(e.Needs())
	}
	for _, key := range keys {
		r.Options = append(r.Options, x.short(ctx, section, key))
	}
	for _, u := range x.usersOf(section, "") {
		if u.Section != section {
			r.Users = append(r.Users, u)
		}
	}
	return r, failed
}

func (x *Explainer) short(ctx context.Context, section, option string) ShortOption {
	s := &stepper{x, ctx, map[[2]string]bool{}}
	o := ShortOption{Option: option, Origin: s.origin(section, option, section), Users: len(x.usersOf(section, option))}
	layers := x.layers(section, option)
	o.Layers = len(layers)
	if o.Layers > 0 {
		o.Macro = layers[o.Layers-1].Section
	}
	o.Value = x.eval.Unescape(o.Value)
	return o
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
