package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/service"
)

const execLong = `Starts a program as wrappers do: the scripts of the recipe wrapper run it when
one of their options needs more than a shell. The program is given by its
path; it is not searched in PATH. All words behind it are its arguments.

  gobuild exec --pidfile=var/run/redis.pid -- parts/redis/bin/redis-server redis.conf
  gobuild exec --wait-for=etc/ca.crt --wait-for=etc/ca.key -- bin/httpd
  gobuild exec --private-tmpfs="100m tmp" -- bin/mysqld
  gobuild exec --redirect-stdout=log/out --redirect-signal=HUP -- bin/server

In this order gobuild ignores the signal, writes the pid file, asks for a CPU,
waits for the files, mounts the private file systems, and becomes the program.
With --private-tmpfs or --redirect-* it stays as the parent of the program
instead, passes signals on, and ends as the program ends. Then a pid file holds
the process id of the program, with --redirect-* that of gobuild.

Exit status: that of the program; 1 the program could not be started, or it runs
already; 2 wrong use. When a signal ends the program, it ends gobuild too.`

// execOptions are the flags of exec as they are written.
type execOptions struct {
	launch         service.Launch
	ignore, signal string
	tmpfs          []string
}

func newExec(a *app) *cobra.Command {
	o := &execOptions{}
	c := &cobra.Command{
		Use: "exec [options] [--] PROGRAM [ARGUMENT…]", Short: "start a program as wrappers do",
		Long: execLong, DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error { return runExec(a, o, args) },
	}
	f, l := c.Flags(), &o.launch
	f.SetInterspersed(false)
	f.StringVar(&l.Pidfile, "pidfile", "", "write the process id to `FILE`; refuse to start while the process in it runs the same command")
	f.StringArrayVar(&l.WaitFor, "wait-for", nil, "wait until `FILE` exists; may be repeated")
	f.BoolVar(&l.ReserveCPU, "reserve-cpu", false, "add the process id to ~/.slapos-cpu-exclusive")
	f.StringArrayVar(&o.tmpfs, "private-tmpfs", nil, "mount a file system in memory that only the program sees: `'SIZE PATH'`; may be repeated")
	f.StringVar(&o.ignore, "sig-ign", "", "`SIGNAL` that the program starts with ignored; with --redirect-* the one that opens the files again (USR1)")
	f.StringVar(&l.Redirect.Stdout, "redirect-stdout", "", "append standard output to `FILE`")
	f.StringVar(&l.Redirect.Stderr, "redirect-stderr", "", "append standard error to `FILE`")
	f.StringVar(&o.signal, "redirect-signal", "", "`SIGNAL` to send to the program when the files are opened again")
	return c
}

// runExec becomes the program, or ends as the program ended.
func runExec(a *app, o *execOptions, argv []string) error {
	l, err := o.read()
	if err != nil {
		return withStatus(StatusUsage, err)
	}
	l.Argv, l.Environ, l.Self = argv, a.Environ, append([]string{a.Executable}, a.Args...)
	l.Warn = func(err error) {
		a.show(diag.List{{Severity: diag.Warning, Code: "exec-output", Msg: err.Error(), Err: err}})
	}
	if err := l.Check(); err != nil {
		return withStatus(StatusUsage, err)
	}
	exit, err := service.Run(l)
	if err != nil {
		return withStatus(StatusPartFailed, err)
	}
	const killed = 128 // what a shell adds to the number of the signal
	if exit.Signal != 0 {
		service.Die(exit.Signal)
		exit.Code = killed + int(exit.Signal)
	}
	if exit.Code == 0 {
		return nil
	}
	return withStatus(Status(exit.Code), diag.List{}) // the program has said why
}

// read returns the launch that the flags describe, without the program.
func (o *execOptions) read() (service.Launch, error) {
	l := o.launch
	var err, err2 error
	l.Ignore, err = service.ParseSignal(o.ignore)
	l.Redirect.Signal, err2 = service.ParseSignal(o.signal)
	if err = cmp.Or(err, err2); err != nil {
		return l, err
	}
	for _, line := range o.tmpfs {
		t, err := service.ParseTmpfs(line)
		if err != nil {
			return l, err
		}
		l.Tmpfs = append(l.Tmpfs, t)
	}
	return l, nil
}
