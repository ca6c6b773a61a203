package recipes

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/literal"
	"gobuild/parts/schema"
	"gobuild/parts/slap"
)

func slapJsonschemaSpec() parts.Spec {
	words := "all, main (the parameters of the partition), shared (those of shared instances) or none."
	return parts.Spec{
		Names: []string{"slap-configuration-jsonschema", "slapos.cookbook:slapconfiguration.jsonschema"},
		Doc: `Tells what the partition is asked to be, with parameters that a JSON schema allows.

The schema is that of the software type in the description of the software, whose
serialisation tells whether parameters have types. Parameters that it does not
allow are an error; shared instances whose parameters it does not allow are listed
apart, and in errors.json of a local store.` + slapConfigurationDoc + `

Where the schema of a property that applies has a default, set-default takes it; and
unstringify turns texts into the integers and booleans that it wants. Formats are
not checked, and references lead to local files only.`,
		Open: true,
		Options: slapConfigurationOptions(
			parts.OptionSpec{Name: "jsonschema", Required: true, Doc: "The description of the software, such as ${buildout:directory}/software.cfg.json."},
			parts.OptionSpec{Name: "validate-parameters", Default: "all", Doc: "What is checked: " + words},
			parts.OptionSpec{Name: "set-default", Default: "none", Doc: "What gets defaults: " + words},
			parts.OptionSpec{Name: "unstringify", Default: "none", Doc: "What may be given as text: " + words},
			parts.OptionSpec{Name: "report-error", Default: "all", Doc: "What is reported to the master: " + words},
			parts.OptionSpec{Name: "unwrap-shared", Default: "true", Doc: "false, 0 or no: shared instances that are not checked keep their parameters as one JSON text."},
			parts.OptionSpec{Name: "valid-shared-instance-list", Computed: true, Doc: "Dicts with reference and parameters, when shared instances are checked; slave-instance-list is then missing."},
			parts.OptionSpec{Name: "invalid-shared-instance-list", Computed: true, Doc: "The same with errors."}),
		Recipe: slapJsonschemaRecipe{},
	}
}

type slapJsonschemaRecipe struct{}

// slapJsonschemaAction tells the master what is wrong with shared instances.
type slapJsonschemaAction struct {
	*slapConfigurationAction
	client slap.Client
	errors map[string]string // by reference
}

// slapScope says for which parameters something is done.
type slapScope struct{ main, shared bool }

// slapScopes are the words for them.
var slapScopes = []string{"none", "main", "shared", "all"}

func slapReadScope(o parts.Options, key, def string) (slapScope, error) {
	word, _, ok := o.Lookup(key)
	if !ok {
		word = def
	}
	i := slices.Index(slapScopes, word)
	if i < 0 {
		return slapScope{}, optionError(o, key, codeBadValue, "%s is not a valid value for option %s. Accepted values are ('none', 'main', 'shared', 'all')",
			literal.Quote(word), literal.Quote(key))
	}
	return slapScope{i&1 != 0, i&2 != 0}, nil
}

// slapChecks are the options of the recipe.
type slapChecks struct{ validate, defaults, unstringify, report slapScope }

