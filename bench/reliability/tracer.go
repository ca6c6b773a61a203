//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// tracing says what to do to a run of gobuild. It is followed by a process of
// its own, since wait(2) would take other children of a thread, too.
type tracing struct {
	Binary string
	Dir    string
	Env    []string
	Argv   []string
	Mark   string
	Opens  bool // count calls that take a descriptor, not those that change files
	At     int  // the number of the call to act at; 0 acts at none
	// Errno is what the call returns instead of being made; 0 kills all
	// processes of the run.
	Errno syscall.Errno
}

// traced is what became of it.
type traced struct {
	Count  int
	Last   string // the call that was acted at, or the last one
	Status syscall.WaitStatus
	Out    string
	Failed string // why it could not be followed
}

// traceName is the hidden command that follows one run: it reads a tracing in
// JSON and writes a traced.
const traceName = "-trace"

// trace lets a process of its own follow the run.
func trace(t tracing) (traced, error) {
	var done traced
	self, err := os.Executable()
	if err != nil {
		return done, err
	}
	in, err := json.Marshal(t)
	if err != nil {
		return done, err
	}
	cmd := exec.Command(self, traceName)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &done)
	}
	if err == nil && done.Failed != "" {
		err = errors.New(done.Failed)
	}
	return done, err
}

// traceOne is the command of traceName.
func traceOne() int {
	runtime.LockOSThread() // ptrace(2) is for the thread that began it
	t := tracer{}
	err := json.NewDecoder(os.Stdin).Decode(&t.tracing)
	if err == nil {
		err = t.follow()
	}
	if err != nil {
		t.done.Failed = err.Error()
	}
	if json.NewEncoder(os.Stdout).Encode(t.done) != nil {
		return 2
	}
	return 0
}

// tracer follows one run of gobuild, itself and what it re-executes of itself
// but none of its other children, and acts at the entry of a chosen system
// call.
type tracer struct {
	tracing
	done    traced
	pending map[int]syscall.Errno // results to set, by thread
	first   int                   // process
}

// Options and requests of ptrace(2) that package syscall does not name.
const (
	optExitKill        = 0x100000
	getSyscallInfo     = 0x420e
	waitAll            = 0x40000000
	syscallEntry       = 1
	syscallExit        = 2
	traceOptions       = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | syscall.PTRACE_O_TRACEEXEC | optExitKill
	stoppedInSyscall   = syscall.SIGTRAP | 0x80
	notASystemCall     = ^uint64(0)
	syscallInfoSize    = 88
	pathLimitOfTracing = 4096
)

// outputName begins the name of the file with the output of a traced run.
const outputName = "reliability-output-"

// syscallInfo is struct ptrace_syscall_info as far as it is used.
type syscallInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	_    [2]uint64 // instruction and stack pointers
	nr   uint64
	args [6]uint64
	_    [2]uint64
}

// follow runs the run to its end, or to the call that it acts at.
func (t *tracer) follow() error {
	t.pending = map[int]syscall.Errno{}
	file, err := os.CreateTemp("", outputName)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	cmd := exec.Command(t.Argv[0], t.Argv[1:]...)
	cmd.Dir, cmd.Env = t.Dir, append(t.Env, markName+"="+t.Mark)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.first = cmd.Process.Pid
	err = t.loop()
	killMarked(t.Mark)
	cmd.Process.Release()
	out, readErr := os.ReadFile(file.Name())
	t.done.Out = string(out)
	return errors.Join(err, readErr)
}

// loop takes the stops of all threads until the first process is gone.
func (t *tracer) loop() error {
	var status syscall.WaitStatus
	if _, err := wait(t.first, &status); err != nil {
		return fmt.Errorf("wait for the traced process: %w", err)
	}
	if err := syscall.PtraceSetOptions(t.first, traceOptions); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	syscall.PtraceSyscall(t.first, 0)
	for {
		tid, err := wait(-1, &status)
		if errors.Is(err, syscall.ECHILD) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait: %w", err)
		}
		switch {
		case status.Exited() || status.Signaled():
			if tid == t.first {
				t.done.Status = status
			}
		case status.Stopped():
			t.stopped(tid, status)
		}
	}
}

// wait is wait4 for what this thread traces.
func wait(pid int, status *syscall.WaitStatus) (int, error) {
	for {
		tid, err := syscall.Wait4(pid, status, waitAll, nil)
		if !errors.Is(err, syscall.EINTR) {
			return tid, err
		}
	}
}

// stopped deals with one stop. Errors of ptrace mean that the thread has been
// killed, which the next wait tells.
func (t *tracer) stopped(tid int, status syscall.WaitStatus) {
	switch sig := status.StopSignal(); {
	case sig == stoppedInSyscall:
		t.systemCall(tid)
		syscall.PtraceSyscall(tid, 0)
	case status.TrapCause() == syscall.PTRACE_EVENT_EXEC && !t.isGobuild(tid):
		syscall.PtraceDetach(tid)
	case status.TrapCause() > 0, sig == syscall.SIGSTOP: // an event, or a new thread
		syscall.PtraceSyscall(tid, 0)
	default:
		syscall.PtraceSyscall(tid, int(sig))
	}
}

func (t *tracer) isGobuild(pid int) bool {
	exe, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	want, wanted := os.Stat(t.Binary)
	return err == nil && wanted == nil && os.SameFile(exe, want)
}

// systemCall counts and acts at the entry of a call, and sets its result at
// the exit.
func (t *tracer) systemCall(tid int) {
	var info syscallInfo
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(tid), syscallInfoSize, uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return
	}
	switch info.op {
	case syscallEntry:
		c := &call{tid: tid, nr: info.nr, args: info.args}
		if t.Opens && !c.isOpen() || !t.Opens && !c.changes() {
			return
		}
		t.done.Count++
		if t.At == 0 || t.done.Count <= t.At {
			t.done.Last = c.String()
		}
		if t.done.Count == t.At {
			t.act(tid)
		}
	case syscallExit:
		if e, ok := t.pending[tid]; ok {
			delete(t.pending, tid)
			t.setResult(tid, e)
		}
	}
}

// act kills the run, or turns the call into one that does not exist.
func (t *tracer) act(tid int) {
	if t.Errno == 0 {
		syscall.Kill(-t.first, syscall.SIGKILL)
		for _, pid := range marked(t.Mark) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		return
	}
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) == nil {
		regs.Orig_rax = notASystemCall
		if syscall.PtraceSetRegs(tid, &regs) == nil {
			t.pending[tid] = t.Errno
		}
	}
}

func (t *tracer) setResult(tid int, e syscall.Errno) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) == nil {
		regs.Rax = uint64(-int64(e))
		syscall.PtraceSetRegs(tid, &regs)
	}
}

// text reads a string of the traced process; "" when it cannot be read.
func (c *call) text(address uint64) string {
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", c.tid))
	if err != nil {
		return ""
	}
	defer mem.Close()
	buf := make([]byte, pathLimitOfTracing)
	n, _ := mem.ReadAt(buf, int64(address))
	end := bytes.IndexByte(buf[:n], 0)
	return string(buf[:max(end, 0)])
}
