package explain

import (
	"context"
	"slices"

	"gobuild/buildout/profile"
)

// The kinds of values: where a value comes from.
const (
	FromProfile = "profile" // it stands in a file or on the command line
	FromDefault = "default" // the engine's default
	FromEngine  = "engine"  // the engine computed it
	FromRecipe  = "recipe"  // the recipe of its section set it
	FromNowhere = "unknown" // its recipe, which is not there, would set it
	FromMissing = "missing" // there is no such option
	FromName    = "name"    // the name of the section that holds the reference
)

// Step is one ${section:option} that was substituted.
type Step struct {
	Reference string `json:"reference"`       // as it is written
	At        *Place `json:"place,omitempty"` // where it is written
	Section   string `json:"section"`
	Option    string `json:"option"`
	Value     string `json:"value"`
	Kind      string `json:"kind"`
	Defined   *Place `json:"defined,omitempty"` // where the value is set
	Source    string `json:"source,omitempty"`
	Recipe    string `json:"recipe,omitempty"`
	// Above says that the option has been explained in an earlier step.
	Above bool   `json:"above,omitempty"`
	Steps []Step `json:"steps,omitempty"`
}

// stepper walks the references of values, each option once.
type stepper struct {
	*Explainer
	ctx  context.Context
	done map[[2]string]bool
}

// steps returns how the references in an option of a section are substituted.
func (s *stepper) steps(section, option string) []Step {
	v := s.options(section)[option]
	if v == nil || s.replaced(section, option) {
		return nil
	}
	s.done[[2]string{section, option}] = true
	var list []Step
	for _, r := range v.References() {
		step := s.step(section, r)
		same := func(o Step) bool { return o.Reference == step.Reference }
		if !slices.ContainsFunc(list, same) {
			list = append(list, step)
		}
	}
	return list
}

// replaced reports whether a recipe or the engine has set the option anew, so
// that what the profile says does not count.
func (s *stepper) replaced(section, option string) bool {
	e := s.eval.Known(section)
	return e != nil && e.IsSet(option)
}

func (s *stepper) step(section string, r profile.Reference) Step {
	t := Step{Reference: r.Text, At: placeOf(r.At), Section: r.Section, Option: r.Option}
	if t.Section == "" {
		t.Section = section
	}
	o := s.origin(t.Section, t.Option, section)
	t.Value, t.Kind, t.Defined, t.Source, t.Recipe = o.Value, o.Kind, o.Place, o.Source, o.Recipe
	if s.done[[2]string{t.Section, t.Option}] {
		v := s.options(t.Section)[t.Option]
		t.Above = v != nil && len(v.References()) > 0
		return t
	}
	t.Steps = s.steps(t.Section, t.Option)
	return t
}

// Origin is a final value and where it comes from.
type Origin struct {
	Value  string `json:"value"`
	Kind   string `json:"kind"`
	Place  *Place `json:"place,omitempty"`
	Source string `json:"source,omitempty"`
	Recipe string `json:"recipe,omitempty"` // of the section, when it set the value
}

// origin returns the value of an option as substitution sees it. by is the
// section that refers to it.
func (s *stepper) origin(section, option, by string) Origin {
	var o Origin
	e := s.eval.Known(section)
	if e == nil {
		return s.unevaluated(section, option)
	}
	value, ok, err := e.Text(s.ctx, option)
	raw := e.Raw(option)
	switch {
	case err != nil:
		return s.unevaluated(section, option)
	case !ok && option == "_buildout_section_name_":
		return Origin{Value: by, Kind: FromName}
	case !ok && !s.computes(section):
		return Origin{Kind: FromMissing}
	case !ok:
		return Origin{Value: "@{" + section + ":" + option + "}", Kind: FromNowhere, Recipe: s.recipe(section)}
	case e.IsSet(option) && section == "buildout":
		o.Kind = FromEngine
	case e.IsSet(option):
		o.Kind, o.Recipe = FromRecipe, s.recipe(section)
	default:
		o.Kind = kindOf(raw)
	}
	o.Value = s.masked(option, value)
	if raw != nil {
		o.Place, o.Source = valuePlace(raw), raw.Source()
	}
	return o
}

// unevaluated is the origin of an option that could not be evaluated.
func (s *stepper) unevaluated(section, option string) Origin {
	if s.profile.Sections[section] == nil {
		return Origin{Kind: FromMissing}
	}
	v := s.options(section)[option]
	switch {
	case v == nil && s.recipe(section) == "":
		return Origin{Kind: FromMissing}
	case v == nil: // its recipe may set it: it was not asked
		return Origin{Kind: FromNowhere, Recipe: s.recipe(section)}
	}
	return Origin{Value: s.masked(option, v.Text), Kind: kindOf(v), Place: valuePlace(v), Source: v.Source()}
}

// computes reports whether a section has a recipe that would set options if it
// were prepared.
func (s *stepper) computes(section string) bool {
	e := s.eval.Known(section)
	return s.recipe(section) != "" && (s.eval.Lenient || e != nil && e.IsHollow())
}

func kindOf(v *profile.Value) string {
	switch v.Source() {
	case profile.SourceDefault:
		return FromDefault
	case profile.SourceComputed:
		return FromEngine
	}
	return FromProfile
}

// valuePlace is where the option was set last.
func valuePlace(v *profile.Value) *Place {
	if v.KeyAt().IsValid() {
		return placeOf(v.KeyAt())
	}
	return placeOf(v.At())
}
