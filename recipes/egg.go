package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/eggs"
	"gobuild/parts/literal"
	"gobuild/parts/pep"
)

// eggWorkshop is what parts that make eggs of this buildout and parts that use
// them have in common: the latter wait for the former before them.
const eggWorkshop = "develop-eggs"

// eggOptions are the options that all recipes of zc.recipe.egg have.
var eggOptions = []parts.OptionSpec{
	{Name: "find-links", Doc: "Directories, archives and pages with links to archives, beside the index; default: those of [buildout]."},
	{Name: "index", Doc: "The index to ask; default: that of [buildout], or of pip's configuration."},
	{Name: "versions", Doc: "Names of sections with pins that count for this part, besides those of [buildout] versions."},
	{Name: "egg-versions", Doc: "Pins that count for this part, as lines `NAME = VERSION`."},
	{Name: "patch-binary", Default: "patch", Doc: "The program that applies patches."},
	{Name: "_d", Computed: true, Doc: "develop-eggs-directory of [buildout]."},
	{Name: "_e", Computed: true, Doc: "eggs-directory of [buildout]."},
}

// eggVersionDoc tells what a pin may be.
const eggVersionDoc = `Versions come from the section that [buildout] versions names: a version, ` + "`==`" + ` and
a version, or specifiers such as ` + "`>=1,<2`" + `. Behind a version may stand ` + "`:whl`" + `, for a
wheel where sources are preferred, and ` + "`#sha256=HEX`" + `, the checksum of the archive.
allow-picked-versions = false refuses others. docs/eggs.md has the rest.`

func eggSpec() parts.Spec {
	return eggScriptsSpec([]string{"egg", "zc.recipe.egg", "zc.recipe.egg:scripts", "zc.recipe.egg:script"}, true,
		`Installs Python distributions, and makes scripts that use them.

Each distribution has a directory of its own in eggs-directory, as with
zc.buildout, and a script names exactly those that it uses. What is missing is
downloaded; a distribution without wheel is built by pip.

`+eggVersionDoc)
}

func eggEggsSpec() parts.Spec {
	return eggScriptsSpec([]string{"egg-only", "zc.recipe.egg:eggs"}, false,
		`Installs Python distributions, without scripts.

`+eggVersionDoc)
}

func eggScriptsSpec(names []string, scripts bool, doc string) parts.Spec {
	options := []parts.OptionSpec{
		{Name: "eggs", Doc: "Requirements, one on each line: `name`, `name[extra]`, `name>=1; marker`. Default: the name of the section."},
		{Name: "eggs-directory", Computed: true, Doc: "That of [buildout]."},
		{Name: "develop-eggs-directory", Computed: true, Doc: "That of [buildout]."},
	}
	if scripts {
		options = append(options, eggScriptOptions...)
	}
	return parts.Spec{
		Names: names, Doc: doc, Open: true, Options: append(options, eggOptions...),
		After: eggWorkshop, Recipe: eggRecipe{scripts},
	}
}

type eggRecipe struct{ scripts bool }

// eggAction installs distributions and makes their scripts.
type eggAction struct {
	eggSource
	place        place // of the requirements
	requirements []string
	scripts      *eggScripts // nil for none
}

