package recipes

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/slap"
)

const requestDoc = `

On a local store this writes parameters.json of another partition, whose name is
that of the root of the tree of instances, a dot, and the option name: in a
directory of its own it is made by running gobuild with that partition-id. What it
publishes is read from its published.json. Nothing is written before the part is
installed or updated.`

const requestSerialisedDoc = " Parameters keep their types: they travel as one JSON text."

func requestOptions() []parts.OptionSpec {
	return []parts.OptionSpec{
		{Name: "software-url", Required: true, Doc: "The software of which an instance is asked for."},
		{Name: "name", Doc: "The name of the instance, by default that of the section. The same name means the same instance."},
		{Name: "software-type", Default: "default", Doc: "Which of the types of the software."},
		{Name: "return", Doc: "Names of connection parameters: each becomes an option connection-NAME, blank while it is missing."},
		{Name: "state", Doc: "started, stopped or destroyed; by default that of this partition, if it is started or stopped."},
		{Name: "shared", Default: "false", Doc: "y, yes, 1 or true: a set of parameters for an instance that is there."},
		{Name: "server-url", Doc: "The master, by default that of [slap-connection]; so with the next four."},
		{Name: "computer-id", Doc: "The computer of this partition."},
		{Name: "partition-id", Doc: "This partition."},
		{Name: "key-file", Doc: "The key of this partition."},
		{Name: "cert-file", Doc: "The certificate of this partition."},
		{Name: "requested-state", Computed: true, Doc: "The state that was asked for."},
		{Name: "instance-guid", Computed: true, Doc: "The identity of the instance, when it is there."},
		{Name: "instance-state", Computed: true, Doc: "Its state, when it is there."},
	}
}

func requestSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"request", "slapos.cookbook:request"},
		Doc:   "Asks the master for another instance. The part fails until all connection parameters are there that it wants." + requestDoc,
		Open:  true, Options: requestOptions(), Recipe: requestRecipe{},
	}
}

func requestSerialisedSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"request-serialised", "slapos.cookbook:request.serialised"},
		Doc:   "Asks the master for another instance. The part fails until all connection parameters are there that it wants." + requestSerialisedDoc + requestDoc,
		Open:  true, Options: requestOptions(), Recipe: requestRecipe{serialised: true},
	}
}

func requestOptionalSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"request-optional", "slapos.cookbook:requestoptional"},
		Doc:   "Asks the master for another instance, and does not fail when it is not ready." + requestDoc,
		Open:  true, Options: requestOptions(), Recipe: requestRecipe{optional: true},
	}
}

func requestOptionalSerialisedSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"request-optional-serialised", "slapos.cookbook:requestoptional.serialised"},
		Doc:   "Asks the master for another instance, and does not fail when it is not ready." + requestSerialisedDoc + requestDoc,
		Open:  true, Options: requestOptions(), Recipe: requestRecipe{optional: true, serialised: true},
	}
}

type requestRecipe struct{ optional, serialised bool }

// requestAction asks for one instance.
type requestAction struct {
	at       place
	client   slap.Client
	request  slap.Request
	missing  string // the first connection parameter that is not there
	optional bool
}

// Prepare reads the options and what the instance has published. SPEC-recipes
// 13.2.
func (r requestRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	name := optionText(o, "name")
	if name == "" {
		name = o.Name()
	}
	a, err := requestPrepare(ctx, o, r.serialised)
	if err != nil {
		return nil, err
	}
	a.request.Name, a.optional = name, r.optional
	i, err := a.client.Look(ctx, a.request)
	if err != nil {
		return nil, slapError(a.at, err)
	}
	a.missing = requestResult(o, a.request, i, func(key, value string) { o.Set(key, value) })
	return a, nil
}

// requestPrepare reads what is asked for, but the name.
func requestPrepare(ctx context.Context, o parts.Options, serialised bool) (*requestAction, error) {
	for _, key := range []string{"config", "sla"} {
		if _, _, ok := o.Lookup(key); ok {
			return nil, optionError(o, key, codeBadValue, "'config' & 'sla' options are obsolete. Clean up your software release.").
				WithHint("write an option %s-NAME for each", key)
		}
	}
	if _, err := requireOption(o, "software-url"); err != nil {
		return nil, err
	}
	a := &requestAction{at: optionPlace(o, "software-url")}
	r := &a.request
	var err error
	if r.State, err = requestState(ctx, o); err != nil {
		return nil, err
	}
	if r.Shared, err = optionBoolWords(o, "shared", false, cookbookTrue, nil); err != nil {
		return nil, err
	}
	if r.SoftwareURL, err = slapText(o, "software-url"); err != nil {
		return nil, err
	}
	if r.SoftwareType, err = slapText(o, "software-type"); err != nil {
		return nil, err
	}
	if r.SoftwareType == "" {
		r.SoftwareType = "default"
	}
	config := map[string]string{}
	r.Filter = map[string]string{}
	for _, key := range o.Keys() {
		if name, ok := strings.CutPrefix(key, "config-"); ok {
			config[name] = key
		} else if name, ok := strings.CutPrefix(key, "sla-"); ok && optionText(o, key) != "" {
			if r.Filter[name], err = slapText(o, key); err != nil {
				return nil, err
			}
		}
	}
	if r.Parameters, err = slapParameters(o, config, serialised); err != nil {
		return nil, err
	}
	a.client, err = slapClient(ctx, o, true)
	return a, err
}

