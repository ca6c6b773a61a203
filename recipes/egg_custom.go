package recipes

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/eggs"
	"gobuild/parts/literal"
	"gobuild/parts/pep"
	"gobuild/parts/run"
)

// eggBuildOptions are the options of recipes that compile modules.
var eggBuildOptions = []parts.OptionSpec{
	{Name: "include-dirs", Doc: "Directories with header files, one on each line; relative ones count from the buildout directory."},
	{Name: "library-dirs", Doc: "Directories with libraries, for the linker."},
	{Name: "rpath", Doc: "Directories with libraries, for the time when the module is loaded. $ORIGIN, $LIB and $PLATFORM stay as they are."},
	{Name: "libraries", Doc: "Names of libraries to link, separated by blanks."},
	{Name: "define", Doc: "Macros of the preprocessor, separated by commas."},
	{Name: "undef", Doc: "Macros to undefine."},
	{Name: "link-objects", Doc: "Objects to link."},
	{Name: "compiler", Doc: "The kind of the compiler."},
	{Name: "debug", Doc: "Compile with information for debuggers."},
	{Name: "force", Doc: "Compile again what is there."},
	{Name: "swig", Doc: "Path of SWIG."},
	{Name: "swig-cpp", Doc: "Let SWIG make C++."},
	{Name: "swig-opts", Doc: "Options of SWIG."},
	{Name: "environment", Doc: "Name of a section with variables of the environment. `%(NAME)s` in a value is the variable NAME, those set before included."},
	{Name: "setup-eggs", Doc: "Requirements that the build imports: they are installed before, with their pins."},
	{Name: "_environment-data", Computed: true, Doc: "The environment of the section, as Python."},
}

func eggCustomSpec() parts.Spec {
	options := []parts.OptionSpec{
		{Name: "egg", Doc: "The requirement. Default: the name of the section."},
		{Name: "eggs", Doc: "The same, by an older name."},
		{Name: "patches", Doc: "Patches to apply to the sources, each URL or path with `#MD5` or without."},
		{Name: "patch-options", Default: "-p0", Doc: "Options of the patch program."},
		{Name: "patch-revision", Doc: "The number behind SlapOSPatched in the version; default: how many patches there are."},
	}
	return parts.Spec{
		Names: []string{"egg-custom", "zc.recipe.egg:custom"},
		Doc: `Builds a distribution from source into develop-eggs, against libraries of the profile.

It is built without isolation, with the build requirements of the project and
setup-eggs, each pinned like any other egg. Offline nothing is done.

` + eggVersionDoc,
		Open: true, Builds: true, Feeds: eggWorkshop, Options: slices.Concat(options, eggBuildOptions, eggOptions),
		Recipe: eggCustomRecipe{},
	}
}

func eggDevelopSpec() parts.Spec {
	options := []parts.OptionSpec{
		{Name: "setup", Required: true, Doc: "The directory of the project, or its setup.py."},
		{Name: "egg", Doc: "The name of the project, for other sections to refer to."},
	}
	return parts.Spec{
		Names: []string{"egg-develop", "zc.recipe.egg:develop"},
		Doc: `Lets eggs be used from the directory in which they are developed.

A link in develop-eggs leads to the project, whose modules are compiled where
they stand. The same is done for the directories that [buildout] develop lists.`,
		Open: true, Builds: true, Feeds: eggWorkshop, After: eggWorkshop, Options: slices.Concat(options, eggBuildOptions, eggOptions),
		Recipe: eggDevelopRecipe{},
	}
}

type eggCustomRecipe struct{}

// eggBuild is what recipes that compile have in common.
type eggBuild struct {
	eggSource
	place       place // of the requirement or the project
	target      string
	options     []eggs.Option
	setup       []string
	environment []eggVariable
}

// eggVariable is a line of the environment section.
type eggVariable struct {
	name, value string
	place       place
}

// eggCustomAction builds a distribution.
type eggCustomAction struct{ eggBuild }

// Prepare reads the options. SPEC-recipes 9.2.
func (eggCustomRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	b, err := newEggBuild(ctx, o)
	if err != nil {
		return nil, err
	}
	key := "egg"
	if _, _, ok := o.Lookup("egg"); !ok {
		key = "eggs"
	}
	b.place = optionPlace(o, key)
	b.target = cmp.Or(strings.TrimSpace(optionText(o, key)), o.Name())
	r, err := pep.ParseRequirement(b.target)
	if err != nil {
		return nil, b.place.fail(codeBadValue, "%v", err)
	}
	if len(optionWords(o, "patches")) > 0 {
		patch, err := newEggPatch(o, "")
		if err != nil {
			return nil, err
		}
		b.patches[r.Name] = patch
	}
	return &eggCustomAction{*b}, nil
}

func newEggBuild(ctx context.Context, o parts.Options) (*eggBuild, error) {
	source, err := newEggSource(ctx, o)
	if err != nil {
		return nil, err
	}
	b := &eggBuild{eggSource: *source, setup: optionLines(o, "setup-eggs")}
	b.extension(o, optionText(source.buildout, "directory"))
	if name := strings.TrimSpace(optionText(o, "environment")); name != "" {
		section, err := eggSectionOf(ctx, o, "environment", name)
		if err != nil {
			return nil, err
		}
		for _, key := range section.Keys() {
			b.environment = append(b.environment, eggVariable{key, optionText(section, key), optionPlace(section, key)})
		}
		eggInOrder(b.environment)
	}
	items := []string{}
	for _, v := range slices.SortedFunc(slices.Values(b.environment), func(a, b eggVariable) int { return cmp.Compare(a.name, b.name) }) {
		items = append(items, "("+literal.Quote(v.name)+", "+literal.Quote(v.value)+")")
	}
	o.Set("_environment-data", "["+strings.Join(items, ", ")+"]")
	return b, nil
}

