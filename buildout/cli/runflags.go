package cli

import (
	"github.com/spf13/pflag"

	"gobuild/buildout"
	"gobuild/buildout/settings"
	"gobuild/parts"
	"gobuild/parts/jobs"
)

// runFlags are the options of the commands that install parts.
type runFlags struct {
	keepGoing    bool
	memory       string
	noFsync      bool
	noNamespaces bool
	check        bool
	keepPrevious bool
	trace        string
	junit        string
}

// addRunFlags gives a command the options of installing.
func (a *app) addRunFlags(f *pflag.FlagSet) {
	o := &a.flags.run
	f.BoolVarP(&o.keepGoing, "keep-going", "k", false, "after a failure build all parts that do not depend on it")
	f.StringVar(&o.memory, "mem", "", "memory that the parts may take together, as `SIZE` (8G); all of the machine's by default")
	f.BoolVar(&o.noFsync, "no-fsync", false, "do not wait for the disk: faster, for machines that are thrown away")
	f.BoolVar(&o.noNamespaces, "no-namespaces", false, "do not use mount namespaces to keep the old version in place during an upgrade")
	f.BoolVar(&o.check, "check", false, "read all installed files, and reinstall parts whose files were changed")
	f.BoolVar(&o.keepPrevious, "keep-previous", false, "keep what is replaced or removed, for gobuild rollback")
	f.StringVar(&o.trace, "trace", "", "write a trace of the run to `FILE` (Chrome trace format)")
	f.StringVar(&o.junit, "junit", "", "write the result of each part to `FILE` as JUnit XML")
}

// runConfig puts what flags and settings say about a run into c.
func (a *app) runConfig(c *buildout.Config, s *settings.Settings) error {
	o := a.flags.run
	c.Jobs = s.Jobs
	if a.flags.jobs > 0 {
		c.Jobs = a.flags.jobs
	}
	c.OwnJobs = c.Jobs > 0
	if n, ok := jobs.Outer(a.lookup("MAKEFLAGS")); ok && c.Jobs == 0 {
		c.Jobs = n
	}
	if c.Jobs == 0 {
		c.Jobs = buildout.Cores()
	}
	c.Memory = buildout.MemoryOfMachine()
	if o.memory != "" {
		size, err := parts.ParseSize(o.memory)
		if err != nil {
			return usage("--mem: %v", err)
		}
		c.Memory = size
	}
	c.KeepGoing, c.Check, c.KeepPrevious = o.keepGoing, o.check, o.keepPrevious
	c.NoSync = o.noFsync || !s.Fsync
	c.Namespaces = s.Namespaces && !o.noNamespaces
	return nil
}
