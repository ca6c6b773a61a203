package run

import (
	"maps"
	"slices"
	"strings"
)

// ParseEnv returns the variables of env, which are written NAME=value. The last
// of a name counts; what has no name is dropped.
func ParseEnv(env []string) map[string]string {
	values := make(map[string]string, len(env))
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok && name != "" {
			values[name] = value
		}
	}
	return values
}

// MergeEnv returns base with the variables of set added or replaced, sorted by
// name, each name once.
func MergeEnv(base []string, set map[string]string) []string {
	values := ParseEnv(base)
	maps.Copy(values, set)
	env := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return env
}

// LookupEnv returns the value of a variable of env.
func LookupEnv(env []string, name string) (value string, ok bool) {
	for _, e := range slices.Backward(env) {
		if n, v, found := strings.Cut(e, "="); found && n == name {
			return v, true
		}
	}
	return "", false
}
