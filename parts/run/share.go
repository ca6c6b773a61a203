package run

import (
	"os"
	"syscall"
	"time"

	"gobuild/parts"
)

// usage is what the commands of a part have used.
type usage struct {
	cpu  time.Duration
	peak int64
}

// Usage returns the processor time, of user and system, of the commands that
// have ended with all of their descendants that were waited for, and the most
// bytes of memory that one process of them held.
func (r *Runner) Usage() (cpu time.Duration, peak int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.usage.cpu, r.usage.peak
}

// count adds what a command used.
func (r *Runner) count(s *os.ProcessState) {
	if s == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.usage.cpu += s.UserTime() + s.SystemTime()
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		r.usage.peak = max(r.usage.peak, int64(u.Maxrss)*maxrssUnit)
	}
}

// share gives c the jobserver of the part. Without one the command runs all the
// same, with as many jobs as it is used to. ended is called after its end.
func (r *Runner) share(c *parts.Command, out *output) (files []*os.File, ended func()) {
	if r.config.Jobs == nil {
		return nil, func() {}
	}
	env, files, err := r.config.Jobs.Prepare(c.Env, c.Dir)
	if err != nil {
		out.log.line("gobuild: no jobserver for this command: " + err.Error())
	}
	c.Env = env
	return files, r.config.Jobs.Ended
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
