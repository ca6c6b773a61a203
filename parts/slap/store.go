package slap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gobuild/buildout/diag"
)

// Store is a local master: a directory with one directory for each partition of
// one computer, in which are
//
//	parameters.json  what the partition is asked to be
//	slaves.json      the slaves that others have asked for
//	published.json   what it has published
//	requests.json    what it has asked for
//	errors.json      what is wrong with its slaves
//
// Who writes holds the lock of the store; who reads needs none, as files change
// in one step.
type Store struct {
	Dir      string // absolute
	Computer string
	ID       string // of the partition, as FileID makes it
	NoSync   bool
}

func (s *Store) path(id, name string) string { return filepath.Join(s.Dir, id, name) }

// The longest identifier that is a name of a file as it is, and what is left of
// a longer one.
const (
	longestID = 150
	keptOfID  = 100
)

// FileID is an identifier of a partition as the name of a file. One that is such
// a name stays.
func FileID(id string) string {
	var b strings.Builder
	for i := 0; i < len(id); i++ {
		c := id[i]
		if isPlain(c) || c == '.' && i > 0 || c == '%' && isEscape(id[i:]) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > longestID {
		sum := sha256.Sum256([]byte(id))
		name = name[:keptOfID] + "%" + hex.EncodeToString(sum[:16])
	}
	return name
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_@+", c) >= 0
}

// isEscape reports whether a text begins with % and two hexadecimal digits.
func isEscape(text string) bool {
	_, err := hex.DecodeString(text[1:min(3, len(text))])
	return err == nil && len(text) > 2
}

// Partition reads parameters.json and slaves.json.
func (s *Store) Partition(context.Context) (*Partition, error) {
	w, _, err := s.wish(s.ID)
	if err != nil {
		return nil, err
	}
	p := &Partition{
		Computer: s.Computer, ID: s.ID, SoftwareType: or(w.SoftwareType, "default"), SoftwareURL: w.SoftwareURL,
		Title: or(w.Title, s.ID), State: or(w.State, Started), GUID: s.guid(s.ID),
		Parameters: values(w.Parameters, w.Serialised, w.Secret),
		IPv4:       []string{"127.0.0.1"}, IPv6: []string{"::1"},
	}
	p.RootTitle = or(w.RootTitle, p.Title)
	p.RootShortTitle = or(w.RootShortTitle, p.RootTitle)
	if w.IPv4 != nil {
		p.IPv4 = *w.IPv4
	}
	if w.IPv6 != nil {
		p.IPv6 = *w.IPv6
	}
	var asked slavesFile
	if _, err := read(s.path(s.ID, "slaves.json"), &asked); err != nil {
		return nil, err
	}
	for _, e := range append(slices.Clone(w.Slaves), asked.Slaves...) {
		p.Slaves = append(p.Slaves, Slave{e.Reference, or(e.Title, e.Reference), or(e.SoftwareType, p.SoftwareType), values(e.Parameters, e.Serialised, e.Secret)})
	}
	return p, nil
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// guid is the identity of a partition, as that of a real master.
func (s *Store) guid(id string) string { return s.Computer + "-" + id }

// wish reads parameters.json of a partition.
func (s *Store) wish(id string) (*wishFile, bool, error) {
	w := &wishFile{}
	path := s.path(id, "parameters.json")
	found, err := read(path, w)
	if err == nil && !slices.Contains([]string{"", Started, Stopped, Destroyed}, w.State) {
		err = diag.At(diag.Span{}, "slap-file", "%s: the state %q is none of started, stopped and destroyed", path, w.State)
	}
	return w, found, err
}

// Published reads published.json.
func (s *Store) Published(context.Context) (Values, error) {
	f, err := s.published(s.ID)
	return f.publishedEntry.values(), err
}

func (s *Store) published(id string) (publishedFile, error) {
	var f publishedFile
	_, err := read(s.path(id, "published.json"), &f)
	return f, err
}

func (e publishedEntry) values() Values {
	if e.Serialised {
		return values(nil, e.Parameters, e.Secret)
	}
	plain, _ := e.Parameters.(map[string]any)
	return values(plain, nil, e.Secret)
}

// Publish writes published.json.
func (s *Store) Publish(ctx context.Context, slave string, v Values) error {
	return s.locked(ctx, func() error {
		f, err := s.published(s.ID)
		if err != nil {
			return err
		}
		e := publishedEntry{Serialised: v.Serialised, Secret: v.Secret}
		if e.Parameters = v.Value; !v.Serialised {
			e.Parameters = v.Texts
		}
		f.Version = version
		if slave == "" {
			f.publishedEntry = e
		} else {
			if f.Slaves == nil {
				f.Slaves = map[string]publishedEntry{}
			}
			f.Slaves[slave] = e
		}
		if f.Parameters == nil {
			f.Parameters = map[string]string{}
		}
		return s.write(s.path(s.ID, "published.json"), f)
	})
}

// Report writes errors.json, or deletes it.
func (s *Store) Report(ctx context.Context, list map[string]string) error {
	return s.locked(ctx, func() error {
		path := s.path(s.ID, "errors.json")
		if len(list) > 0 {
			return s.write(path, errorsFile{version, list})
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
}

// lockName is the file whose lock writers hold.
const lockName = ".lock"

// pause is how often a writer that waits looks again.
const pause = 10 * time.Millisecond

// locked calls f while no other process writes.
func (s *Store) locked(ctx context.Context, f func() error) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(s.Dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
