package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gobuild/parts"
	"gobuild/parts/run"
)

// TestMain makes this test binary the programs that the tests run: a make that
// speaks both protocols, an old ninja and a compiler.
func TestMain(m *testing.M) {
	if len(os.Args) > 4 && os.Args[1] == "ninja" {
		os.Exit(shareNinja(os.Args[2:]))
	}
	if filepath.Base(os.Args[0]) == "ninja" {
		os.Exit(oldNinja(os.Args[1:]))
	}
	switch os.Getenv("JOBS_TEST_MODE") {
	case "":
		os.Exit(m.Run())
	case "make":
		os.Exit(fakeMake(os.Args[1:]))
	case "compile":
		os.Exit(compile())
	}
	os.Exit(64)
}

// meter counts the compilers that live at once, exactly and whatever is killed:
// a file of process ids, changed under a lock.
type meter struct{ path string }

// change adds or removes a process and notes the greatest number.
func (m meter) change(add, remove int) (live []int, most int) {
	lock, err := os.OpenFile(m.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		panic(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		panic(err)
	}
	text, _ := os.ReadFile(m.path)
	for i, word := range strings.Fields(string(text)) {
		n, _ := strconv.Atoi(word)
		if i == 0 {
			most = n
		} else if n != remove && lives(n) {
			live = append(live, n)
		}
	}
	if add != 0 {
		live = append(live, add)
	}
	most = max(most, len(live))
	if err := os.WriteFile(m.path, []byte(fmt.Sprintln(most, strings.Trim(fmt.Sprint(live), "[]"))), 0o600); err != nil {
		panic(err)
	}
	return live, most
}

// lives reports whether a process is there and no zombie.
func lives(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, ok := bytes.Cut(text, []byte(") "))
	return err == nil && ok && state[0] != 'Z' && state[0] != 'X'
}

// compile is a compiler: it takes some time, and longer until as many live at
// once as are expected, but not for ever.
func compile() int {
	m := meter{os.Getenv("JOBS_TEST_METER")}
	_, most := m.change(os.Getpid(), 0)
	crowd, _ := strconv.Atoi(os.Getenv("JOBS_TEST_CROWD"))
	for late := time.Now().Add(20 * time.Second); most < crowd && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
		_, most = m.change(0, 0)
	}
	pause, err := time.ParseDuration(os.Getenv("JOBS_TEST_TIME"))
	if err != nil {
		return 2
	}
	time.Sleep(pause)
	m.change(0, os.Getpid())
	return 0
}

// fakeMake is a client as GNU make is one. Its argument is how many compilers
// it runs.
func fakeMake(args []string) int {
	if len(args) == 1 && args[0] == "--version" {
		fmt.Println("GNU Make " + os.Getenv("JOBS_TEST_VERSION"))
		return 0
	}
	n, err := strconv.Atoi(args[len(args)-1])
	if err != nil {
		return 2
	}
	r, w, err := clientOf(os.Getenv("MAKEFLAGS"))
	if err != nil {
		fmt.Println("fake make:", err)
		return 2
	}
	if os.Getenv("JOBS_TEST_HOSTILE") != "" {
		w.Write(bytes.Repeat([]byte("x"), 1000))
	}
	self, _ := os.Executable()
	var running sync.WaitGroup
	implicit := make(chan bool, 1)
	implicit <- true
	tokens := make(chan byte)
	go readTokens(r, tokens)
	for range n {
		give := func() { implicit <- true }
		select {
		case <-implicit:
		default:
			select {
			case <-implicit:
			case token := <-tokens:
				give = func() { w.Write([]byte{token}) }
			}
		}
		running.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), "JOBS_TEST_MODE=compile")
			cmd.Run()
			give()
		})
	}
	running.Wait()
	return 0
}

func readTokens(r *os.File, tokens chan<- byte) {
	for {
		var b [1]byte
		if n, err := r.Read(b[:]); n == 1 {
			tokens <- b[0]
		} else if err != nil {
			return
		}
	}
}

