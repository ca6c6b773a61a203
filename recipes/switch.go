package recipes

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/literal"
)

func switchSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"switch-softwaretype", "slapos.cookbook:switch-softwaretype"},
		Doc: `Runs the buildout of the software type that the instance is asked to be.

The type is slap-software-type of [slap-configuration]; the option of this name
says where the path of the profile is. For the type RootSoftwareInstance, default
counts when there is no such option. The buildout runs in the same directory, each
time that the part is installed or updated; its parts are recorded in
.installed-NAME.cfg and shown as NAME/PART. It gets [slap-connection] and
[slap-configuration] as they are here, with the types of their values, and the
directory, eggs-directory, develop-eggs-directory, newest, offline and verbosity
of [buildout].

When the part is removed, the parts of its buildout are removed too: the Python
recipe leaves them.`,
		Open: true, InOrder: true,
		Options: []parts.OptionSpec{
			{Name: "override", Doc: "A dict of profiles by software type, as a Python value: such a profile is run, and what it would be without is laid over it."},
		},
		Recipe: switchRecipe{},
	}
}

type switchRecipe struct{}

// switchAction runs one profile.
type switchAction struct {
	run        parts.NestedRun
	deprecated bool // the type is an old one
}

// switchConfiguration is the section that says what an instance is asked to be.
const switchConfiguration = "slap-configuration"

