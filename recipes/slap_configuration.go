package recipes

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/literal"
	"gobuild/parts/slap"
)

const slapConfigurationDoc = `

Options are set from what the master knows of the partition. On a local store that
is parameters.json, an object in which everything may be missing:

    software-type, title, root-title, root-short-title, state,
    software-release-url   texts
    parameters             an object: the parameters
    _                      any value: the parameters of a software that takes them
                           as one JSON text, instead of parameters
    ipv4, ipv6             lists of addresses; by default 127.0.0.1 and ::1
    slaves                 a list of objects with reference, title, software-type
                           and parameters or _
    secret                 names of parameters that no record and no log shows

An option slap-software-type, instance-title, root-instance-title, ipv4, ipv6 or
configuration.NAME that the section has already counts instead: it can be given on
the command line, as in slap-configuration:configuration.port=8080.

Values that are no texts travel as Python values behind !py!, in both dialects.`

func slapConfigurationOptions(more ...parts.OptionSpec) []parts.OptionSpec {
	computed := func(name, doc string) parts.OptionSpec {
		return parts.OptionSpec{Name: name, Computed: true, Doc: doc}
	}
	return append(more,
		parts.OptionSpec{Name: "server-url", Doc: "The master, by default that of [slap-connection]; url is an older name. So with the next four: key, cert, computer and partition are older names."},
		parts.OptionSpec{Name: "key-file", Doc: "The key of this partition."},
		parts.OptionSpec{Name: "cert-file", Doc: "The certificate of this partition."},
		parts.OptionSpec{Name: "computer-id", Doc: "The computer of this partition."},
		parts.OptionSpec{Name: "partition-id", Doc: "This partition."},
		parts.OptionSpec{Name: "storage-home", Doc: "A directory with storage for partitions: what DIRECTORY/NAME/PARTITION is becomes a link DATA/NAME."},
		computed("configuration", "The parameters, a dict."),
		computed("configuration.NAME", "One parameter; none whose name has = or : in it."),
		computed("slap-software-type", "The type of the software that the instance is."),
		computed("slap-computer-id", "The computer."),
		computed("slap-computer-partition-id", "The partition."),
		computed("slap-software-release-url", "The software."),
		computed("instance-title", "The name of the instance."),
		computed("root-instance-title", "The name of the root of its tree."),
		computed("root-instance-short-title", "The same, shorter."),
		computed("instance-guid", "The identity of the instance."),
		computed("instance-state", "started, stopped or destroyed."),
		computed("timestamp", "When the master last changed what the partition is asked to be; a local store does not tell."),
		computed("ipv4", "The IPv4 addresses, a set."),
		computed("ipv6", "The IPv6 addresses, a set."),
		computed("ipv4-random", "The least of the IPv4 addresses."),
		computed("ipv6-random", "The least of the IPv6 addresses."),
		computed("slave-instance-list", "The shared instances, a list of dicts."),
		computed("storage-dict", "Links by name of storage, a dict."))
}

func slapConfigurationSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"slap-configuration", "slapos.cookbook:slapconfiguration"},
		Doc:   "Tells what the partition is asked to be; parameters are texts." + slapConfigurationDoc,
		Open:  true, Options: slapConfigurationOptions(), Recipe: slapConfigurationRecipe{},
	}
}

func slapConfigurationSerialisedSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"slap-configuration-serialised", "slapos.cookbook:slapconfiguration.serialised"},
		Doc:   "Tells what the partition is asked to be; parameters have types." + slapConfigurationDoc,
		Open:  true, Options: slapConfigurationOptions(), Recipe: slapConfigurationRecipe{serialised: true},
	}
}

func slapConfigurationJsondumpSpec() parts.Spec {
	return parts.Spec{
		Names:   []string{"slap-configuration-jsondump", "slapos.cookbook:slapconfiguration.jsondump"},
		Doc:     "Writes the parameters of the partition into a JSON file that only its owner can read." + slapConfigurationDoc,
		Open:    true,
		Options: slapConfigurationOptions(parts.OptionSpec{Name: "json-output", Required: true, Doc: "The file. Its directory must exist."}),
		Recipe:  slapConfigurationJsondumpRecipe{},
	}
}

