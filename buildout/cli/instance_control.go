package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/parts/promise"
	"gobuild/parts/slap"
	"gobuild/parts/supervise"
)

// startPatience is how long programs may take until they run.
const startPatience = 20 * time.Second

// bring starts or stops the programs of an instance, and waits.
func (i *instances) bring(ctx context.Context, name string, started bool) error {
	found, err := i.found(name)
	if err != nil {
		return err
	}
	if err := i.supervisor.Apply(ctx, found, started); err != nil || !started {
		return err
	}
	_, err = supervise.Await(ctx, i.supervisor, found, startPatience)
	return err
}

// wishFor notes whether an instance is to run.
func (i *instances) wishFor(ctx context.Context, name, state string) error {
	store := i.store(name)
	wish, err := store.Wish()
	if err != nil || wish.State == state {
		return err
	}
	wish.State = state
	return store.SetWish(ctx, wish)
}

// start starts instances; without names all that were not stopped.
func (i *instances) start(ctx context.Context, names []string) error {
	if err := i.supervisor.Check(); err != nil {
		return withStatus(StatusUsage, err)
	}
	if len(names) == 0 {
		all, err := i.names()
		if err != nil {
			return err
		}
		for _, name := range all {
			if wish, err := i.store(name).Wish(); err != nil || wish.State == slap.Started {
				names = append(names, name)
			}
		}
	}
	return i.each(ctx, names, func(name string) error {
		if err := i.wishFor(ctx, name, slap.Started); err != nil {
			return err
		}
		return i.bring(ctx, name, true)
	})
}

// stop stops instances.
func (i *instances) stop(ctx context.Context, names []string) error {
	return i.each(ctx, names, func(name string) error {
		if err := i.wishFor(ctx, name, slap.Stopped); err != nil || i.kind == supervise.KindNone {
			return err
		}
		return i.bring(ctx, name, false)
	})
}

// each does something with instances that are ready: with all of them, also if
// one fails.
func (i *instances) each(ctx context.Context, names []string, do func(name string) error) error {
	for _, name := range names {
		if err := i.known(name); err != nil {
			return err
		}
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, i.change(ctx, name, func() error {
			if _, err := i.ready(name); err != nil {
				return err
			}
			return do(name)
		}))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return i.status(ctx, names)
}

// restart restarts programs of an instance; without names all of them.
func (i *instances) restart(ctx context.Context, name string, units []string) error {
	if err := i.supervisor.Check(); err != nil {
		return withStatus(StatusUsage, err)
	}
	return i.each(ctx, []string{name}, func(name string) error {
		found, err := i.found(name)
		if err != nil {
			return err
		}
		var all []string
		for _, u := range found.Units {
			all = append(all, u.Name)
		}
		for _, unit := range units {
			if !slices.Contains(all, unit) {
				return unknownProgram(name, unit, all)
			}
		}
		if len(units) == 0 {
			units = all
		}
		if err := i.wishFor(ctx, name, slap.Started); err != nil {
			return err
		}
		before, err := i.supervisor.Status(ctx, found)
		if err != nil {
			return err
		}
		if err := i.supervisor.Apply(ctx, found, true); err != nil {
			return err
		}
		units = runBefore(before, units)
		if err := i.supervisor.Restart(ctx, found, units); err != nil {
			return err
		}
		_, err = supervise.Await(ctx, i.supervisor, found, startPatience)
		return err
	})
}

// runBefore keeps the units that did run: others have just been started.
func runBefore(before []supervise.Process, units []string) []string {
	return slices.DeleteFunc(slices.Clone(units), func(unit string) bool {
		return slices.ContainsFunc(before, func(p supervise.Process) bool {
			return p.Unit == unit && (p.State == supervise.Stopped || p.State == supervise.Unknown)
		})
	})
}

func unknownProgram(name, unit string, all []string) error {
	d := refuse("instance-unknown", "the instance %s has no program %s", name, unit)
	if len(all) == 0 {
		return d.WithHint("it has none in etc/service and etc/run")
	}
	return d.WithHint("its programs are %s", strings.Join(all, ", "))
}

func newInstanceCheck(with maker) *cobra.Command {
	f := &promiseFlags{}
	c := with("check NAME…", "check the promises of instances", 1, -1, func(ctx context.Context, i *instances, args []string) error {
		var dirs []string
		for _, name := range args {
			if _, err := i.ready(name); err != nil {
				return instanceStatus(err)
			}
			dirs = append(dirs, i.dir(name))
		}
		return runPromises(ctx, i.app, f, dirs)
	})
	c.Flags().DurationVar(&f.Timeout, "limit", promise.DefaultTimeout, "how long each may take, such as `30s`")
	c.Flags().IntVar(&f.Jobs, "at-once", 4, "how many are checked at once: `N`")
	c.Flags().StringVar(&f.Python, "python", "python3", "the `PROGRAM` that runs modules which gobuild does not know")
	c.Flags().StringSliceVar(&f.only, "only", nil, "check only the promise called `NAME`; may be repeated")
	return c
}
