package eggs

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/pep"
	"gobuild/parts/run"
)

// maxBuilding limits builds that need builds that need builds.
const maxBuilding = 8

// BuildOptions say how a project is built.
type BuildOptions struct {
	// Extension are options of build_ext, in order.
	Extension []Option
	// Setup are requirements that its build may import beside its own.
	Setup []string
	// Environ is the complete environment; nil means that of Request.Proc.
	Environ []string
}

// Option is a line of a section of setup.cfg.
type Option struct{ Name, Value string }

// Build returns the egg of a requirement in develop-eggs. What is not there, nor
// in the eggs directory, is built from its source distribution.
func Build(ctx context.Context, r Request, requirement string, o BuildOptions) (string, error) {
	w, err := newWorkingSet(ctx, r)
	if err != nil {
		return "", err
	}
	want, err := w.parse(requirement, "")
	if err == nil {
		want, err = w.constrain(want)
	}
	if err != nil {
		return "", err
	}
	have, certain := w.best(want)
	if have != nil && (certain || !w.Newest || w.Offline) {
		_, err := w.use(*have, want)
		return have.location, err
	}
	if w.Offline {
		return "", w.lacking(want)
	}
	offers, failed := w.offers(ctx, want.Key())
	offers = slices.DeleteFunc(slices.Clone(offers), func(a artifact) bool { return a.wheel })
	a := w.pick(want, offers)
	if have != nil && (a == nil || a.parsed.Compare(have.parsed) <= 0) {
		return have.location, nil
	}
	if a == nil && failed != nil {
		return "", failed
	}
	if a == nil {
		return "", diag.At(diag.Span{}, "egg-missing", "Couldn't find a source distribution for %s.", quoted(want.String())).
			WithHint("%v", w.nowhere(want).(*diag.Diagnostic).Hint)
	}
	return w.placeEgg(ctx, want, *a, w.DevelopEggs, o)
}

// build makes a wheel of a source distribution in temp.
func (w *workingSet) build(ctx context.Context, a artifact, archive, temp string, o BuildOptions) (string, error) {
	source := filepath.Join(temp, "source")
	if err := os.Mkdir(source, 0o777); err != nil {
		return "", err
	}
	if err := w.Fetch.Unpack(ctx, archive, source, parts.StripAuto); err != nil {
		return "", err
	}
	if patch := w.patchOf(a.key); patch != nil {
		if err := patch.apply(ctx, w, source); err != nil {
			return "", err
		}
	}
	if err := editSetup(source, o.Extension); err != nil {
		return "", err
	}
	b, err := w.builder(ctx, source, temp, o, "get_requires_for_build_wheel")
	if err != nil {
		return "", err
	}
	return b.wheel(ctx)
}

// editSetup adds options to setup.cfg of a project.
func editSetup(dir string, options []Option) error {
	if len(options) == 0 {
		return nil
	}
	path := filepath.Join(dir, "setup.cfg")
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(withSection(string(text), "build_ext", options)), 0o666)
}

// withSection replaces options in a section of an INI file, which is added when
// it is not there.
func withSection(text, section string, options []Option) string {
	var lines []string
	for _, o := range options {
		lines = append(lines, o.Name+" = "+strings.ReplaceAll(strings.TrimSpace(o.Value), "\n", "\n\t")+"\n")
	}
	replaced := func(line string) bool {
		name, _, _ := strings.Cut(strings.Replace(line, ":", "=", 1), "=")
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		return slices.ContainsFunc(options, func(o Option) bool { return o.Name == name })
	}
	var b strings.Builder
	inside, found, dropping := false, false, false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "["):
			b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
			if inside = strings.TrimSpace(line) == "["+section+"]"; inside && !found {
				b.WriteString(strings.Join(lines, ""))
				found = true
			}
			dropping = false
			continue
		case line[0] == ' ' || line[0] == '\t':
		default:
			dropping = inside && replaced(line)
		}
		if !dropping {
			b.WriteString(line)
		}
	}
	if found {
		return b.String()
	}
	if text = b.String(); text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + "[" + section + "]\n" + strings.Join(lines, "")
}

// builder builds one project.
type builder struct {
	*workingSet
	system      buildSystem
	source      string
	temp        string
	environ     []string
	importable  []string // directories that its build imports from
	bundledPip  bool
	requirement []Dist
}

//go:embed hook.py
var hookScript string

