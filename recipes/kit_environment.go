package recipes

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
)

// codeBadEnvironment is the code of an environment that cannot be read.
const codeBadEnvironment = "bad-environment"

// variable is an environment variable of a part as its profile has it: with
// %(NAME)s for variables of the process environment.
type variable struct {
	value string
	place place
}

// environment is the variables that a part sets, by name.
type environment map[string]variable

// environmentOption reads an option that holds lines NAME=value, or names a
// section whose options are the variables. SPEC-recipes 1.2.
func environmentOption(ctx context.Context, o parts.Options, key string) (environment, error) {
	text := strings.TrimSpace(optionText(o, key))
	switch {
	case text == "":
		return environment{}, nil
	case strings.Contains(text, "="):
		return environmentBlock(o, key)
	case !o.Has(text):
		return nil, optionError(o, key, codeBadEnvironment, "The referenced section, '%s', was not defined.", text).
			WithHint("write lines NAME=value, or the name of a section with an option for each variable")
	}
	return environmentSection(ctx, o, text)
}

// environmentBlock reads lines NAME=value.
func environmentBlock(o parts.Options, key string) (environment, error) {
	env := environment{}
	for _, line := range optionLines(o, key) {
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, optionPlace(o, key).find(line).fail(codeBadEnvironment, "Line '%s' in environment is incorrect", line).
				WithHint("a line is NAME=value")
		}
		if _, ok := env[name]; ok {
			return nil, optionPlace(o, key).find(line).fail(codeBadEnvironment, "Key '%s' is repeated", name).
				WithRelated(env[name].place.at, "first set here")
		}
		env[name] = variable{strings.TrimSpace(value), optionPlace(o, key).find(line)}
	}
	return env, nil
}

// environmentSection reads the options of a section.
func environmentSection(ctx context.Context, o parts.Options, name string) (environment, error) {
	section, err := o.Section(ctx, name)
	if err != nil {
		return nil, err
	}
	env := environment{}
	for _, key := range section.Keys() {
		env[key] = variable{optionText(section, key), optionPlace(section, key)}
	}
	return env, nil
}

// resolve formats the values with the process environment base. They do not
// see each other.
func (e environment) resolve(base []string) (map[string]string, error) {
	outer := run.ParseEnv(base)
	values := make(map[string]string, len(e))
	for _, name := range slices.Sorted(maps.Keys(e)) {
		v := e[name]
		value, err := formatPercent(v.value, func(key string) (string, error) {
			if value, ok := outer[key]; ok {
				return value, nil
			}
			return "", v.place.fail(codeBadEnvironment, "the value of %s needs the environment variable %s, which is not set", name, key)
		})
		if err != nil {
			return nil, v.place.percent(err)
		}
		values[name] = value
	}
	return values, nil
}

// sayEnvironment tells the variables that a part sets.
func sayEnvironment(w *parts.Work, values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		w.Say(event.Info, "[ENV] "+name+" = "+values[name])
	}
}
