package disk

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// enterVariable makes the test binary a program that enters a namespace; its
// value is the file that it locks. Inside it says "inside" and what it sees,
// and ends with 7, or with 9 when it is told to end.
const enterVariable = "GOBUILD_TEST_ENTER"

func TestMain(m *testing.M) {
	if path := os.Getenv(enterVariable); path != "" {
		os.Exit(entering(path))
	}
	os.Exit(m.Run())
}

func entering(path string) int {
	lock, environ := Inherit(os.Environ())
	if lock != nil {
		return inside(path)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	status, err := Enter(f, environ)
	if err != nil {
		fmt.Println("not permitted:", err)
		return 2
	}
	return status
}

func inside(path string) int {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	dir := filepath.Dir(path)
	stage := dir + "/.p" + StageMark
	if err := Stage(stage, dir+"/p"); err != nil {
		fmt.Println(err)
		return 1
	}
	_, err := os.Stat(dir + "/p/new")
	fmt.Println("inside", err == nil, os.Getenv(insideVariable) == "")
	line := make(chan bool)
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		close(line)
	}()
	select {
	case <-line:
		return 7
	case <-ended:
		return 9
	}
}

// entered starts the program as a user who may not change mounts, up to where
// it is inside.
func entered(t *testing.T) (c *exec.Cmd, in *os.File, lock string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "enter")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	file(t, dir+"/lock")
	file(t, dir+"/p/old")
	file(t, dir+"/.p"+StageMark+"/new")
	must(t, os.Chmod(dir+"/lock", 0o666))
	c = exec.Command(self)
	c.Env = append(os.Environ(), enterVariable+"="+dir+"/lock")
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := c.StdoutPipe()
	must(t, err)
	read, write, err := os.Pipe()
	must(t, err)
	c.Stdin = read
	must(t, c.Start())
	read.Close()
	t.Cleanup(func() { write.Close() })
	said, _ := bufio.NewReader(out).ReadString('\n')
	if strings.HasPrefix(said, "not permitted") {
		c.Wait()
		t.Skip(said)
	}
	if said != "inside true true\n" {
		t.Fatalf("it says %q", said)
	}
	if Exists(dir + "/p/new") {
		t.Error("the mount is seen outside")
	}
	return c, write, dir + "/lock"
}

// free waits until nobody has the lock.
func free(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

// isLocked reports whether someone has the lock.
func isLocked(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

func TestEnter(t *testing.T) {
	c, in, lock := entered(t)
	if !isLocked(t, lock) {
		t.Error("nobody has the lock")
	}
	fmt.Fprintln(in)
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != 7 {
		t.Errorf("exit status %d", got)
	}
	free(t, lock)
}

func TestEnterPassesSignals(t *testing.T) {
	c, _, lock := entered(t)
	must(t, c.Process.Signal(syscall.SIGTERM))
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != 9 {
		t.Errorf("exit status %d", got)
	}
	free(t, lock)
}

// The child has the lock, and does not outlive its parent.
func TestEnterKilled(t *testing.T) {
	c, _, lock := entered(t)
	must(t, c.Process.Kill())
	c.Wait()
	free(t, lock)
}
