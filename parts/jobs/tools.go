package jobs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gobuild/parts/run"
)

// style is how MAKEFLAGS names a jobserver.
type style int

const (
	none style = iota // not at all: make is not GNU make
	pipe              // by inherited descriptors
	fifoPath
)

// tools knows the versions of programs. A program is asked once, as long as its
// file stays the same.
type tools struct {
	mu    sync.Mutex
	known map[program]string
}

type program struct {
	path string
	size int64
	time time.Time
}

func newTools() *tools { return &tools{known: map[program]string{}} }

// version returns what the program called name in env says when it is started
// with --version, and its path; both are "" when there is none.
func (t *tools) version(name string, env []string, dir string) (text, path string) {
	path, err := run.LookPath(name, dir, env)
	if err != nil {
		return "", ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", ""
	}
	p := program{path, info.Size(), info.ModTime()}
	t.mu.Lock()
	defer t.mu.Unlock()
	text, ok := t.known[p]
	if !ok {
		text = ask(path, env, dir)
		t.known[p] = text
	}
	return text, path
}

// ask runs PATH --version. The answer is "" when it cannot be had soon.
func ask(path string, env []string, dir string) string {
	const patience, most = 5 * time.Second, 4096
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "MAKEFLAGS=") })
	out := &start{most: most}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return ""
	}
	return out.String()
}

// start keeps the first bytes that are written to it.
type start struct {
	bytes.Buffer
	most int
}

// Write keeps p while there is room, and never fails.
func (s *start) Write(p []byte) (int, error) {
	s.Buffer.Write(p[:min(len(p), max(s.most-s.Len(), 0))])
	return len(p), nil
}

// style returns the style that all makes in PATH understand. GNU make reads
// names of fifos since 4.4; an older one ends when it finds one.
func (t *tools) style(env []string, dir string) style {
	s := fifoPath
	for _, name := range []string{"make", "gmake"} {
		text, path := t.version(name, env, dir)
		if path != "" {
			s = min(s, styleOf(text))
		}
	}
	return s
}

// styleOf reads what make --version says. Without an answer it is the style
// that every GNU make understands.
func styleOf(text string) style {
	switch major, minor, ok := versionAfter(text, "GNU Make "); {
	case text == "":
		return pipe
	case !ok:
		return none
	case major > 4 || major == 4 && minor >= 4:
		return fifoPath
	}
	return pipe
}

// sharesNinja reports whether ninja, whose --version says text, is no client of
// a jobserver of this style. Kitware's own ninja is, and says which.
func sharesNinja(text string, s style) bool {
	if strings.Contains(text, "jobserver-pipe") {
		return false
	}
	if strings.Contains(text, "jobserver") {
		return s != pipe
	}
	major, minor, ok := versionAfter(text, "")
	return !ok || s == pipe || major < 1 || major == 1 && minor < 13
}

var numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})`) })

// versionAfter reads the numbers that stand behind prefix at the start of text.
func versionAfter(text, prefix string) (major, minor int, ok bool) {
	rest, found := strings.CutPrefix(text, prefix)
	m := numbers().FindStringSubmatch(rest)
	if !found || m == nil {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}
