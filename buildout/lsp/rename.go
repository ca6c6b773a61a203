package lsp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// prepareRename answers what would be renamed, or why nothing can be.
func (s *server) prepareRename(ctx context.Context, p *placeParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	sub := v.subject(s.place(v, p.Position))
	if err := s.renamable(ctx, v, sub); err != nil {
		return nil, err
	}
	return prepared{s.extent(v.index, sub.at), v.text(sub.at.from, sub.at.to)}, nil
}

// rename answers the edits that give a section or an option another name, in
// all profiles that hold the document.
func (s *server) rename(ctx context.Context, p *renameParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	sub := v.subject(s.place(v, p.Position))
	if err := s.renamable(ctx, v, sub); err != nil {
		return nil, err
	}
	places := s.renamed(ctx, v, sub)
	if err := s.nameFits(ctx, v, sub, p.NewName); err != nil {
		return nil, err
	}
	edits := map[string][]textEdit{}
	for _, o := range places {
		if localPath(o.src.Name) == "" {
			return nil, refusal(fmt.Sprintf("%s names it too and cannot be changed from here", o.src.Name))
		}
		uri := s.uri(o.src.Name)
		edits[uri] = append(edits[uri], textEdit{s.extent(o.index, o.span), p.NewName})
	}
	return s.workspaceEdit(edits), nil
}

// renamable says why a subject cannot be renamed, nil if it can.
func (s *server) renamable(_ context.Context, v view, sub *subject) error {
	switch {
	case sub == nil || sub.what == aFile || sub.what == aRecipe:
		return refusal("only sections and options can be renamed")
	case sub.section == "buildout":
		return refusal("[buildout] and its options have the names that the engine knows")
	case sub.what == aSection && v.sn.profile.Sections[sub.section] == nil && !sub.header:
		return refusal(fmt.Sprintf("section [%s] is not defined in this profile", sub.section))
	case sub.what == anOption:
		return v.sn.optionRenamable(sub.section, sub.option)
	}
	return nil
}

// optionRenamable says why an option must keep its name.
func (sn *snapshot) optionRenamable(section, option string) error {
	section = sn.whose(section, option)
	v := sn.value(section, option)
	switch {
	case option == "recipe" || strings.ContainsAny(option, "<>") || strings.HasPrefix(option, "_"):
		return refusal(fmt.Sprintf("option %q has the name that the engine knows", option))
	case v == nil:
		return refusal(fmt.Sprintf("option %s:%s is not set in a file of this profile", section, option))
	}
	for _, name := range sn.family(section, option) {
		if sn.ofRecipe(name, option) {
			return refusal(fmt.Sprintf("option %q is one of the recipe of section [%s]", option, name))
		}
	}
	return nil
}

// ofRecipe reports whether the recipe of a section knows an option.
func (sn *snapshot) ofRecipe(section, option string) bool {
	recipe := sn.recipe(section)
	spec, ok := sn.recipes.Find(recipe)
	return ok && recipe != "" && slices.ContainsFunc(spec.Options, func(o parts.OptionSpec) bool { return o.Name == option })
}

// nameFits says why a new name is refused, nil if it is not.
func (s *server) nameFits(ctx context.Context, v view, sub *subject, name string) error {
	if !isLegal(name, sub.what) {
		return refusal(fmt.Sprintf("%q is not a legal name: letters, digits and - . _ are", name))
	}
	for _, sn := range s.holding(ctx, v) {
		if sub.what == aSection {
			if at, taken := sn.definedAt(name); taken {
				return refusal(fmt.Sprintf("section [%s] exists already: %s", name, at))
			}
			continue
		}
		for _, section := range sn.family(sn.whose(sub.section, sub.option), sub.option) {
			if sn.has(section, name) || sn.ofRecipe(section, name) {
				return refusal(fmt.Sprintf("section [%s] has an option %q already", section, name))
			}
		}
	}
	return nil
}

// definedAt returns where a section is defined, also under a false condition.
func (sn *snapshot) definedAt(name string) (at string, found bool) {
	for _, x := range sn.files {
		for _, b := range x.blocks {
			if b.name == name {
				return diag.Place(x.span(b.at).From), true
			}
		}
	}
	return "by the engine", sn.profile.Sections[name] != nil
}

// isLegal reports whether a name can stand in a reference, a header, and lists
// of names.
func isLegal(name string, w what) bool {
	for _, r := range name {
		if r|0x20 >= 'a' && r|0x20 <= 'z' && r < 0x80 || r >= '0' && r <= '9' || strings.ContainsRune("-._", r) {
			continue
		}
		return false
	}
	return name != "" && (w == aSection || !strings.HasSuffix(name, "-"))
}

// renamed returns all that names the subject.
func (s *server) renamed(ctx context.Context, v view, sub *subject) []occurrence {
	if sub.what == aSection {
		return s.occurrences(ctx, v, sub)
	}
	var all []occurrence
	seen := map[place]bool{}
	for _, sn := range s.holding(ctx, v) {
		for _, o := range sn.familyOccurrences(sn.whose(sub.section, sub.option), sub.option) {
			if !seen[o.place] {
				seen[o.place] = true
				all = append(all, o)
			}
		}
	}
	return all
}

// family returns the sections that share an option by macros, sorted: those
// that take it over from each other, and those whose macros read it.
func (sn *snapshot) family(section, option string) []string {
	members := map[string]bool{section: true}
	for queue := []string{section}; len(queue) > 0; queue = queue[1:] {
		for _, other := range sn.profile.Names() {
			if !members[other] && sn.share(queue[0], other, option) {
				members[other] = true
				queue = append(queue, other)
			}
		}
	}
	return slices.Sorted(maps.Keys(members))
}

// share reports whether one of two sections is a macro of the other and the
// option passes between them.
func (sn *snapshot) share(a, b, option string) bool {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		user, macro := pair[0], pair[1]
		if sn.inherits(user, macro) && (sn.comesFrom(user, option, macro) || sn.reads(macro, option)) {
			return true
		}
	}
	return false
}

// reads reports whether ${:option} stands in a section's own values.
func (sn *snapshot) reads(section, option string) bool {
	s := sn.profile.Sections[section]
	for _, key := range s.Keys() {
		v := s.Options[key]
		if !strings.Contains(v.Text, "${:"+option+"}") {
			continue
		}
		if slices.ContainsFunc(v.References(), func(r profile.Reference) bool { return r.Section == "" && r.Option == option }) {
			return true
		}
	}
	return false
}

// familyOccurrences returns the settings of an option in all sections that
// share it, under whatever condition, and the references to it.
func (sn *snapshot) familyOccurrences(section, option string) []occurrence {
	members := sn.family(section, option)
	var list []occurrence
	for _, x := range sn.files {
		for _, b := range x.blocks {
			for _, o := range b.options {
				if o.name == option && slices.Contains(members, b.name) {
					list = append(list, occurrence{place{x, o.at}, true})
				}
			}
		}
		for _, r := range x.refs {
			if r.kind == toOption && r.option == option && slices.Contains(members, r.target()) {
				list = append(list, occurrence{place{x, r.optAt}, false})
			}
		}
	}
	return list
}
