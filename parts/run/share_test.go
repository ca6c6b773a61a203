package run

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"gobuild/parts"
)

// jobserver is a Jobs that gives a file as descriptor 5.
type jobserver struct {
	file            string
	err             error
	prepared, ended atomic.Int32
	given           *os.File
	env             []string
}

func (j *jobserver) Prepare(env []string, dir string) ([]string, []*os.File, error) {
	j.prepared.Add(1)
	j.env = slices.Clone(env)
	if j.err != nil {
		return env, nil, j.err
	}
	var err error
	if j.given, err = os.Open(j.file); err != nil {
		return env, nil, err
	}
	return append(slices.Clone(env), "SHARE=1"), []*os.File{nil, nil, j.given}, nil
}

func (j *jobserver) Ended() { j.ended.Add(1) }

func TestJobs(t *testing.T) {
	r, log := runner(t)
	file := r.config.Dir + "/file"
	write(t, file, "inherited\n", 0o600)
	j := &jobserver{file: file}
	r.config.Jobs = j
	c := sh("echo $A$SHARE; cat <&5; (: <&3) 2>/dev/null || echo closed")
	c.Env = []string{"A=1", "PATH=/usr/bin:/bin"}
	if err := r.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ script\n11\ninherited\nclosed\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
	if !slices.Equal(j.env, c.Env) || len(c.Env) != 2 {
		t.Errorf("prepared with %q, want %q", j.env, c.Env)
	}
	if err := j.given.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file was not closed: %v", err)
	}
	if j.prepared.Load() != 1 || j.ended.Load() != 1 {
		t.Errorf("prepared %d times, ended %d", j.prepared.Load(), j.ended.Load())
	}
}

// Ended is called for commands that fail, do not start and are cancelled; a
// command whose Prepare fails runs all the same.
func TestJobsEnd(t *testing.T) {
	r, log := runner(t)
	j := &jobserver{err: errors.New("no room")}
	r.config.Jobs = j
	var exit *parts.ExitError
	if err := r.Run(t.Context(), sh("exit 3")); !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("got %v", err)
	}
	if want := "$ script\ngobuild: no jobserver for this command: no room\n"; log.String() != want {
		t.Errorf("log: got %q, want %q", log, want)
	}
	if err := r.Run(t.Context(), parts.Command{Argv: []string{"none"}}); err == nil {
		t.Error("a command that does not exist ran")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.config.Log = cancelling{cancel}
	if err := r.Run(ctx, sh("echo go; sleep 100")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if j.prepared.Load() != 3 || j.ended.Load() != 3 {
		t.Errorf("prepared %d times, ended %d, want 3", j.prepared.Load(), j.ended.Load())
	}
}

// cancelling cancels when a command writes `go`.
type cancelling struct{ cancel func() }

func (c cancelling) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "go") {
		c.cancel()
	}
	return len(p), nil
}

func TestUsage(t *testing.T) {
	r, _ := runner(t)
	if cpu, peak := r.Usage(); cpu != 0 || peak != 0 {
		t.Errorf("before all: %v, %d", cpu, peak)
	}
	if err := r.Run(t.Context(), sh("exit 1")); err == nil {
		t.Fatal("no error")
	}
	cpu, peak := r.Usage()
	if peak < 100<<10 || peak > 1<<30 {
		t.Errorf("peak of a shell: %d bytes", peak)
	}
	// 20 MB in one process: a child of the command counts too.
	if err := r.Run(t.Context(), sh(`(head -c 20000000 /dev/zero | tail -n 1 > /dev/null); true`)); err != nil {
		t.Fatal(err)
	}
	more, most := r.Usage()
	if most < 20_000_000 || most < peak {
		t.Errorf("peak: got %d bytes, want 20 MB at least", most)
	}
	if more <= cpu {
		t.Errorf("processor time: got %v after %v", more, cpu)
	}
}
