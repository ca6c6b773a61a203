package jobs

import (
	"os"
	"syscall"
	"time"
)

// hunter waits at a fifo for tokens that a make writes back, to read them
// before the make does. A hungry make would else keep all it has: it writes a
// token and reads it again at once.
type hunter struct {
	file *os.File
	wake chan struct{}
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// hunt starts or stops hunting. Where a fifo cannot be waited for it does
// nothing: ticks find what is unread then.
func (s *Share) hunt(on bool) {
	if on == s.hunting || on && s.hunter == nil && !s.newHunter() {
		return
	}
	s.hunting = on
	if !on {
		s.hunter.file.SetReadDeadline(past)
		return
	}
	s.hunter.file.SetReadDeadline(time.Time{})
	select {
	case s.hunter.wake <- struct{}{}:
	default:
	}
}

func (s *Share) newHunter() bool {
	if s.closed {
		return false
	}
	file, err := os.OpenFile(s.fifo.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	if err := file.SetReadDeadline(past); err != nil {
		file.Close()
		return false
	}
	s.hunter = &hunter{file, make(chan struct{}, 1)}
	s.wait.Add(1)
	go s.follow(s.hunter)
	return true
}

func (h *hunter) close() {
	h.file.Close()
	close(h.wake)
}

// follow reads tokens while the share is hunted.
func (s *Share) follow(h *hunter) {
	defer s.wait.Done()
	conn, err := h.file.SyscallConn()
	if err != nil {
		return
	}
	for range h.wake {
		conn.Read(func(uintptr) bool { return s.catch() })
	}
}

// catch takes a token if there is one. It returns true when the hunt is over,
// and false to wait.
func (s *Share) catch() bool {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for s.hunting && s.reclaim(1) > 0 {
		p.balance()
		p.offer()
		p.report()
	}
	return !s.hunting
}
