package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// Share is the jobserver of one running part. The part itself has a token
// already, which is the implicit one of its makes. A nil Share has none.
type Share struct {
	// Ninja says that the part runs ninja, or a program that does. One that is
	// no client of a jobserver then gets its share by a shim in PATH; other
	// parts have the PATH that they are given.
	Ninja bool
	// Most is how many jobs the part may have at once, its own token included; 0
	// is any number.
	Most int
	// Sees reports whether the commands of the part see a program; nil is all.
	Sees func(path string) bool

	pool *Pool
	part string

	// What follows is guarded by the pool.
	dir     string
	fifo    *fifo // nil until a command is prepared
	running int   // commands
	granted int
	spoiled bool   // a make has written what it had not read
	shim    string // the script that stands for ninja
	closed  bool

	idle    int   // ticks for which tokens were unread
	backoff int64 // how many ticks it gets nothing after that
	until   int64 // the tick at which that ends
	fed     int64 // the tick at which it got a token

	hunting bool
	hunter  *hunter
	wait    sync.WaitGroup
}

// Share returns the jobserver of a part. Nothing is made until a command is
// prepared.
func (p *Pool) Share(part string) *Share { return &Share{pool: p, part: part} }

// Prepare returns the environment of a command that is to be started with env
// in dir, and the files that it inherits: the first becomes descriptor 3, nil
// is none. The caller closes them when the command is started. Ended is called
// once for each Prepare, whatever it returned; after an error env is unchanged.
func (s *Share) Prepare(env []string, dir string) (changed []string, files []*os.File, err error) {
	if s == nil || s.pool.total < 2 || !supported {
		return env, nil, nil
	}
	flags := s.pool.makeflags(env)
	style := none
	if own := makeflagsJobs(flags) != 0 || auth(flags) != ""; !own {
		style = s.pool.tools.style(env, dir)
	}
	home, err := s.begin(style != none)
	if err != nil || style == none {
		return env, nil, err
	}
	if home.pipeOnly {
		style = pipe
	}
	word := "fifo:" + home.fifo
	if style == pipe {
		if files, err = inherited(home.fifo); err != nil {
			return env, nil, err
		}
		word = strconv.Itoa(readFD) + "," + strconv.Itoa(writeFD)
	}
	changed = with(env, "MAKEFLAGS", addJobserver(flags, s.pool.total, word, style))
	return s.addShims(changed, dir, style, home), files, nil
}

// paths are the files of a share.
type paths struct {
	dir, fifo string
	pipeOnly  bool
}

// begin counts a command, makes the fifo if it is needed and fills it.
func (s *Share) begin(needed bool) (paths, error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s.running++
	if !needed {
		return paths{}, nil
	}
	if s.closed || p.closed {
		return paths{}, errors.New("the budget of jobs is closed")
	}
	if s.fifo == nil {
		if err := s.open(); err != nil {
			return paths{}, err
		}
	}
	s.backoff, s.until, s.idle = 0, 0, 0
	p.watch()
	p.balance()
	return paths{s.dir, s.fifo.path, p.home.pipeOnly}, nil
}

// open makes the directory of the share and its fifo.
func (s *Share) open() error {
	dir, err := s.pool.home.make(s.pool.options.Dir, s.part)
	if err != nil {
		return err
	}
	f, err := newFifo(filepath.Join(dir, "fifo"))
	if err != nil {
		os.RemoveAll(dir)
		return err
	}
	s.dir, s.fifo = dir, f
	s.pool.shares = append(s.pool.shares, s)
	return nil
}

// Ended tells that a prepared command has ended, with all of its processes. When
// no other runs, all that was granted is free again.
func (s *Share) Ended() {
	if s == nil || s.pool.total < 2 || !supported {
		return
	}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.running--; s.running > 0 {
		return
	}
	s.recover()
	s.pool.settle()
}

// recover takes back what was granted: the fifo is empty then.
func (s *Share) recover() {
	s.hunt(false)
	if s.fifo != nil {
		s.fifo.empty()
	}
	s.granted, s.spoiled = 0, false
}

// Close returns all tokens to the pool, and deletes the files of the share.
func (s *Share) Close() {
	if s == nil {
		return
	}
	p := s.pool
	p.mu.Lock()
	if s.closed {
		p.mu.Unlock()
		return
	}
	s.closed, s.running = true, 0
	s.recover()
	if i := slices.Index(p.shares, s); i >= 0 {
		p.shares = slices.Concat(p.shares[:i], p.shares[i+1:])
	}
	p.settle()
	f, h, dir := s.fifo, s.hunter, s.dir
	p.mu.Unlock()
	if f == nil {
		return
	}
	if h != nil {
		h.close()
	}
	s.wait.Wait()
	f.close()
	os.RemoveAll(dir)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.home.leave(dir)
}

// unread is how many granted tokens are in the fifo. It finds out who writes
// too much.
func (s *Share) unread() int {
	n := s.fifo.unread()
	if n > s.granted+1 { // with the implicit one
		s.spoiled = true
		s.hunt(false)
	}
	if s.spoiled {
		s.fifo.take(max(n-1, 0)) // one stays, so that none waits for ever
		return 0
	}
	return min(n, s.granted)
}

func (s *Share) inUse() int {
	if s.running == 0 || s.granted == 0 && !s.spoiled {
		return 0
	}
	return s.granted - s.unread()
}

// want is how many tokens the share could use, when unread are in its fifo.
func (s *Share) want(unread int, now int64) int {
	used := s.granted - unread
	switch {
	case now < s.until:
		return used
	case unread > 0:
		return used + 1
	}
	return 2*used + 1
}

// observe notes at each tick whether the share uses what it has.
func (s *Share) observe(now int64) {
	const longest = 16
	if s.unread() == 0 {
		if s.idle > 0 || s.fed >= s.until {
			s.backoff, s.until = 0, 0
		}
		s.idle = 0
		return
	}
	if s.idle++; s.idle >= 2 && now >= s.until {
		s.backoff = min(max(2*s.backoff, 1), longest)
		s.until = now + s.backoff
	}
}

// reclaim reads up to n tokens that nobody has read, and returns how many.
func (s *Share) reclaim(n int) int {
	got := s.fifo.take(min(n, s.unread()))
	s.granted -= got
	s.idle = 0
	return got
}

// feed writes n tokens, and returns how many.
func (s *Share) feed(n int, now int64) int {
	put := s.fifo.put(n)
	s.granted += put
	if put > 0 {
		s.fed = now
	}
	return put
}