// Prepare finds the profile. SPEC-recipes 13.2.
func (switchRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	kind, configuration, err := switchType(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &switchAction{run: parts.NestedRun{Name: o.Name()}}
	chosen := kind
	if _, _, ok := o.Lookup(kind); !ok && kind == "RootSoftwareInstance" {
		chosen, a.deprecated = "default", true
	}
	profile, err := switchProfile(ctx, o, chosen, kind)
	if err != nil {
		return nil, err
	}
	a.run.Profile = profile
	if err := a.override(o, chosen); err != nil {
		return nil, err
	}
	return a, a.freeze(ctx, o, configuration)
}

// switchType returns the software type and the section that tells it.
func switchType(ctx context.Context, o parts.Options) (string, parts.Options, error) {
	missing := func() error {
		return diag.At(o.Header(), codeMissingOption, "The section to retrieve slap partition parameters "+
			"(with slapos.cookbook:slapconfiguration recipe or a derived one) must be named [slap-configuration].").WithPath(o.Name())
	}
	if !o.Has(switchConfiguration) {
		return "", nil, missing()
	}
	s, err := o.Section(ctx, switchConfiguration)
	if err != nil {
		return "", nil, err
	}
	if _, _, ok := s.Lookup("slap-software-type"); !ok {
		return "", nil, missing()
	}
	kind, err := slapText(s, "slap-software-type")
	return kind, s, err
}

// switchProfile returns the profile of a software type. kind is the type that
// was asked for.
func switchProfile(ctx context.Context, o parts.Options, chosen, kind string) (string, error) {
	text, _, ok := o.Lookup(chosen)
	if !ok {
		return "", switchUnmapped(o, chosen, kind)
	}
	section, key, ok := strings.Cut(text, ":")
	if !ok || strings.Contains(key, ":") {
		return "", optionError(o, chosen, codeBadValue, "The software types in the section [%s] must be separated by a colon such as: "+
			"'section:key', where key is usually 'rendered'. Don't use: ${section:key}", o.Name())
	}
	s, err := slapOther(ctx, o, optionPlace(o, chosen), section)
	if err != nil {
		return "", err
	}
	profile, err := requireOption(s, key)
	if err != nil {
		return "", err
	}
	if profile == "" {
		return "", optionError(o, chosen, codeBadValue, "%s:%s is blank: it must be the path of a profile", section, key)
	}
	return slapText(s, key)
}

func switchUnmapped(o parts.Options, chosen, kind string) error {
	d := &diag.Diagnostic{Code: codeMissingOption, At: o.Header(), Path: []string{o.Name(), chosen}}
	d.Msg = "This software type (" + kind + ") isn't mapped. 'default' is the default software type."
	if kind != chosen {
		d.Msg = "The software type 'RootSoftwareInstance' isn't mapped. We even tried 'default' but it isn't mapped either."
	}
	types := cookbookData(o, "override")
	if near := diag.DidYouMean(kind, types); near != "" {
		return d.WithHint("%s", near)
	}
	return d.WithHint("add an option %s = SECTION:OPTION, or ask for one of: %s", kind, strings.Join(types, ", "))
}

// override takes the profile that counts instead of the one of a type, which is
// then laid over it.
func (a *switchAction) override(o parts.Options, kind string) error {
	value, err := slapValue(o, "override")
	if err != nil {
		return err
	}
	profiles, _ := value.(map[string]any)
	if other, ok := profiles[kind].(string); ok {
		a.run.Set = append(a.run.Set, parts.Assignment{Section: "buildout", Option: "extends", Value: a.run.Profile})
		a.run.Profile = other
	}
	return nil
}

// freeze passes on the sections that tell of the master.
func (a *switchAction) freeze(ctx context.Context, o, configuration parts.Options) error {
	if o.Has(slapSection) {
		s, err := o.Section(ctx, slapSection)
		if err != nil {
			return err
		}
		for _, key := range cookbookData(s) {
			value, _, _ := s.Lookup(key)
			a.run.Set = append(a.run.Set, parts.Assignment{Section: slapSection, Option: key, Value: strings.ReplaceAll(value, "${", "$${")})
		}
	}
	frozen := map[string]any{}
	for _, key := range cookbookData(configuration) {
		value, err := slapValue(configuration, key)
		if err != nil {
			return err
		}
		frozen[key] = value
	}
	a.run.Set = append(a.run.Set,
		parts.Assignment{Section: switchConfiguration, Option: switchFrozen, Value: pythonMark + pythonEscape(literal.Repr(frozen))},
		parts.Assignment{Section: switchConfiguration, Option: "recipe", Value: "slapos.cookbook:switch-softwaretype.noop"})
	return nil
}

// Run runs the profile.
func (a *switchAction) Run(ctx context.Context, w *parts.Work) error {
	if a.deprecated {
		w.Say(event.Info, "The software_type 'RootSoftwareInstance' is deprecated. We used 'default' instead. "+
			"Please change the software_type of your instance to 'default'.")
	}
	return w.Nested(ctx, a.run)
}

// Update runs the profile again.
func (a *switchAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// Remove removes what the profile has installed.
func (switchRecipe) Remove(ctx context.Context, w *parts.Work, old parts.Record) ([]string, error) {
	if w.Again {
		return nil, nil
	}
	return nil, w.Nested(ctx, parts.NestedRun{Name: old.Part, Remove: true})
}

func switchNoopSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"switch-softwaretype-noop", "slapos.cookbook:switch-softwaretype.noop"},
		Doc:   "Gives a section the options that switch-softwaretype has frozen; no profile uses it by itself.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: switchFrozen, Required: true, Doc: "The options, as a dict."},
		},
		Recipe: switchNoopRecipe{},
	}
}

// switchFrozen is the option that holds the frozen section.
const switchFrozen = "-switch-softwaretype.noop"

type switchNoopRecipe struct{}

// Prepare sets the options. SPEC-recipes 13.2.
func (switchNoopRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	if _, err := requireOption(o, switchFrozen); err != nil {
		return nil, err
	}
	value, err := slapValue(o, switchFrozen)
	if err != nil {
		return nil, err
	}
	options, ok := value.(map[string]any)
	if !ok {
		return nil, optionError(o, switchFrozen, codeBadValue, "the frozen options are no dict")
	}
	if p, ok := o.(parts.Profile); ok {
		p.Delete(switchFrozen)
	}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		o.Set(key, pythonOption(options[key]))
	}
	return nothing{}, nil
}
