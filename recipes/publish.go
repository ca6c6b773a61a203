package recipes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/slap"
)

const publishDoc = `

All options are published but the recipe and those that begin with a minus; with
-publish only those that it names. They are kept in published.json of the local
store, which only its owner can read: what others publish of this partition is
replaced. No record and no log shows a generated password that is published.`

func publishOptions() []parts.OptionSpec {
	return []parts.OptionSpec{
		{Name: "-extends", Doc: "Names of sections whose options are published too; theirs count too. Options of the section itself win."},
		{Name: "-publish", Doc: "The names of the options to publish."},
		{Name: "-slave-reference", Doc: "Publish for this shared instance only."},
	}
}

func publishSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish", "slapos.cookbook:publish"},
		Doc:   "Publishes connection parameters as texts." + publishDoc,
		Open:  true, Options: publishOptions(), Recipe: publishRecipe{},
	}
}

func publishSerialisedSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish-serialised", "slapos.cookbook:publish.serialised"},
		Doc:   "Publishes connection parameters that keep their types, as one JSON text." + publishDoc,
		Open:  true, Options: publishOptions(), Recipe: publishRecipe{serialised: true},
	}
}

func publishFailsafeOption() parts.OptionSpec {
	return parts.OptionSpec{Name: "-error-status-file", Doc: "A file that says why it could not be published; it is not there when it could."}
}

func publishFailsafeSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish-failsafe", "slapos.cookbook:publish_failsafe"},
		Doc:   "Publishes connection parameters as texts; when that fails, the part does not." + publishDoc,
		Open:  true, Options: append(publishOptions(), publishFailsafeOption()), Recipe: publishFailsafeRecipe{},
	}
}

func publishSerialisedFailsafeSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish-serialised-failsafe", "slapos.cookbook:publish.serialised_failsafe"},
		Doc:   "Publishes connection parameters that keep their types; when that fails, the part does not." + publishDoc,
		Open:  true, Options: append(publishOptions(), publishFailsafeOption()), Recipe: publishFailsafeRecipe{serialised: true},
	}
}

type publishRecipe struct{ serialised bool }

// publishAction publishes values.
type publishAction struct {
	at     place
	client slap.Client
	slave  string
	values slap.Values
}

// Prepare reads the options. SPEC-recipes 13.2.
func (r publishRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	a, err := publishPrepare(ctx, o, r.serialised)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func publishPrepare(ctx context.Context, o parts.Options, serialised bool) (*publishAction, error) {
	sections, err := publishSections(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &publishAction{at: place{o.Header(), []string{o.Name()}}, slave: optionText(o, "-slave-reference")}
	a.values = slap.Values{Serialised: serialised, Texts: map[string]string{}}
	object := map[string]any{}
	for _, s := range slices.Backward(sections) {
		names, err := publishNames(s)
		if err != nil {
			return nil, err
		}
		v, err := slapParameters(s, names, true)
		if err != nil {
			return nil, err
		}
		for name, value := range v.Value.(map[string]any) {
			object[name] = value
		}
		a.values.Secret = append(a.values.Secret, v.Secret...)
	}
	slices.Sort(a.values.Secret)
	a.values.Secret = slices.Compact(a.values.Secret)
	for name, value := range object {
		a.values.Texts[name] = pythonStr(value)
	}
	if serialised {
		a.values.Value, a.values.Texts = object, nil
	}
	a.client, err = slapClient(ctx, o, false)
	return a, err
}

// publishSections returns a section and those that it extends.
func publishSections(ctx context.Context, o parts.Options) ([]parts.Options, error) {
	list := []parts.Options{o}
	done := map[string]bool{o.Name(): true}
	for i := 0; i < len(list); i++ {
		for _, name := range optionWords(list[i], "-extends") {
			if done[name] {
				continue
			}
			done[name] = true
			s, err := slapOther(ctx, o, optionPlace(list[i], "-extends"), name)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// publishNames returns the options of a section that are published, by the name
// that they have there.
func publishNames(o parts.Options) (map[string]string, error) {
	names := map[string]string{}
	if _, _, chosen := o.Lookup("-publish"); chosen {
		for _, name := range optionWords(o, "-publish") {
			if _, err := requireOption(o, name); err != nil {
				return nil, err
			}
			names[name] = name
		}
		return names, nil
	}
	for _, name := range cookbookData(o) {
		if !strings.HasPrefix(name, "-") {
			names[name] = name
		}
	}
	return names, nil
}

// Run publishes.
func (a *publishAction) Run(ctx context.Context, w *parts.Work) error {
	return slapError(a.at, slapAt(a.client, w).Publish(ctx, a.slave, a.values))
}

// Update publishes again: what it refers to may have changed without a trace in
// the record, and the same again changes nothing.
func (a *publishAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

type publishFailsafeRecipe struct{ serialised bool }

// publishFailsafeAction publishes values and notes a failure in a file.
type publishFailsafeAction struct {
	publishAction
	status string // "" for none
}

// Prepare reads the options. SPEC-recipes 13.2.
func (r publishFailsafeRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	a, err := publishPrepare(ctx, o, r.serialised)
	if err != nil {
		return nil, err
	}
	return &publishFailsafeAction{*a, optionText(o, "-error-status-file")}, nil
}

// Run publishes.
func (a *publishFailsafeAction) Run(ctx context.Context, w *parts.Work) error {
	err := a.publishAction.Run(ctx, w)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.Say(event.Warning, fmt.Sprintf("nothing is published: %v", err))
	}
	if a.status == "" {
		return nil
	}
	if err != nil {
		return placeFile(slapFile(w, a.status), []byte(err.Error()+"\n"), cookbookFile)
	}
	return publishClear(w, a.status)
}

// Update publishes again.
func (a *publishFailsafeAction) Update(ctx context.Context, w *parts.Work) error {
	return a.Run(ctx, w)
}

// Remove deletes the file that tells of a failure.
func (publishFailsafeRecipe) Remove(_ context.Context, w *parts.Work, old parts.Record) ([]string, error) {
	if path := old.Options["-error-status-file"]; path != "" {
		return nil, publishClear(w, path)
	}
	return nil, nil
}

func publishClear(w *parts.Work, path string) error {
	if err := os.Remove(slapFile(w, path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
