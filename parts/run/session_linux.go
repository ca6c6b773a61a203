package run

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// maxrssUnit is what the kernel counts the memory of processes in.
const maxrssUnit = 1024

// attributes makes the process lead a session of its own, and end with gobuild
// should that be killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// process is a line of the process table.
type process struct{ pid, parent, group, session int }

// groups returns the process groups of all members that are no zombies. It adds
// to s.ids the sessions of new descendants.
func (s *session) groups() []int {
	table, err := processes()
	if err != nil {
		return s.onlyGroup()
	}
	var groups []int
	for _, p := range s.members(table) {
		groups = append(groups, p.group)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// members returns the processes of table that are in one of s.ids, or whose
// parent is a member. It repeats until no session is added, as a parent may
// stand behind its child.
func (s *session) members(table []process) []process {
	for {
		var members []process
		pids := map[int]bool{}
		for _, p := range table {
			if s.ids[p.session] {
				pids[p.pid] = true
				members = append(members, p)
			}
		}
		before := len(s.ids)
		for _, p := range table {
			if pids[p.parent] {
				s.ids[p.session] = true
			}
		}
		if len(s.ids) == before {
			return members
		}
	}
}

// processes reads the process table without zombies. A process that ends
// meanwhile is left out.
func processes() ([]process, error) {
	names, err := filepath.Glob("/proc/[1-9]*/stat")
	if err != nil || len(names) == 0 {
		return nil, os.ErrNotExist
	}
	table := make([]process, 0, len(names))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if p, ok := parseStat(text); ok {
			table = append(table, p)
		}
	}
	return table, nil
}

// parseStat reads `PID (NAME) STATE PARENT GROUP SESSION ...`; NAME may hold
// anything. ok is false for a zombie.
func parseStat(text []byte) (p process, ok bool) {
	head, _, found := bytes.Cut(text, []byte(" ("))
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if !found || len(fields) < 4 || bytes.ContainsAny(fields[0], "ZXx") {
		return process{}, false
	}
	numbers := make([]int, 0, 4)
	for _, f := range [][]byte{head, fields[1], fields[2], fields[3]} {
		n, err := strconv.Atoi(string(f))
		if err != nil {
			return process{}, false
		}
		numbers = append(numbers, n)
	}
	return process{numbers[0], numbers[1], numbers[2], numbers[3]}, true
}
