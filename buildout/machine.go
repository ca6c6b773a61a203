package buildout

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Cores is how many processors this process may use: those of the machine, or
// fewer by affinity or by the quota of its control group.
func Cores() int { return runtime.GOMAXPROCS(0) }

// MemoryOfMachine is the memory, in bytes, that processes started here can
// take: that of the machine, or less by its control group; 0 when it is unknown.
func MemoryOfMachine() int64 {
	limit := totalMemory()
	for dir := controlGroup(); dir != "" && dir != "/"; dir = filepath.Dir(dir) {
		text, err := os.ReadFile("/sys/fs/cgroup" + dir + "/memory.max")
		if n, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil && n < limit {
			limit = n
		}
	}
	return limit
}

func totalMemory() int64 {
	text, _ := os.ReadFile("/proc/meminfo")
	_, rest, _ := strings.Cut(string(text), "MemTotal:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.ParseInt(kib, 10, 64)
	return n << 10
}

// controlGroup is the path of the unified control group of this process.
func controlGroup() string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return path
		}
	}
	return ""
}
