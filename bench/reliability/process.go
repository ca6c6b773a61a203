//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// markName is the variable of the environment by which the processes of one
// run are found again, whatever sessions they made and whoever adopted them.
const markName = "RELIABILITY_RUN"

// patience is how long a run may take before it counts as hanging.
const patience = 120 * time.Second

// marks makes the marks of this program's runs unique.
type marks struct{ last atomic.Int64 }

func (m *marks) next() string { return fmt.Sprintf("%d-%d", os.Getpid(), m.last.Add(1)) }

// process is one run of gobuild.
type process struct {
	cmd  *exec.Cmd
	mark string
	out  bytes.Buffer
	done chan struct{}
	err  error
}

// start starts argv in dir, in a process group of its own, with its output
// kept. change may be nil.
func start(mark, dir string, env, argv []string, change func(*exec.Cmd)) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), mark: mark, done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, append(env, markName+"="+mark)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 5 * time.Second // orphans may hold the pipe of the output
	if change != nil {
		change(p.cmd)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// wait waits for the end; a run that takes too long is asked for its
// goroutines and killed.
func (p *process) wait() error {
	select {
	case <-p.done:
		return p.err
	case <-time.After(patience):
	}
	syscall.Kill(p.cmd.Process.Pid, syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
	}
	killMarked(p.mark)
	<-p.done
	return fmt.Errorf("it hung for %s: %w", patience, p.err)
}

// running reports whether it has not ended.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// marked returns the processes of a run that are no zombies.
func marked(mark string) []int {
	needle := []byte(markName + "=" + mark + "\x00")
	var pids []int
	for _, pid := range allProcesses() {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err == nil && bytes.Contains(append(env, 0), needle) && !isZombie(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isZombie reports whether the process has ended, or is about to: it then
// still shows its environment for a moment.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, ok := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
	return !ok || strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

// allProcesses returns the numbers of all processes.
func allProcesses() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killMarked kills all processes of a run, those too that are started
// meanwhile, and waits until they are gone.
func killMarked(mark string) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		pids := marked(mark)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// gobuilds returns those processes of a run that are the binary itself: a run
// may have re-executed itself in a namespace.
func gobuilds(mark, binary string) []int {
	want, err := os.Stat(binary)
	if err != nil {
		return nil
	}
	var pids []int
	for _, pid := range marked(mark) {
		if exe, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && os.SameFile(exe, want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// survivors waits until no process of a run is left, and returns the command
// lines of those that are still there after limit.
func survivors(mark string, limit time.Duration) []string {
	deadline := time.Now().Add(limit)
	for {
		pids := marked(mark)
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			var lines []string
			for _, pid := range pids {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				lines = append(lines, strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")))
			}
			return lines
		}
		time.Sleep(5 * time.Millisecond) // the kernel tells nobody of the end of a stranger
	}
}
