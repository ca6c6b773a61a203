package explain

import (
	"cmp"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// User is a place of the profile that refers to an option or a section.
type User struct {
	Place     *Place `json:"place,omitempty"`
	Section   string `json:"section"` // that has it, by its own text or by `<=`
	Option    string `json:"option"`
	Reference string `json:"reference"` // ${section:option}, `<=`, `=>` or `parts`
	// To is what it refers to; ToOption is empty when it is the section.
	To       string `json:"to"`
	ToOption string `json:"to_option,omitempty"`
	// Also lists the sections that have the same text by `<=`.
	Also []string `json:"also,omitempty"`
	own  bool     // the text stands in Section itself
}

// References other than ${section:option}.
const (
	ByMacro      = "<="
	ByDependency = "=>"
	ByParts      = "parts"
	ByRecipe     = "recipe" // the recipe reads the section; no place tells it
)

// allUsers returns all references of the merged profile, evaluated or not,
// sorted by place.
func (x *Explainer) allUsers() []User {
	if x.scanned {
		return x.users
	}
	x.scanned = true
	for _, name := range x.profile.Names() {
		x.users = append(x.users, x.usersIn(name)...)
	}
	x.users = merged(x.users)
	return x.users
}

// usersIn returns the references of one section, its macros expanded.
func (x *Explainer) usersIn(section string) []User {
	var list []User
	options := x.options(section)
	for _, key := range sortedKeys(options) {
		list = append(list, x.optionUsers(section, key, options[key])...)
	}
	if s := x.profile.Sections[section]; s != nil && s.Options["<"] != nil && options["<"] == nil {
		list = append(list, x.optionUsers(section, "<", s.Options["<"])...)
	}
	return list
}

func (x *Explainer) optionUsers(section, key string, v *profile.Value) []User {
	var list []User
	for _, r := range v.References() {
		u := User{Place: placeOf(r.At), Section: section, Option: key, Reference: r.Text, To: r.Section, ToOption: r.Option}
		if u.To == "" {
			u.To = section
		}
		u.own = x.owns(section, key, r.At)
		list = append(list, u)
	}
	named := func(words []profile.Word, by string) {
		for _, w := range words {
			list = append(list, User{Place: placeOf(w.At), Section: section, Option: key, Reference: by, To: w.Text,
				own: x.owns(section, key, w.At)})
		}
	}
	switch {
	case key == "<" && section != "buildout":
		named(v.Lines(), ByMacro)
	case key == "<part-dependencies>":
		named(v.Words(), ByDependency)
	case key == "parts" && section == "buildout":
		named(v.Words(), ByParts)
	}
	return list
}

// merged joins references that are the same text of the same file, reached by
// several sections, and sorts them by place.
func merged(list []User) []User {
	type id struct {
		place                  Place
		option, ref, to, field string
	}
	at := map[id]int{}
	var out []User
	for _, u := range list {
		key := id{option: u.Option, ref: u.Reference, to: u.To, field: u.ToOption}
		if u.Place == nil {
			out = append(out, u)
			continue
		}
		key.place = *u.Place
		if i, known := at[key]; known {
			out[i].join(u)
			continue
		}
		at[key] = len(out)
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(a, b User) int {
		return cmp.Or(comparePlaces(a.Place, b.Place), cmp.Compare(a.Section, b.Section))
	})
	return out
}

// join adds a user with the same text; the section in which it stands leads.
func (u *User) join(other User) {
	switch {
	case other.Section == u.Section:
	case other.own && !u.own:
		u.Section, u.Also, u.own = other.Section, append(u.Also, u.Section), true
	default:
		u.Also = append(u.Also, other.Section)
	}
}

// owns reports whether the text at a place is one of the section's own
// settings of an option, not one of a macro.
func (x *Explainer) owns(section, option string, at diag.Span) bool {
	for _, key := range []string{option, option + " +", option + " -"} {
		v := x.profile.Value(section, key)
		if v == nil {
			continue
		}
		for _, s := range v.History() {
			if s.At.From.Src == at.From.Src && s.At.From.Offset <= at.From.Offset && at.To.Offset <= s.At.To.Offset {
				return true
			}
		}
	}
	return false
}

// usersOf returns the references to an option of a section; option "" means
// those to the section or any of its options.
func (x *Explainer) usersOf(section, option string) []User {
	list := []User{}
	for _, u := range x.allUsers() {
		if u.To == section && (option == "" || u.ToOption == option) {
			list = append(list, u)
		}
	}
	return list
}
