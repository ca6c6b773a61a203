//go:build !linux

package jobs

import (
	"errors"
	"os"
)

// Descriptors that a make inherits.
const (
	readFD  = 98
	writeFD = 99
)

// fifo is not available: how many bytes are unread cannot be asked in the same
// way everywhere.
type fifo struct{ path string }

func newFifo(string) (*fifo, error)        { return nil, errors.ErrUnsupported }
func openTokens(string) (*fifo, error)     { return nil, errors.ErrUnsupported }
func inherited(string) ([]*os.File, error) { return nil, errors.ErrUnsupported }
func (f *fifo) close()                     {}
func (f *fifo) unread() int                { return 0 }
func (f *fifo) take(int) int               { return 0 }
func (f *fifo) put(int) int                { return 0 }
func (f *fifo) empty()                     {}

// supported says that makes can be given a jobserver.
const supported = false

// outer is the jobserver that gobuild is itself a client of.
type outer struct{ held []byte }

// Outer reports whether MAKEFLAGS names a jobserver that this process can use.
func Outer(string) (jobs int, ok bool) { return 0, false }

func openOuter(string) *outer { return nil }
func (o *outer) close()       {}
func (o *outer) take(int) int { return 0 }
func (o *outer) give(int) int { return 0 }
