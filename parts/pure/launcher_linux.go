package pure

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ways are the values of User that may do: root needs no user namespace where it
// has all rights.
func (l Launcher) ways() []bool {
	if os.Geteuid() == 0 {
		return []bool{false, true}
	}
	return []bool{true}
}

// separate gives a process that is going to be started a mount namespace of its
// own, in which it has the right to mount and the user it has outside.
func (l Launcher) separate(attr *syscall.SysProcAttr) {
	attr.Cloneflags |= unix.CLONE_NEWNS
	if !l.User {
		return
	}
	attr.Cloneflags |= unix.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	attr.AmbientCaps = append(attr.AmbientCaps, unix.CAP_SYS_ADMIN)
}

// lay covers the directories of the layers, whose files are in view, in the
// mount namespace of this process.
func lay(layers []*layer, view string) error {
	runtime.LockOSThread() // the capabilities are those of the thread
	if err := checkSeparate(); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return &fs.PathError{Op: "separate mounts at", Path: "/", Err: err}
	}
	stage, err := stageFor(layers, view)
	if err != nil {
		return err
	}
	for i, l := range layers {
		if err := l.lay(filepath.Join(view, strconv.Itoa(i)), stage); err != nil {
			return err
		}
	}
	// The command needs no privilege.
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("drop the right to mount: %w", err)
	}
	return nil
}

// checkSeparate refuses to change the mounts of the process that has started
// this one.
func checkSeparate() error {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return nil
	}
	if parent, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", os.Getppid())); parent == own {
		return errors.New("this process has no mount namespace of its own")
	}
	return nil
}

// lay makes the layer at another directory and then moves it over its own: so
// what it covers can be reached meanwhile. Its files are in source.
func (l *layer) lay(source, stage string) error {
	if _, err := os.Lstat(l.dir); errors.Is(err, fs.ErrNotExist) {
		return nil // it is gone since the view was made
	}
	if err := bind(source, stage); err != nil {
		return err
	}
	if l.host {
		if err := bind(l.dir, stage+"/"+hostName); err != nil {
			return err
		}
	}
	for _, e := range l.entries {
		if err := bind(l.dir+"/"+e.path, stage+"/"+e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := protect(stage); err != nil {
		return &fs.PathError{Op: "protect", Path: l.dir, Err: err}
	}
	if err := unix.Mount(stage, l.dir, "", unix.MS_MOVE, ""); err != nil {
		return &fs.PathError{Op: "cover", Path: l.dir, Err: err}
	}
	return nil
}

// protect makes a mount read-only. What it forbids already cannot be permitted
// in a user namespace.
func protect(dir string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return err
	}
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY)
	for _, f := range []struct{ has, flag uintptr }{
		{unix.ST_NOSUID, unix.MS_NOSUID}, {unix.ST_NODEV, unix.MS_NODEV}, {unix.ST_NOEXEC, unix.MS_NOEXEC},
		{unix.ST_NOATIME, unix.MS_NOATIME}, {unix.ST_NODIRATIME, unix.MS_NODIRATIME}, {unix.ST_RELATIME, unix.MS_RELATIME},
	} {
		if uintptr(stat.Flags)&f.has != 0 {
			flags |= f.flag
		}
	}
	return unix.Mount("", dir, "", flags, "")
}

// stages are directories of which one is there, and holds neither a layer nor the
// files of the view.
var stages = []string{"/proc", "/dev", "/tmp"}

// stageFor returns the directory where layers are made.
func stageFor(layers []*layer, view string) (string, error) {
	for _, dir := range stages {
		info, err := os.Lstat(dir)
		if err == nil && info.IsDir() && !below(view, dir) && !slices.ContainsFunc(layers, func(l *layer) bool { return below(l.dir, dir) }) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("none of the directories %s is there", strings.Join(stages, ", "))
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return &fs.PathError{Op: "bind", Path: from, Err: err}
	}
	return nil
}

// Refusals tells what on this machine does not permit namespaces, and what to do
// about it.
func Refusals() []string {
	var list []string
	for _, s := range []struct{ file, bad, say string }{
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "as root: sysctl kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/user/max_user_namespaces", "0", "as root: sysctl user.max_user_namespaces=10000"},
		{"/proc/sys/user/max_mnt_namespaces", "0", "as root: sysctl user.max_mnt_namespaces=10000"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
			"as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with `userns,` for gobuild"},
	} {
		text, err := os.ReadFile(s.file)
		if err == nil && len(text) > 0 && string(text[:len(text)-1]) == s.bad {
			list = append(list, s.say)
		}
	}
	return list
}
