package pure

import (
	"strings"
	"sync"
)

// The headers of glibc, of the kernel, and of compilers. Directories that other
// packages use as well are given by their files; a name that only some versions
// or machines have does no harm.

// glibcHeaders are the files of glibc in the include directory, or in that of
// the machine.
const glibcHeaders = "_G_config.h a.out.h aio.h aliases.h alloca.h ar.h argp.h argz.h assert.h byteswap.h complex.h cpio.h ctype.h dirent.h " +
	"dlfcn.h elf.h endian.h envz.h err.h errno.h error.h execinfo.h fcntl.h features-time64.h features.h fenv.h fmtmsg.h fnmatch.h " +
	"fpregdef.h fpu_control.h fstab.h fts.h ftw.h gconv.h getopt.h glob.h gnu-versions.h grp.h gshadow.h iconv.h ieee754.h ifaddrs.h " +
	"inttypes.h langinfo.h lastlog.h libgen.h libintl.h libio.h limits.h link.h locale.h malloc.h math.h mcheck.h memory.h mntent.h " +
	"monetary.h mqueue.h netdb.h nl_types.h nss.h obstack.h paths.h poll.h printf.h proc_service.h pthread.h pty.h pwd.h re_comp.h " +
	"regdef.h regex.h regexp.h resolv.h sched.h search.h semaphore.h setjmp.h sgidefs.h sgtty.h shadow.h signal.h spawn.h stab.h " +
	"stdbit.h stdc-predef.h stdint.h stdio.h stdio_ext.h stdlib.h string.h strings.h stropts.h syscall.h sysexits.h syslog.h tar.h " +
	"termio.h termios.h tgmath.h thread_db.h threads.h time.h ttyent.h uchar.h ucontext.h ulimit.h unistd.h ustat.h utime.h utmp.h " +
	"utmpx.h values.h wait.h wchar.h wctype.h wordexp.h xlocale.h"

// wholeDirectories belong to glibc, the kernel or compilers with all that is in
// them.
const wholeDirectories = "arpa bits finclude gnu netash netatalk netax25 neteconet netipx netiucv netpacket netrom netrose nfs " +
	"asm asm-generic cxl drm fwctl linux misc mtd rdma regulator sound video xen c++"

// sharedDirectories are those that glibc or the kernel shares with others.
var sharedDirectories = map[string]string{
	"net":       "ethernet.h if.h if_arp.h if_packet.h if_ppp.h if_shaper.h if_slip.h ppp-comp.h ppp_defs.h route.h",
	"netinet":   "ether.h icmp6.h if_ether.h if_fddi.h if_tr.h igmp.h in.h in_systm.h ip.h ip6.h ip_icmp.h tcp.h udp.h",
	"protocols": "routed.h rwhod.h talkd.h timed.h",
	"rpc":       "netdb.h",
	"scsi": "scsi.h scsi_ioctl.h sg.h fc cxlflash_ioctl.h scsi_bsg_fc.h scsi_bsg_mpi3mr.h scsi_bsg_ufs.h scsi_netlink.h " +
		"scsi_netlink_fc.h",
	"sys": "acct.h asm.h auxv.h bitypes.h cachectl.h cdefs.h debugreg.h dir.h elf.h epoll.h errno.h eventfd.h fanotify.h fcntl.h file.h " +
		"fpregdef.h fsuid.h gmon.h gmon_out.h hwprobe.h ifunc.h inotify.h io.h ioctl.h ipc.h kd.h kdaemon.h klog.h mman.h mount.h msg.h mtio.h " +
		"param.h pci.h perm.h personality.h pidfd.h platform poll.h prctl.h procfs.h profil.h ptrace.h queue.h quota.h random.h raw.h " +
		"reboot.h reg.h regdef.h resource.h rseq.h select.h sem.h sendfile.h shm.h signal.h signalfd.h single_threaded.h socket.h " +
		"socketvar.h soundcard.h stat.h statfs.h statvfs.h stropts.h swap.h syscall.h sysctl.h sysinfo.h syslog.h sysmacros.h sysmips.h tas.h " +
		"termios.h time.h timeb.h timerfd.h times.h timex.h ttychars.h ttydefaults.h types.h ucontext.h uio.h ultrasound.h un.h " +
		"unistd.h user.h ustat.h utsname.h vfs.h vlimit.h vm86.h vt.h vtimes.h wait.h xattr.h",
}

// headerNames are the names that a view shows, by directory; "" is the include
// directory.
var headerNames = sync.OnceValue(func() map[string]map[string]bool {
	all := map[string]map[string]bool{"": nameSet([]group{{names: glibcHeaders}, {names: wholeDirectories}})}
	for dir, names := range sharedDirectories {
		all[dir] = nameSet([]group{{names: names}})
		all[""][dir] = true
	}
	return all
})

// isSharedHeaders reports whether a directory in an include directory is shown
// in part.
func isSharedHeaders(dir string) bool { return sharedDirectories[dir] != "" }

// IsHeader reports whether a header, by its path below an include directory or
// below that of the machine in it, is one of glibc, of the kernel or of a
// compiler.
func IsHeader(path string) bool {
	first, rest, deeper := strings.Cut(path, "/")
	if isMachine(first) && deeper {
		return IsHeader(rest)
	}
	if !headerNames()[""][first] {
		return false
	}
	second, _, _ := strings.Cut(rest, "/")
	return !deeper || !isSharedHeaders(first) || headerNames()[first][second]
}
