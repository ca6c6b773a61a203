package sched

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

var errBad = errors.New("bad")

// record keeps the names of tasks as they start.
type record struct {
	mu    sync.Mutex
	names []string
}

func (r *record) add(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, name)
}

// parse makes the tasks of a text like `a:b,c d!`: a needs b and c, d fails.
func parse(text string, r *record) []Task {
	var tasks []Task
	for _, word := range strings.Fields(text) {
		word, bad := strings.CutSuffix(word, "!")
		name, needs, _ := strings.Cut(word, ":")
		t := Task{Name: name, Run: func(context.Context) error {
			r.add(name)
			if bad {
				return errBad
			}
			return nil
		}}
		if needs != "" {
			t.Needs = strings.Split(needs, ",")
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// show writes a result as `done | failed | stopped | blocked<by | not started`.
func show(r Result) string {
	var failed, blocked []string
	for _, f := range r.Failed {
		failed = append(failed, f.Name)
	}
	for _, b := range r.Blocked {
		blocked = append(blocked, b.Name+"<"+b.By)
	}
	var lists []string
	for _, list := range [][]string{r.Done, failed, r.Stopped, blocked, r.NotStarted} {
		lists = append(lists, strings.Join(list, " "))
	}
	return strings.Join(lists, "|")
}

func TestOneSlot(t *testing.T) {
	for _, c := range []struct {
		tasks     string
		keepGoing bool
		started   string
		want      string
	}{
		{"", false, "", "||||"},
		{"a b c", false, "a b c", "a b c||||"},
		{"c b a", false, "c b a", "c b a||||"},
		{"a:c b c", false, "c a b", "c a b||||"},
		{"a:d,c b c d", false, "c d a b", "c d a b||||"},
		{"a:b b:c c d", false, "c b a d", "c b a d||||"},
		{"a:b,b,b b", false, "b a", "b a||||"},
		{"a b! c", false, "a b", "a|b|||c"},
		{"a b! c", true, "a b c", "a c|b|||"},
		{"a! b:a c:b d", false, "a", "|a||b<a c<a|d"},
		{"a! b:a c:b d", true, "a d", "d|a||b<a c<a|"},
		{"a! b! c:a,b d:b e:c,d", true, "a b", "|a b||c<a d<b e<a|"},
		{"a:b b! c:a d", true, "b d", "d|b||a<b c<b|"},
	} {
		var r record
		result, err := Run(t.Context(), parse(c.tasks, &r), Options{KeepGoing: c.keepGoing})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(result); got != c.want || strings.Join(r.names, " ") != c.started {
			t.Errorf("%q, keep going %t: started %q, want %q; got %q, want %q",
				c.tasks, c.keepGoing, strings.Join(r.names, " "), c.started, got, c.want)
		}
		for _, f := range result.Failed {
			if f.Err != errBad {
				t.Errorf("%q: error of %s: got %v", c.tasks, f.Name, f.Err)
			}
		}
	}
}

func TestBadGraph(t *testing.T) {
	for _, c := range []struct{ tasks, want string }{
		{"a a b b", "two tasks have the name \"a\"\ntwo tasks have the name \"b\""},
		{"a:x b:y,a", "task \"a\" needs \"x\", which is no task\ntask \"b\" needs \"y\", which is no task"},
		{"a:a", `tasks need each other: "a" needs "a"`},
		{"x a:b b:c c:a", `tasks need each other: "a" needs "b" needs "c" needs "a"`},
		{"x:a a:b b:a", `tasks need each other: "a" needs "b" needs "a"`},
	} {
		var r record
		result, err := Run(t.Context(), parse(c.tasks, &r), Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.tasks, err, c.want)
		}
		if len(r.names) > 0 || !reflect.DeepEqual(result, Result{}) {
			t.Errorf("%q: started %q, result %+v", c.tasks, r.names, result)
		}
	}
}

// gate is a task that tells when it starts and ends with the error it is sent.
type gate struct {
	started chan string
	finish  map[string]chan error
}

func newGate(names ...string) *gate {
	g := &gate{make(chan string, len(names)), map[string]chan error{}}
	for _, name := range names {
		g.finish[name] = make(chan error)
	}
	return g
}

func (g *gate) task(name string, slots int, needs ...string) Task {
	return Task{Name: name, Needs: needs, Slots: slots, Run: func(context.Context) error {
		g.started <- name
		return <-g.finish[name]
	}}
}

// end lets a task end, and returns when all that follows from it has happened.
func (g *gate) end(name string, err error) {
	g.finish[name] <- err
	synctest.Wait()
}

// mustStart checks which tasks started since it was called before.
func (g *gate) mustStart(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	var names []string
	for range len(g.started) {
		names = append(names, <-g.started)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("started %q, want %q", got, want)
	}
}

// begin runs tasks in the background.
func begin(ctx context.Context, tasks []Task, o Options) chan Result {
	results := make(chan Result, 1)
	go func() {
		result, _ := Run(ctx, tasks, o)
		results <- result
	}()
	return results
}

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate("a", "b", "c", "d", "e")
		results := begin(t.Context(), []Task{
			g.task("a", 0), g.task("b", 1), g.task("c", 9), g.task("d", 1), g.task("e", 2, "a"),
		}, Options{Slots: NewSlots(3)})
		g.mustStart(t, "a b d") // c takes all slots; d overtakes it
		g.end("a", nil)
		g.mustStart(t, "") // e is too wide
		g.end("b", nil)
		g.mustStart(t, "e")
		g.end("e", nil)
		g.mustStart(t, "")
		g.end("d", nil)
		g.mustStart(t, "c")
		g.end("c", nil)
		if got, want := show(<-results), "a b c d e||||"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// After a failure the running task is awaited, with a context that is alive.
func TestFailureAwaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate("a", "b")
		b := Task{Name: "b", Run: func(ctx context.Context) error {
			g.started <- "b"
			<-g.finish["b"]
			return ctx.Err()
		}}
		results := begin(t.Context(), []Task{g.task("a", 1), b, g.task("c", 1), g.task("d", 1, "a")}, Options{Slots: NewSlots(2)})
		g.mustStart(t, "a b")
		g.end("a", errBad)
		g.mustStart(t, "")
		if len(results) > 0 {
			t.Fatal("b was not awaited")
		}
		g.end("b", nil)
		if got, want := show(<-results), "b|a||d<a|c"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(ctx context.Context) error
		want string
	}{
		{"context's error", func(ctx context.Context) error { return fmt.Errorf("run: %w", ctx.Err()) }, "||a||b c"},
		{"cause", func(ctx context.Context) error { return context.Cause(ctx) }, "||a||b c"},
		{"other error", func(context.Context) error { return errBad }, "|a||b<a|c"},
		{"finished", func(context.Context) error { return nil }, "a||||b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			started := make(chan bool)
			a := Task{Name: "a", Run: func(ctx context.Context) error {
				close(started)
				<-ctx.Done()
				return c.end(ctx)
			}}
			var r record
			results := begin(ctx, append([]Task{a}, parse("b:a c", &r)...), Options{KeepGoing: true})
			<-started
			cancel(errors.New("interrupt"))
			if got := show(<-results); got != c.want || len(r.names) > 0 {
				t.Errorf("got %q, want %q; started %q", got, c.want, r.names)
			}
		})
	}
}

