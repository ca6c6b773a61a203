package buildout

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/jobs"
	"gobuild/parts/pure"
	"gobuild/parts/run"
)

// purity is what the run knows of clean environments. It does not change once
// parts are in work.
type purity struct {
	mode  pure.Mode
	tools []string              // of all parts
	parts map[string]pure.Mode  // by part that is compiled
	views map[string]*cleanView // by the tools, a word each
}

// cleanView is the environment of parts that have the same tools.
type cleanView struct {
	*pure.View
	mode     pure.Mode
	path     string // PATH
	empty    string // an empty directory, with Environment
	launcher pure.Launcher
}

// readPurity reads the options of [buildout] and of the parts.
func (e *Engine) readPurity(nodes []*plan.Node) (*purity, error) {
	p := &purity{parts: map[string]pure.Mode{}, views: map[string]*cleanView{}}
	var list diag.List
	mode, err := pure.ParseMode(strings.TrimSpace(e.early(plan.PureOption)))
	if err != nil {
		list.Add(diag.At(e.At("buildout", plan.PureOption), "bad-pure", "%v", err).WithPath("buildout", plan.PureOption).
			WithHint("true hides the host from parts that are compiled; environment does what is possible without namespaces"))
	}
	p.mode, p.tools = mode, strings.Fields(e.early(plan.HostToolsOption))
	for _, n := range nodes {
		if !n.Spec.Builds || p.mode == pure.Off {
			continue
		}
		m, err := pure.ParsePart(n.Options[plan.PureOption], p.mode)
		if err != nil {
			list.Add(diag.At(e.At(n.Part, plan.PureOption), "bad-pure", "%v", err).WithPath(n.Part, plan.PureOption).
				WithHint("`pure = false its build runs the Java of the host`: the reason is for those who read the profile"))
		}
		p.parts[n.Part] = m
	}
	return p, list.Err()
}

// toolsOf are the programs of the host that a part may use beyond the basic ones.
func (p *purity) toolsOf(options map[string]string) []string {
	tools := slices.Concat(p.tools, strings.Fields(options[plan.HostToolsOption]))
	slices.Sort(tools)
	return slices.Compact(tools)
}

// beginPurity makes the environments of all parts that are going to be compiled.
// What is not possible is an error before anything is done.
func (e *Engine) beginPurity(ctx context.Context, g *plan.Graph) (err error) {
	if e.pure, err = e.readPurity(g.Parts); err != nil || e.pure.mode == pure.Off {
		return err
	}
	if err := os.RemoveAll(e.pureDir(pure.Namespaces)); err != nil {
		return stateError(err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(e.pureDir(pure.Namespaces))
		}
	}()
	var list diag.List
	for _, n := range g.Parts {
		mode := e.pure.parts[n.Part]
		if mode == pure.Off || n.Decision == plan.Update {
			continue
		}
		tools := e.pure.toolsOf(n.Options)
		key := strings.Join(tools, " ")
		if e.pure.views[key] != nil {
			continue
		}
		v, err := e.cleanView(ctx, mode, tools, filepath.Join(e.pureDir(mode), toolsName(tools)), e.kept(g.Parts))
		if v == nil {
			return err
		}
		e.pure.views[key] = v
		for _, tool := range v.Missing {
			list.Add(e.missingTool(n, tool))
		}
	}
	return list.Err()
}

func (e *Engine) missingTool(n *plan.Node, tool string) *diag.Diagnostic {
	section := n.Part
	if slices.Contains(e.pure.tools, tool) {
		section = "buildout"
	}
	return diag.At(e.At(section, plan.HostToolsOption), "host-tool", "this machine has no program %s in PATH", tool).
		WithPath(section, plan.HostToolsOption).WithHint("install it, or let a part provide it")
}

// pureDir is where what a mode needs is kept: for links it stays, as parts may
// have written PATH down.
func (e *Engine) pureDir(mode pure.Mode) string {
	if mode == pure.Environment {
		return filepath.Join(e.stateDir(), "pure")
	}
	return filepath.Join(e.stateDir(), "tmp", ".pure")
}

// partsDirs are the directories of parts and of links to their programs.
func (e *Engine) partsDirs() []string {
	list := []string{e.path(e.Base.PartsDirectory), e.path(e.Base.BinDirectory)}
	for _, dir := range lines(e.early("shared-part-list")) {
		if dir = strings.TrimSpace(dir); dir != "" {
			list = append(list, e.path(dir))
		}
	}
	return list
}

// kept are the paths that parts see wherever they are: those of the run, of its
// profile, and local files that parts refer to.
func (e *Engine) kept(nodes []*plan.Node) []string {
	list := append(e.partsDirs(), e.Base.Directory, e.stateDir(), e.Launcher, os.TempDir(), e.Fetch.Cache, e.Fetch.DownloadCache)
	if e.Base.DownloadCache != "" {
		list = append(list, e.path(e.Base.DownloadCache))
	}
	for _, dir := range e.Fetch.Mirrors {
		list = append(list, e.path(dir))
	}
	for _, file := range e.Profile.Files {
		list = append(list, filepath.Dir(file.Name))
	}
	for _, n := range nodes {
		list = append(list, e.path(n.Options["location"]))
		for _, in := range n.Inputs() {
			list = append(list, in.Path)
		}
	}
	list = slices.DeleteFunc(list, func(path string) bool { return !filepath.IsAbs(path) || path == "/" })
	slices.Sort(list)
	return slices.Compact(list)
}

