//go:build linux

// Command instances makes many instances of one software, has a writer write to
// each, and does to them what machines and people do: it stops, changes, removes and
// kills them. What a client was told to be written must be there at the end, and
// nobody but the one that is meant may notice anything.
//
//	go run ./bench/instances COMMAND -gobuild BINARY -software DIRECTORY [flags]
//
// The software is that of testdata/stack/mariadb.cfg or mariadb-debian.cfg, and
// supervisord must be in PATH. Each command prints one table. Exit status 1 when
// anything was violated, 2 when the program itself could not work.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A command is one test.
type command struct {
	name  string
	doc   string
	count int // default of -n, a short form
	full  int // -n of the documented run
	run   func(*bench) error
}

func commands() []command {
	return []command{
		{"fleet", "n instances at once: unique, apart from each other, stable, without secrets where they do not belong", 4, 50, runFleet},
		{"create", "SIGKILL at n random moments of `instance create`", 6, 100, runCreate},
		{"server", "SIGKILL of the server n times, while a writer writes", 4, 50, runServer},
		{"promises", "failures that promises must find", 0, 0, runPromises},
		{"cost", "what gobuild itself takes for n instances, with a server that does nothing", 4, 50, runCost},
	}
}

// bench is what all commands share.
type bench struct {
	gobuild  string // absolute path of the binary
	software string
	root     string // of the instances
	count    int
	workers  int
	random   *rand.Rand
	verbose  bool

	mu       sync.Mutex
	said     []byte // by all runs of gobuild
	problems []string
	rows     [][2]string
}

func main() {
	status, err := perform(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "instances: %v\n", err)
	}
	os.Exit(status)
}

// perform runs one command and returns the exit status.
func perform(args []string) (int, error) {
	if len(args) == 0 {
		return 2, usage()
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.perform(args[1:])
		}
	}
	return 2, usage()
}

func usage() error {
	text := "a command is missing:"
	for _, c := range commands() {
		text += fmt.Sprintf("\n  %-9s %s (-n %d; documented: %d)", c.name, c.doc, c.count, c.full)
	}
	return fmt.Errorf("%s", text)
}

func (c command) perform(args []string) (int, error) {
	b := &bench{}
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.StringVar(&b.gobuild, "gobuild", "", "the binary")
	f.StringVar(&b.software, "software", "", "the directory of the software")
	dir := f.String("dir", "", "scratch; a temporary directory by default, which is deleted")
	f.IntVar(&b.count, "n", c.count, "how many")
	f.IntVar(&b.workers, "at-once", 4, "how many are made at once")
	seed := f.Uint64("seed", uint64(time.Now().UnixNano()), "of the random decisions")
	f.BoolVar(&b.verbose, "v", false, "tell what is done")
	if err := f.Parse(args); err != nil || b.gobuild == "" || b.software == "" {
		return 2, fmt.Errorf("%s needs -gobuild and -software (%v)", c.name, err)
	}
	b.random = rand.New(rand.NewPCG(*seed, 0))
	if err := b.open(*dir); err != nil {
		return 2, err
	}
	defer b.close(*dir == "")
	fmt.Printf("%s: n=%d seed=%d\n", c.name, b.count, *seed)
	start := time.Now()
	if err := c.run(b); err != nil {
		return 2, err
	}
	b.row("wall s", "%.1f", time.Since(start).Seconds())
	return b.report(), nil
}

// open makes the directory of the instances.
func (b *bench) open(dir string) (err error) {
	if b.gobuild, err = filepath.Abs(b.gobuild); err != nil {
		return err
	}
	if b.software, err = filepath.Abs(b.software); err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "instances"); err != nil {
			return err
		}
	}
	b.root = filepath.Join(dir, "root")
	return os.MkdirAll(b.root, 0o755)
}

// close ends the supervisor and deletes what was made.
func (b *bench) close(delete bool) {
	b.endSupervisor()
	if delete {
		os.RemoveAll(filepath.Dir(b.root))
	}
}

// row adds a line to the table.
func (b *bench) row(name, format string, args ...any) {
	b.rows = append(b.rows, [2]string{name, fmt.Sprintf(format, args...)})
}

// violated notes that something was not as it must be.
func (b *bench) violated(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	b.problems = append(b.problems, text)
	fmt.Println("  VIOLATED:", text)
}

// tell says what is done.
func (b *bench) tell(format string, args ...any) {
	if b.verbose {
		fmt.Printf("  "+format+"\n", args...)
	}
}

// report prints the table.
func (b *bench) report() int {
	for _, r := range b.rows {
		fmt.Printf("  %-44s %s\n", r[0], r[1])
	}
	fmt.Printf("  %-44s %d\n", "violated", len(b.problems))
	if len(b.problems) > 0 {
		return 1
	}
	return 0
}
