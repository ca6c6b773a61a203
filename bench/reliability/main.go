//go:build linux && amd64

// Command reliability drives a gobuild binary from outside and does to it what
// machines do: it kills it, takes its disk away, lets system calls fail, puts
// hostile files in its way, and starts it in odd environments. After each of
// these a plain run must succeed, and its result must equal that of a run that
// nothing disturbed.
//
//	go run ./bench/reliability COMMAND -gobuild BINARY [flags]
//
// Each command prints one table. Exit status 1 when anything was violated, 2
// when the program itself could not work. A run prints its seed; the same seed
// takes the same decisions, though the machine decides what a moment is.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A command is one way to be unkind.
type command struct {
	name  string
	doc   string
	count int // default of -n, a short form
	full  int // -n of the documented run
	// private asks for a mount namespace of the program's own.
	private bool
	run     func(*bench) error
}

// commands returns the table of commands.
func commands() []command {
	return []command{
		{"kill", "SIGKILL at random moments of a run over 50 parts", 24, 1000, false, runKill},
		{"syscalls", "a kill at every n-th system call that changes the file system (-n 1: at each)", 25, 1, false, runSyscalls},
		{"full", "disk full at each step of -step KiB; errors injected at every n-th call; few descriptors; read-only", 60, 1, true, runFull},
		{"shared", "16 processes on one store of shared parts, with kills, n rounds", 2, 20, false, runShared},
		{"tokens", "kills of compilers and makes under -j4, n kills", 8, 200, false, runTokens},
		{"uninstall", "hostile layouts in the way of an uninstallation (n: at most as many)", 1000, 1000, true, runUninstall},
		{"environment", "umask, locale, home, paths, users: n random mixtures beside the single ones", 4, 40, true, runEnvironment},
	}
}

// bench is what all commands share.
type bench struct {
	gobuild string // absolute path of the binary
	dir     string // scratch, absolute
	seed    uint64
	count   int
	workers int
	step    int // KiB of disk between two sizes
	only    string
	verbose bool
	flags   []string // further arguments of every run of gobuild
	table   table
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == traceName {
		os.Exit(traceOne())
	}
	status, err := perform(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "reliability: %v\n", err)
	}
	os.Exit(status)
}

// perform runs one command and returns the exit status.
func perform(args []string) (int, error) {
	var name string
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return 2, usage(all)
	}
	if all[i].private && os.Getenv(privateName) == "" {
		return runPrivate()
	}
	b, err := parse(all[i], args)
	if err != nil {
		return 2, err
	}
	return b.perform(all[i])
}

func usage(all []command) error {
	var text strings.Builder
	text.WriteString("usage: reliability COMMAND -gobuild BINARY [flags]\n")
	for _, c := range all {
		fmt.Fprintf(&text, "  %-12s %s; -n %d, in full %d\n", c.name, c.doc, c.count, c.full)
	}
	return errors.New(strings.TrimRight(text.String(), "\n"))
}

// parse reads the flags, which are the same for all commands.
func parse(c command, args []string) (*bench, error) {
	b := &bench{}
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	var further, dir string
	set.StringVar(&b.gobuild, "gobuild", "gobuild", "the `BINARY` to test")
	set.StringVar(&dir, "dir", "", "make the scratch directory in `DIR` instead of the system's")
	set.Uint64Var(&b.seed, "seed", 0, "seed of all decisions; 0 takes one from the clock")
	set.IntVar(&b.count, "n", c.count, fmt.Sprintf("how many; the full number is %d", c.full))
	set.IntVar(&b.workers, "workers", runtime.NumCPU(), "how many runs at a time, where they do not disturb each other")
	set.IntVar(&b.step, "step", 1024, "KiB between two sizes of the disk")
	set.StringVar(&b.only, "only", "", "only what has this `TEXT` in its name")
	set.StringVar(&further, "flags", "", "further arguments of gobuild, separated by blanks")
	set.BoolVar(&b.verbose, "v", false, "say what is done")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	b.flags = strings.Fields(further)
	if b.seed == 0 {
		b.seed = uint64(time.Now().UnixNano())
	}
	var err error
	if b.gobuild, err = filepath.Abs(b.gobuild); err != nil {
		return nil, err
	}
	if _, err := os.Stat(b.gobuild); err != nil {
		return nil, fmt.Errorf("no gobuild to test: %w (see -gobuild)", err)
	}
	if b.dir, err = os.MkdirTemp(dir, "reliability-"); err != nil {
		return nil, err
	}
	if b.dir, err = filepath.EvalSymlinks(b.dir); err != nil {
		return nil, err
	}
	return b, os.Chmod(b.dir, 0o755)
}

// perform runs the command, prints its table, and removes the scratch
// directory unless there is something to look at.
func (b *bench) perform(c command) (int, error) {
	start := time.Now()
	fmt.Printf("%s: seed %d, n %d, %d at a time\n", c.name, b.seed, b.count, b.workers)
	b.table.live = os.Stdout
	err := c.run(b)
	b.table.print(os.Stdout)
	violations := len(b.table.violations)
	fmt.Printf("%d violations, %s\n", violations, time.Since(start).Round(time.Second/10))
	switch {
	case err != nil:
		return 2, err
	case violations > 0:
		fmt.Printf("what is left is in %s\n", b.dir)
		return 1, nil
	}
	return 0, removeAll(b.dir)
}

// random returns a source of its own for the worker with this number.
func (b *bench) random(worker int) *rand.Rand {
	return rand.New(rand.NewPCG(b.seed, uint64(worker)))
}

// wanted reports whether -only lets this name through.
func (b *bench) wanted(name string) bool { return strings.Contains(name, b.only) }

// say prints a line for those who want to know.
func (b *bench) say(format string, args ...any) {
	if b.verbose {
		fmt.Printf(format+"\n", args...)
	}
}
