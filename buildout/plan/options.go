package plan

import (
	"context"
	"path/filepath"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// options is a section as its recipe sees it: parts.Options over an evaluated
// section.
type options struct {
	*profile.Evaluated
	ctx   context.Context
	build *builder
}

func (o *options) Name() string { return o.Evaluated.Name }

func (o *options) Header() diag.Span { return o.Evaluated.Header }

// Lookup returns a value that initialisation has substituted already, so that
// it cannot fail any more; a value whose second substitution fails is missing,
// and the failure is reported with the part.
func (o *options) Lookup(key string) (string, diag.Span, bool) {
	v, ok, err := o.Get(o.ctx, key)
	if err != nil {
		o.build.errs = append(o.build.errs, diag.All(err)...)
		return "", o.At(key), false
	}
	return o.readText(v), o.At(key), ok
}

func (o *options) Substitute(ctx context.Context, text string, at diag.Span) (string, error) {
	return o.Evaluated.Substitute(ctx, text, at)
}

func (o *options) Section(ctx context.Context, name string) (parts.Options, error) {
	e, err := o.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return &options{e, ctx, o.build}, nil
}

func (o *options) Has(section string) bool {
	return o.build.Evaluator.Profile.Sections[section] != nil
}

// Probe implements parts.Prober.
func (o *options) Probe() (parts.Runner, parts.Fetcher) { return o.build.Probe(o.Name()) }

// Location freezes the section and asks where the part lives. What counts for
// a shared part are the options of the profile, not those that the recipe has
// set (SPEC-recipes 1.3), nor those of the audit.
func (o *options) Location(shared bool) (parts.Location, error) {
	if !filepath.IsLocal(o.Name()) || filepath.Clean(o.Name()) == "." {
		return parts.Location{}, diag.At(o.Header(), "bad-part-name", "the part %q would live outside of parts-directory", o.Name()).
			WithPath(o.Name()).WithHint("a part lives in a directory of its name: rename the section")
	}
	values := map[string]string{}
	for _, key := range o.Keys() {
		if o.IsSet(key) || isAside(o.build.specs[o.Name()], key) {
			continue
		}
		v, _, err := o.Get(o.ctx, key)
		if err != nil {
			return parts.Location{}, err
		}
		values[key] = v
	}
	if shared {
		o.Freeze()
	}
	location := o.build.Locate(o.Name(), values, shared)
	o.build.shared[o.Name()] = location.Shared()
	return location, nil
}

// SectionNames implements parts.Profile.
func (o *options) SectionNames() []string { return o.build.Evaluator.Profile.Names() }

// Recorded implements parts.Profile.
func (o *options) Recorded(part string) (parts.Record, bool) {
	if o.build.Recall == nil {
		return parts.Record{}, false
	}
	return o.build.Recall(part)
}

// Claim implements parts.Profile.
func (o *options) Claim(what string) bool {
	if owner, ok := o.build.claims[what]; ok {
		return owner == o.Name()
	}
	o.build.claims[what] = o.Name()
	return true
}

// Secret implements parts.Profile.
func (o *options) Secret(text string) { o.build.Evaluator.Secret(text) }

// Override implements parts.Overrider.
func (o *options) Override(section string, values map[string]string) bool {
	return o.build.Evaluator.Override(section, values)
}

// Conceals implements parts.Concealer.
func (o *options) Conceals(text string) bool { return o.build.Evaluator.Conceals(text) }
