package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"gobuild/parts/slap"
	"gobuild/parts/supervise"
)

const instanceCreateLong = `Makes an instance of the software in a directory: that of its profile
instance.cfg, and of its schema of parameters if there is one. A create that was
interrupted or has failed is finished by the same command. On an instance that is
ready it runs the profile again.

Values of --set are texts, and what the schema says: numbers, booleans, JSON. What
nobody may see is better given by --parameters, a JSON object in a file.`

// instanceFlags are those of create and set.
type instanceFlags struct {
	software   string
	set, unset []string
	parameters string
	noStart    bool
}

func newInstanceCreate(with maker) *cobra.Command {
	f := &instanceFlags{}
	c := with("create NAME --software DIRECTORY [--set PARAMETER=VALUE]…", "make an instance and start it", 1, 1,
		func(ctx context.Context, i *instances, args []string) error { return i.create(ctx, args[0], f) })
	c.Long = instanceCreateLong
	c.Flags().StringVar(&f.software, "software", "", "the `DIRECTORY` of the software")
	c.Flags().StringArrayVar(&f.set, "set", nil, "give a `PARAMETER=VALUE`; may be repeated")
	c.Flags().StringVar(&f.parameters, "parameters", "", "take parameters from a JSON object in `FILE`; - is standard input")
	c.Flags().BoolVar(&f.noStart, "no-start", false, "do not start the programs of the instance")
	return c
}

func newInstanceSet(with maker) *cobra.Command {
	f := &instanceFlags{}
	c := with("set NAME [PARAMETER=VALUE]…", "change parameters or the software of an instance, and run its profile", 1, -1,
		func(ctx context.Context, i *instances, args []string) error {
			f.set = args[1:]
			return i.set(ctx, args[0], f)
		})
	c.Long = `Changes parameters, runs the profile of that instance alone, and restarts the programs
whose wrappers have changed, if the instance is not stopped.`
	c.Flags().StringVar(&f.software, "software", "", "from now on the instance is one of the software in `DIRECTORY`")
	c.Flags().StringSliceVar(&f.unset, "unset", nil, "take back a `PARAMETER`; may be repeated")
	c.Flags().StringVar(&f.parameters, "parameters", "", "take parameters from a JSON object in `FILE`; - is standard input")
	return c
}

// creation is an instance that is being made or changed.
type creation struct {
	*instances
	name     string
	note     *instanceNote
	software *software
	has      slap.Wish // as it was
	wish     slap.Wish // as it is to be
	fresh    bool      // its directory is not there yet
	command  string
}

// create makes an instance. Up to its begin nothing is changed.
func (i *instances) create(ctx context.Context, name string, f *instanceFlags) error {
	if err := checkInstanceName(name); err != nil {
		return err
	}
	given, err := i.givenParameters(f.set, f.parameters)
	if err != nil {
		return err
	}
	if info, err := os.Stat(i.root); err != nil || !info.IsDir() {
		return withStatus(StatusUsage, refuse("instance-unknown", "the directory of instances %s does not exist", i.root).WithHint("make it, or say another one by --root"))
	}
	return i.change(ctx, name, func() error {
		c := &creation{instances: i, name: name, command: "create"}
		if err := c.prepareCreate(ctx, f, given); err != nil {
			return err
		}
		start := !f.noStart && i.kind != supervise.KindNone
		if start {
			if err := i.supervisor.Check(); err != nil {
				return withStatus(StatusUsage, err)
			}
		}
		c.wish.State = slap.Started
		if f.noStart {
			c.wish.State = slap.Stopped
		}
		return c.make(ctx, start)
	})
}

// prepareCreate checks all that can be checked without a change.
func (c *creation) prepareCreate(ctx context.Context, f *instanceFlags, given []parameter) error {
	dir := c.dir(c.name)
	_, err := os.Lstat(dir)
	c.fresh = errors.Is(err, os.ErrNotExist)
	if c.note, err = c.readNote(c.name); err != nil {
		return err
	}
	wanted := f.software
	if wanted != "" {
		wanted = c.path(filepath.Clean(wanted))
	}
	switch n := c.note; {
	case n == nil:
		if err := c.checkVacant(dir); err != nil {
			return err
		}
		if wanted == "" {
			return usage("instance create needs --software DIRECTORY")
		}
		c.note = &instanceNote{Software: wanted}
	case n.Phase == phaseRemoving || n.Phase == phaseChanging:
		return c.unfinished(c.name, n)
	case wanted != "" && wanted != n.Software && n.Phase == phaseReady:
		return refuse("instance-taken", "%s is an instance of another software: %s", c.name, n.Software).
			WithHint("to change that: gobuild instance set %s --software %s", c.name, wanted)
	case wanted != "":
		n.Software = wanted
	}
	if err := c.prepare(ctx, given, nil); err != nil {
		return err
	}
	if c.note.Phase == phaseReady && !sameParameters(c.has.Parameters, c.wish.Parameters) {
		return refuse("instance-taken", "the instance %s is there already, with other parameters", c.name).
			WithHint("to change them: gobuild instance set %s PARAMETER=VALUE…", c.name)
	}
	return nil
}