func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var r record
	result, err := Run(ctx, parse("a b:a", &r), Options{})
	if got := show(result); err != nil || got != "||||a b" || len(r.names) > 0 {
		t.Errorf("got %q, %v, started %q", got, err, r.names)
	}
}

func TestTaskWithoutAnswer(t *testing.T) {
	result, err := Run(t.Context(), []Task{{Name: "a", Run: func(context.Context) error {
		runtime.Goexit()
		return nil
	}}}, Options{})
	if err != nil || len(result.Failed) != 1 || result.Failed[0].Err != errNoAnswer {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestMovePanics(t *testing.T) {
	defer func() {
		if got, want := fmt.Sprint(recover()), `task "a" cannot go from waiting to done`; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}()
	newRun([]*node{{task: Task{Name: "a"}}}, Options{Slots: NewSlots(1)}).move(0, done)
}

// world is a random graph whose tasks check the rules while they run.
type world struct {
	mu      sync.Mutex
	tasks   []Task
	bad     map[string]bool
	done    map[string]bool
	order   []string
	used    int
	slots   int
	trouble []string
}

func newWorld(random *rand.Rand) *world {
	w := &world{bad: map[string]bool{}, done: map[string]bool{}, slots: 1 + random.IntN(4)}
	n := random.IntN(20)
	names := make([]string, n)
	for i, p := range random.Perm(n) {
		names[i] = fmt.Sprint(p)
	}
	for i, name := range names {
		t := Task{Name: name, Slots: random.IntN(6)}
		for _, need := range names[:i] {
			if random.IntN(5) == 0 {
				t.Needs = append(t.Needs, need)
			}
		}
		w.bad[name] = random.IntN(8) == 0
		t.Run = func(context.Context) error { return w.run(t) }
		w.tasks = append(w.tasks, t)
	}
	random.Shuffle(n, func(i, j int) { w.tasks[i], w.tasks[j] = w.tasks[j], w.tasks[i] })
	return w
}

func (w *world) run(t Task) error {
	width := min(max(t.Slots, 1), w.slots)
	w.mu.Lock()
	w.order = append(w.order, t.Name)
	w.used += width
	if w.used > w.slots {
		w.trouble = append(w.trouble, fmt.Sprintf("%s: %d of %d slots used", t.Name, w.used, w.slots))
	}
	for _, need := range t.Needs {
		if !w.done[need] {
			w.trouble = append(w.trouble, t.Name+" started before "+need)
		}
	}
	w.mu.Unlock()
	runtime.Gosched()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= width
	if w.bad[t.Name] {
		return errBad
	}
	w.done[t.Name] = true
	return nil
}

// serial returns the names in the order of one slot, made another way: again
// and again the first task of the slice, or the first need of it, and so on,
// that did not run.
func (w *world) serial() []string {
	byName := map[string]int{}
	for i, t := range w.tasks {
		byName[t.Name] = i
	}
	ran := make([]bool, len(w.tasks))
	var order []string
	for len(order) < len(w.tasks) {
		at := slices.Index(ran, false)
		for {
			first := len(w.tasks)
			for _, need := range w.tasks[at].Needs {
				if i := byName[need]; !ran[i] {
					first = min(first, i)
				}
			}
			if first == len(w.tasks) {
				break
			}
			at = first
		}
		ran[at] = true
		order = append(order, w.tasks[at].Name)
	}
	return order
}

// expect returns the result that the rules give, when nothing halts.
func (w *world) expect(order []string) Result {
	var result Result
	by := map[string]string{}
	for _, name := range order {
		i := slices.IndexFunc(w.tasks, func(t Task) bool { return t.Name == name })
		for _, need := range w.tasks[i].Needs {
			if b := by[need]; b != "" && (by[name] == "" || slices.Index(order, b) < slices.Index(order, by[name])) {
				by[name] = b
			}
		}
		switch {
		case by[name] != "":
			result.Blocked = append(result.Blocked, Block{name, by[name]})
		case w.bad[name]:
			by[name] = name
			result.Failed = append(result.Failed, Failure{name, errBad})
		default:
			result.Done = append(result.Done, name)
		}
	}
	return result
}

func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(1000) {
		w := newWorld(rand.New(rand.NewPCG(seed, 0)))
		order := w.serial()
		got, err := Run(t.Context(), w.tasks, Options{Slots: NewSlots(w.slots), KeepGoing: true})
		if err != nil || len(w.trouble) > 0 {
			t.Fatalf("seed %d: %v, %q", seed, err, w.trouble)
		}
		if want := w.expect(order); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %q, want %q", seed, show(got), show(want))
		}
		started := slices.DeleteFunc(order, func(name string) bool { return !slices.Contains(w.order, name) })
		if w.slots == 1 && !slices.Equal(w.order, started) {
			t.Fatalf("seed %d: started %q, want %q", seed, w.order, started)
		}
	}
}

func TestRandomGraphsHalt(t *testing.T) {
	for seed := range uint64(1000) {
		w := newWorld(rand.New(rand.NewPCG(seed, 1)))
		order := w.serial()
		got, err := Run(t.Context(), w.tasks, Options{Slots: NewSlots(w.slots)})
		if err != nil || len(w.trouble) > 0 {
			t.Fatalf("seed %d: %v, %q", seed, err, w.trouble)
		}
		n := len(got.Done) + len(got.Failed) + len(got.Blocked) + len(got.NotStarted)
		if n != len(w.tasks) || len(got.Done)+len(got.Failed) != len(w.order) {
			t.Fatalf("seed %d: %d tasks, %d started, got %q", seed, len(w.tasks), len(w.order), show(got))
		}
		if len(got.Failed) == 0 && len(got.Done) != len(w.tasks) {
			t.Fatalf("seed %d: nothing failed, got %q", seed, show(got))
		}
		if w.slots == 1 && (len(got.Failed) > 1 || !slices.Equal(w.order, order[:len(w.order)])) {
			t.Fatalf("seed %d: started %q of %q, got %q", seed, w.order, order, show(got))
		}
	}
}
