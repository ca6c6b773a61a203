// Package sched runs named tasks in the order of their needs, within job slots
// and memory. It knows no recipes and no files.
//
// The goroutine that calls Run owns all state; each running task has a
// goroutine that answers once, on a channel. A task goes through these states:
//
//	waiting --> ready --> running --> done
//	   |                     |------> failed
//	   '--> blocked          '------> stopped
//
//	waiting  a need is not done, or a barrier is before it. Final below a task
//	         that is stopped, and after the run halted.
//	blocked  something that it needs, directly or not, failed.
//	ready    slots or memory are missing. Final after the run halted.
//	running  its goroutine has not answered. It holds its slots and memory.
//	done     Run returned nil. Users with no other need open become ready.
//	failed   Run returned an error. Without KeepGoing the run halts.
//	stopped  Run returned the error of the cancelled context.
//
// A run that halted, or whose context is done, starts nothing; what runs is
// awaited. At the end Result names a waiting or ready task as NotStarted.
//
// # Order
//
// The rank of a task is its place in the given slice, with later needs pulled
// in front of it: for a (needs c), b, c the ranks are c, a, b. All lists of
// Result are by rank, so they do not depend on which task was faster.
//
// With one slot in all, tasks start exactly by rank, one after the other. With
// more, the ready task with the longest remaining path is first: its weight
// plus that of the heaviest chain of users behind it. Ties go by rank.
//
// # Overtaking
//
// When the first ready task lacks memory or slots, the next one in the order
// that fits starts, so that no slot is idle while there is work for it. If it
// takes something of what the first one lacks (memory if it lacks memory, else
// slots) then the first one was overtaken. That happens to a task at most twice
// as often as there are slots. After that it is before all others, and only
// tasks start that take nothing of what it lacks: it waits for nothing but the
// end of what runs. With one slot nothing overtakes.
//
// # Barriers
//
// A task that is InOrder starts when all tasks of lower rank have ended (done,
// failed, stopped or blocked), and none of higher rank starts before it and all
// of them have ended. It does not need them: after a failure, with KeepGoing,
// it runs unless it is blocked itself.
package sched

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Task is a piece of work.
type Task struct {
	Name  string
	Needs []string // names of tasks that must be done before
	// Slots is how many job slots it takes: 1 when it is less, and all when it
	// is more than there are.
	Slots int
	// Memory is how many bytes it takes at most; 0 means unknown and counts
	// nothing. A task that takes more than the budget runs beside none whose
	// memory is known.
	Memory int64
	// Weight is how long it is expected to run. 0 counts as next to nothing.
	Weight  time.Duration
	InOrder bool // it is a barrier, see the package comment
	// Alone names what the task needs for itself: it does not run beside another
	// one with the same text. "" is nothing.
	Alone string
	// Quick marks a task with next to nothing to do: it takes no slot and no
	// memory, weighs nothing, and Run is called in the goroutine that called
	// the function Run.
	Quick bool
	// Begin, if it is not nil, is called just before Run, always by the goroutine
	// that called the function Run: in the order in which tasks start.
	Begin func()
	// Run does the work, in a goroutine of its own unless the task is Quick. It
	// returns soon after the context is done, with an error that wraps that of
	// the context.
	Run func(ctx context.Context) error
}

// Options of a run.
type Options struct {
	Slots     Slots // job slots; nil means one
	Memory    int64 // bytes that running tasks may take together; 0 means any
	KeepGoing bool  // after a failure, start what does not depend on it
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
	if o.Slots == nil {
		o.Slots = NewSlots(1)
	}
	r := newRun(nodes, o)
	r.loop(ctx)
	return r.result(), nil
}

type state int

const (
	waiting state = iota
	blocked
	ready
	running
	done
	failed
	stopped
)

func (s state) String() string {
	return [...]string{"waiting", "blocked", "ready", "running", "done", "failed", "stopped"}[s]
}