// eggInOrder brings variables into the order in which a file sets them: a value
// may use those before it.
func eggInOrder(variables []eggVariable) {
	slices.SortStableFunc(variables, func(a, b eggVariable) int {
		from, to := a.place.at.From, b.place.at.From
		if from.Src != to.Src {
			return 0
		}
		return cmp.Compare(from.Offset, to.Offset)
	})
}

// eggSpecial are beginnings of rpath that the loader knows.
var eggSpecial = []string{"$ORIGIN", "$LIB", "$PLATFORM", "${ORIGIN}", "${LIB}", "${PLATFORM}"}

// extension reads the options of build_ext.
func (b *eggBuild) extension(o parts.Options, directory string) {
	set := func(key, value string) {
		b.options = append(b.options, eggs.Option{Name: strings.ReplaceAll(key, "-", "_"), Value: value})
	}
	for _, key := range []string{"include-dirs", "library-dirs", "rpath"} {
		if _, _, ok := o.Lookup(key); !ok {
			continue
		}
		var paths []string
		for _, path := range optionLines(o, key) {
			special := key == "rpath" && slices.ContainsFunc(eggSpecial, func(s string) bool { return strings.HasPrefix(path, s) })
			if !special {
				path = cookbookJoin(directory, path)
			}
			paths = append(paths, path)
		}
		value := strings.Join(paths, ":")
		o.Set(key, value)
		set(key, value)
	}
	if swig := optionText(o, "swig"); swig != "" {
		swig = cookbookJoin(directory, swig)
		o.Set("swig", swig)
		set("swig", swig)
	}
	for _, key := range []string{"define", "undef", "libraries", "link-objects", "debug", "force", "compiler", "swig-cpp", "swig-opts"} {
		if value, _, ok := o.Lookup(key); ok {
			set(key, value)
		}
	}
}

// environ is the environment of the build: each variable is formatted with those
// before it set.
func (b *eggBuild) environ(base []string) ([]string, error) {
	values := map[string]string{}
	for _, v := range b.environment {
		value, err := formatPercent(v.value, func(key string) (string, error) {
			if set, ok := values[key]; ok {
				return set, nil
			}
			if had, ok := run.LookupEnv(base, key); ok {
				return had, nil
			}
			return "", percentError("there is no variable " + key)
		})
		if err != nil {
			return nil, v.place.fail(codeBadValue, "%v", err)
		}
		values[v.name] = value
	}
	return run.MergeEnv(base, values), nil
}

func (b *eggBuild) buildOptions(w *parts.Work) (eggs.BuildOptions, error) {
	environ, err := b.environ(w.Proc.Environ())
	return eggs.BuildOptions{Extension: b.options, Setup: b.setup, Environ: environ}, err
}

// Run builds the egg. Offline it does nothing.
func (a *eggCustomAction) Run(ctx context.Context, w *parts.Work) error {
	if w.Offline {
		return nil
	}
	r, done, err := a.ready(ctx, w)
	if err != nil {
		return err
	}
	defer done()
	options, err := a.buildOptions(w)
	if err != nil {
		return err
	}
	w.Step("build")
	r.Making = w.Own
	location, err := eggs.Build(ctx, r, a.target, options)
	if err == nil && filepath.Dir(location) == r.DevelopEggs {
		w.Own(location) // it may have been there
	}
	return eggFault(a.place, []string{a.target}, err)
}

// Update is Run: there may be another pin.
func (a *eggCustomAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// MustReinstall reports whether the egg is gone.
func (a *eggCustomAction) MustReinstall(old parts.Record) bool {
	return slices.ContainsFunc(old.Paths, func(path string) bool { return filepath.IsAbs(path) && !eggThere(path) })
}

type eggDevelopRecipe struct{}

// eggDevelopAction links a project.
type eggDevelopAction struct{ eggBuild }

// Prepare reads the options. SPEC-recipes 9.3.
func (eggDevelopRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	setup, err := requirePath(o, "setup")
	if err != nil {
		return nil, err
	}
	b, err := newEggBuild(ctx, o)
	if err != nil {
		return nil, err
	}
	b.place, b.target = optionPlace(o, "setup"), cookbookJoin(optionText(b.buildout, "directory"), setup)
	o.Set("setup", b.target)
	return &eggDevelopAction{*b}, nil
}

// Run makes the link.
func (a *eggDevelopAction) Run(ctx context.Context, w *parts.Work) error {
	r, done, err := a.ready(ctx, w)
	if err != nil {
		return err
	}
	defer done()
	options, err := a.buildOptions(w)
	if err != nil {
		return err
	}
	w.Step("develop")
	r.Making = w.Own
	_, err = eggs.Develop(ctx, r, workPath(w, a.target), options)
	return a.place.wrap(err)
}

// Update makes the link anew when the project has changed.
func (a *eggDevelopAction) Update(ctx context.Context, w *parts.Work) error {
	if eggs.Unchanged(workPath(w, a.target), workPath(w, a.request.DevelopEggs)) {
		return nil
	}
	return a.Run(ctx, w)
}

// eggThere reports whether a path exists.
func eggThere(path string) bool {
	_, err := filepath.EvalSymlinks(path)
	return err == nil
}