// clientOf opens the jobserver of MAKEFLAGS; without one there is a fifo that
// never has a token.
func clientOf(flags string) (r, w *os.File, err error) {
	a := auth(flags)
	if path, ok := strings.CutPrefix(a, "fifo:"); ok {
		if r, err = os.OpenFile(path, os.O_RDONLY, 0); err != nil {
			return nil, nil, err
		}
		w, err = os.OpenFile(path, os.O_WRONLY, 0)
		return r, w, err
	}
	var fds [2]int
	if n, _ := fmt.Sscanf(a, "%d,%d", &fds[0], &fds[1]); n == 2 {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/fd/%d", fds[0])); err != nil {
			return nil, nil, err
		}
		return os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w"), nil
	}
	if a != "" {
		return nil, nil, errors.New("bad jobserver " + a)
	}
	return os.Pipe()
}

// stand is a pool with a part's runner, a meter and a make.
type stand struct {
	t     *testing.T
	pool  *Pool
	meter meter
	dir   string
	make  theMake
}

// theMake is a make that the tests run.
type theMake struct {
	name string
	bin  string // directory for PATH
	env  []string
	fake bool
}

// makes are the makes that there are: two that the test plays, that of PATH,
// and that of GOBUILD_TEST_MAKE44.
func makes(t *testing.T) []theMake {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	list := []theMake{
		{"played-4.3", linkDir(t, self), []string{"JOBS_TEST_MODE=make", "JOBS_TEST_VERSION=4.3"}, true},
		{"played-4.4.1", linkDir(t, self), []string{"JOBS_TEST_MODE=make", "JOBS_TEST_VERSION=4.4.1"}, true},
	}
	if path, err := exec.LookPath("make"); err == nil {
		list = append(list, theMake{"of-path", linkDir(t, path), nil, false})
	}
	if path := os.Getenv("GOBUILD_TEST_MAKE44"); path != "" {
		list = append(list, theMake{"make44", linkDir(t, path), nil, false})
	}
	return list
}

// linkDir returns a directory that holds path under the name make only.
func linkDir(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(path, filepath.Join(dir, "make")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newStand(t *testing.T, total int, m theMake) *stand {
	t.Helper()
	dir := t.TempDir()
	p, err := New(total, Options{Dir: filepath.Join(dir, "jobs")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &stand{t, p, meter{filepath.Join(dir, "meter")}, dir, m}
}

// part returns what runs commands of a part, and its share.
func (s *stand) part(name string, more ...string) (*run.Runner, *Share, *bytes.Buffer) {
	share := s.pool.Share(name)
	share.Ninja = true
	log := &bytes.Buffer{}
	env := append([]string{"PATH=" + s.make.bin + ":/usr/bin:/bin", "JOBS_TEST_METER=" + s.meter.path,
		"GORACE=atexit_sleep_ms=0"}, s.make.env...) // under -race each process waits a second else
	return run.New(run.Config{Part: name, Dir: s.dir, Env: append(env, more...), Log: log, Grace: time.Second, Jobs: share}), share, log
}

// build is a command that runs n compilers of that length by make.
func (s *stand) build(n int, each time.Duration, r *run.Runner) parts.Command {
	env := append(r.Environ(), "JOBS_TEST_TIME="+each.String())
	if s.make.fake {
		return parts.Command{Argv: []string{"make", strconv.Itoa(n)}, Env: env}
	}
	self, _ := os.Executable()
	text := fmt.Sprintf("all: $(shell seq %d | sed s/^/t/)\nt%%:\n\t@JOBS_TEST_MODE=compile %s\n", n, self)
	f, err := os.CreateTemp(s.dir, "Makefile")
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	f.WriteString(text)
	return parts.Command{Argv: []string{"make", "-f", f.Name()}, Env: env}
}

// runPart takes a token, waiting for it, and runs one build in a part.
func (s *stand) runPart(ctx context.Context, name string, n int, each time.Duration, more ...string) error {
	for !s.pool.Take(1) {
		select {
		case <-s.pool.Freed():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer s.pool.Release(1)
	r, share, log := s.part(name, more...)
	defer share.Close()
	if err := r.Run(ctx, s.build(n, each, r)); err != nil {
		return fmt.Errorf("%w: %s", err, log)
	}
	return nil
}

// mustBeFull checks that no token is lost.
func (s *stand) mustBeFull() {
	s.t.Helper()
	if used := s.pool.InUse(); used != 0 {
		s.t.Errorf("%d tokens are in use", used)
	}
	if !s.pool.Take(s.pool.Total()) {
		s.t.Fatalf("not all %d tokens are free", s.pool.Total())
	}
	s.pool.Release(s.pool.Total())
}
