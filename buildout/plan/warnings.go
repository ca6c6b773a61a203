package plan

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// warnings lists what is suspicious in the sections that were evaluated.
func (b *builder) warnings(ctx context.Context, g *Graph) diag.List {
	var list diag.List
	if e := b.Evaluator.Known("buildout"); e != nil {
		list = append(list, unsupported(ctx, e)...)
		if unused := slices.DeleteFunc(e.Unused(), EngineOption); len(unused) > 0 {
			list.Add(unusedOptions(e, unused))
		}
	}
	known := map[string]map[string]bool{} // options by recipe
	for _, n := range g.Parts {
		if e := b.Evaluator.Known(n.Part); e != nil {
			name := n.Spec.Names[0]
			if known[name] == nil {
				known[name] = optionNames(n.Spec)
			}
			list = append(list, misspelt(e, n, known[name])...)
		}
	}
	return list
}

// Extensions whose work is built in.
const (
	Rebootstrap     = "slapos.rebootstrap"
	SharedExtension = "slapos.extension.shared"
)

// insteadOf tells what gobuild has instead of an extension.
var insteadOf = map[string]string{
	"slapos.extension.strip":      "nothing is stripped: `gobuild pack --strip` strips what is given away",
	"buildout-networkcached":      "downloads come from the caches and mirrors of gobuild.ini",
	"buildout.networkcached":      "downloads come from the caches and mirrors of gobuild.ini",
	"slapos.libnetworkcache":      "downloads come from the caches and mirrors of gobuild.ini",
	"mr.developer":                "nothing is checked out: a part of slapos.recipe.build:gitclone does that, and `develop` uses what is there",
	"gp.vcsdevelop":               "nothing is checked out: a part of slapos.recipe.build:gitclone does that, and `develop` uses what is there",
	"buildout.dumppickedversions": "`show-picked-versions = true` shows the versions that no pin has fixed",
	"buildout.dumprequirements":   "`show-picked-versions = true` shows the versions that no pin has fixed",
	"buildout.wheel":              "wheels are used without it",
	"buildout.macro":              "macros by `<=` are part of the language",
}

// unsupported warns of what zc.buildout would do and gobuild does not: of each
// extension that is not built in.
func unsupported(ctx context.Context, e *profile.Evaluated) diag.List {
	var list diag.List
	value, _, err := e.Get(ctx, "extensions")
	if err != nil {
		return nil
	}
	for _, name := range cfg.Fields(value) {
		if name == Rebootstrap || name == SharedExtension {
			continue
		}
		d := diag.At(e.At("extensions").Find(name), "extensions", "the extension %s is Python code for zc.buildout and is not loaded", name).WithPath(e.Name, "extensions")
		if instead := insteadOf[name]; instead != "" {
			d.Msg = "the extension " + name + " is not loaded: " + instead
		}
		d.Severity = diag.Warning
		list.Add(d.WithHint("take it out of `extensions`, or hide this warning by `silence = extensions` in gobuild.ini"))
	}
	return list
}

// EngineOption reports whether an option of [buildout] is known although
// nothing reads it: options of other engines and extensions.
func EngineOption(key string) bool {
	return slices.Contains([]string{"parts", "develop", "extensions", "index", "relative-paths", "abi-tag-eggs",
		"keep-compile-dir", "shared-part-list", "build-time-part-list", "networkcache-section", "dry-run", "check-signature",
		"verbosity", "download-cache", "extends-cache", "recipe-timeout", "relocatable", "reproducible", "source-date-epoch", checkOption}, key) || slices.Contains(AuditOptions, key) || slices.Contains(PureOptions, key)
}

func unusedOptions(e *profile.Evaluated, keys []string) *diag.Diagnostic {
	quoted := make([]string, len(keys))
	for i, k := range keys {
		quoted[i] = "'" + k + "'"
	}
	d := diag.At(e.KeyAt(keys[0]), "unused-option", "Section `%s` contains unused option(s): %s.", e.Name, strings.Join(quoted, " "))
	d.Severity = diag.Warning
	d.Hint = "this may be a typo in the option's name: nothing reads it"
	if len(keys) == 1 {
		if s := diag.DidYouMean(keys[0], profile.DefaultKeys()); s != "" {
			d.Hint = s
		}
	}
	return d
}

// misspelt warns of options that the recipe does not have and no reference
// names, but that look like an option of the recipe that is not set.
func misspelt(e *profile.Evaluated, n *Node, known map[string]bool) diag.List {
	var list diag.List
	for _, key := range e.Keys() {
		if known[key] || e.IsSet(key) || e.IsReferred(key) {
			continue
		}
		hint := diag.DidYouMean(key, unset(e, n.Spec))
		if hint == "" {
			continue
		}
		d := diag.At(e.KeyAt(key), "unknown-option-name", "recipe %s has no option %q", n.Spec.Names[0], key).
			WithPath(e.Name, key)
		d.Severity, d.Hint = diag.Warning, hint
		list.Add(d)
	}
	return list
}

// unset returns the options of a recipe that a section leaves out.
func unset(e *profile.Evaluated, spec parts.Spec) []string {
	var names []string
	for _, o := range spec.Options {
		if !o.Computed && !e.Has(o.Name) {
			names = append(names, o.Name)
		}
	}
	for _, name := range slices.Concat(AuditOptions, PureOptions) {
		if isAside(spec, name) && !e.Has(name) {
			names = append(names, name)
		}
	}
	return names
}

// optionNames returns the names of the options that a section of this recipe
// may hold.
func optionNames(spec parts.Spec) map[string]bool {
	known := map[string]bool{"recipe": true, "<": true}
	for _, o := range spec.Options {
		known[o.Name] = true
	}
	for _, name := range slices.Concat(AuditOptions, PureOptions) {
		known[name] = known[name] || isAside(spec, name)
	}
	return known
}
