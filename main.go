// Command gobuild builds software stacks from buildout profiles.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"gobuild/buildout/cli"
	"gobuild/recipes"
)

// The heap of most runs is small and short-lived: collecting it early would
// cost more than it saves. The limit keeps large profiles small.
const (
	gcPercent   = 400
	memoryLimit = 192 << 20
)

func main() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	os.Exit(run())
}

func run() int {
	if status, ok := cli.Launch(os.Args[1:], os.Environ()); ok {
		return int(status)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gobuild: error: the current directory is gone:", err)
		return int(cli.StatusUsage)
	}
	executable, err := os.Executable()
	if err != nil {
		executable = os.Args[0]
	}
	return int(cli.Main(ctx, cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Dir: dir,
		Args: os.Args[1:], Executable: executable, Recipes: recipes.Table{},
	}))
}
