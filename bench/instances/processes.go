//go:build linux

package main

import (
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

// processWatch collects the command lines of all processes.
type processWatch struct {
	stop, ended chan struct{}
	seen        map[string]bool
}

// watchProcesses looks at the process list again and again.
func watchProcesses() *processWatch {
	w := &processWatch{make(chan struct{}), make(chan struct{}), map[string]bool{}}
	go func() {
		defer close(w.ended)
		for {
			w.look()
			select {
			case <-w.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return w
}

func (w *processWatch) look() {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			w.seen[string(commandLine(pid))] = true
		}
	}
}

// end returns the command lines, one on each line.
func (w *processWatch) end() string {
	close(w.stop)
	<-w.ended
	var lines []string
	for line := range w.seen {
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
