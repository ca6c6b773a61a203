package manifest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

const timesHead = "gobuild times 1\n"

// Time is what the last installation of a part cost.
type Time struct {
	Recipe string
	Wall   time.Duration
	CPU    time.Duration // of its processes
	Peak   int64         // most bytes of memory that its processes held at once
}

// Times are those of all parts that were ever installed in a directory.
// Several goroutines may use them.
type Times struct {
	path string

	mu      sync.Mutex
	parts   map[string]Time
	changed bool
}

// TimesPath returns where the times of a state directory are.
func TimesPath(stateDir string) string { return filepath.Join(stateDir, "times") }

// LoadTimes reads the times at path. A file that cannot be read tells none.
func LoadTimes(path string) *Times {
	t := &Times{path: path, parts: map[string]Time{}}
	text, err := os.ReadFile(path)
	if err != nil {
		return t
	}
	if _, ok := lines(string(text), timesHead, t.take); !ok {
		clear(t.parts)
	}
	return t
}

func (t *Times) take(fields string) bool {
	r := &reader{rest: fields}
	part := r.text()
	t.parts[part] = Time{r.text(), time.Duration(r.number()), time.Duration(r.number()), r.number()}
	return !r.bad
}

// Get returns what is known of a part.
func (t *Times) Get(part string) (Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.parts[part]
	return known, ok
}

// Put notes what a part cost. Save puts it on disk.
func (t *Times) Put(part string, cost Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts[part], t.changed = cost, true
}

// Save writes the file, if anything was noted.
func (t *Times) Save() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.changed {
		return nil
	}
	text := []byte(timesHead)
	for _, part := range slices.Sorted(maps.Keys(t.parts)) {
		c := t.parts[part]
		text = append(text, line(part, c.Recipe, strconv.FormatInt(int64(c.Wall), 10),
			strconv.FormatInt(int64(c.CPU), 10), strconv.FormatInt(c.Peak, 10))...)
	}
	err := replaceFile(t.path, false, func(w *os.File) error {
		_, err := w.Write(text)
		return err
	})
	t.changed = err != nil
	return err
}
