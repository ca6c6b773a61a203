package recipes

import (
	"context"
	"fmt"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// hexagoncmmiBuild is one build of a part.
type hexagoncmmiBuild struct {
	*hexagoncmmiAction
	*builder
	compile, location string
}

// Run builds the part. What it made is owned at the end only: a failed build
// stays.
func (a *hexagoncmmiAction) Run(ctx context.Context, w *parts.Work) error {
	set, err := a.env.resolve(w.Proc.Environ())
	if err != nil {
		return err
	}
	sayEnvironment(w, set)
	c := &hexagoncmmiBuild{hexagoncmmiAction: a, builder: newBuilder(w, a.options.inBudget(w), set)}
	c.compile, c.location = workPath(w, a.options.values["compile-directory"]), a.options.values["location"]
	c.keepEnv = true
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.steps(ctx); err != nil {
		c.leaveFailed()
		if ctx.Err() != nil {
			return err
		}
		return c.left(err)
	}
	return c.finish()
}

// Resume goes on with a failed build.
func (a *hexagoncmmiAction) Resume(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// Steps returns the steps that Resume knows.
func (a *hexagoncmmiAction) Steps() []parts.BuildStep {
	return []parts.BuildStep{
		{Name: "fetch", Anew: true, Options: []string{"url", "path", "strip-top-level-dir", "excludes"}},
		{Name: "patch", Anew: true, Options: []string{"patches", "patch-binary", "patch-options"}},
		{Name: "pre-configure-hook", Options: []string{"pre-configure-hook"}},
		{Name: "configure", Options: []string{"environment", "environment-section", "prefix", "configure-command", "configure-options"}},
		{Name: "pre-make-hook", Options: []string{"pre-make-hook"}},
		{Name: "make", Options: []string{"make-binary", "make-options"}},
		{Name: "install", Options: []string{"make-targets"}},
		{Name: "post-make-hook", Options: append(sumOptionNames(), "post-make-hook", "keep-compile-dir")},
	}
}

// Environ returns what the steps of the part run with.
func (a *hexagoncmmiAction) Environ(base []string) (env []string, dir string, err error) {
	set, err := a.env.resolve(base)
	return run.MergeEnv(base, set), a.options.sourceDirectory(), err
}

// begin makes the sources and the location ready, or finds the sources of a
// failed build.
func (c *hexagoncmmiBuild) begin(ctx context.Context) error {
	if c.w.Keep != nil {
		c.w.Keep(c.location)
	}
	if c.w.From == "" {
		if err := c.prepareSource(ctx); err != nil {
			return err
		}
	}
	if err := makeDirs(c.w, c.location, nil); err != nil {
		return err
	}
	var err error
	if c.w.From != "" {
		_, err = c.restore()
		return err
	}
	if c.dir, err = singleDirectory(c.compile, c.archive == nil); err != nil {
		return c.hexagoncmmiAction.options.firstPlace("path", "url").wrap(err)
	}
	return nil
}

// leaveFailed makes a failed build ready for a resume.
func (c *hexagoncmmiBuild) leaveFailed() {
	if c.archive == nil {
		c.leave(buildState{})
		return
	}
	c.leave(buildState{}, c.compile)
}

// prepareSource unpacks the archive, if there is one, into a new directory,
// which a failure removes.
func (c *hexagoncmmiBuild) prepareSource(ctx context.Context) error {
	if c.archive == nil {
		c.w.Say(event.Info, "Using local source directory: "+c.compile)
		return nil
	}
	if !isMissing(c.compile) {
		c.w.Say(event.Warning, "Removing already existing directory "+c.compile)
	}
	if err := store.Remove(c.compile); err != nil {
		return fmt.Errorf("remove an old build directory: %w", err)
	}
	unowned := *c.w
	unowned.Own = func(string) {}
	if err := c.archive.Run(ctx, &unowned); err != nil {
		if removed := store.Remove(c.compile); removed != nil {
			return fmt.Errorf("%w; and %w", err, removed)
		}
		return err
	}
	return nil
}

// steps runs all steps in order.
func (c *hexagoncmmiBuild) steps(ctx context.Context) error {
	o := c.builder.options
	if err := c.applyPatches(ctx); err != nil {
		return err
	}
	build := o.text("make-binary", "make") + " " + o.words("make-options", "")
	for _, step := range []struct {
		name, hook, text string
		keys             []string
	}{
		{"configure", "pre-configure-hook", c.configureLine(), []string{"configure-command", "configure-options"}},
		{"make", "pre-make-hook", build, []string{"make-binary", "make-options"}},
		{"install", "", build + " " + o.words("make-targets", "install"), []string{"make-targets", "make-binary", "make-options"}},
		{"", "post-make-hook", "", nil},
	} {
		if step.hook != "" && c.reached(step.hook) {
			if err := c.callHook(ctx, step.hook); err != nil {
				return err
			}
		}
		if step.name == "" || !c.reached(step.name) || strings.TrimSpace(step.text) == "" {
			continue
		}
		if err := c.shell(ctx, step.name, step.text, o.firstPlace(step.keys...)); err != nil {
			return err
		}
	}
	return c.resumed()
}

func (c *hexagoncmmiBuild) callHook(ctx context.Context, option string) error {
	h, ok := c.hooks[option]
	if !ok {
		return nil
	}
	return c.hook(ctx, h, c.sections)
}

func (c *hexagoncmmiBuild) applyPatches(ctx context.Context) error {
	if !c.reached("patch") {
		return nil
	}
	o := c.builder.options
	patch := o.text("patch-binary", "patch") + " " + o.words("patch-options", "-p0") + " < "
	for file := range strings.FieldsSeq(o.text("patches", "")) {
		if err := c.shell(ctx, "patch", patch+file, o.place("patches")); err != nil {
			return err
		}
	}
	return nil
}

// configureLine returns the command line that configures.
func (c *hexagoncmmiBuild) configureLine() string {
	o := c.builder.options
	command, options := o.text("configure-command", ""), o.words("configure-options", "")
	if command != "" {
		return command + " " + options
	}
	if !strings.Contains(options, "--prefix") {
		options = strings.TrimSpace(`--prefix="` + doubleQuoted(o.values["prefix"]) + `" ` + options)
	}
	return "./configure " + options
}

// finish removes the build directory and tells what belongs to the part.
func (c *hexagoncmmiBuild) finish() error {
	switch {
	case c.archive == nil:
	case c.keep:
		c.w.Own(c.compile)
	default:
		if err := store.Remove(c.compile); err != nil {
			return fmt.Errorf("remove the build directory: %w", err)
		}
	}
	c.w.Own(c.location)
	return nil
}
