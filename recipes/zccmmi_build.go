package recipes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// zccmmiBuild is one build of a part.
type zccmmiBuild struct {
	*zccmmiAction
	*builder
	location string
	temp     string // a directory of this build; "" when it is gone
	unpacked string // the archive, in temp
}

// Run builds the part. A private location is owned, a shared one is not.
func (a *zccmmiAction) Run(ctx context.Context, w *parts.Work) error {
	location := workPath(w, a.options.values["location"])
	if a.shared {
		return a.runShared(ctx, w, location)
	}
	w.Own(location)
	return a.build(ctx, w, location)
}

// Resume goes on with a failed build.
func (a *zccmmiAction) Resume(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// zccmmiSteps are the steps of a build in their order.
func zccmmiSteps() []parts.BuildStep {
	return []parts.BuildStep{
		{Name: "fetch", Anew: true, Options: []string{"url"}},
		{Name: "unpack", Anew: true},
		{Name: "patch", Anew: true, Options: []string{"patch", "patch-md5sum", "patch_options"}},
		{Name: "autogen", Options: []string{"autogen", "environment"}},
		{Name: "configure", Options: []string{"configure-command", "configure-options", "extra_options", "source-directory-contains"}},
		{Name: "make"},
		{Name: "install", Options: sumOptionNames()},
	}
}

// Steps returns the steps that Resume knows.
func (a *zccmmiAction) Steps() []parts.BuildStep { return zccmmiSteps() }

// Environ returns what the steps of the part run with.
func (a *zccmmiAction) Environ(base []string) (env []string, dir string, err error) {
	return run.MergeEnv(base, a.set), a.options.values["location"], nil
}

// runShared builds a shared location once among all processes. zc.recipe.cmmi
// takes a directory that exists for a finished one; a build that was killed
// must not count, so a file says that it is not finished.
func (a *zccmmiAction) runShared(ctx context.Context, w *parts.Work, location string) error {
	unfinished := zccmmiUnfinished(location)
	unlock, err := store.Lock(ctx, w, strings.TrimSuffix(unfinished, ".unfinished")+".lock", location)
	if err != nil {
		return err
	}
	defer unlock()
	if isMissing(unfinished) && !isMissing(location) {
		w.Say(event.Info, "using existing shared build")
		return nil
	}
	if err := os.WriteFile(unfinished, nil, 0o666); err != nil {
		return fmt.Errorf("start a shared build: %w", err)
	}
	if err := removeTree(w, location); err != nil {
		return err
	}
	return errors.Join(a.build(ctx, w, location), os.Remove(unfinished))
}

// zccmmiUnfinished returns the file that is there while a shared location is
// built: DIR/.gobuild/locks/NAME.unfinished for DIR/NAME.
func zccmmiUnfinished(location string) string {
	return filepath.Join(filepath.Dir(location), ".gobuild", "locks", filepath.Base(location)+".unfinished")
}

// Update builds the part when its location has vanished.
func (a *zccmmiAction) Update(ctx context.Context, w *parts.Work) error {
	location := workPath(w, a.options.values["location"])
	if !isMissing(location) && (!a.shared || isMissing(zccmmiUnfinished(location))) {
		return nil
	}
	return a.Run(ctx, w)
}

// build unpacks, configures, makes and installs.
func (a *zccmmiAction) build(ctx context.Context, w *parts.Work, location string) error {
	c := &zccmmiBuild{zccmmiAction: a, builder: newBuilder(w, a.options, a.set), location: location}
	if err := c.begin(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(a.set)) {
		w.Say(event.Info, "Updating environment: "+name+"="+a.set[name])
	}
	if err := makeDirs(c.w, location, nil); err != nil {
		return err
	}
	if err := c.steps(ctx); err != nil {
		return c.fail(ctx, err)
	}
	return c.discard()
}

// begin unpacks the archive, or finds the sources of a failed build.
func (c *zccmmiBuild) begin(ctx context.Context) error {
	if c.w.From == "" {
		return c.unpack(ctx)
	}
	s, err := c.restore()
	if err == nil {
		c.unpacked, c.temp = s.Outer, filepath.Dir(s.Outer)
	}
	return err
}

// discard removes the sources.
func (c *zccmmiBuild) discard() error {
	temp := c.temp
	c.temp = ""
	if err := store.Remove(temp); err != nil {
		return fmt.Errorf("remove the build directory: %w", err)
	}
	return nil
}

// unpack fetches the archive into a directory that a failed build leaves.
func (c *zccmmiBuild) unpack(ctx context.Context) (err error) {
	c.temp, err = os.MkdirTemp(run.ParseEnv(c.base)["TMPDIR"], "gobuild-"+filepath.Base(c.w.Part)+"-")
	if err != nil {
		return err
	}
	c.unpacked = filepath.Join(c.temp, "source")
	archive := sourceArchive{c.request, parts.StripNever, c.builder.options.place("url")}
	if err := archive.unpack(ctx, c.w, c.unpacked); err != nil {
		return errors.Join(err, c.discard())
	}
	return nil
}

// steps runs all steps in order.
func (c *zccmmiBuild) steps(ctx context.Context) error {
	for _, step := range zccmmiSteps() {
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
func (c *zccmmiBuild) step(ctx context.Context, name string) error {
	o := c.builder.options
	switch name {
	case "unpack":
		return c.findSource(o.values["autogen"])
	case "patch":
		return c.applyPatch(ctx)
	case "autogen":
		return c.autogen(ctx)
	case "configure":
		if err := c.checkSource(); err != nil {
			return err
		}
		return c.shell(ctx, name, c.configureLine(), o.firstPlace("configure-command", "configure-options", "extra_options"))
	case "make":
		return c.shell(ctx, name, "make", o.firstPlace())
	case "install":
		return c.shell(ctx, name, "make install", o.firstPlace())
	}
	return nil
}

// autogen makes the configure script, if there is a script for that.
func (c *zccmmiBuild) autogen(ctx context.Context) error {
	script := c.builder.options.values["autogen"]
	if script == "" {
		return nil
	}
	c.w.Say(event.Info, "auto generating configure files")
	return c.shell(ctx, "autogen", "./"+script, c.builder.options.place("autogen"))
}

// applyPatch applies the patch, if there is one. Without it the sources are of
// no use to anybody.
func (c *zccmmiBuild) applyPatch(ctx context.Context) error {
	if c.zccmmiAction.patch == nil {
		return nil
	}
	command := "patch " + c.builder.options.text("patch_options", "-p0")
	err := c.builder.patch(ctx, command, []sourceFile{*c.zccmmiAction.patch})
	if exit := (*parts.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return errors.Join(err, c.discard())
	}
	return err
}

// findSource finds the directory of the sources: that of the archive, if the
// file that marks it is there, or the single directory in it.
func (c *zccmmiBuild) findSource(autogen string) (err error) {
	c.dir = c.unpacked
	if c.marked() || autogen != "" && !isMissing(filepath.Join(c.dir, autogen)) {
		return nil
	}
	c.dir, err = singleDirectory(c.unpacked, false)
	return err
}

// marked reports whether the file that marks the sources is there.
func (c *zccmmiBuild) marked() bool {
	return !isMissing(filepath.Join(c.dir, c.builder.options.text("source-directory-contains", "configure")))
}

// checkSource looks for the mark again: autogen may have made it, or it may be
// in the single directory only.
func (c *zccmmiBuild) checkSource() error {
	if c.marked() {
		return nil
	}
	dir, err := singleDirectory(c.unpacked, false)
	if err != nil {
		return err
	}
	if dir == c.unpacked || dir == c.dir {
		return c.builder.options.place("source-directory-contains").fail(codeBadValue, "Couldn't find configure").
			WithHint("The sources have no %s: name a file of theirs with source-directory-contains, or the script that makes it with autogen",
				c.builder.options.text("source-directory-contains", "configure"))
	}
	c.dir = dir
	return nil
}

// configureLine returns the command line that configures.
func (c *zccmmiBuild) configureLine() string {
	o := c.builder.options
	options := `--prefix="` + c.location + `"`
	if _, ok := o.values["configure-options"]; ok {
		options = o.words("configure-options", "")
	}
	if extra := o.words("extra_options", ""); extra != "" {
		options += " " + extra
	}
	return o.text("configure-command", "./configure") + " " + options
}

// fail removes the location and tells where the sources are.
func (c *zccmmiBuild) fail(ctx context.Context, err error) error {
	err = c.builder.options.firstPlace().wrap(err)
	if removed := removeTree(c.w, c.location); removed != nil {
		err = errors.Join(err, removed)
	}
	if c.temp != "" {
		c.leave(buildState{Outer: c.unpacked}, c.temp)
	}
	switch {
	case ctx.Err() != nil && c.w.Leave == nil:
		return errors.Join(err, c.discard())
	case ctx.Err() != nil, c.temp == "":
		return err
	}
	fmt.Fprintf(c.w.Log, "%s: cmmi failed: %s\n", c.w.Part, c.unpacked)
	if d := (*diag.Diagnostic)(nil); errors.As(err, &d) {
		d.Hint = strings.TrimSuffix("The sources are left in "+c.unpacked+". "+d.Hint, " ")
	}
	return err
}
