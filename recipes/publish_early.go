package recipes

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/literal"
)

func publishEarlySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish-early", "slapos.cookbook:publish-early"},
		Doc: `Publishes generated values before any instance is asked for, and keeps them.

Each line of -init is NAME SECTION:OPTION. Just before the recipe of SECTION sees
its options, OPTION gets the value that is published as NAME, if there is one.
What it is afterwards is an option NAME of this section and is published; OPTION
is taken away, so that nobody reads it too early. A section can use what a line
before has made. No record shows these values. A publish part with this section in
its -extends publishes them again with all others.

An option NAME of this section that is there already is taken instead.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "-init", Required: true, Doc: "Lines NAME SECTION:OPTION."},
		},
		Recipe: publishEarlyRecipe{},
	}
}

type publishEarlyRecipe struct{}

// publishEarlyAction publishes values beside what is published.
type publishEarlyAction struct {
	publishAction
	changed bool
}

// publishInit is a line of -init: what is published as name is option of the
// section.
type publishInit struct{ name, option string }

// Prepare makes the values. SPEC-recipes 13.2.
func (publishEarlyRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	order, inits, err := publishInits(o)
	if err != nil {
		return nil, err
	}
	a := &publishEarlyAction{}
	a.at = optionPlace(o, "-init")
	if len(order) == 0 {
		return nothing{}, nil
	}
	if a.client, err = slapClient(ctx, o, false); err != nil {
		return nil, err
	}
	published, err := a.client.Published(ctx)
	if err != nil {
		return nil, slapError(a.at, err)
	}
	old, _ := published.Unwrapped().(map[string]any)
	names := map[string]string{}
	for _, section := range order {
		changed, err := publishMake(ctx, o, section, inits[section], old, names)
		if err != nil {
			return nil, err
		}
		a.changed = a.changed || changed
	}
	if a.values, err = slapParameters(o, names, true); err != nil {
		return nil, err
	}
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]any{}
	}
	maps.Copy(merged, a.values.Value.(map[string]any))
	a.values.Value = merged
	a.values.Secret = publishSecrets(published.Secret, a.values.Secret, merged)
	return a, nil
}

// publishSecrets are the names of the secrets among all that is published.
func publishSecrets(old, now []string, values map[string]any) []string {
	all := slices.Sorted(slices.Values(slices.Concat(old, now)))
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool {
		_, ok := values[name]
		return !ok
	})
}

// publishInits reads -init: the sections in their order, and what is made in
// each.
func publishInits(o parts.Options) (order []string, inits map[string][]publishInit, err error) {
	if _, err := requireOption(o, "-init"); err != nil {
		return nil, nil, err
	}
	inits = map[string][]publishInit{}
	for _, line := range optionLines(o, "-init") {
		words := strings.Fields(line)
		if len(words) == 2 {
			if _, _, given := o.Lookup(words[0]); given {
				continue
			}
		}
		section, option, ok := strings.Cut(words[len(words)-1], ":")
		if len(words) != 2 || !ok || strings.Contains(option, ":") {
			return nil, nil, optionPlace(o, "-init").find(line).fail(codeBadValue, "%q is not of the form NAME SECTION:OPTION", line)
		}
		if inits[section] == nil {
			order = append(order, section)
		}
		inits[section] = append(inits[section], publishInit{words[0], option})
	}
	return order, inits, nil
}

// publishMake evaluates one section and moves the values here: names says which
// options of o they are. changed reports whether they differ from what is
// published.
func publishMake(ctx context.Context, o parts.Options, section string, inits []publishInit, old map[string]any, names map[string]string) (changed bool, err error) {
	p, _ := o.(parts.Profile)
	override, _ := o.(parts.Overrider)
	if p == nil || override == nil {
		return false, optionError(o, "-init", codeBadValue, "this recipe cannot work here")
	}
	values := map[string]string{}
	for _, i := range inits {
		if value, ok := old[i.name]; ok {
			values[i.option] = pythonOption(value)
		}
	}
	if !override.Override(section, values) {
		return false, optionPlace(o, "-init").find(section).fail(codeConflict, "%s section was already initialized", section).
			WithHint("what [%s] makes is an option of [%s] alone: refer to ${%s:%s} instead of ${%s:%s}",
				section, o.Name(), o.Name(), inits[0].name, section, inits[0].option)
	}
	s, err := slapOther(ctx, o, optionPlace(o, "-init"), section)
	if err != nil {
		return false, err
	}
	for _, i := range inits {
		_, _, ok := s.Lookup(i.option)
		if !ok {
			changed = changed || old[i.name] != nil
			continue
		}
		value, err := slapValue(s, i.option)
		if err != nil {
			return false, err
		}
		before, had := old[i.name]
		changed = changed || !had || literal.Repr(slapJSON(value)) != literal.Repr(before)
		o.Set(i.name, pythonOption(value))
		p.Hide(i.name)
		if text := pythonStr(value); passwordIsGenerated(text) && len(text) >= leastSecret {
			p.Secret(text)
		}
		names[i.name] = i.name
		s.(parts.Profile).Delete(i.option)
	}
	return changed, nil
}

// Run publishes, if there is something new.
func (a *publishEarlyAction) Run(ctx context.Context, w *parts.Work) error {
	if !a.changed {
		return nil
	}
	return a.publishAction.Run(ctx, w)
}

// Update publishes, if there is something new.
func (a *publishEarlyAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
