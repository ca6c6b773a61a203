package run

import (
	"bufio"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// orphan starts a session whose leader has ended and that holds one process.
func orphan(t *testing.T) (o Orphan, left int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "read x; sleep 600 >&- & echo $!; exit")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	o = identify(cmd.Process.Pid)
	in.Write([]byte("\n"))
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	left, err = strconv.Atoi(strings.TrimSpace(line))
	must(t, err)
	must(t, cmd.Wait())
	t.Cleanup(func() { syscall.Kill(left, syscall.SIGKILL) })
	return o, left
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isGone reports whether a process has ended.
func isGone(pid int) bool {
	table, err := processes()
	if err != nil {
		return false
	}
	for _, p := range table {
		if p.pid == pid {
			return false
		}
	}
	return true
}

func TestOrphan(t *testing.T) {
	o, left := orphan(t)
	if o.Start == "" || isGone(left) {
		t.Fatalf("%+v, gone %v", o, isGone(left))
	}
	// Numbers that someone else has got meanwhile.
	for _, other := range []Orphan{
		{o.Session, ""}, {o.Session, "1"}, {o.Session, "1@of another start of the machine"}, {1, o.Start}, {-1, o.Start},
		{o.Session, "9999999999999@" + boot()},
	} {
		if !other.End() || isGone(left) {
			t.Errorf("%+v ended a process of someone else", other)
		}
	}
	if !o.End() || !isGone(left) {
		t.Error("the process is there still")
	}
	if !o.End() {
		t.Error("nothing is left, and it is not over")
	}
}