func slapReadChecks(o parts.Options) (c slapChecks, err error) {
	for _, f := range []struct {
		key, def string
		to       *slapScope
	}{
		{"validate-parameters", "all", &c.validate}, {"set-default", "none", &c.defaults},
		{"unstringify", "none", &c.unstringify}, {"report-error", "all", &c.report},
	} {
		if *f.to, err = slapReadScope(o, f.key, f.def); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Prepare asks the master and checks what it says. SPEC-recipes 13.2.
func (slapJsonschemaRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := slapDescriptionPath(ctx, o)
	if err != nil {
		return nil, err
	}
	checks, err := slapReadChecks(o)
	if err != nil {
		return nil, err
	}
	c, err := slapConfigure(ctx, o)
	if err != nil {
		return nil, err
	}
	d, err := slapDescribe(o, path, optionText(o, "slap-software-type"))
	if err != nil {
		return nil, err
	}
	value := any(c.texts())
	if d.serialised {
		value = c.p.Parameters.Unwrapped()
	}
	if value, err = c.given(value); err != nil {
		return nil, err
	}
	if checks.validate.main {
		if value, err = d.checkMain(checks, value); err != nil {
			return nil, err
		}
	}
	a := &slapJsonschemaAction{slapConfigurationAction: c.action, client: c.client, errors: map[string]string{}}
	if checks.validate.shared {
		err = d.checkShared(c, checks, a.errors)
	} else if d.serialised && !slices.Contains([]string{"false", "0", "no"}, strings.ToLower(optionText(o, "unwrap-shared"))) {
		c.Set("slave-instance-list", pythonOption(slapUnwrapShared(c.p.Slaves)))
	}
	if err != nil {
		return nil, err
	}
	c.expand(value)
	return a, nil
}

// slapDescriptionPath is the path of the description of the software.
func slapDescriptionPath(ctx context.Context, o parts.Options) (string, error) {
	path, err := requirePath(o, "jsonschema")
	if err != nil {
		return "", err
	}
	path = strings.TrimPrefix(path, "file://")
	if strings.Contains(path, "://") {
		return "", optionError(o, "jsonschema", codeBadValue, "the description of the software must be a local file")
	}
	return inBuildout(ctx, o, strings.TrimSuffix(path, ".json")+".json"), nil
}

// slapUnwrapShared lists shared instances with their parameters beside what the
// master says of them.
func slapUnwrapShared(slaves []slap.Slave) []any {
	list := []any{}
	for _, s := range slaves {
		entry := map[string]any{}
		if object, ok := s.Parameters.Unwrapped().(map[string]any); ok {
			maps.Copy(entry, object)
		}
		maps.Copy(entry, map[string]any{"slave_reference": s.Reference, "slave_title": s.Title, "slap_software_type": s.SoftwareType})
		list = append(list, entry)
	}
	return list
}

// slapDescription is what software.cfg.json says of one software type.
type slapDescription struct {
	at          place
	path        string
	kind        string
	serialised  bool
	main        string // the schemas; "" is none
	shared      string
	description map[string]any
}

func slapDescribe(o parts.Options, path, kind string) (*slapDescription, error) {
	if kind == "RootSoftwareInstance" {
		kind = "default"
	}
	d := &slapDescription{at: optionPlace(o, "jsonschema"), path: path, kind: kind}
	v, err := schema.Load(path)
	if err != nil {
		return nil, d.at.wrap(err)
	}
	d.description, _ = v.(map[string]any)
	types, _ := d.description["software-type"].(map[string]any)
	entry, _ := types[kind].(map[string]any)
	serialisation, ok := entry["serialisation"]
	if !ok {
		serialisation = d.description["serialisation"]
	}
	if serialisation != "xml" && serialisation != "json-in-xml" {
		return nil, d.at.fail(codeBadValue, "%s: the serialisation is %s; it must be 'xml' or 'json-in-xml'", path, literal.Repr(serialisation))
	}
	d.serialised = serialisation == "json-in-xml"
	d.main = d.beside(entry["request"])
	for _, name := range slices.Sorted(maps.Keys(types)) {
		other, _ := types[name].(map[string]any)
		if other["software-type"] == kind && other["shared"] == true {
			d.shared = d.beside(other["request"])
			break
		}
	}
	return d, nil
}

// beside is the path of a schema that the description names.
func (d *slapDescription) beside(name any) string {
	text, _ := name.(string)
	if text == "" {
		return ""
	}
	if path, ok := strings.CutPrefix(text, "file://"); ok {
		return path
	}
	return filepath.Join(filepath.Dir(d.path), filepath.FromSlash(text))
}

// checkMain checks the parameters of the partition.
func (d *slapDescription) checkMain(c slapChecks, value any) (any, error) {
	if d.main == "" {
		return nil, d.at.fail(codeBadValue, "requested software-type %s seems to have no JSON schema entry in the software.cfg.json.", literal.Quote(d.kind))
	}
	instance, ok := value.(map[string]any)
	if !ok {
		instance = map[string]any{}
	}
	errs, err := schema.Validate(d.main, instance, c.defaults.main, c.unstringify.main)
	if err != nil {
		return nil, d.at.wrap(err)
	}
	if len(errs) > 0 {
		return nil, d.at.fail(codeBadValue, "Invalid parameters:\n%s", slapErrors(errs)).
			WithHint("the schema is %s", d.main)
	}
	return instance, nil
}

// checkShared checks the parameters of shared instances.
func (d *slapDescription) checkShared(c *slapConfigured, checks slapChecks, report map[string]string) error {
	if d.shared == "" && len(c.p.Slaves) > 0 {
		return d.at.fail(codeBadValue, "requested shared software-type %s seems to have no JSON schema entry in the software.cfg.json.", literal.Quote(d.kind))
	}
	valid, invalid := []any{}, []any{}
	for _, s := range c.p.Slaves {
		parameters := s.Parameters.Unwrapped()
		object, ok := parameters.(map[string]any)
		if ok {
			maps.DeleteFunc(object, func(name string, _ any) bool { return name == "$schema" })
			parameters = object
		}
		errs, err := schema.Validate(d.shared, parameters, checks.defaults.shared, checks.unstringify.shared)
		if err != nil {
			return d.at.wrap(err)
		}
		entry := map[string]any{"reference": s.Reference, "parameters": parameters}
		if len(errs) == 0 {
			valid = append(valid, entry)
			continue
		}
		entry["errors"] = slapErrors(errs)
		invalid = append(invalid, entry)
		if checks.report.shared {
			report[s.Reference] = slapErrors(errs)
		}
	}
	if p, ok := c.Options.(parts.Profile); ok {
		p.Delete("slave-instance-list")
	}
	c.Set("valid-shared-instance-list", pythonOption(valid))
	c.Set("invalid-shared-instance-list", pythonOption(invalid))
	return nil
}

// slapErrors shows errors, one in a line.
func slapErrors(errs []schema.Problem) string {
	lines := make([]string, len(errs))
	for i, e := range errs {
		lines[i] = "  " + e.String()
	}
	return strings.Join(lines, "\n")
}

// Run makes links to storage and tells the master what is wrong.
func (a *slapJsonschemaAction) Run(ctx context.Context, w *parts.Work) error {
	if err := a.slapConfigurationAction.Run(ctx, w); err != nil {
		return err
	}
	return slapError(a.at, slapAt(a.client, w).Report(ctx, a.errors))
}

// Update does the same again.
func (a *slapJsonschemaAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
