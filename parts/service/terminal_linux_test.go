package service

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal makes a pseudo terminal.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	var number, locked int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Skip(errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

// TestTerminal: what is typed reaches the program once, and another signal
// reaches it too.
func TestTerminal(t *testing.T) {
	master, terminal := openTerminal(t)
	argv := relaunch(t, Launch{Redirect: Redirect{Stderr: "/dev/null"}}, catcher(t)...)
	c := exec.Command(argv[0], argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = terminal, terminal, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	var got []string
	for lines := bufio.NewScanner(master); lines.Scan(); {
		line := strings.TrimSpace(strings.ReplaceAll(lines.Text(), "^C", ""))
		got = append(got, line)
		switch line {
		case "foreground true":
			master.WriteString("\x03")
		case "interrupt", "foreground false":
			c.Process.Signal(syscall.SIGTERM)
		}
		if line == "terminated" {
			break
		}
	}
	if err := c.Wait(); err != nil || strings.Join(got, " ") != "foreground true interrupt terminated" {
		t.Errorf("got %q, %v", got, err)
	}
}
