package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/slap"
	"gobuild/parts/supervise"
)

const instanceLong = `Makes and runs instances of a software. An instance is a directory with a
buildout.cfg, as gobuild itself makes it; these commands write that file, run the
profile, and have the programs in etc/service and etc/run run by a supervisor.

  gobuild -c software.cfg buildout:directory=/srv/software
  gobuild instance create db1 --software /srv/software --set port=3307
  gobuild instance status db1

The instances are the directories in --root, or the one of the setting instances,
or the current one. The supervisor is supervisord, unless the setting supervisor
names runit, s6 or none. docs/instances.md

Exit status: 0 done; 1 a program, a part or a promise failed; 2 wrong use or a
refusal: nothing was changed; 3 an error in the profile; 6 the state is damaged
or cannot be written; 130 interrupted.`

// instances are those of one root.
type instances struct {
	*app
	root       string
	kind       string // of the supervisor
	supervisor supervise.Supervisor
}

// instanceUmask is that of all that an instance is made of, as with slapgrid.
const instanceUmask = 0o027

func newInstance(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "instance", Short: "make, run and remove instances of a software", Long: instanceLong, Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root := c.PersistentFlags().String("root", "", "the `DIRECTORY` of the instances")
	// with makes a command: what it does gets the instances and the words.
	with := func(use, short string, least, most int, do func(ctx context.Context, i *instances, args []string) error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short,
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) < least || most >= 0 && len(args) > most {
					return withHint(usage("wrong number of words for instance %s", cmd.Name()), "gobuild instance "+use)
				}
				i, err := a.openInstances(*root)
				if err != nil {
					return err
				}
				return do(cmd.Context(), i, args)
			},
			ValidArgsFunction: func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
				return a.completeInstances(*root, word), cobra.ShellCompDirectiveNoFileComp
			}}
	}
	c.AddCommand(newInstanceCreate(with), newInstanceSet(with),
		with("list", "list the instances", 0, 0, func(ctx context.Context, i *instances, _ []string) error { return i.list(ctx) }),
		with("status [NAME…]", "show instances, their programs, and what they publish", 0, -1, func(ctx context.Context, i *instances, args []string) error { return i.status(ctx, args) }),
		with("start [NAME…]", "start instances; without names all that were not stopped", 0, -1, func(ctx context.Context, i *instances, args []string) error { return i.start(ctx, args) }),
		with("stop NAME…", "stop instances, and wait until nothing of them runs", 1, -1, func(ctx context.Context, i *instances, args []string) error { return i.stop(ctx, args) }),
		with("restart NAME [PROGRAM…]", "restart the programs of an instance", 1, -1, func(ctx context.Context, i *instances, args []string) error {
			return i.restart(ctx, args[0], args[1:])
		}),
		newInstanceLogs(with), newInstanceCheck(with),
		with("backup NAME", "write a dump by bin/backup of the instance", 1, 1, func(ctx context.Context, i *instances, args []string) error { return i.backup(ctx, args[0]) }),
		with("restore NAME FILE", "read a dump by bin/restore of the instance", 2, 2, func(ctx context.Context, i *instances, args []string) error {
			return i.restore(ctx, args[0], args[1])
		}),
		newInstanceRemove(with))
	return c
}

// maker makes a command of instances.
type maker func(use, short string, least, most int, do func(ctx context.Context, i *instances, args []string) error) *cobra.Command

// openInstances finds the root and the supervisor. Nothing is changed.
func (a *app) openInstances(root string) (*instances, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	switch {
	case root != "":
		root = a.path(root)
	case s.Instances != "":
		root = s.Instances
	default:
		root = a.Dir
	}
	root = filepath.Clean(root)
	if strings.ContainsAny(root, " \t\n${}") {
		return nil, refuse("instance-name", "the directory of instances has a blank, $ or a brace in its name: %q", root)
	}
	i := &instances{app: a, root: root, kind: s.Supervisor}
	i.supervisor = supervise.New(supervise.Config{Kind: s.Supervisor, Root: root, Program: s.Supervisord, Environ: a.Environ,
		Warn: func(text string) {
			d := diag.At(diag.Span{}, supervise.Code, "%s", text)
			d.Severity = diag.Warning
			a.show(diag.List{d})
		}})
	syscall.Umask(instanceUmask)
	return i, nil
}

// refuse is an error that is told before anything is changed.
func refuse(code, format string, args ...any) *diag.Diagnostic {
	return diag.At(diag.Span{}, code, format, args...)
}

// removedName is the directory below the root that keeps the last dumps.
const removedName = "removed"

var instanceName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`) })

// checkInstanceName refuses what cannot be the name of an instance.
func checkInstanceName(name string) error {
	if instanceName().MatchString(name) && name != removedName {
		return nil
	}
	return withStatus(StatusUsage, refuse("instance-name", "%q cannot be the name of an instance", name).
		WithHint("a name has letters, digits, dots, - and _, begins with a letter or a digit, is no path, and is not %q; the directory of the instances is said by --root", removedName))
}

func (i *instances) dir(name string) string { return filepath.Join(i.root, name) }

// store is what the instance is asked to be.
func (i *instances) store(name string) *slap.Store {
	return &slap.Store{Dir: filepath.Join(i.dir(name), ".slap"), Computer: "local", ID: "main"}
}

// names are those of the instances in the root.
func (i *instances) names() ([]string, error) {
	entries, err := os.ReadDir(i.root)
	if err != nil {
		return nil, withStatus(StatusUsage, refuse("instance-unknown", "there is no directory of instances: %v", err))
	}
	var names []string
	for _, e := range entries {
		if checkInstanceName(e.Name()) == nil && i.isInstance(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// isInstance reports whether a directory is an instance, or one that is being
// made or removed.
func (i *instances) isInstance(name string) bool {
	for _, file := range []string{"buildout.cfg", noteName} {
		if info, err := os.Stat(filepath.Join(i.dir(name), file)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// known checks that there is an instance of that name.
func (i *instances) known(name string) error {
	if err := checkInstanceName(name); err != nil {
		return err
	}
	if i.isInstance(name) {
		return nil
	}
	names, err := i.names()
	if err != nil {
		return err
	}
	d := refuse("instance-unknown", "there is no instance %s in %s", name, i.root)
	if hint := diag.DidYouMean(name, names); hint != "" {
		return withStatus(StatusUsage, d.WithHint("%s", hint))
	}
	return withStatus(StatusUsage, d.WithHint("`gobuild instance list` lists the instances, and `gobuild instance create` makes one; --root says where they are"))
}

// change does something with an instance while no other command does.
func (i *instances) change(ctx context.Context, name string, do func() error) error {
	release, err := supervise.LockInstance(ctx, i.root, name)
	if err != nil {
		return withStatus(StatusState, err)
	}
	defer release()
	return instanceStatus(do())
}

// instanceStatus gives errors about instances their status.
func instanceStatus(err error) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) && strings.HasPrefix(d.Code, "instance-") && d.Code != "instance-backup" && d.Code != "instance-program" {
		return withStatus(StatusUsage, err)
	}
	if errors.Is(err, fs.ErrPermission) {
		return withStatus(StatusState, err)
	}
	return withStatus(StatusPartFailed, err)
}

// found returns what the supervisor has to know of an instance that is ready.
func (i *instances) found(name string) (supervise.Instance, error) {
	return supervise.Find(name, i.dir(name))
}

// completeInstances completes names.
func (a *app) completeInstances(root, word string) []string {
	i, err := a.openInstances(root)
	if err != nil {
		return nil
	}
	names, _ := i.names()
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, word) })
}
