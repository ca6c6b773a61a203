package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/event"
	"gobuild/buildout/profile"
)

// completion names what a word on the command line may be. A profile that
// cannot be read completes to nothing: the shell is no place for its errors.
type completion = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

func (a *app) complete(names func(e *buildout.Engine, word string) []string) completion {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		const none = cobra.ShellCompDirectiveNoFileComp
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		e, err := a.open(ctx, event.Discard)
		if err != nil {
			return nil, none
		}
		list := slices.DeleteFunc(names(e, word), func(name string) bool {
			return !strings.HasPrefix(name, word) || slices.Contains(args, name)
		})
		return list, none
	}
}

// partNames are the sections with a recipe, their own or that of a macro.
func partNames(e *buildout.Engine, _ string) []string {
	return slices.DeleteFunc(sectionNames(e, ""), func(name string) bool { return !hasRecipe(e.Profile, name, nil) })
}

func hasRecipe(p *profile.Profile, name string, through []string) bool {
	if p.Value(name, "recipe") != nil {
		return true
	}
	macros := p.Value(name, "<")
	if macros == nil || slices.Contains(through, name) {
		return false
	}
	return slices.ContainsFunc(strings.Split(macros.Text, "\n"), func(line string) bool {
		return hasRecipe(p, strings.TrimSpace(line), append(through, name))
	})
}

func sectionNames(e *buildout.Engine, _ string) []string { return slices.Clone(e.Profile.Names()) }

// optionNames are SECTION:OPTION once the section is known, before that the
// sections and the options of [buildout].
func optionNames(e *buildout.Engine, word string) []string {
	section, _, ok := strings.Cut(word, ":")
	if ok && e.Profile.Sections[section] != nil {
		return prefixed(section+":", e.Profile.Sections[section].Keys())
	}
	names := e.Profile.Sections["buildout"].Keys()
	for _, name := range e.Profile.Names() {
		names = append(names, name+":")
	}
	return names
}

func prefixed(prefix string, list []string) []string {
	result := make([]string, len(list))
	for i, s := range list {
		result[i] = prefix + s
	}
	return result
}
