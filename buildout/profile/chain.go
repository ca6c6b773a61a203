package profile

import (
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// chain says who reads an option: the options under substitution, and where
// the text being substituted stands.
type chain struct {
	open *openOptions
	at   func(ref string) diag.Span
}

// newChain begins a chain; at finds the place of a reference.
func newChain(at func(ref string) diag.Span) *chain { return &chain{&openOptions{}, at} }

// openOptions are the options under substitution, as section:option, the
// outermost first.
type openOptions struct {
	keys  []string
	known map[string]bool // the same, once they are many
}

const manyOptions = 32

func (o *openOptions) has(key string) bool {
	if o.known != nil {
		return o.known[key]
	}
	return slices.Contains(o.keys, key)
}

func (o *openOptions) push(key string) {
	o.keys = append(o.keys, key)
	if o.known == nil && len(o.keys) > manyOptions {
		o.known = make(map[string]bool, 2*len(o.keys))
		for _, k := range o.keys {
			o.known[k] = true
		}
	}
	if o.known != nil {
		o.known[key] = true
	}
}

func (o *openOptions) pop() {
	last := len(o.keys) - 1
	delete(o.known, o.keys[last])
	o.keys = o.keys[:last]
}

// splitKey returns section and option of the innermost key of the chain.
func splitKey(c *chain) []string {
	if len(c.open.keys) == 0 {
		return nil
	}
	section, option, _ := strings.Cut(c.open.keys[len(c.open.keys)-1], ":")
	return []string{section, option}
}
