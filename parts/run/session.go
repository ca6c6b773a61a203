package run

import (
	"errors"
	"syscall"
	"time"
)

// killWait is how long the kernel gets to end processes after SIGKILL. One that
// waits for a dead disk may take for ever; nobody can end it.
const killWait = 2 * time.Second

// session is all that belongs to one command: the session that its first
// process leads and, as far as they are seen, the sessions that descendants
// made.
type session struct {
	leader int
	ids    map[int]bool
}

func newSession(leader int) *session {
	return &session{leader, map[int]bool{leader: true}}
}

// hasGroup reports whether the leader's process group has members, zombies
// included. A group's number is not given away while there are any.
func (s *session) hasGroup() bool {
	return !errors.Is(syscall.Kill(-s.leader, 0), syscall.ESRCH)
}

// end sends SIGTERM to all members, and SIGKILL to those that are there after
// grace. It returns when all are gone; killed says that SIGKILL was needed.
func (s *session) end(grace time.Duration) (killed bool) {
	s.signal(syscall.SIGTERM)
	s.signal(syscall.SIGCONT) // a stopped process takes no SIGTERM
	if s.wait(grace, 0) {
		return false
	}
	s.signal(syscall.SIGKILL)
	s.wait(killWait, syscall.SIGKILL) // a fork may have been missed
	return true
}

// wait reports whether all members are gone within limit. It sends them again,
// if it is not 0, each time it finds some.
func (s *session) wait(limit time.Duration, again syscall.Signal) bool {
	deadline := time.Now().Add(limit)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if len(s.groups()) == 0 {
			return true
		}
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		if again != 0 {
			s.signal(again)
		}
		// The kernel tells nobody that a process group became empty.
		time.Sleep(min(pause, left))
	}
}

func (s *session) signal(sig syscall.Signal) {
	for _, group := range s.groups() {
		syscall.Kill(-group, sig)
	}
}

// onlyGroup returns the leader's process group while it has members.
func (s *session) onlyGroup() []int {
	if s.hasGroup() {
		return []int{s.leader}
	}
	return nil
}
