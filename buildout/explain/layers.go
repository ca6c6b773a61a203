package explain

import (
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// Layer is one step in the making of a value before substitution, the lowest
// first.
type Layer struct {
	Operation string `json:"operation"` // SET, OVERRIDE, ADD, REMOVE or DIRECTORY
	Value     string `json:"value"`     // what was written
	Source    string `json:"source"`    // a file, a URL, or what zc.buildout calls other sources
	Place     *Place `json:"place,omitempty"`
	Section   string `json:"section,omitempty"` // where it stands, when it came by `<=`
	Via       []Use  `json:"via,omitempty"`     // the chain of `<=` through which it came
}

// settingKey identifies a setting: its place, and whether it only made a
// directory absolute.
type settingKey struct {
	at        diag.Span
	source    string
	directory bool
}

func keyOf(s profile.Setting) settingKey {
	return settingKey{s.KeyAt, s.Source, s.Op == profile.OpDirectory}
}

// origin is a section that may have given a setting.
type origin struct {
	section string
	chain   []Use
	history []profile.Setting
	index   int // of the setting in history
}

// layers returns the history of an option of an expanded section. The
// evaluator keeps of a section that overrides its macro only the last setting;
// here those below it are listed too.
func (x *Explainer) layers(section, option string) []Layer {
	v := x.options(section)[option]
	if v == nil {
		return nil
	}
	origins := x.origins(section, option)
	done := map[settingKey]bool{}
	var layers []Layer
	add := func(s profile.Setting, o origin) {
		if done[keyOf(s)] {
			return
		}
		done[keyOf(s)] = true
		l := Layer{Operation: string(s.Op), Value: x.masked(option, s.Text), Source: s.Source, Place: settingPlace(s)}
		if o.section != section {
			l.Section, l.Via = o.section, o.chain
		}
		layers = append(layers, l)
	}
	for _, s := range v.History() {
		o := origins[keyOf(s)]
		for i, below := range o.history[:o.index] {
			if len(layers) > 0 && i == 0 && below.Op == profile.OpSet {
				below.Op = profile.OpOverride
			}
			add(below, o)
		}
		add(s, o)
	}
	return layers
}

// origins finds the sections that the settings of an option may come from.
func (x *Explainer) origins(section, option string) map[settingKey]origin {
	found := map[settingKey]origin{}
	x.macros(section, func(name string, chain []Use) {
		for _, key := range []string{option, option + " +", option + " -"} {
			v := x.profile.Value(name, key)
			if v == nil {
				continue
			}
			history := v.History()
			for i, s := range history {
				if _, known := found[keyOf(s)]; !known {
					found[keyOf(s)] = origin{name, chain, history, i}
				}
			}
		}
	})
	return found
}

// settingPlace is where the name of the option stands.
func settingPlace(s profile.Setting) *Place {
	if s.KeyAt.IsValid() {
		return placeOf(s.KeyAt)
	}
	return placeOf(s.At)
}