// toolsName is the name of the directory for parts with these tools.
func toolsName(tools []string) string {
	name := "bin"
	for _, tool := range tools {
		name += "-" + filepath.Base(tool)
	}
	return name
}

// cleanView makes the environment of parts with these tools in the directory dir.
// nil means that the machine does not permit it.
func (e *Engine) cleanView(ctx context.Context, mode pure.Mode, tools []string, dir string, keep []string) (*cleanView, error) {
	variable := func(name string) string { value, _ := run.LookupEnv(e.Environ, name); return value }
	view, err := pure.Look(pure.Config{
		Path: variable("PATH"), Compilers: strings.Fields(variable("CC") + " " + variable("CXX")), Tools: tools, Keep: keep, Parts: e.partsDirs()})
	if err != nil {
		return nil, diag.At(e.At("buildout", plan.PureOption), "pure-host", "no clean environment can be made on this machine: %v", err).WithCause(err).
			WithHint("install the development package of glibc (libc6-dev, glibc-devel), or leave pure out")
	}
	v := &cleanView{View: view, mode: mode, path: view.Path}
	if mode == pure.Environment {
		v.path, v.empty = dir, filepath.Join(e.pureDir(mode), "empty")
		return v, stateError(cmp.Or(view.Link(dir), os.MkdirAll(v.empty, 0o777)))
	}
	if err := view.Save(dir); err != nil {
		return nil, &StateError{err}
	}
	if v.launcher, err = pure.Permit(ctx, e.Launcher, dir); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		os.RemoveAll(dir)
		return nil, e.notPermitted(err)
	}
	return v, nil
}

// notPermitted is the error for a machine that permits no namespaces.
func (e *Engine) notPermitted(err error) error {
	cures := pure.Refusals()
	if len(cures) == 0 {
		cures = []string{"permit them (in a container its runtime does: `--security-opt seccomp=unconfined` or `--cap-add SYS_ADMIN` of docker)"}
	}
	return diag.At(e.At("buildout", plan.PureOption), "pure-refused", "a clean environment needs a mount namespace, which the kernel refuses: %v", err).WithCause(err).
		WithHint("%s; or use --pure=environment, which hides less and tells what configure found of the host", strings.Join(cures, "; "))
}

// cleanViewOf returns the environment of a part, nil for that of the run.
func (e *Engine) cleanViewOf(part string, options map[string]string) *cleanView {
	if e.pure == nil || e.pure.parts[part] == pure.Off {
		return nil
	}
	return e.pure.views[strings.Join(e.pure.toolsOf(options), " ")]
}

// environ returns env as the part gets it.
func (v *cleanView) environ(env []string, home string) []string {
	env = pure.Environ(env, v.path, home)
	if v.mode == pure.Environment {
		env = pure.WithoutPackages(env, v.empty)
	}
	return env
}

// purify lets the processes of the part run in its environment.
func (j *job) purify(c *run.Config) {
	v := j.cleanViewOf(j.node.Part, j.node.Options)
	if v == nil {
		return
	}
	home := filepath.Join(j.temp(), "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		home = "/nonexistent" // no program finds anything there either
	}
	c.Env = v.environ(c.Env, home)
	if v.mode == pure.Namespaces {
		c.View = v.launcher
		if s, ok := c.Jobs.(*jobs.Share); ok {
			s.Sees = v.Shows
		}
	}
}

// tracing returns the runner of the part; it tells what the commands found of the
// host, if they can see it.
func (j *job) tracing(r parts.Runner) parts.Runner {
	v := j.cleanViewOf(j.node.Part, j.node.Options)
	if v == nil || v.mode != pure.Environment {
		return r
	}
	return &tracer{Runner: r, dir: j.Base.Directory, trace: pure.NewTrace(v.View), say: func(text string) {
		io.WriteString(j.log, j.node.Part+": "+text+"\n")
		j.Events.Emit(event.Event{Kind: event.Message, Part: j.node.Part, Level: event.Warning, Text: text})
	}}
}

// tracer is a Runner that looks at what configure has noted.
type tracer struct {
	parts.Runner
	dir   string
	trace *pure.Trace
	say   func(string)
}

// Run runs c.
func (t *tracer) Run(ctx context.Context, c parts.Command) error {
	err := t.Runner.Run(ctx, c)
	dir := c.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(t.dir, dir)
	}
	for _, found := range t.trace.Look(dir) {
		t.say(found)
	}
	return err
}

// tellPurity notes in the log how the part is built.
func (j *job) tellPurity(w *parts.Work) {
	v := j.cleanViewOf(j.node.Part, j.node.Options)
	switch {
	case v == nil && j.pure != nil && j.pure.mode != pure.Off && j.node.Spec.Builds:
		w.Say(event.Debug, "pure = "+j.node.Options[plan.PureOption]+": it is built with all that is on this machine")
	case v == nil:
	case v.mode == pure.Environment:
		w.Say(event.Debug, "clean environment without namespaces: what is found of this machine is told")
	default:
		w.Say(event.Debug, "clean environment: of this machine only the compiler, glibc and basic programs can be seen")
	}
}

// modeOf is how the part is built in this run, for what is remembered of it.
func (e *Engine) modeOf(part string) pure.Mode {
	if e.pure == nil {
		return pure.Off
	}
	return e.pure.parts[part]
}
