package profile

import (
	"fmt"
	"strings"

	"gobuild/buildout/cfg"
)

// Dialect selects the rules of a profile where zc.buildout and the SlapOS
// branch differ (SPEC-engine, head and section 9).
type Dialect string

// The dialects. Auto chooses by signs in the files.
const (
	Auto     Dialect = "auto"
	Upstream Dialect = "upstream"
	SlapOS   Dialect = "slapos"
)

// ParseDialect checks the name of a dialect.
func ParseDialect(name string) (Dialect, error) {
	switch d := Dialect(name); d {
	case Auto, Upstream, SlapOS:
		return d, nil
	}
	return "", fmt.Errorf("unknown dialect %q: choose auto, upstream or slapos", name)
}

const baseLocation = "_profile_base_location_"

// sign tells what in a file shows that it is written for the SlapOS dialect,
// or "".
func sign(sections []*cfg.Section) string {
	for _, s := range sections {
		for _, a := range s.Options {
			if what := signOf(s.Name, a); what != "" {
				return what
			}
		}
	}
	return ""
}

func signOf(section string, a *cfg.Assignment) string {
	name := strings.TrimRight(a.Key, " +-")
	switch {
	case strings.Contains(a.Value, baseLocation) || name == baseLocation:
		return baseLocation
	case strings.Contains(a.Value, "$${"):
		return "the escape $${"
	case section == "buildout" && name == "extensions" && hasSlapOS(a.Value):
		return "an extension slapos.*"
	case section == "buildout" && name == "shared-part-list":
		return "shared-part-list"
	case name == "recipe" && hasSlapOS(a.Value):
		return "a recipe slapos.*"
	}
	return ""
}

func hasSlapOS(value string) bool {
	for _, word := range cfg.Fields(value) {
		if strings.HasPrefix(word, "slapos.") {
			return true
		}
	}
	return false
}
