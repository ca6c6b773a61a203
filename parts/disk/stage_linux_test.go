package disk

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// insideTest makes the test binary run one test in a mount namespace.
const insideTest = "GOBUILD_TEST_INSIDE"

// inNamespace runs the test again in a namespace of its own. It reports whether
// this is that run.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideTest) != "" {
		must(t, separate())
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), insideTest+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "--- ") {
		t.Skipf("no namespaces here: %v", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("in a namespace: %s", out)
	}
	return false
}

// TestMounts has file systems mounted in trees that are to be deleted.
func TestMounts(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	dir := t.TempDir()
	file(t, dir+"/part/data/own")
	file(t, dir+"/foreign/file")
	must(t, syscall.Mount(dir+"/foreign", dir+"/part/data", "", syscall.MS_BIND, ""))
	var mounted *MountError
	for _, path := range []string{dir + "/part", dir + "/part/data"} {
		if err := (*Disk)(nil).RemoveTree(path); !errors.As(err, &mounted) || mounted.Path != dir+"/part/data" {
			t.Errorf("%s: error %v", path, err)
		}
		if err := CheckMounts(path); !errors.As(err, &mounted) || CanStage(path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	must(t, os.Symlink("part", dir+"/link"))
	if err := (*Disk)(nil).RemoveTree(dir + "/link/data"); !errors.As(err, &mounted) {
		t.Errorf("over a link: error %v", err)
	}
	must(t, (*Disk)(nil).RemoveTree(dir+"/link"))
	if !Exists(dir + "/foreign/file") {
		t.Error("a foreign file is gone")
	}
	must(t, syscall.Unmount(dir+"/part/data", 0))
	must(t, (*Disk)(nil).RemoveTree(dir+"/part"))
}

// TestStage builds a directory over another one, and puts it in its place.
func TestStage(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	dir := t.TempDir()
	file(t, dir+"/p/old")
	if !CanStage(dir + "/p") {
		t.Log("a file system without lasting inodes")
		return
	}
	stage := dir + "/.p" + StageMark
	must(t, os.Mkdir(stage, 0o777))
	must(t, Stage(stage, dir+"/p"))
	file(t, dir+"/p/half")
	must(t, (*Disk)(nil).RemoveTree(dir+"/p")) // only empties it
	file(t, dir+"/p/new")
	if Exists(dir+"/p/old") || Exists(dir+"/p/half") || !Exists(stage+"/new") {
		t.Error("the directory is not staged")
	}
	must(t, Unstage(dir+"/p"))
	if !Exists(dir + "/p/old") {
		t.Error("the old version was changed")
	}
	must(t, (*Disk)(nil).Exchange(stage, dir+"/p"))
	if !Exists(dir+"/p/new") || !Exists(stage+"/old") {
		t.Error("the new version is not in its place")
	}
	must(t, (*Disk)(nil).RemoveTree(stage))
	if Stage(dir+"/nosuch", dir+"/p") == nil || Unstage(dir+"/p") == nil || CanStage(dir+"/nosuch") {
		t.Error("no error")
	}
}

// TestInherit reads what Enter leaves for the process that it starts.
func TestInherit(t *testing.T) {
	lock, rest := Inherit([]string{"A=b", "C=d"})
	if lock != nil || len(rest) != 2 {
		t.Errorf("%v, %q without a variable", lock, rest)
	}
	f, err := os.Create(t.TempDir() + "/lock")
	must(t, err)
	fd, err := syscall.Dup(int(f.Fd()))
	must(t, err)
	f.Close()
	for _, bad := range []string{"", "x", "0", "999999"} {
		if lock, rest := Inherit([]string{"A=b", insideVariable + "=" + bad}); lock != nil || strings.Join(rest, " ") != "A=b" {
			t.Errorf("%q: %v, %q", bad, lock, rest)
		}
	}
	lock, rest = Inherit([]string{"A=b", insideVariable + "=" + strconv.Itoa(fd), "C=d"})
	if lock == nil || strings.Join(rest, " ") != "A=b C=d" {
		t.Fatalf("%v, %q", lock, rest)
	}
	// Commands do not inherit it.
	c := exec.Command("sh", "-c", "test -e /proc/self/fd/"+strconv.Itoa(fd))
	if c.Run() == nil {
		t.Error("a command has got the lock")
	}
	must(t, lock.Close())
	runtime.KeepAlive(f)
}