// requestState is the state that is asked for: that of the partition itself
// unless the option says another one. A partition that is destroyed does not
// destroy others.
func requestState(ctx context.Context, o parts.Options) (string, error) {
	state, _, given := o.Lookup("state")
	if !given {
		state = slap.Started
		if o.Has(slapSection) {
			connection, err := o.Section(ctx, slapSection)
			if err != nil {
				return "", err
			}
			if optionText(connection, "requested") == slap.Stopped {
				state = slap.Stopped
			}
		}
	}
	if !slices.Contains([]string{slap.Started, slap.Stopped, slap.Destroyed}, state) {
		return "", optionError(o, "state", codeBadValue, "the state %q is none of started, stopped and destroyed", state)
	}
	o.Set("requested-state", state)
	return state, nil
}

// requestResult gives set what the instance tells and returns the first
// connection parameter that is not there.
func requestResult(o parts.Options, r slap.Request, i *slap.Instance, set func(key, value string)) (missing string) {
	if i.State != "" && !r.Shared {
		set("instance-guid", i.GUID)
		set("instance_guid", i.GUID)
		set("instance-state", i.State)
	}
	slapConceal(o, i.Connection)
	object, _ := i.Connection.Unwrapped().(map[string]any)
	for _, name := range optionWords(o, "return") {
		value := object[name]
		if !r.Parameters.Serialised {
			value = nil
			if text, ok := i.Connection.Plain()[name]; ok {
				value = text
			}
		}
		if value == nil {
			if missing == "" {
				missing = name
			}
			value = ""
		}
		set("connection-"+name, pythonOption(value))
	}
	return missing
}

// Run asks for the instance.
func (a *requestAction) Run(ctx context.Context, w *parts.Work) error {
	i, err := slapAt(a.client, w).Request(ctx, a.request)
	if err != nil {
		return slapError(a.at, err)
	}
	if i.Refused != nil {
		return a.refused(w, i.Refused)
	}
	if a.missing == "" || a.request.State == slap.Destroyed {
		return nil
	}
	status := i.State
	if status == "" {
		status = "not ready yet"
	}
	if a.optional {
		w.Say(event.Warning, "Connection parameter "+a.missing+" not found. Requested instance is currently "+status+
			". If this error persists, check status of this instance.")
		return nil
	}
	d := a.at.fail(codeSlapRequest, "Connection parameter %s not found. Status of requested instance is: %s. If this error persists, check status of this instance.",
		a.missing, status)
	if i.Hint != "" {
		return d.WithHint("%s", i.Hint)
	}
	return d.WithHint("no instance of this software can serve it yet: make one, and run again")
}

// refused is what becomes of a request that the master did not take.
func (a *requestAction) refused(w *parts.Work, err error) error {
	if !a.optional {
		return slapError(a.at, err)
	}
	w.Say(event.Warning, "Optional request failed: "+err.Error())
	return nil
}

// Update asks again: the state of the part is that of the request.
func (a *requestAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

func requestEdgeSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"request-edge", "slapos.cookbook:request.edge"},
		Doc: `Asks the master for one instance in each of several regions.

The instance of REGION has the name REGION-SECTION; its connection parameters are
options connection-NAME-REGION.` + requestDoc,
		Open: true,
		Options: append(slices.DeleteFunc(requestOptions(), func(s parts.OptionSpec) bool { return s.Name == "name" }),
			parts.OptionSpec{Name: "country-list", Required: true, Doc: "The regions, with commas between them."}),
		Recipe: requestEdgeRecipe{},
	}
}

type requestEdgeRecipe struct{}

// requestEdgeAction asks for several instances.
type requestEdgeAction []*requestAction

// Prepare reads the options and what the instances have published. SPEC-recipes
// 13.2.
func (requestEdgeRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	list, err := requireOption(o, "country-list")
	if err != nil {
		return nil, err
	}
	var all requestEdgeAction
	for country := range strings.SplitSeq(list, ",") {
		a, err := requestPrepare(ctx, o, false)
		if err != nil {
			return nil, err
		}
		a.request.Name = country + "-" + o.Name()
		a.request.Filter["region"] = country
		i, err := a.client.Look(ctx, a.request)
		if err != nil {
			return nil, slapError(a.at, err)
		}
		a.missing = requestResult(o, a.request, i, func(key, value string) {
			if strings.HasPrefix(key, "connection-") {
				o.Set(key+"-"+country, value)
			}
		})
		all = append(all, a)
	}
	return all, nil
}

// Run asks for the instances.
func (all requestEdgeAction) Run(ctx context.Context, w *parts.Work) error {
	for _, a := range all {
		if err := a.Run(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// Update asks again.
func (all requestEdgeAction) Update(ctx context.Context, w *parts.Work) error { return all.Run(ctx, w) }
