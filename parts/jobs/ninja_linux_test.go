package jobs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gobuild/parts"
)

// oldNinja is a ninja that knows no jobserver: it runs as many compilers at
// once as -j says, or 50.
func oldNinja(args []string) int {
	if slices.Contains(args, "--version") {
		fmt.Println("1.11.1")
		return 0
	}
	jobs, n := 50, 0
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "-j"); ok {
			jobs, _ = strconv.Atoi(value)
		} else if k, err := strconv.Atoi(arg); err == nil {
			n = k
		}
	}
	fmt.Println("jobs", jobs)
	self, _ := os.Executable()
	slots := make(chan bool, jobs)
	for range n {
		slots <- true
		go func() {
			cmd := exec.Command(self)
			cmd.Args[0] = "cc"
			cmd.Env = append(os.Environ(), "JOBS_TEST_MODE=compile")
			cmd.Run()
			<-slots
		}()
	}
	for range jobs {
		slots <- true
	}
	return n / 1000 // a status to look at
}

// shareNinja is the launcher that a shim calls.
func shareNinja(args []string) int {
	total, err := strconv.Atoi(args[1])
	if err != nil {
		return 64
	}
	status, err := Ninja(args[0], total, args[2:])
	if err != nil {
		fmt.Println(err)
		return 65
	}
	return status
}

func TestOldNinja(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range makes(t)[:2] {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 3, m)
			s.pool.options.Launcher = self
			if err := os.Symlink(self, filepath.Join(m.bin, "ninja")); err != nil {
				t.Fatal(err)
			}
			if !s.pool.Take(1) {
				t.Fatal("no token")
			}
			r, share, log := s.part("p a/r't", "JOBS_TEST_CROWD=3")
			for _, argv := range [][]string{{"ninja", "12"}, {"sh", "-c", "ninja 12"}} {
				log.Reset()
				if err := r.Run(t.Context(), parts.Command{Argv: argv, Env: append(r.Environ(), "JOBS_TEST_TIME=10ms")}); err != nil {
					t.Fatalf("%v: %s", err, log)
				}
				if !strings.Contains(log.String(), "\njobs 3\n") {
					t.Errorf("%q: log: %s", argv, log)
				}
			}
			if _, most := s.meter.change(0, 0); most != 3 {
				t.Errorf("%d compilers at once, want 3", most)
			}
			log.Reset()
			if err := r.Run(t.Context(), parts.Command{Argv: []string{"ninja", "-j", "x", "-j7", "0"}}); err != nil || !strings.Contains(log.String(), "\njobs 7\n") {
				t.Errorf("own number: got %v, %s", err, log)
			}
			share.Close()
			s.pool.Release(1)
			s.mustBeFull()
		})
	}
}

// A ninja that the part does not see gets no stand-in: the part would find one.
func TestHiddenNinja(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := makes(t)[0]
	s := newStand(t, 3, m)
	s.pool.options.Launcher = self
	if err := os.Symlink(self, filepath.Join(m.bin, "ninja")); err != nil {
		t.Fatal(err)
	}
	if !s.pool.Take(1) {
		t.Fatal("no token")
	}
	r, share, log := s.part("p")
	for _, seen := range []bool{true, false} {
		share.Sees = func(string) bool { return seen }
		log.Reset()
		if err := r.Run(t.Context(), parts.Command{Argv: []string{"sh", "-c", "command -v ninja"}}); err != nil {
			t.Fatal(err, log)
		}
		if got := strings.Contains(log.String(), filepath.Join(m.bin, "ninja")); got == seen {
			t.Errorf("seen %v: %s", seen, log)
		}
	}
	share.Close()
	s.pool.Release(1)
}
