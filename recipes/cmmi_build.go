package recipes

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// cmmiEnvScript is the script that sets the environment of a failed build.
const cmmiEnvScript = "slapos.recipe.build.env.sh"

// cmmiBuild is one build of a part.
type cmmiBuild struct {
	*cmmiAction
	*builder
	lines  cmmiLines
	source string // compile-directory, absolute
}

// build builds the part into its location, which is new and empty, or as a
// failed build has left it. Command lines are checked before anything is
// fetched.
func (a *cmmiAction) build(ctx context.Context, w *parts.Work) error {
	budgeted := *a
	budgeted.options = a.options.inBudget(w)
	a = &budgeted
	lines, err := a.commandLines()
	if err != nil {
		return err
	}
	c := &cmmiBuild{a, newBuilder(w, a.options, nil), lines, workPath(w, a.options.values["compile-directory"])}
	c.strict, c.envScript = true, cmmiEnvScript
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.steps(ctx); err != nil {
		return c.leaveFailed(ctx, err)
	}
	return c.finish()
}

// begin makes the sources ready, or finds those of a failed build.
func (c *cmmiBuild) begin(ctx context.Context) error {
	if c.w.From == "" {
		return c.prepareSource(ctx)
	}
	s, err := c.restore()
	if err != nil {
		return err
	}
	return c.checkMark(s.Mark)
}

// prepareSource unpacks the archive, if there is one, and finds the directory
// that the steps run in.
func (c *cmmiBuild) prepareSource(ctx context.Context) error {
	if c.archive != nil {
		if err := c.archive.unpack(ctx, c.w, c.source); err != nil {
			return err
		}
	} else {
		c.w.Say(event.Info, "Using local source directory: "+c.source)
	}
	dir, err := singleDirectory(c.source, c.archive == nil)
	if err != nil {
		return c.cmmiAction.options.firstPlace("path", "url").wrap(err)
	}
	c.dir = dir
	return nil
}

// steps runs all steps in order, with the environment of the part.
func (c *cmmiBuild) steps(ctx context.Context) error {
	set, err := c.cmmiAction.env.resolve(c.base)
	if err != nil {
		return err
	}
	sayEnvironment(c.w, set)
	maps.Copy(c.builder.env, set)
	for _, step := range cmmiSteps() {
		if !c.reached(step.Name) {
			continue
		}
		if err := c.step(ctx, step.Name); err != nil {
			return err
		}
	}
	return c.resumed()
}

// step does one step, if the part has it.
func (c *cmmiBuild) step(ctx context.Context, name string) error {
	o := c.builder.options
	switch name {
	case "fetch", "unpack": // done before
		return nil
	case "patch":
		return c.patch(ctx, o.text("patch-binary", "patch")+" "+o.words("patch-options", "-p0"), c.patches)
	case "configure":
		return c.command(ctx, name, c.lines.configure)
	case "make":
		return c.command(ctx, name, c.lines.make)
	case "install":
		return c.command(ctx, name, c.lines.install)
	}
	if slices.Contains(cmmiHooks, name) {
		if h, ok := c.hooks[name]; ok {
			return c.hook(ctx, h, c.sections)
		}
		return nil
	}
	return c.script(ctx, name)
}

// script runs the script of an option, which sees the options as hooks left
// them.
func (c *cmmiBuild) script(ctx context.Context, option string) error {
	o := c.builder.options
	text, err := o.format(option, o.text(option, ""))
	if err != nil || text == "" {
		return err
	}
	return c.shell(ctx, option, text, o.place(option))
}

func (c *cmmiBuild) command(ctx context.Context, step string, line cmmiLine) error {
	if strings.TrimSpace(line.text) == "" {
		return nil
	}
	return c.shell(ctx, step, line.text, line.place)
}

// leaveFailed makes a failed build ready for a resume and writes its
// environment script. After an interruption there is nothing to explain.
func (c *cmmiBuild) leaveFailed(ctx context.Context, err error) error {
	c.leave(buildState{Mark: c.mark()})
	if ctx.Err() != nil {
		return err
	}
	if written := c.writeEnvScript(); written != nil {
		fmt.Fprintf(c.w.Log, "%s: cannot write %s: %v\n", c.w.Part, cmmiEnvScript, written)
		return c.left(err)
	}
	err = c.left(err)
	fmt.Fprintf(c.w.Log, "A shell script %s has been generated. You can source it in your shell to reproduce build environment.\n", cmmiEnvScript)
	return err
}

// finish does what follows a good build.
func (c *cmmiBuild) finish() error {
	if c.keep {
		if err := c.writeEnvScript(); err != nil {
			return err
		}
		c.w.Say(event.Info, "A shell script "+cmmiEnvScript+" has been generated.")
	} else if c.archive != nil {
		if err := store.Remove(c.source); err != nil {
			return fmt.Errorf("remove the build directory: %w", err)
		}
	}
	for line := range strings.Lines(c.builder.options.values["promises"]) {
		if path := strings.TrimSpace(line); path != "" && isMissing(workPath(c.w, path)) {
			c.w.Say(event.Warning, fmt.Sprintf("could not find promise '%s'", path))
		}
	}
	if err := fixShebangs(c.frame.Location.Path); err != nil {
		return fmt.Errorf("shorten the first lines of scripts: %w", err)
	}
	return nil
}

// shellName is what a shell can export.
var shellName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// writeEnvScript writes the environment script into the source directory. The
// directories of temporary files, and what no shell can set, are comments.
func (c *cmmiBuild) writeEnvScript() error {
	var b strings.Builder
	for _, assignment := range c.changed() {
		name, value, _ := strings.Cut(assignment, "=")
		if slices.Contains([]string{"TEMP", "TMP", "TMPDIR"}, name) || !shellName().MatchString(name) {
			b.WriteByte('#')
			value = strings.ReplaceAll(value, "\n", " ")
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, run.Quote(value))
	}
	b.WriteString("echo 'Commands of this build, without its scripts and hooks:'\n")
	for _, line := range []cmmiLine{c.lines.configure, c.lines.make, c.lines.install} {
		fmt.Fprintf(&b, "echo %s\n", run.Quote("  "+strings.TrimSpace(line.text)))
	}
	mode := umasked(c.w, fs.FileMode(0o666))
	if c.w.HasSecret != nil && c.w.HasSecret(b.String()) {
		mode = 0o600
	}
	return writeFile(filepath.Join(c.dir, cmmiEnvScript), []byte(b.String()), mode)
}