// checkVacant refuses a directory that holds an instance which create has not
// made, or its data.
func (c *creation) checkVacant(dir string) error {
	for _, name := range []string{"buildout.cfg", ".installed.cfg", ".slap", "srv"} {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			continue
		}
		if entries, err := os.ReadDir(path); info.IsDir() && err == nil && len(entries) == 0 {
			continue
		}
		return refuse("instance-taken", "%s belongs to another instance: it holds %s", dir, name).
			WithHint("choose another name; an instance that was made by hand is started by `gobuild instance start %s`", c.name)
	}
	return nil
}

// prepare reads the software and the parameters, and checks them.
func (c *creation) prepare(ctx context.Context, given []parameter, unset []string) error {
	var err error
	if c.software, err = openSoftware(c.note.Software); err != nil {
		return err
	}
	if c.has, err = c.store(c.name).Wish(); err != nil {
		return err
	}
	parameters, secret, err := checkedParameters(c.software, c.has.Parameters, given, unset)
	if err != nil {
		return err
	}
	c.wish = slap.Wish{Software: c.software.dir, State: c.has.State, Parameters: parameters, Secret: secret}
	before := c.has.Parameters
	if c.note.Phase != phaseReady && c.note.Phase != phaseChanging {
		before = nil // nothing of it runs yet
	}
	return c.checkPorts(ctx, c.name, before, parameters)
}

// make makes the instance what it is to be. One whose profile has an error is
// left as it was.
func (c *creation) make(ctx context.Context, start bool) error {
	dir := c.dir(c.name)
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
		return withStatus(StatusState, err)
	}
	before := *c.note
	phase := phaseChanging
	if before.Phase == "" || before.Phase == phaseCreating {
		phase = phaseCreating
	}
	if err := c.begin(c.name, c.note, phase); err != nil {
		return err
	}
	b := c.inside(c.name, "buildout.cfg", c.command, c.name)
	err := errors.Join(c.writeProfile(c.name, c.software), c.store(c.name).SetWish(ctx, c.wish))
	if err == nil {
		err = c.tryProfile(ctx, b)
	}
	if err != nil {
		return errors.Join(err, c.takeBack(before))
	}
	if err := c.runProfile(ctx, b); err != nil {
		return err
	}
	if err := c.finish(c.name, c.note); err != nil {
		return err
	}
	return c.follow(ctx, start)
}

// takeBack undoes what was written before the profile was found to be wrong.
func (c *creation) takeBack(before instanceNote) error {
	ctx := context.Background()
	switch {
	case c.fresh:
		return os.RemoveAll(c.dir(c.name))
	case before.Phase == "":
		dir := c.dir(c.name)
		return errors.Join(os.RemoveAll(filepath.Join(dir, ".slap")), os.Remove(filepath.Join(dir, "buildout.cfg")), os.Remove(filepath.Join(dir, noteName)))
	case before.Phase != phaseReady:
		return nil // it was half made before
	}
	old := &software{dir: before.Software}
	if s, err := openSoftware(before.Software); err == nil {
		old = s
	}
	err := c.store(c.name).SetWish(ctx, c.has)
	if old.profile != "" {
		err = errors.Join(err, c.writeProfile(c.name, old))
	}
	return errors.Join(err, c.writeNote(c.name, &before))
}

// follow has the supervisor run what the instance has now, and shows it.
func (c *creation) follow(ctx context.Context, start bool) error {
	if c.kind != supervise.KindNone {
		if err := c.bring(ctx, c.name, start); err != nil {
			return err
		}
	}
	return c.status(ctx, []string{c.name})
}

// set changes parameters of an instance.
func (i *instances) set(ctx context.Context, name string, f *instanceFlags) error {
	if err := i.known(name); err != nil {
		return err
	}
	given, err := i.givenParameters(f.set, f.parameters)
	if err != nil {
		return err
	}
	return i.change(ctx, name, func() error {
		c := &creation{instances: i, name: name, command: "set"}
		if c.note, err = i.readNote(name); err != nil {
			return err
		}
		switch n := c.note; {
		case n == nil:
			return refuse("instance-unfinished", "the instance %s was made by hand", name).
				WithHint("its parameters are in %s; gobuild in its directory makes it what they say", filepath.Join(i.dir(name), ".slap/main/parameters.json"))
		case !slices.Contains([]string{phaseReady, phaseChanging}, n.Phase):
			return i.unfinished(name, n)
		case f.software != "":
			n.Software = i.path(filepath.Clean(f.software))
		}
		if err := c.prepare(ctx, given, f.unset); err != nil {
			return err
		}
		start := c.wish.State == slap.Started && i.kind != supervise.KindNone
		if start {
			if err := i.supervisor.Check(); err != nil {
				return withStatus(StatusUsage, err)
			}
		}
		return c.make(ctx, start)
	})
}
