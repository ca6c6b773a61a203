package lint

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
)

func unusedBuildoutOption() Rule {
	return Rule{
		Code: "unused-buildout-option",
		Doc: `An option of ` + "`[buildout]`" + ` is known to nobody.

Neither the engine nor a value of the profile reads it; it may be misspelt.`,
		Check: checkBuildoutOptions,
	}
}

func checkBuildoutOptions(_ context.Context, s *Subject) {
	x := s.sections["buildout"]
	used := s.referredOptions()["buildout"]
	known := append(profile.DefaultKeys(), "directory", "parts", "versions", "extends", "optional-extends", "log-level", "<")
	for _, key := range x.keys() {
		v := x.options[key]
		if !v.KeyAt().IsValid() || used[key] || slices.Contains(known, key) || plan.EngineOption(key) || ofExtension(key) {
			continue
		}
		f := s.report(v.KeyAt(), "nothing reads the option %s of [buildout]", key)
		f.WithPath("buildout", key)
		if f.Hint = diag.DidYouMean(key, known); f.Hint == "" {
			f.WithHint("move it into a section of its own, or remove it")
		}
	}
}

// ofExtension reports whether an option belongs to an extension of the engine,
// or is made by it.
func ofExtension(key string) bool {
	return strings.HasPrefix(key, "rebootstrap-") || key == "_profile_base_location_"
}
