package recipes

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/literal"
	"gobuild/parts/slap"
)

// Codes of the diagnostics of the recipes that talk to a master.
const (
	codeSlapMaster  = "slap-master"  // it cannot be reached
	codeSlapRequest = "slap-request" // what was asked for is not there
)

// slapSection is the section that says which master a partition has.
const slapSection = "slap-connection"

// Supply returns the options of [slap-connection] that a profile gets when
// nobody gives others: a partition with a store of its own.
func (Table) Supply(profile string) map[string]map[string]string {
	if strings.Contains(profile, "$") {
		profile = ""
	}
	return map[string]map[string]string{slapSection: {
		"server-url": "file://${buildout:directory}/.slap", "computer-id": "local", "partition-id": "main",
		"software-release-url": profile, "key-file": "", "cert-file": "",
	}}
}

// slapKeys are the names of options of a connection, the older ones last.
var slapKeys = map[string][]string{
	"server-url": {"server-url", "url"}, "computer-id": {"computer-id", "computer"}, "partition-id": {"partition-id", "partition"},
	"key-file": {"key-file", "key"}, "cert-file": {"cert-file", "cert"}, "software-release-url": {"software-release-url"},
}

// slapOption returns an option of a connection with its place: that of the
// section itself when own says so, else that of [slap-connection].
func slapOption(ctx context.Context, o parts.Options, key string, own bool) (string, place) {
	if own {
		for _, name := range slapKeys[key] {
			if value := optionText(o, name); value != "" {
				return value, optionPlace(o, name)
			}
		}
	}
	if !o.Has(slapSection) {
		return "", place{o.Header(), []string{o.Name()}}
	}
	connection, err := o.Section(ctx, slapSection)
	if err != nil {
		return "", place{o.Header(), []string{o.Name()}}
	}
	return optionText(connection, key), place{optionAt(connection, key), []string{o.Name()}}
}

// slapClient opens the master of a section. own says that the section may name
// it itself.
func slapClient(ctx context.Context, o parts.Options, own bool) (slap.Client, error) {
	server, at := slapOption(ctx, o, "server-url", own)
	c := slap.Connection{Server: server}
	c.Computer, _ = slapOption(ctx, o, "computer-id", own)
	c.Partition, _ = slapOption(ctx, o, "partition-id", own)
	c.Key, _ = slapOption(ctx, o, "key-file", own)
	c.Cert, _ = slapOption(ctx, o, "cert-file", own)
	c.Server, c.Computer, c.Partition = cmp.Or(c.Server, ".slap"), cmp.Or(c.Computer, "local"), cmp.Or(c.Partition, "main")
	if !strings.Contains(c.Server, "://") {
		c.Server = inBuildout(ctx, o, c.Server)
	}
	client, err := slap.Open(c)
	switch {
	case err == nil:
		return client, nil
	case errors.Is(err, slap.ErrRemote):
		return newSlapRemote(o, c, at)
	}
	return nil, at.fail(codeSlapMaster, "the master cannot be asked: %v", err).WithCause(err).WithHint(slapStoreHint)
}

const slapStoreHint = "a directory of JSON files can stand for the master: slap-connection:server-url=file:///DIRECTORY (see docs/slap.md)"

// slapAt is the client for a run.
func slapAt(c slap.Client, w *parts.Work) slap.Client {
	switch c := c.(type) {
	case *slap.Store:
		quick := *c
		quick.NoSync = w.NoSync
		return &quick
	case *slapRemote:
		return c.in(w)
	}
	return c
}

// slapValue reads an option that may have a value of any type.
func slapValue(o parts.Options, key string) (any, error) {
	text, _, _ := o.Lookup(key)
	value, err := pythonValue(text)
	if err != nil {
		return nil, optionError(o, key, codeBadValue, "%v", err)
	}
	return value, nil
}

// slapText reads an option as text: str() of its value.
func slapText(o parts.Options, key string) (string, error) {
	value, err := slapValue(o, key)
	return pythonStr(value), err
}

// pythonStr is str() of a value.
func pythonStr(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return literal.Repr(value)
}

// slapJSON turns a value of an option into one that JSON has.
func slapJSON(value any) any {
	switch v := value.(type) {
	case literal.Set:
		sorted := slices.SortedFunc(slices.Values(v), func(a, b any) int { return cmp.Compare(literal.Repr(a), literal.Repr(b)) })
		return slapJSON(sorted)
	case literal.Tuple:
		return slapJSON([]any(v))
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = slapJSON(x)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, x := range v {
			object[key] = slapJSON(x)
		}
		return object
	}
	return value
}

// slapParameters makes parameters of options: values by the name that a
// parameter has. Serialised ones keep their types, others become texts.
func slapParameters(o parts.Options, names map[string]string, serialised bool) (slap.Values, error) {
	v := slap.Values{Serialised: serialised, Texts: map[string]string{}}
	object := map[string]any{}
	concealer, _ := o.(parts.Concealer)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		value, err := slapValue(o, names[name])
		if err != nil {
			return v, err
		}
		object[name], v.Texts[name] = slapJSON(value), pythonStr(value)
		if concealer != nil && concealer.Conceals(optionText(o, names[name])) {
			v.Secret = append(v.Secret, name)
		}
	}
	if serialised {
		v.Value, v.Texts = object, nil
	}
	return v, nil
}

// slapConceal tells the engine of the parameters that are secret: all texts in
// them from the length on at which they can be told from others.
func slapConceal(o parts.Options, v slap.Values) {
	p, ok := o.(parts.Profile)
	if !ok {
		return
	}
	object, _ := v.Unwrapped().(map[string]any)
	for _, name := range v.Secret {
		slapTexts(object[name], func(text string) {
			if len(text) >= leastSecret {
				p.Secret(text)
			}
		})
	}
}

// slapTexts calls f for the texts in a value.
func slapTexts(value any, f func(string)) {
	switch v := value.(type) {
	case string:
		f(v)
	case []any:
		for _, x := range v {
			slapTexts(x, f)
		}
	case map[string]any:
		for _, x := range v {
			slapTexts(x, f)
		}
	}
}

// slapStrings is a list of texts as a value.
func slapStrings(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// slapOther returns another section, which the option at names.
func slapOther(ctx context.Context, o parts.Options, at place, name string) (parts.Options, error) {
	if !o.Has(name) {
		return nil, at.find(name).fail(codeBadValue, "The referenced section, '%s', was not defined.", name)
	}
	s, err := o.Section(ctx, name)
	return s, at.wrap(err)
}

// slapError gives an error of a master a place.
func slapError(at place, err error) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) && !d.At.IsValid() {
		d.At = at.at
	}
	return at.wrap(err)
}

// slapFile is a path in the buildout directory.
func slapFile(w *parts.Work, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(w.Dir, path)
}