// Prepare reads the options. SPEC-recipes 9.1.
func (r eggRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	source, err := newEggSource(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &eggAction{eggSource: *source, place: optionPlace(o, "eggs"), requirements: optionLines(o, "eggs")}
	if _, _, ok := o.Lookup("eggs"); !ok {
		a.requirements = []string{o.Name()}
	}
	for _, name := range []string{"eggs-directory", "develop-eggs-directory"} {
		o.Set(name, optionText(source.buildout, name))
	}
	if r.scripts {
		if a.scripts, err = newEggScripts(o, source.buildout); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Excludes keeps parts that would install the same eggs at the same time from
// doing so: the second finds what the first has installed.
func (a *eggAction) Excludes() string { return "eggs " + a.request.EggsDirectory }

// Run installs what is missing and writes the scripts.
func (a *eggAction) Run(ctx context.Context, w *parts.Work) error {
	dists, err := a.workingSet(ctx, w)
	if err != nil || a.scripts == nil {
		return err
	}
	return a.scripts.write(ctx, w, a, dists)
}

// Update is Run: there may be newer versions.
func (a *eggAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// Refreshes says that the scripts are written again when they differ.
func (a *eggAction) Refreshes() bool { return true }

func (a *eggAction) workingSet(ctx context.Context, w *parts.Work) ([]eggs.Dist, error) {
	r, done, err := a.ready(ctx, w)
	if err != nil {
		return nil, err
	}
	defer done()
	r.Requirements = a.requirements
	dists, err := eggs.Ensure(ctx, r)
	return dists, eggFault(a.place, a.requirements, err)
}

// eggFault gives an error its place: the requirement that its text names, or all
// of them.
func eggFault(at place, requirements []string, err error) error {
	list, ok := err.(diag.List)
	if !ok {
		var d *diag.Diagnostic
		if errors.As(err, &d) {
			list = diag.List{d}
		}
	}
	for _, d := range list {
		here := at
		for _, requirement := range requirements {
			if strings.Contains(d.Msg+d.Hint, literal.Quote(requirement)) || strings.Contains(d.Msg, " "+requirement+"\n") {
				here = at.find(requirement)
				break
			}
		}
		if !d.At.IsValid() {
			d.At = here.at
		}
		d.WithPath(here.path...)
	}
	if len(list) > 0 {
		return err
	}
	return at.wrap(err)
}

// eggSource is where the distributions of a part come from.
type eggSource struct {
	buildout parts.Options
	request  eggs.Request
	patches  map[string]*eggPatch
	python   eggPython
}

// newEggSource reads what all recipes of zc.recipe.egg read, and sets what they
// set.
func newEggSource(ctx context.Context, o parts.Options) (*eggSource, error) {
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return nil, err
	}
	s := &eggSource{buildout: buildout}
	text := func(key string) string {
		value, _, ok := o.Lookup(key)
		if !ok {
			value = optionText(buildout, key)
		}
		return value
	}
	links := strings.Fields(text("find-links"))
	if len(links) > 0 {
		o.Set("find-links", strings.Join(links, "\n"))
	}
	index := text("index")
	if index != "" {
		o.Set("index", index)
	}
	is := func(key string) bool { return optionText(buildout, key) == "true" }
	s.request = eggs.Request{
		EggsDirectory: optionText(buildout, "eggs-directory"), DevelopEggs: optionText(buildout, "develop-eggs-directory"),
		FindLinks: links, Index: index, AllowHosts: eggHosts(optionText(buildout, "allow-hosts")),
		DownloadCache: optionText(buildout, "download-cache"), CacheOnly: is("install-from-cache"), Newest: is("newest"),
		Prereleases: optionText(buildout, "prefer-final") == "false", PinnedOnly: optionText(buildout, "allow-picked-versions") == "false",
		AnyExtras: is("allow-unknown-extras"), SourceFirst: eggSourceFirst(o),
	}
	o.Set("_d", s.request.DevelopEggs)
	o.Set("_e", s.request.EggsDirectory)
	if s.request.Versions, err = eggVersions(ctx, o, buildout); err != nil {
		return nil, err
	}
	if s.patches, err = eggPatches(o); err != nil {
		return nil, err
	}
	s.python, err = newEggPython(ctx, o, buildout)
	return s, err
}

// eggHosts are the patterns of allow-hosts; `*` alone is all of them.
func eggHosts(text string) []string {
	hosts := strings.Fields(text)
	for _, host := range hosts {
		if host == "*" {
			return nil
		}
	}
	return hosts
}

// eggSourceFirst reports whether distributions with compiled files are built from
// source where there is one: SlapOS builds them against its own libraries.
func eggSourceFirst(o parts.Options) bool {
	h, ok := o.(parts.Host)
	return ok && h.Session() != nil && h.Session().SlapOS
}

// eggVersions are the pins that count for a part.
func eggVersions(ctx context.Context, o, buildout parts.Options) (map[string]string, error) {
	pins := map[string]string{}
	for _, from := range []parts.Options{buildout, o} {
		for _, name := range optionWords(from, "versions") {
			section, err := eggSectionOf(ctx, from, "versions", name)
			if err != nil {
				return nil, err
			}
			for _, key := range section.Keys() {
				if key != "recipe" && !strings.HasPrefix(key, "_") && key != "<" {
					pins[key] = optionText(section, key)
				}
			}
		}
	}
	for _, line := range optionLines(o, "egg-versions") {
		name, version, ok := strings.Cut(line, "=")
		if !ok {
			return nil, optionError(o, "egg-versions", codeBadValue, "%q is not NAME = VERSION", line)
		}
		pins[strings.TrimSpace(name)] = strings.TrimSpace(version)
	}
	return pins, nil
}

// eggSectionOf returns the section that an option names.
func eggSectionOf(ctx context.Context, o parts.Options, key, name string) (parts.Options, error) {
	if !o.Has(name) {
		return nil, optionError(o, key, codeBadValue, "The referenced section, '%s', was not defined.", name)
	}
	return o.Section(ctx, name)
}

// ready completes the request with what serves one run. done is called after it.
func (s *eggSource) ready(ctx context.Context, w *parts.Work) (r eggs.Request, done func(), err error) {
	r = s.request
	r.Dir, r.State, r.Temp = w.Dir, filepath.Join(w.Dir, eggState), w.Temp
	r.Proc, r.Fetch, r.Log, r.Offline = w.Proc, w.Fetch, w.Log, w.Offline
	r.Say = func(text string) { w.Say(event.Info, text) }
	r.Python = s.python.path
	r.Picked = func(p eggs.Pick) { eggPicked(w, s.buildout, p) }
	r.EggsDirectory, r.DevelopEggs = workPath(w, r.EggsDirectory), workPath(w, r.DevelopEggs)
	if r.DownloadCache != "" {
		r.DownloadCache = workPath(w, r.DownloadCache)
	}
	var temporary []string
	done = func() {
		for _, path := range temporary {
			os.Remove(path)
		}
	}
	r.Patches = map[string]eggs.Patch{}
	for name, patch := range s.patches {
		ready, temps, err := patch.fetch(ctx, w)
		temporary = append(temporary, temps...)
		if err != nil {
			done()
			return r, nil, err
		}
		r.Patches[name] = ready
	}
	return r, done, nil
}

// eggState is where gobuild keeps what it knows of eggs, in the buildout
// directory.
const eggState = ".gobuild"

// eggPicked tells of a version that no pin has fixed, where the profile asks for
// that.
func eggPicked(w *parts.Work, buildout parts.Options, p eggs.Pick) {
	if optionText(buildout, "show-picked-versions") == "true" {
		text := "Picked: " + p.Name + " = " + p.Version
		if p.RequiredBy != "" {
			text += " (required by " + p.RequiredBy + ")"
		}
		w.Say(event.Info, text)
	}
	if file := optionText(buildout, "update-versions-file"); file != "" {
		if err := eggAddPin(workPath(w, file), p); err != nil {
			w.Say(event.Warning, "cannot add to update-versions-file: "+err.Error())
		}
	}
}

// eggAddPin adds a version to a file of pins that does not have its name.
func eggAddPin(path string, p eggs.Pick) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = []byte("[versions]\n"), nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, "="); ok && pep.Canonical(strings.TrimSpace(name)) == pep.Canonical(p.Name) {
			return nil
		}
	}
	if !strings.HasSuffix(string(text), "\n") {
		text = append(text, '\n')
	}
	return os.WriteFile(path, append(text, p.Name+" = "+p.Version+"\n"...), 0o666)
}

