package run

import (
	"fmt"
	"runtime"
	"slices"

	"gobuild/parts"
)

// onThread runs follow on a thread that does nothing else meanwhile, and with
// the umask of the processes: the kernel sends a process its parent-death signal
// when the thread that started it ends.
func (r *Runner) onThread(c parts.Command, follow func(parts.Command) error) error {
	if r.config.Umask == nil {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		return follow(c)
	}
	over := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		if setUmask(*r.config.Umask) != nil {
			c.Argv = underUmask(*r.config.Umask, c.Argv)
		}
		over <- follow(c)
	}()
	return <-over
}

// underUmask returns a command that sets the umask and becomes argv.
func underUmask(umask int, argv []string) []string {
	if len(argv) == 0 {
		return argv
	}
	return slices.Concat([]string{"/bin/sh", "-c", fmt.Sprintf(`umask %03o && exec "$@"`, umask), "sh"}, argv)
}
