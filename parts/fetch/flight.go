package fetch

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// flight is one file on its way, for all parts that ask for it meanwhile and
// for those that Prefetch announced:
//
//	queued --> flying --> landed
//
//	queued  announced. Its turn comes, or a part asks and does not wait for it.
//	flying  a goroutine of Prefetch, or the first part that asked, gets the file.
//	landed  done is closed. The flight is known until its last user has been
//	        served, if it came to something that serves them.
//
// What is said and logged on the way goes through the flight to the parts that
// wait, and a part that asks later hears it then: each is told what it would be
// told if it fetched the file itself.
//
// All of it but query and the channels is guarded by the mutex of flights.
type flight struct {
	query *query // of the leader: the spans of the error are its
	state state
	// expects counts the requests that are announced and were not made, by part.
	expects map[string]int
	users   int // parts that wait, or are being served
	told    []*fetcher
	said    []saying
	latest  event.Event // Progress, if any
	wanted  chan struct{}
	done    chan struct{}
	result  result // set before done is closed
	// held is a temporary file of the flight itself, of size bytes, from which
	// its users get theirs, or "".
	held string
	size int64
	dir  string // for held, of what was announced

	turn   int                // among all that were announced
	kept   bool               // a cache keeps the file
	start  func()             // of a queued one: makes it fly
	cancel context.CancelFunc // of one that Prefetch leads
	slot   chan struct{}      // the slot that was taken for it
}

// state of a flight.
type state int

const (
	queued state = iota
	flying
	landed
)

// result is what a flight came to.
type result struct {
	got  parts.Fetched
	err  error
	void bool // the leader was cancelled: nobody knows
	// final says that err is an answer that asking again would give again.
	final bool
	at    time.Time
}

// saying is a line of the log, or a message.
type saying struct {
	line    string
	message *event.Event
}

// flights are the files on their way.
type flights struct {
	mu    sync.Mutex
	known map[string]*flight
	ahead ahead
}

// key is what requests for the same file from the same places share.
func (q *query) key() string {
	var words []string
	for _, s := range q.sources {
		words = append(words, s.text, s.group, s.local)
	}
	for _, s := range q.sums {
		words = append(words, s.Algorithm+":"+s.Hex)
	}
	return strings.Join(words, "\x00")
}

// add makes a flight. s.mu is locked.
func (s *flights) add(q *query, st state) *flight {
	fl := &flight{query: q, state: st, expects: map[string]int{}, wanted: make(chan struct{}), done: make(chan struct{})}
	if s.known == nil {
		s.known = map[string]*flight{}
	}
	s.known[q.key()] = fl
	return fl
}

// board returns the flight for a part that asks for q now. lead says that the
// part must get the file and land the flight; otherwise it is told what is
// said, up to leave.
func (f *fetcher) board(q *query) (fl *flight, lead bool) {
	s := f.flights
	s.mu.Lock()
	defer s.mu.Unlock()
	fl = s.known[q.key()]
	if fl != nil && fl.state == landed && fl.result.final && time.Since(fl.result.at) > f.finalFor {
		s.forget(fl)
		fl = nil
	}
	switch {
	case fl == nil:
		fl, lead = s.add(q, flying), true
	case fl.state == queued:
		fl.query, fl.state, lead = q, flying, true
	}
	fl.arrive(f.part.Name)
	fl.users++
	fl.tell(f)
	return fl, lead
}

// arrive notes that a part asks.
func (fl *flight) arrive(part string) {
	if fl.expects[part]--; fl.expects[part] <= 0 {
		delete(fl.expects, part)
	}
	select {
	case <-fl.wanted:
	default:
		close(fl.wanted)
	}
}

// tell tells a part what was said, and from now on what will be.
func (fl *flight) tell(f *fetcher) {
	for _, s := range fl.said {
		f.hear(s)
	}
	if fl.latest.Kind != "" && fl.state == flying {
		f.hear(saying{message: &fl.latest})
	}
	fl.told = append(fl.told, f)
}

// hear gives the part what a flight says.
func (f *fetcher) hear(s saying) {
	if s.message == nil {
		f.part.Log.Write([]byte(s.line))
		return
	}
	e := *s.message
	e.Part = f.part.Name
	f.part.Events.Emit(e)
}

// voice is where the leader of a flight logs and emits.
type voice struct {
	*flight
	s *flights
}

// Write takes a line of the log.
func (v voice) Write(p []byte) (int, error) {
	v.say(saying{line: string(p)})
	return len(p), nil
}

// Emit takes a message or a Progress.
func (v voice) Emit(e event.Event) { v.say(saying{message: &e}) }

func (v voice) say(s saying) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if s.message != nil && s.message.Kind == event.Progress {
		v.latest = *s.message
	} else {
		v.said = append(v.said, s)
	}
	for _, f := range v.told {
		f.hear(s)
	}
}

// through returns f with the voice of the flight that it leads.
func (f *fetcher) through(fl *flight) *fetcher {
	p, v := f.part, voice{fl, f.flights}
	p.Log, p.Events = v, v
	return &fetcher{Client: f.Client, part: p, enter: f.enter}
}

// land ends a flight that its leader f has led. A leader that is a part keeps a
// temporary file that it got.
func (f *fetcher) land(ctx context.Context, fl *flight, got parts.Fetched, err error) {
	s := f.flights
	s.mu.Lock()
	defer s.mu.Unlock()
	fl.result = result{got: got, err: relocated(err, fl.query, fl.query), void: err != nil && ctx.Err() != nil,
		final: fl.query.final(err), at: time.Now()}
	switch {
	case err != nil || !got.Temp:
	case fl.cancel != nil:
		fl.held = got.Path
	default:
		fl.held = f.hold(fl, got.Path)
	}
	if fl.held != "" {
		fl.size = sizeOf(fl.held)
		s.ahead.held += fl.size
	}
	fl.state = landed
	close(fl.done)
	s.settle(fl)
}