// eggPython is the interpreter of a part.
type eggPython struct {
	path  string
	place place
	// given says that the profile names it: scripts begin with the path as it is.
	given bool
}

// newEggPython finds the interpreter: `executable` of the section that [buildout]
// python names, else of [buildout].
func newEggPython(ctx context.Context, o, buildout parts.Options) (eggPython, error) {
	name := strings.TrimSpace(optionText(buildout, "python"))
	if name != "" && name != "buildout" && o.Has(name) {
		section, err := o.Section(ctx, name)
		if err != nil {
			return eggPython{}, err
		}
		path, err := requireOption(section, "executable")
		if d, ok := err.(*diag.Diagnostic); ok {
			d.WithRelated(optionAt(buildout, "python"), "[buildout] python names this section as the Python of all eggs")
		}
		return eggPython{path, optionPlace(section, "executable"), true}, err
	}
	return eggPython{path: optionText(buildout, "executable"), place: optionPlace(buildout, "executable")}, nil
}

// executable is what the first lines of scripts name.
func (p eggPython) executable(ctx context.Context, w *parts.Work) (string, error) {
	python, err := eggs.FindPython(ctx, p.path, w.Dir, filepath.Join(w.Dir, eggState), w.Proc)
	if err != nil {
		return "", p.place.wrap(err)
	}
	if p.given || python.Executable == "" {
		return python.Path, nil
	}
	return python.Executable, nil
}
