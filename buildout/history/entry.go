package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"gobuild/buildout/diag"
)

// Names in the state directory of a buildout directory, and in an entry.
const (
	stateName     = ".gobuild"
	historyName   = "history"
	previousName  = "previous"
	runName       = "run.json"
	installedName = "installed.cfg"
	manifestName  = "manifest"
	logName       = "log"
)

// maxRun bounds what is read of a run.json.
const maxRun = 256 << 20

// stateDir is the state directory of a buildout directory.
func stateDir(dir string) string { return filepath.Join(dir, stateName) }

func entriesDir(dir string) string  { return filepath.Join(stateDir(dir), historyName) }
func previousDir(dir string) string { return filepath.Join(stateDir(dir), previousName) }

// idForm is the time in UTC, to a millisecond, and the process.
var idForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-\d+$`) })

// newID makes the ID of a run. IDs sort by the time of the start.
func newID(start time.Time, pid int) string {
	return fmt.Sprintf("%s-%d", start.UTC().Format("20060102T150405.000Z"), pid)
}

// ids lists the entries of a directory, the oldest first.
func ids(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		if e.IsDir() && idForm().MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// List returns the runs of a buildout directory, the oldest first, and a
// warning for each entry that cannot be read.
func List(dir string) ([]*Run, diag.List) {
	names, err := ids(entriesDir(dir))
	if err != nil {
		return nil, diag.List{broken(entriesDir(dir), err)}
	}
	var runs []*Run
	var warnings diag.List
	for _, id := range names {
		run, err := read(dir, id)
		if err != nil {
			warnings.Add(broken(filepath.Join(entriesDir(dir), id), err))
			continue
		}
		runs = append(runs, run)
	}
	return runs, warnings
}

// broken is the warning for an entry that is passed over.
func broken(path string, err error) *diag.Diagnostic {
	d := diag.At(diag.Span{}, "history-broken", "%s is no run that gobuild can read: %v", path, reason(err)).WithCause(err).
		WithHint("delete the directory; nothing but the history of this run is lost")
	d.Severity = diag.Warning
	return d
}

// reason is what went wrong without the path, which the message has.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Last stands for the newest run in the place of an ID.
const Last = "last"

// Load returns one run by its ID, a beginning or an end of it that no other run
// has, or Last.
func Load(dir, id string) (*Run, error) {
	names, err := ids(entriesDir(dir))
	if err != nil {
		return nil, broken(entriesDir(dir), err)
	}
	name, err := choose(dir, names, id)
	if err != nil {
		return nil, err
	}
	run, err := read(dir, name)
	if err != nil {
		d := broken(filepath.Join(entriesDir(dir), name), err)
		d.Severity = diag.Error
		return nil, d
	}
	return run, nil
}

// choose returns the only name that id stands for.
func choose(dir string, names []string, id string) (string, error) {
	if len(names) == 0 {
		return "", diag.At(diag.Span{}, "history-unknown", "no run is recorded in %s", entriesDir(dir)).
			WithHint("a run is recorded when it installs or removes a part, or when one fails")
	}
	if id == Last {
		return names[len(names)-1], nil
	}
	if slices.Contains(names, id) {
		return id, nil
	}
	fits := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return id == "" || !strings.HasPrefix(name, id) && !strings.HasSuffix(name, id)
	})
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		return "", diag.At(diag.Span{}, "history-unknown", "there is no run %q in %s", id, entriesDir(dir)).
			WithHint("`gobuild history` lists the runs; an ID may be shortened to its beginning or its end")
	}
	return "", diag.At(diag.Span{}, "history-unknown", "%q stands for %d runs: %s", id, len(fits), strings.Join(fits, ", ")).
		WithHint("write more of the ID")
}

// read reads an entry.
func read(dir, id string) (*Run, error) {
	entry := filepath.Join(entriesDir(dir), id)
	f, err := os.OpenFile(filepath.Join(entry, runName), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRun+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxRun {
		return nil, errors.New("it is too large")
	}
	run := &Run{entry: entry}
	if err := decode(text, run); err != nil {
		return nil, err
	}
	return run, run.check(id)
}

// decode reads the text of a run.json.
func decode(text []byte, run *Run) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("%s: %w", runName, err)
	}
	if head.Version < 1 || head.Version > Version {
		return fmt.Errorf("%s is of version %d, this gobuild knows %d", runName, head.Version, Version)
	}
	if err := json.Unmarshal(text, run); err != nil {
		return fmt.Errorf("%s: %w", runName, err)
	}
	return nil
}

// Alive reports whether a run that has not ended is still at work.
func (r *Run) Alive() bool {
	host, err := os.Hostname()
	if r.Result != Running || err == nil && host != r.Host {
		return false
	}
	return !errors.Is(syscall.Kill(r.PID, 0), syscall.ESRCH)
}

// Exists reports whether a directory has a history.
func Exists(dir string) bool {
	_, err := os.Stat(entriesDir(dir))
	return err == nil
}
