//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// call is a system call at its entry.
type call struct {
	tid  int
	nr   uint64
	args [6]uint64
}

// System calls of amd64 that package syscall does not name.
const (
	sysRenameat2     = 316
	sysCopyFileRange = 326
	sysPwritev2      = 328
	sysOpenTree      = 428
	sysMoveMount     = 429
	sysFsconfig      = 431
	sysFsmount       = 432
	sysOpenat2       = 437
	sysMountSetattr  = 442
	sysFchmodat2     = 452
	sysSyncfs        = 306
)

// changing are the calls that change a file system whatever their arguments,
// with the positions of their paths.
var changing = map[uint64]struct {
	name  string
	paths []int
}{
	syscall.SYS_RENAME: {"rename", []int{0, 1}}, syscall.SYS_RENAMEAT: {"renameat", []int{1, 3}}, sysRenameat2: {"renameat2", []int{1, 3}},
	syscall.SYS_UNLINK: {"unlink", []int{0}}, syscall.SYS_UNLINKAT: {"unlinkat", []int{1}}, syscall.SYS_RMDIR: {"rmdir", []int{0}},
	syscall.SYS_MKDIR: {"mkdir", []int{0}}, syscall.SYS_MKDIRAT: {"mkdirat", []int{1}},
	syscall.SYS_SYMLINK: {"symlink", []int{0, 1}}, syscall.SYS_SYMLINKAT: {"symlinkat", []int{0, 2}},
	syscall.SYS_LINK: {"link", []int{0, 1}}, syscall.SYS_LINKAT: {"linkat", []int{1, 3}},
	syscall.SYS_MKNOD: {"mknod", []int{0}}, syscall.SYS_MKNODAT: {"mknodat", []int{1}}, syscall.SYS_CREAT: {"creat", []int{0}},
	syscall.SYS_CHMOD: {"chmod", []int{0}}, syscall.SYS_FCHMOD: {"fchmod", nil}, syscall.SYS_FCHMODAT: {"fchmodat", []int{1}}, sysFchmodat2: {"fchmodat2", []int{1}},
	syscall.SYS_CHOWN: {"chown", []int{0}}, syscall.SYS_LCHOWN: {"lchown", []int{0}}, syscall.SYS_FCHOWN: {"fchown", nil}, syscall.SYS_FCHOWNAT: {"fchownat", []int{1}},
	syscall.SYS_TRUNCATE: {"truncate", []int{0}}, syscall.SYS_FTRUNCATE: {"ftruncate", nil}, syscall.SYS_FALLOCATE: {"fallocate", nil},
	syscall.SYS_UTIMENSAT: {"utimensat", []int{1}}, syscall.SYS_UTIME: {"utime", []int{0}}, syscall.SYS_UTIMES: {"utimes", []int{0}}, syscall.SYS_FUTIMESAT: {"futimesat", []int{1}},
	syscall.SYS_SETXATTR: {"setxattr", []int{0}}, syscall.SYS_LSETXATTR: {"lsetxattr", []int{0}}, syscall.SYS_FSETXATTR: {"fsetxattr", nil},
	syscall.SYS_REMOVEXATTR: {"removexattr", []int{0}}, syscall.SYS_LREMOVEXATTR: {"lremovexattr", []int{0}}, syscall.SYS_FREMOVEXATTR: {"fremovexattr", nil},
	syscall.SYS_FSYNC: {"fsync", nil}, syscall.SYS_FDATASYNC: {"fdatasync", nil}, syscall.SYS_SYNC: {"sync", nil}, sysSyncfs: {"syncfs", nil},
	syscall.SYS_SYNC_FILE_RANGE: {"sync_file_range", nil}, syscall.SYS_MSYNC: {"msync", nil},
	syscall.SYS_MOUNT: {"mount", []int{0, 1}}, syscall.SYS_UMOUNT2: {"umount2", []int{0}}, syscall.SYS_PIVOT_ROOT: {"pivot_root", []int{0, 1}},
	sysOpenTree: {"open_tree", []int{1}}, sysMoveMount: {"move_mount", []int{1, 3}}, sysFsconfig: {"fsconfig", nil}, sysFsmount: {"fsmount", nil}, sysMountSetattr: {"mount_setattr", []int{1}},
}

// writing are the calls that change a file system if the descriptor at the
// position is that of a regular file.
var writing = map[uint64]struct {
	name string
	file int
}{
	syscall.SYS_WRITE: {"write", 0}, syscall.SYS_PWRITE64: {"pwrite64", 0}, syscall.SYS_WRITEV: {"writev", 0},
	syscall.SYS_PWRITEV: {"pwritev", 0}, sysPwritev2: {"pwritev2", 0}, syscall.SYS_SENDFILE: {"sendfile", 0},
	sysCopyFileRange: {"copy_file_range", 2}, syscall.SYS_SPLICE: {"splice", 2}, syscall.SYS_IOCTL: {"ioctl", 0},
}

// cloneFile is FICLONE, the ioctl that copies a file.
const cloneFile = 0x40049409

const openToChange = syscall.O_WRONLY | syscall.O_RDWR | syscall.O_CREAT | syscall.O_TRUNC

// changes reports whether the call changes a file system.
func (c *call) changes() bool {
	if _, ok := changing[c.nr]; ok {
		return true
	}
	if w, ok := writing[c.nr]; ok {
		return (c.nr != syscall.SYS_IOCTL || c.args[1] == cloneFile) && c.isRegular(c.args[w.file])
	}
	path, flags, ok := c.opens()
	return ok && flags&openToChange != 0 && !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/proc/")
}

// opens returns what the call opens, and how.
func (c *call) opens() (path string, flags uint64, ok bool) {
	switch c.nr {
	case syscall.SYS_OPEN:
		return c.text(c.args[0]), c.args[1], true
	case syscall.SYS_OPENAT:
		return c.text(c.args[1]), c.args[2], true
	case sysOpenat2: // its flags are in memory; what it opens counts as changed
		return c.text(c.args[1]), openToChange, true
	}
	return "", 0, false
}

// isOpen reports whether the call takes a new descriptor.
func (c *call) isOpen() bool {
	_, _, ok := c.opens()
	return ok || c.nr == syscall.SYS_PIPE2 || c.nr == syscall.SYS_SOCKET
}

// isRegular reports whether the descriptor is that of a regular file; what has
// no path, such as an eventfd, may look like one.
func (c *call) isRegular(fd uint64) bool {
	link := fmt.Sprintf("/proc/%d/fd/%d", c.tid, int32(fd))
	info, err := os.Stat(link)
	name, _ := os.Readlink(link)
	return err == nil && info.Mode().IsRegular() && strings.HasPrefix(name, "/") && !strings.HasPrefix(filepath.Base(name), outputName)
}

// String names the call and its paths.
func (c *call) String() string {
	if known, ok := changing[c.nr]; ok {
		words := []string{known.name}
		for _, i := range known.paths {
			words = append(words, filepath.Base(c.text(c.args[i])))
		}
		if known.paths == nil {
			words = append(words, c.file(c.args[0]))
		}
		return strings.Join(words, " ")
	}
	if w, ok := writing[c.nr]; ok {
		return w.name + " " + c.file(c.args[w.file])
	}
	if path, flags, ok := c.opens(); ok {
		return fmt.Sprintf("open %s %#x", filepath.Base(path), flags)
	}
	return fmt.Sprint("call ", c.nr)
}

// file is the name behind a descriptor.
func (c *call) file(fd uint64) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.tid, int32(fd)))
	return filepath.Base(name)
}
