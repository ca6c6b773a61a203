// Package sched runs named tasks in the order of their needs, within job slots.
// It knows no recipes and no files.
//
// The goroutine that calls Run owns all state; each running task has a
// goroutine that answers once, on a channel. A task goes through these states:
//
//	waiting --> ready --> running --> done
//	                         |------> failed
//	                         '------> stopped
//
//	waiting  a need is not done. Final below a task that is failed or stopped.
//	ready    all needs are done, slots are missing. Final after the run halted.
//	running  its goroutine has not answered. It holds its slots.
//	done     Run returned nil. Users with no other need open become ready.
//	failed   Run returned an error. Without KeepGoing the run halts.
//	stopped  Run returned the error of the cancelled context.
//
// A run that halted, or whose context is done, starts nothing; what runs is
// awaited. At the end Result names a waiting or ready task as Blocked when it
// stands on a failed one, else as NotStarted.
//
// # Order
//
// The rank of a task is its place in the given slice, with later needs pulled
// in front of it: for a (needs c), b, c the ranks are c, a, b. The ready task
// of lowest rank starts first, and none overtakes it while it lacks slots. With
// one slot tasks therefore start exactly by rank. All lists of Result are in
// this order, so they do not depend on which task was faster.
package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Task is a piece of work.
type Task struct {
	Name  string
	Needs []string // names of tasks that must be done before
	// Slots is how many job slots it takes: 1 when it is less, and all when it
	// is more than there are.
	Slots int
	// Run does the work in a goroutine of its own. It returns soon after the
	// context is done, with an error that wraps that of the context.
	Run func(ctx context.Context) error
}

// Options of a run.
type Options struct {
	Slots     int  // job slots; less than 1 means 1
	KeepGoing bool // after a failure, start what does not depend on it
}

// Result tells how a run ended. Each task is in one list.
type Result struct {
	Done       []string
	Failed     []Failure
	Stopped    []string // cancelled while they ran
	Blocked    []Block
	NotStarted []string // after a failure without KeepGoing, or a cancellation
}

// Failure is a task that returned an error.
type Failure struct {
	Name string
	Err  error
}

// Block is a task that could not start because By, which it needs directly or
// not, failed. By is the first such task.
type Block struct{ Name, By string }

// errNoAnswer is the error of a task that called runtime.Goexit.
var errNoAnswer = errors.New("the task ended without an answer")

// Run runs tasks and waits for all that it started. The error names tasks with
// the same name, unknown needs and circles; then nothing has run.
func Run(ctx context.Context, tasks []Task, o Options) (Result, error) {
	nodes, err := rank(tasks)
	if err != nil {
		return Result{}, err
	}
	r := &run{nodes: nodes, slots: max(o.Slots, 1), keepGoing: o.KeepGoing, answers: make(chan answer)}
	r.loop(ctx)
	return r.result(), nil
}

type state int

const (
	waiting state = iota
	ready
	running
	done
	failed
	stopped
)

func (s state) String() string {
	return [...]string{"waiting", "ready", "running", "done", "failed", "stopped"}[s]
}

// run is the state of a run. It belongs to one goroutine.
type run struct {
	nodes     []*node // by rank
	queue     []int   // ranks of the ready nodes, sorted
	slots     int     // of the run
	used      int     // by running nodes
	busy      int     // running nodes
	keepGoing bool
	halted    bool
	answers   chan answer
}

type answer struct {
	rank int
	err  error
}

func (r *run) loop(ctx context.Context) {
	for i, n := range r.nodes {
		if n.open == 0 {
			r.move(i, ready)
		}
	}
	for {
		r.start(ctx)
		if r.busy == 0 {
			return
		}
		a := <-r.answers
		r.end(ctx, a)
	}
}

// start starts what is ready and has slots.
func (r *run) start(ctx context.Context) {
	for len(r.queue) > 0 && !r.halted && ctx.Err() == nil {
		i := r.queue[0]
		if r.used+r.width(i) > r.slots {
			return
		}
		r.queue = r.queue[1:]
		r.move(i, running)
		go work(ctx, i, r.nodes[i].task.Run, r.answers)
	}
}

// work runs a task and answers, whatever the task does.
func work(ctx context.Context, rank int, task func(context.Context) error, answers chan<- answer) {
	err := errNoAnswer
	defer func() { answers <- answer{rank, err} }()
	err = task(ctx)
}

func (r *run) end(ctx context.Context, a answer) {
	switch {
	case a.err == nil:
		r.move(a.rank, done)
	case ctx.Err() != nil && (errors.Is(a.err, ctx.Err()) || errors.Is(a.err, context.Cause(ctx))):
		r.move(a.rank, stopped)
	default:
		r.nodes[a.rank].err = a.err
		r.move(a.rank, failed)
	}
}

// move is the only place where a state changes.
func (r *run) move(rank int, to state) {
	n := r.nodes[rank]
	from := n.state
	n.state = to
	switch {
	case from == waiting && to == ready:
		at, _ := slices.BinarySearch(r.queue, rank)
		r.queue = slices.Insert(r.queue, at, rank)
		return
	case from == ready && to == running:
		r.used += r.width(rank)
		r.busy++
		return
	case from != running || to < done:
		panic(fmt.Sprintf("task %q cannot go from %v to %v", n.task.Name, from, to))
	}
	r.used -= r.width(rank)
	r.busy--
	switch to {
	case done:
		r.release(n)
	case failed:
		r.halted = !r.keepGoing
	}
}

// release makes the users of n ready that have no other need open.
func (r *run) release(n *node) {
	for _, user := range n.users {
		r.nodes[user].open--
		if r.nodes[user].open == 0 {
			r.move(user, ready)
		}
	}
}

// width returns how many slots a node takes.
func (r *run) width(rank int) int {
	return min(max(r.nodes[rank].task.Slots, 1), r.slots)
}

// result sorts the nodes into lists. Needs have lower ranks, so what they are
// blocked by is known.
func (r *run) result() Result {
	var result Result
	blocker := make([]int, len(r.nodes)) // rank of the failed node plus 1, or 0
	for i, n := range r.nodes {
		for _, need := range n.needs {
			if b := blocker[need]; b > 0 && (blocker[i] == 0 || b < blocker[i]) {
				blocker[i] = b
			}
		}
		name := n.task.Name
		switch n.state {
		case done:
			result.Done = append(result.Done, name)
		case failed:
			blocker[i] = i + 1
			result.Failed = append(result.Failed, Failure{name, n.err})
		case stopped:
			result.Stopped = append(result.Stopped, name)
		default:
			if blocker[i] > 0 {
				result.Blocked = append(result.Blocked, Block{name, r.nodes[blocker[i]-1].task.Name})
			} else {
				result.NotStarted = append(result.NotStarted, name)
			}
		}
	}
	return result
}
