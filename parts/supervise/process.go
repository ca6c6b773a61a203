package supervise

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// proc is where the kernel lists processes.
const proc = "/proc"

// findProcess returns the first process of this user whose words hold all of
// those given, or 0. A word is one of the command line, or the last element of
// its path.
func findProcess(words ...string) int {
	entries, _ := os.ReadDir(proc)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		info, err := os.Stat(filepath.Join(proc, e.Name()))
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
			continue
		}
		text, _ := os.ReadFile(filepath.Join(proc, e.Name(), "cmdline"))
		if holdsAll(text, words) {
			return pid
		}
	}
	return 0
}

// marked returns the processes that were started with a variable.
func marked(variable string) []int {
	var pids []int
	entries, _ := os.ReadDir(proc)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		text, _ := os.ReadFile(filepath.Join(proc, e.Name(), "environ")) // of others it cannot be read
		if slices.Contains(strings.Split(string(text), "\x00"), variable) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func holdsAll(cmdline []byte, words []string) bool {
	fields := strings.Split(string(bytes.TrimRight(cmdline, "\x00")), "\x00")
	for _, word := range words {
		if !slices.ContainsFunc(fields, func(f string) bool { return f == word || filepath.Base(f) == word }) {
			return false
		}
	}
	return true
}

// alive reports whether a process, or one of the process group that it leads, is
// there and no zombie.
func alive(pid int) bool {
	if pid <= 1 || syscall.Kill(-pid, 0) != nil && syscall.Kill(pid, 0) != nil {
		return false
	}
	entries, err := os.ReadDir(proc)
	if err != nil || len(entries) == 0 {
		return true
	}
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if group, state := groupOf(id); state != "Z" && state != "" && (group == pid || id == pid) {
			return true
		}
	}
	return false
}

// groupOf returns the process group of a process, and the letter of its state.
func groupOf(pid int) (group int, state string) {
	text, _ := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 3 {
		return 0, ""
	}
	group, _ = strconv.Atoi(fields[2])
	return group, fields[0]
}

// gone waits until nothing is left of process groups. What is left after the
// time is killed.
func gone(ctx context.Context, pids []int, patience time.Duration) error {
	killAt := time.Now().Add(patience)
	for _, pid := range pids {
		for alive(pid) {
			if time.Now().After(killAt) {
				syscall.Kill(-pid, syscall.SIGKILL)
				syscall.Kill(pid, syscall.SIGKILL)
			}
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	return nil
}
