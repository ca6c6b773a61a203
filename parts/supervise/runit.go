package supervise

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// runit is spoken to as runsv(8) describes: by the files supervise/control and
// supervise/status of each directory.
type runit struct{}

func (runit) name() string                                 { return KindRunit }
func (runit) programs() []string                           { return []string{"runsvdir", "runsv"} }
func (runit) scanner(folder string) []string               { return []string{"runsvdir", folder} }
func (runit) scanning(folder string) bool                  { return findProcess("runsvdir", folder) > 0 }
func (runit) rescan(ctx context.Context, t *scanned) error { return nil } // it looks by itself

func (runit) end(ctx context.Context, t *scanned) error {
	pid := findProcess("runsvdir", t.folder())
	if pid == 0 {
		return nil
	}
	syscall.Kill(pid, syscall.SIGHUP)
	return gone(ctx, []int{pid}, callLimit)
}

func (runit) finish() string {
	return "[ \"$1\" = 0 ] || { sleep 5; exit 0; }\n: >done\nprintf d >supervise/control\n"
}

func (runit) supervised(dir string) bool { return isRead(filepath.Join(dir, "supervise", "ok")) }

// isRead reports whether a process reads a named pipe.
func isRead(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func (runit) control(_ context.Context, _ *scanned, dir string, c control) error {
	f, err := os.OpenFile(filepath.Join(dir, "supervise", "control"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(map[control]string{bringUp: "u", bringDown: "d", leave: "dx"}[c])
	return errors.Join(err, f.Close())
}

func (runit) status(_ context.Context, _ *scanned, dir string) (unitStatus, error) {
	path := filepath.Join(dir, "supervise", "status")
	text, err := os.ReadFile(path)
	if err != nil {
		return unitStatus{}, err
	}
	return readRunit(path, text)
}

// The record of runsv: a TAI64N time, the process, whether it is paused, what is
// wanted, whether it was told to end, and whether it is up.
const (
	runitSize   = 20
	runitPID    = 12
	runitWanted = 17
	runitEnding = 18
	runitState  = 19
	taiOfUnix   = 1<<62 + 10
)

func readRunit(path string, text []byte) (unitStatus, error) {
	if len(text) != runitSize {
		return unitStatus{}, fail("%s has %d bytes, not %d", path, len(text), runitSize)
	}
	seconds := binary.BigEndian.Uint64(text) - taiOfUnix
	return unitStatus{
		up: text[runitState] == 1, wanted: text[runitWanted] == 'u', ending: text[runitEnding] != 0,
		pid: int(binary.LittleEndian.Uint32(text[runitPID:])), since: time.Unix(int64(seconds), 0).UTC(), exit: -1,
	}, nil
}
