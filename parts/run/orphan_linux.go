package run

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// orphanWait is how long the processes of killed commands get to end.
const orphanWait = 10 * time.Second

// boot tells one start of the machine from the next.
var boot = sync.OnceValue(func() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
})

// identify returns what is needed to find what is left of a command later.
func identify(leader int) Orphan {
	o := Orphan{Session: leader}
	if ticks := startOf(leader); ticks >= 0 && boot() != "" {
		o.Start = fmt.Sprintf("%d@%s", ticks, boot())
	}
	return o
}

// startOf returns when a process was started, in ticks since the start of the
// machine; -1 if there is none.
func startOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return -1
	}
	// Behind the name, which may hold anything, the time is the 20th field.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return -1
	}
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return -1
	}
	return ticks
}

// End kills what is left of the command, and waits until it has ended. It
// reports whether nothing is left. Processes of someone else that have got the
// number of its session meanwhile are left alone.
func (o Orphan) End() bool {
	ticks, machine, ok := strings.Cut(o.Start, "@")
	began, err := strconv.ParseInt(ticks, 10, 64)
	if !ok || err != nil || machine != boot() || o.Session <= 1 {
		return true
	}
	if now := startOf(o.Session); now >= 0 && now != began {
		return true
	}
	s := newSession(o.Session)
	table, err := processes()
	if err != nil {
		return true
	}
	for _, p := range s.members(table) {
		if now := startOf(p.pid); now >= 0 && now < began {
			return true
		}
	}
	s.signal(syscall.SIGKILL)
	return s.wait(orphanWait, syscall.SIGKILL)
}
