package partstest

import (
	"maps"
	"slices"
	"strings"

	"gobuild/parts"
)

var _ parts.Profile = (*Options)(nil)

// SectionNames returns the names of all sections, sorted.
func (o *Options) SectionNames() []string { return slices.Sorted(maps.Keys(o.lazy().values)) }

// Recorded returns that of Records.
func (o *Options) Recorded(part string) (parts.Record, bool) {
	r, ok := o.Records[part]
	return r, ok
}

// Claim reserves something for the section.
func (o *Options) Claim(what string) bool {
	claims := o.lazy().claims
	if owner, ok := claims[what]; ok {
		return owner == o.Part
	}
	claims[what] = o.Part
	return true
}

// Delete removes an option.
func (o *Options) Delete(key string) { delete(o.lazy().values[o.Part], key) }

// Provide gives options that the section has not.
func (o *Options) Provide(f func(key string) (string, bool, error)) { o.lazy().provide[o.Part] = f }

// Hide notes that an option is not to be recorded.
func (o *Options) Hide(key string) { o.lazy().hidden[o.Part+":"+key] = true }

// Secret notes a secret text.
func (o *Options) Secret(text string) { o.lazy().secrets = append(o.lazy().secrets, text) }

// Hidden reports whether an option of the section is not to be recorded.
func (o *Options) Hidden(key string) bool { return o.lazy().hidden[o.Part+":"+key] }

// Secrets returns what Secret was told.
func (o *Options) Secrets() []string { return o.lazy().secrets }

// Override gives options of another section values, unless it was asked for.
func (o *Options) Override(section string, values map[string]string) bool {
	p := o.lazy()
	if p.asked[section] {
		return false
	}
	if p.values[section] != nil {
		maps.Copy(p.values[section], values)
	}
	return true
}

// Conceals reports whether a text holds a secret.
func (o *Options) Conceals(text string) bool {
	return slices.ContainsFunc(o.lazy().secrets, func(secret string) bool { return strings.Contains(text, secret) })
}
