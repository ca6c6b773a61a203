package recipes

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// hexagoncmmiSuffix is added to the location for the name of the build
// directory.
const hexagoncmmiSuffix = "__compile__"

func hexagonCmmiSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"hexagoncmmi", "hexagonit.recipe.cmmi"},
		Doc: `Builds software from source as hexagonit.recipe.cmmi does.

The archive of url is unpacked into LOCATION__compile__, configured, built and
installed there; path names a directory that is built in place instead. There
is no %(option)s, and the shell does not run under set -e. Neither a failed
build nor what was in the location before is removed; gobuild resume goes on at
the step that failed. Links in an archive stay links; the Python recipe makes
files of those to files, and leaves out others. For new profiles use cmmi.`,
		Options:   hexagoncmmiOptions(),
		Open:      true,
		Builds:    true,
		Mountable: true,
		Version:   1,
		Recipe:    hexagoncmmi{},
	}
}

func hexagoncmmiOptions() []parts.OptionSpec {
	return append([]parts.OptionSpec{
		{Name: "url", Doc: "URL or path of the source archive. Exactly one of url and path is needed."},
		{Name: "path", Doc: "Directory with the sources, which is built in place and never removed."},
		{Name: "strip-top-level-dir", Default: "false", Doc: "yes, true, 1 or on: the single top directory of the archive is left out."},
		{Name: "excludes", Doc: "Lines with patterns of files of the archive that are left out."},
		{Name: "prefix", Default: "${:location}", Doc: "Where the software is told to be installed."},
		{Name: "environment-section", Doc: "Section whose options are environment variables."},
		{Name: "environment", Doc: "Lines NAME=value, which go before environment-section. Blanks around value count. %(NAME)s is a variable of the process environment."},
		{Name: "patches", Doc: "Files with patches, separated by blanks. A relative path is one in the sources."},
		{Name: "patch-binary", Default: "patch", Doc: "Command that applies a patch from its input."},
		{Name: "patch-options", Default: "-p0", Doc: "Options of patch-binary."},
		{Name: "pre-configure-hook", Doc: "Python hook, FILE.py:FUNCTION, called before configure."},
		{Name: "configure-command", Default: "./configure", Doc: "Command that configures."},
		{Name: "configure-options", Doc: `Options of configure-command. Without a configure-command and without --prefix in it, --prefix="PREFIX" is put first.`},
		{Name: "pre-make-hook", Doc: "Python hook, called before make."},
		{Name: "make-binary", Default: "make", Doc: "Command that builds."},
		{Name: "make-options", Doc: "Options of make-binary."},
		{Name: "make-targets", Default: "install", Doc: "Targets of the install step."},
		{Name: "post-make-hook", Doc: "Python hook, called after make install."},
		{Name: "keep-compile-dir", Default: "false", Doc: "yes, true, 1 or on: the build directory is kept, as a path of the part."},
		{Name: "location", Computed: true, Doc: "Where the part lives."},
		{Name: "compile-directory", Computed: true, Doc: "Where the sources are: LOCATION__compile__ or path."},
	}, sumOptionSpecs()...)
}

// hexagoncmmi is the recipe.
type hexagoncmmi struct{}

// hexagoncmmiAction is a part that is ready to be built.
type hexagoncmmiAction struct {
	options  optionSnapshot
	archive  *hexagondownloadAction // nil when path is used
	env      environment
	hooks    map[string]hook
	sections map[string]map[string]string // what hooks may read
	keep     bool                         // the build directory stays
}

// Prepare reads and checks the options, and sets location, prefix, url, path
// and compile-directory.
func (hexagoncmmi) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	a := &hexagoncmmiAction{}
	var err error
	if a.env, err = hexagoncmmiEnvironment(ctx, o); err != nil {
		return nil, err
	}
	if a.hooks, err = hookOptions(o, cmmiHooks...); err != nil {
		return nil, err
	}
	a.sections = hookSections(ctx, o, a.hooks)
	location, err := o.Location(false)
	if err != nil {
		return nil, err
	}
	o.Set("location", location.Path)
	if _, _, ok := o.Lookup("prefix"); !ok {
		o.Set("prefix", location.Path)
	}
	if err := a.source(o, location.Path+hexagoncmmiSuffix); err != nil {
		return nil, err
	}
	a.keep, _ = optionBoolWords(o, "keep-compile-dir", false, hexagondownloadWords, nil)
	a.options = snapshotOptions(o)
	return a, nil
}

// source reads where the sources are, and sets compile-directory.
func (a *hexagoncmmiAction) source(o parts.Options, compile string) error {
	url, path := strings.TrimSpace(optionText(o, "url")), strings.TrimSpace(optionText(o, "path"))
	o.Set("url", url)
	o.Set("path", path)
	switch {
	case url != "" && path != "":
		return optionError(o, "path", codeConflict, `You must use either "url" or "path", not both!`).
			WithRelated(optionPlace(o, "url").at, "url is set here")
	case path != "":
		o.Set("compile-directory", path)
		return nil
	case url == "":
		return &diag.Diagnostic{
			Code: codeMissingOption, At: o.Header(), Path: []string{o.Name()},
			Msg: `You must provide either "url" or "path".`, Hint: diag.DidYouMean("url", o.Keys()),
		}
	}
	o.Set("compile-directory", compile)
	request, err := hexagondownloadRequest(o)
	if err != nil {
		return err
	}
	a.archive = &hexagondownloadAction{place: optionPlace(o, "url"), request: request, destination: compile}
	a.archive.strip = slices.Contains(hexagondownloadWords, strings.ToLower(strings.TrimSpace(optionText(o, "strip-top-level-dir"))))
	for _, line := range optionLines(o, "excludes") {
		a.archive.excludes = append(a.archive.excludes, hexagondownloadCompile(line))
	}
	return nil
}

// hexagoncmmiEnvironment reads environment-section, if it exists, and
// environment, whose values are not stripped.
func hexagoncmmiEnvironment(ctx context.Context, o parts.Options) (environment, error) {
	env := environment{}
	if name := strings.TrimSpace(optionText(o, "environment-section")); name != "" && o.Has(name) {
		section, err := environmentSection(ctx, o, name)
		if err != nil {
			return nil, err
		}
		env = section
	}
	for line := range strings.Lines(optionText(o, "environment")) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, optionError(o, "environment", codeBadEnvironment, "Invalid environment variable definition: %s", line).
				WithHint("a line is NAME=value")
		}
		env[name] = variable{value, optionPlace(o, "environment")}
	}
	return env, hexagoncmmiCheck(env)
}

// hexagoncmmiCheck tells whether all values can be formatted.
func hexagoncmmiCheck(env environment) error {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		v := env[name]
		if _, err := formatPercent(v.value, func(string) (string, error) { return "", nil }); err != nil {
			return v.place.percent(err)
		}
	}
	return nil
}
