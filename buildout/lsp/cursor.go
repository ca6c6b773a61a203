package lsp

import (
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/profile"
)

// what a subject is.
type what int

const (
	aSection what = iota
	anOption
	aFile
	aRecipe
)

// subject is what the cursor is on.
type subject struct {
	what    what
	at      span // the text that names it
	section string
	option  string
	text    string  // of a file or recipe
	setting *option // whose name the cursor is on, or nil
	header  bool    // the cursor is on the name in a header
}

// subject returns what stands at an offset, or nil.
func (x *index) subject(offset int) *subject {
	line := x.lines.line(offset)
	if r := x.refAt(line, offset); r != nil {
		return r.subject(offset)
	}
	b := x.blockAt(line)
	switch {
	case b == nil:
		return nil
	case line == b.first && b.at.holds(offset):
		return &subject{what: aSection, at: b.at, section: b.name, header: true}
	}
	if o := b.optionAt(line); o != nil && o.at.holds(offset) {
		return &subject{what: anOption, at: o.at, section: b.name, option: o.name, setting: o}
	}
	return nil
}

// refAt returns the reference at an offset of a line; of two that touch there,
// the one that begins.
func (x *index) refAt(line, offset int) *ref {
	var found *ref
	for _, r := range x.within(span{x.lines.start[line], x.lines.end[line]}) {
		if r.at.holds(offset) {
			found = r
		}
	}
	return found
}

func (r *ref) subject(offset int) *subject {
	switch {
	case r.kind == toFile:
		return &subject{what: aFile, at: r.at, text: r.text}
	case r.kind == toRecipe:
		return &subject{what: aRecipe, at: r.at, text: r.text, section: r.in.block.name}
	case r.kind == toOption && (r.section == "" || offset > r.sectAt.to):
		return &subject{what: anOption, at: r.optAt, section: r.target(), option: r.option}
	}
	return &subject{what: aSection, at: r.sectAt, section: r.section}
}

// inherits reports whether section uses base as a macro, directly or not.
func (sn *snapshot) inherits(section, base string) bool {
	seen := map[string]bool{}
	queue := []string{base}
	for len(queue) > 0 {
		for _, user := range sn.users[queue[0]] {
			if user == section {
				return true
			}
			if !seen[user] {
				seen[user] = true
				queue = append(queue, user)
			}
		}
		queue = queue[1:]
	}
	return false
}

// value returns an option as the files give it, macros expanded, or nil.
func (sn *snapshot) value(section, option string) *profile.Value {
	return sn.expanded[section][option]
}

// whose returns the section that ${:option} in section speaks of: section
// itself, or, when that is a macro without such an option, a section that uses
// it and has one.
func (sn *snapshot) whose(section, option string) string {
	if sn.has(section, option) {
		return section
	}
	for _, name := range sn.profile.Names() {
		if sn.has(name, option) && sn.inherits(name, section) {
			return name
		}
	}
	return section
}

// has reports whether a section has an option, its recipe's included.
func (sn *snapshot) has(section, option string) bool {
	if sn.value(section, option) != nil {
		return true
	}
	e := sn.evaluated(section)
	return e != nil && e.Has(option)
}

// recipe returns the name of the recipe of a section, or "".
func (sn *snapshot) recipe(section string) string {
	if v := sn.value(section, "recipe"); v != nil {
		return cfg.Trim(v.Text)
	}
	return ""
}

// history returns the settings of all layers of an option, the first one
// first: those of macros, then those of the section itself.
func (sn *snapshot) history(section, option string) []profile.Setting {
	var list []profile.Setting
	sn.layers(section, option, map[string]bool{}, func(s profile.Setting) { list = append(list, s) })
	return list
}

func (sn *snapshot) layers(section, option string, seen map[string]bool, add func(profile.Setting)) {
	if seen[section] || sn.profile.Sections[section] == nil {
		return
	}
	seen[section] = true
	under := false
	if v := sn.profile.Value(section, "<"); v != nil && section != "buildout" {
		for _, line := range strings.Split(v.Text, "\n") {
			sn.layers(cfg.Trim(line), option, seen, func(s profile.Setting) { under = true; add(s) })
		}
	}
	for _, key := range []string{option, option + " +", option + " -"} {
		v := sn.profile.Value(section, key)
		if v == nil {
			continue
		}
		for _, s := range v.History() {
			s.Op = layerOp(s.Op, key, under)
			under = true
			add(s)
		}
	}
}

// layerOp is the operation of a setting of an option called key, which may be
// `x +`, over what is under it.
func layerOp(op profile.Op, key string, under bool) profile.Op {
	switch {
	case op == profile.OpSet && strings.HasSuffix(key, " +"):
		return profile.OpAdd
	case op == profile.OpSet && strings.HasSuffix(key, " -"):
		return profile.OpRemove
	case op == profile.OpSet && under:
		return profile.OpOverride
	}
	return op
}

// settings returns the settings that stand in files, of all layers of an
// option, the last first.
func (sn *snapshot) settings(section, option string) []place {
	var list []place
	for _, set := range slices.Backward(sn.history(section, option)) {
		at := place{sn.index(set.KeyAt.From.Src), span{set.KeyAt.From.Offset, set.KeyAt.To.Offset}}
		if at.index != nil && !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list
}

// place is a part of a file of a profile.
type place struct {
	*index
	span span
}

// section returns the name of the section that the place stands in.
func (p place) section() string {
	if b := p.blockAt(p.lines.line(p.span.from)); b != nil {
		return b.name
	}
	return ""
}
