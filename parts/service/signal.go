package service

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// realtimeMin and realtimeMax are the real-time signals that the C library
// leaves to programs.
const (
	realtimeMin = 34
	realtimeMax = 64
)

// signalNames are the signals that a launch can be told of.
var signalNames = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "ILL": syscall.SIGILL,
	"TRAP": syscall.SIGTRAP, "ABRT": syscall.SIGABRT, "BUS": syscall.SIGBUS, "FPE": syscall.SIGFPE,
	"USR1": syscall.SIGUSR1, "SEGV": syscall.SIGSEGV, "USR2": syscall.SIGUSR2, "PIPE": syscall.SIGPIPE,
	"ALRM": syscall.SIGALRM, "TERM": syscall.SIGTERM, "CHLD": syscall.SIGCHLD, "CONT": syscall.SIGCONT,
	"TSTP": syscall.SIGTSTP, "TTIN": syscall.SIGTTIN, "TTOU": syscall.SIGTTOU, "URG": syscall.SIGURG,
	"XCPU": syscall.SIGXCPU, "XFSZ": syscall.SIGXFSZ, "VTALRM": syscall.SIGVTALRM, "PROF": syscall.SIGPROF,
	"WINCH": syscall.SIGWINCH, "IO": syscall.SIGIO, "SYS": syscall.SIGSYS,
}

// ParseSignal reads the name of a signal that a program can ignore: USR1,
// RTMIN+1, RTMAX-1. A blank name is 0.
func ParseSignal(name string) (syscall.Signal, error) {
	if name == "" {
		return 0, nil
	}
	if s, ok := signalNames[name]; ok {
		return s, nil
	}
	if s, ok := parseRealtime(name); ok {
		return s, nil
	}
	d := mistake("invalid signal value: %s", name).WithHint("a signal is written USR1, HUP or RTMIN+1")
	if name == "KILL" || name == "STOP" {
		d.Hint = "no program can ignore or catch this signal"
	} else if _, ok := signalNames[strings.TrimPrefix(name, "SIG")]; ok {
		d.Hint = "write " + strings.TrimPrefix(name, "SIG")
	}
	return 0, d
}

func parseRealtime(name string) (syscall.Signal, bool) {
	base, sign := realtimeMin, 1
	rest, ok := strings.CutPrefix(name, "RTMIN")
	if !ok {
		base, sign = realtimeMax, -1
		if rest, ok = strings.CutPrefix(name, "RTMAX"); !ok {
			return 0, false
		}
	}
	if rest == "" {
		return syscall.Signal(base), true
	}
	n, err := strconv.ParseUint(rest[1:], 10, 8)
	s := base + sign*int(n)
	if err != nil || rest[0] != "-?+"[sign+1] || s < realtimeMin || s > realtimeMax {
		return 0, false
	}
	return syscall.Signal(s), true
}

func signalName(s syscall.Signal) string {
	for name, known := range signalNames {
		if known == s {
			return name
		}
	}
	if s >= realtimeMin {
		return fmt.Sprintf("RTMIN+%d", int(s)-realtimeMin)
	}
	return strconv.Itoa(int(s))
}

// passed returns the signals that the process that stays catches and passes
// on. Those that stop and continue keep their meaning, as the terminal sends
// them to the program too.
func passed() []os.Signal {
	signals := []os.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGUSR1,
		syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGTERM, syscall.SIGVTALRM, syscall.SIGIO,
		syscall.SIGXCPU, syscall.SIGXFSZ,
	}
	return append(signals, realtime()...)
}

// catchable reports whether the process that stays can catch s.
func catchable(s syscall.Signal) bool { return slices.Contains(passed(), os.Signal(s)) }

// without returns the signals that are not in the set ignored.
func without(signals []os.Signal, ignored uint64) []os.Signal {
	return slices.DeleteFunc(signals, func(s os.Signal) bool {
		return ignored>>(s.(syscall.Signal)-1)&1 != 0
	})
}

// ends reports whether s asks a program to end.
func ends(s os.Signal) bool {
	return s == syscall.SIGHUP || s == syscall.SIGINT || s == syscall.SIGQUIT || s == syscall.SIGTERM
}