// run is the state of a run. It belongs to one goroutine.
type run struct {
	nodes     []*node // by rank
	order     []int   // ranks by place
	queue     *queue  // of the ready nodes
	slots     Slots
	memory    int64 // that no running node takes
	busy      int   // running nodes
	first     int   // rank of the node that is before all others, or -1
	admitted  int   // nodes of lower rank may become ready
	left      int   // admitted nodes that have not ended
	keepGoing bool
	halted    bool
	answers   chan answer
	claims    map[string]*claim // by Task.Alone
}

func newRun(nodes []*node, o Options) *run {
	return &run{
		nodes: nodes, order: plan(nodes, o.Slots.Total(), o.Memory), queue: newQueue(len(nodes)), slots: o.Slots,
		memory: max(o.Memory, 0), first: -1, keepGoing: o.KeepGoing, answers: make(chan answer), claims: map[string]*claim{},
	}
}

type answer struct {
	rank int
	err  error
}

func (r *run) loop(ctx context.Context) {
	r.admit()
	for r.start(ctx) {
		r.wait(ctx)
	}
}

// start starts what is ready and fits. It reports whether there is something
// to wait for.
func (r *run) start(ctx context.Context) bool {
	for !r.halted && ctx.Err() == nil {
		i := r.next()
		if i < 0 {
			return r.busy > 0 || !r.queue.empty()
		}
		task := r.nodes[i].task
		r.move(i, running)
		if task.Begin != nil {
			task.Begin()
		}
		if task.Quick {
			r.end(ctx, answer{i, task.Run(ctx)})
			r.poll(ctx)
			continue
		}
		go work(ctx, i, task.Run, r.answers)
	}
	return r.busy > 0
}

// work runs a task and answers, whatever the task does.
func work(ctx context.Context, rank int, task func(context.Context) error, answers chan<- answer) {
	err := errNoAnswer
	defer func() { answers <- answer{rank, err} }()
	err = task(ctx)
}

// poll takes an answer if there is one, so that its slots are not idle while
// many quick tasks run.
func (r *run) poll(ctx context.Context) {
	select {
	case a := <-r.answers:
		r.end(ctx, a)
	default:
	}
}

// wait returns when something may have become possible.
func (r *run) wait(ctx context.Context) {
	var cancelled <-chan struct{}
	if r.busy == 0 { // others hold the slots
		cancelled = ctx.Done()
	}
	select {
	case a := <-r.answers:
		r.end(ctx, a)
	case <-r.slots.Freed():
	case <-cancelled:
	}
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
	r.admit()
}

// move is the only place where a state changes.
func (r *run) move(rank int, to state) {
	n := r.nodes[rank]
	from := n.state
	n.state = to
	switch {
	case from == waiting && to == ready:
		r.offer(n)
	case from == waiting && to == blocked:
		r.leave(rank)
		r.block(n)
	case from == ready && to == running:
		r.queue.remove(n.place)
		r.claim(n)
		r.memory -= n.need.memory
		r.busy++
	case from == running && to >= done:
		r.leave(rank)
		r.memory += n.need.memory
		r.busy--
		r.slots.Release(n.need.width)
		r.disclaim(n)
		r.tell(n)
	default:
		panic(fmt.Sprintf("task %q cannot go from %v to %v", n.task.Name, from, to))
	}
}

// tell carries the end of a node to its users.
func (r *run) tell(n *node) {
	switch n.state {
	case done:
		r.release(n)
	case failed:
		r.halted = !r.keepGoing
		r.block(n)
	}
}

// release makes the users of n ready that have no other need open.
func (r *run) release(n *node) {
	for _, user := range n.users {
		r.nodes[user].open--
		if r.nodes[user].open == 0 && user < r.admitted {
			r.move(user, ready)
		}
	}
}

// block blocks the users of n, and theirs.
func (r *run) block(n *node) {
	for _, user := range n.users {
		if r.nodes[user].state == waiting {
			r.move(user, blocked)
		}
	}
}