// hold makes a copy of a leader's file for other users, if there are any, and
// returns its path, or "". A leader is one user.
func (f *fetcher) hold(fl *flight, path string) string {
	dir := fl.dir
	switch {
	case fl.users <= 1 && len(fl.expects) == 0:
		return ""
	case dir == "": // the leader is the first that was told
		dir = cmp.Or(fl.told[len(fl.told)-1].part.Temp, os.TempDir())
	}
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	copied, _ := share(path, dir) // without it the others ask by themselves
	return copied
}

// share makes a temporary file in dir with the content of path.
func share(path, dir string) (string, error) {
	to, err := tempIn(dir, tempPattern)
	if err != nil {
		return "", err
	}
	if os.Remove(to) == nil && os.Link(path, to) == nil {
		return to, nil
	}
	if err := copyTo(to, path, 0o600); err != nil {
		os.Remove(to)
		return "", err
	}
	return to, nil
}

func sizeOf(path string) int64 {
	if info, err := os.Stat(path); err == nil {
		return info.Size()
	}
	return 0
}

// final reports whether err is what the servers answered, and would again.
func (q *query) final(err error) bool {
	var status *statusError
	var sum *mismatch
	return err != nil && q.asked && !q.again && (errors.As(err, &status) || errors.As(err, &sum))
}

// settle forgets a flight that serves nobody any more. s.mu is locked.
func (s *flights) settle(fl *flight) {
	if fl.state != landed {
		return
	}
	r := fl.result
	serves := r.final || r.err == nil && (!r.got.Temp || fl.held != "")
	if !serves || len(fl.expects) == 0 {
		s.forget(fl)
	}
	if fl.users == 0 && s.known[fl.query.key()] != fl && fl.held != "" {
		os.Remove(fl.held)
		s.ahead.held -= fl.size
		fl.held = ""
	}
}

// forget makes the next request start anew. s.mu is locked.
func (s *flights) forget(fl *flight) {
	if key := fl.query.key(); s.known[key] == fl {
		delete(s.known, key)
	}
}

// leave is called once by each part that boarded.
func (f *fetcher) leave(fl *flight) {
	s := f.flights
	s.mu.Lock()
	fl.users--
	fl.told = slices.DeleteFunc(fl.told, func(t *fetcher) bool { return t == f })
	s.settle(fl)
	s.mu.Unlock()
	s.dispatch() // what the flight held is room for others
}

// fetchOnce gets a file that is not local, or takes part in a flight that does.
// cached says that no server was asked for it.
func (f *fetcher) fetchOnce(ctx context.Context, q *query) (got parts.Fetched, cached bool, err error) {
	for {
		fl, lead := f.board(q)
		if lead {
			got, err = f.through(fl).get(ctx, q)
			f.land(ctx, fl, got, err)
			f.leave(fl)
			return got, !q.asked, err
		}
		got, again, err := f.follow(ctx, fl, q)
		f.leave(fl)
		switch {
		case again == never:
			return got, true, err
		case again == alone:
			got, err = f.get(ctx, q)
			got.From = cmp.Or(got.From, fl.result.got.From)
			return got, !q.asked, err
		}
	}
}

// follow waits for a flight that another one leads.
func (f *fetcher) follow(ctx context.Context, fl *flight, q *query) (got parts.Fetched, next next, err error) {
	select {
	case <-fl.done:
	case <-ctx.Done():
		return got, never, context.Cause(ctx)
	}
	switch r := fl.result; {
	case r.void:
		return got, anew, nil
	case r.err != nil:
		return got, never, relocated(r.err, fl.query, q)
	case r.got.Local:
		return f.localAgain(q, r.got.Path)
	case !r.got.Temp: // caches are looked at as ever
		return got, alone, nil
	}
	dir, err := f.temp()
	if err == nil {
		got.Path, err = share(f.flights.heldBy(fl), dir)
	}
	if err != nil {
		return got, alone, nil
	}
	got.Temp, got.From = true, fl.result.got.From
	return got, never, nil
}

// localAgain answers with the local alternate that a flight came to.
func (f *fetcher) localAgain(q *query, path string) (got parts.Fetched, next next, err error) {
	for _, s := range q.sources {
		if s.local == path {
			if got, err := f.local(q, s); err == nil {
				return got, never, nil
			}
		}
	}
	return got, alone, nil
}

// heldBy returns the file that a flight holds, or "".
func (s *flights) heldBy(fl *flight) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fl.held
}

// next says how a part goes on that followed a flight.
type next int

const (
	never next = iota // it is served
	alone             // it gets the file itself
	anew              // it asks again
)

// relocated returns a copy of the error of a fetch that was made for one query,
// as it is for another one with the same key: the places in it are those of that
// one.
func relocated(err error, from, to *query) error {
	var old *diag.Diagnostic
	if !errors.As(err, &old) {
		return err
	}
	moved := func(at diag.Span) diag.Span {
		for i, s := range from.sums {
			if at == s.At && at.IsValid() {
				return cmp.Or(to.sums[i].At, to.at)
			}
		}
		if at == from.at {
			return to.at
		}
		return at
	}
	d := *old
	d.At, d.Related = moved(d.At), slices.Clone(d.Related)
	for i := range d.Related {
		d.Related[i].At = moved(d.Related[i].At)
	}
	return &d
}