// builder makes ready what the build of a project needs: hook tells what it
// needs beyond what it says in pyproject.toml.
func (w *workingSet) builder(ctx context.Context, source, temp string, o BuildOptions, hook string) (*builder, error) {
	b := &builder{workingSet: w, system: readBuildSystem(source), source: source, temp: temp, environ: o.Environ}
	if b.environ == nil {
		b.environ = w.Proc.Environ()
	}
	if b.system.isSetuptools() && hook == "get_requires_for_build_sdist" {
		b.system.requires = slices.DeleteFunc(b.system.requires, func(r string) bool { return namesProject(r, "wheel") })
	}
	if w.building >= maxBuilding {
		return nil, diag.At(diag.Span{}, "egg-build", "what %s is built with needs itself to be built", filepath.Base(source))
	}
	if err := b.need(ctx, slices.Concat(o.Setup, b.system.requires)); err != nil {
		return nil, err
	}
	var more []string
	if err := b.call(ctx, hook, []any{nil}, &more); err != nil {
		return nil, err
	}
	if len(more) > 0 {
		if err := b.need(ctx, slices.Concat(o.Setup, b.system.requires, more)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// namesProject reports whether a requirement is for the project key.
func namesProject(requirement, key string) bool {
	r, err := pep.ParseRequirement(requirement)
	return err == nil && r.Key() == key
}

// need finds or installs what the build imports.
func (b *builder) need(ctx context.Context, requirements []string) error {
	r := b.Request
	r.Requirements, r.Picked, r.PinnedOnly, r.Newest, r.building = requirements, nil, false, false, b.building+1
	r.outer = b.workingSet
	dists, err := Ensure(ctx, r)
	if err != nil {
		return err
	}
	b.look() // more is there now
	b.requirement, b.importable = dists, nil
	for _, d := range dists {
		if !d.own && !slices.Contains(b.importable, d.Location) {
			b.importable = append(b.importable, d.Location)
		}
	}
	return b.tools()
}

// tools makes the scripts of what the build needs, for its PATH.
func (b *builder) tools() error {
	dir := filepath.Join(b.temp, "bin")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, d := range b.requirement {
		for _, e := range d.EntryPoints["console_scripts"] {
			text := "#!" + b.python.Path + "\nimport sys\nimport " + e.Module + "\nsys.exit(" + e.Module + "." + e.Attr + "())\n"
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(e.Name)), []byte(text), 0o777); err != nil {
				return err
			}
		}
		for name, path := range d.Scripts {
			if err := b.tool(filepath.Join(dir, name), path); err != nil {
				return err
			}
		}
	}
	return nil
}

// tool puts a script of a distribution into PATH.
func (b *builder) tool(to, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if first, rest, _ := strings.Cut(string(text), "\n"); strings.HasPrefix(first, "#!python") {
		text = []byte("#!" + b.python.Path + "\n" + rest)
	}
	os.Remove(to)
	return os.WriteFile(to, text, 0o777)
}

// env is the environment of the build.
func (b *builder) env() []string {
	paths := slices.Concat(b.importable, b.Path)
	change := map[string]string{"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
	set := func(name string, first []string) {
		if len(first) == 0 {
			return
		}
		if old, _ := run.LookupEnv(b.environ, name); old != "" {
			first = append(slices.Clone(first), old)
		}
		change[name] = strings.Join(first, ":")
	}
	if _, own := run.LookupEnv(b.environ, "LDSHARED"); !own && b.python.Linker != "" {
		change["LDSHARED"] = b.python.Linker
	}
	set("PATH", []string{filepath.Join(b.temp, "bin")})
	set("PYTHONEXTRAPATH", paths)
	if b.bundledPip {
		paths = append([]string{b.python.Bundled}, paths...)
	}
	set("PYTHONPATH", paths)
	return run.MergeEnv(b.environ, change)
}

// call calls a hook of the backend. A hook that it does not have changes nothing
// in value.
func (b *builder) call(ctx context.Context, hook string, args []any, value any) error {
	file := filepath.Join(b.temp, "answer.json")
	job, err := json.Marshal(map[string]any{
		"backend": b.system.backend, "path": absoluteIn(b.source, b.system.path), "hook": hook, "args": args, "answer": file})
	if err != nil {
		return err
	}
	argv := []string{b.python.Path, "-c", hookScript, string(job)}
	err = b.Proc.Run(ctx, parts.Command{Argv: argv, Dir: b.source, Env: b.env(), Step: "build", Show: hook + " of " + b.system.backend})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &struct{ Value any }{value})
}

func absoluteIn(dir string, paths []string) []string {
	list := []string{}
	for _, path := range paths {
		list = append(list, filepath.Join(dir, path))
	}
	return list
}

// wheel builds the wheel, by pip or uv.
func (b *builder) wheel(ctx context.Context) (string, error) {
	out := filepath.Join(b.temp, "wheel")
	argv, err := b.command(out)
	if err != nil {
		return "", err
	}
	if err := b.Proc.Run(ctx, parts.Command{Argv: argv, Dir: b.source, Env: b.env(), Step: "build"}); err != nil {
		return "", err
	}
	wheels, _ := filepath.Glob(filepath.Join(globQuote(out), "*.whl"))
	if len(wheels) != 1 {
		return "", diag.At(diag.Span{}, "egg-build", "the build of %s has made %d wheels", b.source, len(wheels))
	}
	return wheels[0], nil
}

// command is the program that builds: pip of the Python, uv, or the pip that
// comes with the Python.
func (b *builder) command(out string) ([]string, error) {
	pip := []string{b.python.Path, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", out, b.source}
	if b.python.Pip {
		return pip, nil
	}
	if uv, err := run.LookPath("uv", b.Dir, b.environ); err == nil {
		return []string{uv, "build", "--wheel", "--no-build-isolation", "--offline", "--python", b.python.Path, "-o", out, b.source}, nil
	}
	if b.python.Bundled != "" {
		b.bundledPip = true
		return pip, nil
	}
	return nil, diag.At(diag.Span{}, "egg-python", "%s has no pip, and there is no uv: nothing can be built from source", b.python.Path).
		WithHint("install pip into that Python, or put uv into PATH")
}