type slapConfigurationRecipe struct{ serialised bool }

// slapConfigurationAction makes links to storage.
type slapConfigurationAction struct {
	at    place
	links map[string]string // target by path
}

// Prepare asks the master and sets the options. SPEC-recipes 13.2.
func (r slapConfigurationRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	c, err := slapConfigure(ctx, o)
	if err != nil {
		return nil, err
	}
	value := any(c.texts())
	if r.serialised {
		value = c.p.Parameters.Unwrapped()
	}
	if value, err = c.given(value); err != nil {
		return nil, err
	}
	c.expand(value)
	return c.action, nil
}

// slapConfigured is what a section was told of its partition.
type slapConfigured struct {
	parts.Options
	client slap.Client
	p      *slap.Partition
	action *slapConfigurationAction
}

// texts are the parameters as texts.
func (c *slapConfigured) texts() map[string]any {
	object := map[string]any{}
	for name, text := range c.p.Parameters.Plain() {
		object[name] = text
	}
	return object
}

// slapConfigure sets all options but the parameters.
func slapConfigure(ctx context.Context, o parts.Options) (*slapConfigured, error) {
	client, err := slapClient(ctx, o, true)
	if err != nil {
		return nil, err
	}
	c := &slapConfigured{Options: o, client: client, action: &slapConfigurationAction{at: optionPlace(o, "storage-home")}}
	if c.p, err = client.Partition(ctx); err != nil {
		return nil, slapError(optionPlace(o, "server-url"), err)
	}
	slapConceal(o, c.p.Parameters)
	for key, text := range map[string]string{
		"slap-software-type": c.p.SoftwareType, "instance-title": c.p.Title, "root-instance-title": c.p.RootTitle,
		"root-instance-short-title": c.p.RootShortTitle,
	} {
		if _, _, given := o.Lookup(key); !given {
			o.Set(key, pythonOption(text))
		}
	}
	release := c.p.SoftwareURL
	if release == "" {
		release, _ = slapOption(ctx, o, "software-release-url", true)
	}
	for key, text := range map[string]string{
		"slap-computer-id": c.p.Computer, "slap-computer-partition-id": c.p.ID, "slap-software-release-url": release,
		"instance-guid": c.p.GUID, "instance-state": c.p.State,
	} {
		o.Set(key, pythonOption(text))
	}
	if c.p.Timestamp != "" {
		o.Set("timestamp", pythonOption(c.p.Timestamp))
	}
	o.Set("slave-instance-list", pythonOption(c.slaves()))
	if err := c.addresses(); err != nil {
		return nil, err
	}
	if err := c.storage(ctx); err != nil {
		return nil, err
	}
	return c, c.resources(ctx)
}

// slaves are the shared instances as a master lists them.
func (c *slapConfigured) slaves() []any {
	list := []any{}
	for _, s := range c.p.Slaves {
		slapConceal(c.Options, s.Parameters)
		entry := map[string]any{"slave_reference": s.Reference, "slave_title": s.Title, "slap_software_type": s.SoftwareType}
		for name, text := range s.Parameters.Plain() {
			entry[name] = text
		}
		list = append(list, entry)
	}
	return list
}

// addresses sets the sets of addresses, and one of each for those who want one.
func (c *slapConfigured) addresses() error {
	v4, v6 := c.p.IPv4, c.p.IPv6
	for _, f := range []struct {
		key  string
		list []string
	}{{"ipv4", v4}, {"ipv6", v6}} {
		text, _, given := c.Lookup(f.key)
		if given && !strings.HasPrefix(text, pythonMark) {
			f.list = strings.Fields(text)
		}
		for _, text := range f.list {
			a, err := netip.ParseAddr(text)
			if err != nil || a.Is4() != (f.key == "ipv4") {
				return optionError(c, f.key, codeBadValue, "%q is no address for %s", text, f.key)
			}
		}
		c.Set(f.key, pythonOption(literal.Set(slapStrings(f.list))))
		if len(f.list) > 0 {
			c.Set(f.key+"-random", slices.Min(f.list))
		}
	}
	return nil
}

// storage finds what is stored for the partition.
func (c *slapConfigured) storage(ctx context.Context) error {
	found := map[string]any{}
	c.action.links = map[string]string{}
	home := optionText(c, "storage-home")
	if home != "" {
		entries, err := os.ReadDir(inBuildout(ctx, c, home))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return optionPlace(c, "storage-home").wrap(err)
		}
		for _, e := range entries {
			target := filepath.Join(home, e.Name(), c.p.ID)
			if info, err := os.Stat(target); err != nil || !info.IsDir() {
				continue
			}
			link := inBuildout(ctx, c, filepath.Join("DATA", e.Name()))
			found[e.Name()], c.action.links[link] = link, target
		}
	}
	c.Set("storage-dict", pythonOption(found))
	return nil
}

// slapResources is the file that tells of the resources of a partition. It is
// in its directory or above.
const slapResources = ".slapos-resource"

// resources sets what the file of resources says and the master does not.
func (c *slapConfigured) resources(ctx context.Context) error {
	dir := inBuildout(ctx, c, "")
	for {
		text, err := os.ReadFile(filepath.Join(dir, slapResources))
		if err == nil {
			return c.flatten(filepath.Join(dir, slapResources), string(text))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return optionPlace(c, "server-url").wrap(err)
		}
		up := filepath.Dir(dir)
		if up == dir || up == "/" {
			return nil
		}
		dir = up
	}
}

func (c *slapConfigured) flatten(path, text string) error {
	value, err := slap.Parse(text)
	object, ok := value.(map[string]any)
	if err != nil || !ok {
		return optionPlace(c, "server-url").fail(codeFile, "%s is no JSON object", path)
	}
	flat := map[string]any{}
	slapFlatten(object, "", flat)
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		if _, _, known := c.Lookup(key); !known {
			c.Set(key, pythonOption(flat[key]))
		}
	}
	return nil
}

// slapFlatten puts the values of objects in objects into one.
func slapFlatten(object map[string]any, prefix string, into map[string]any) {
	for key, value := range object {
		name := prefix + strings.ReplaceAll(key, "_", "-")
		if inner, ok := value.(map[string]any); ok {
			slapFlatten(inner, name+"-", into)
			continue
		}
		into[name] = value
	}
}

// given puts the parameters that the section has already into the value of the
// master.
func (c *slapConfigured) given(value any) (any, error) {
	object, _ := value.(map[string]any)
	for _, key := range c.Keys() {
		name, ok := strings.CutPrefix(key, "configuration.")
		if !ok {
			continue
		}
		given, err := slapValue(c, key)
		if err != nil {
			return nil, err
		}
		if object == nil {
			object = map[string]any{}
			value = object
		}
		object[name] = slapJSON(given)
	}
	return value, nil
}

// expand sets the options with the parameters.
func (c *slapConfigured) expand(value any) {
	object, _ := value.(map[string]any)
	c.Set("configuration", pythonOption(value))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !strings.ContainsAny(name, "=:") {
			c.Set("configuration."+name, pythonOption(object[name]))
		}
	}
}

// Run makes the links.
func (a *slapConfigurationAction) Run(_ context.Context, w *parts.Work) error {
	for _, link := range slices.Sorted(maps.Keys(a.links)) {
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			return a.at.wrap(err)
		}
		err := os.Symlink(a.links[link], link)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return a.at.wrap(err)
		}
	}
	return nil
}

// Update makes links to new storage.
func (a *slapConfigurationAction) Update(ctx context.Context, w *parts.Work) error {
	return a.Run(ctx, w)
}

type slapConfigurationJsondumpRecipe struct{}

// Prepare asks the master. SPEC-recipes 13.2.
func (slapConfigurationJsondumpRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := requirePath(o, "json-output")
	if err != nil {
		return nil, err
	}
	c, err := slapConfigure(ctx, o)
	if err != nil {
		return nil, err
	}
	value, err := c.given(c.texts())
	if err != nil {
		return nil, err
	}
	c.expand(value)
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return nil, err
	}
	return cookbookAction{{at: optionPlace(o, "json-output"), path: path, text: string(text), mode: cookbookFile, asGiven: true}}, nil
}
