package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const fileHead = "gobuild manifest 1\n"

// Kinds of lines.
const (
	entryLine   = "p"
	dropLine    = "d"
	programLine = "c"
	versionLine = "v"
)

const (
	// smallFile is the size up to which a file is never compacted.
	smallFile = 64 << 10
	// growth is how many times larger than what counts a file may become.
	growth = 3
	// typicalLine is a guess at the length of a line, to size tables.
	typicalLine = 256
)

// File is the manifest of a buildout directory. Several goroutines may use it;
// of several processes only the holder of the directory's lock may write.
type File struct {
	// NoSync says that a file that is written anew is not waited for. After a
	// power failure it may then tell nothing.
	NoSync bool

	path string

	mu      sync.Mutex
	lines   map[string]string // newest lines by kind, tab, escaped name
	size    int64             // what counts of the file, the rest is torn
	live    int64             // length of lines
	pending []byte            // lines to append
	unknown bool              // the file has to be written anew
}

// Load reads the manifest at path. One that cannot be read, or is damaged, or
// of another version, is empty.
func Load(path string) *File {
	f := &File{path: path}
	text, err := os.ReadFile(path)
	if err != nil || !f.read(string(text)) {
		f.lines, f.size, f.live = map[string]string{}, 0, 0
		f.unknown = true
	}
	return f
}

func (f *File) read(text string) bool {
	f.lines = make(map[string]string, len(text)/typicalLine)
	valid, ok := lines(text, fileHead, func(fields string) bool {
		name, ok := nameOf(fields)
		if ok {
			f.take(name, fields)
		}
		return ok
	})
	f.size = int64(valid)
	return ok
}

// nameOf returns the kind and the name of a line, as they begin it.
func nameOf(fields string) (string, bool) {
	kind := strings.IndexByte(fields, '\t')
	if kind < 0 {
		return "", false
	}
	if end := strings.IndexByte(fields[kind+1:], '\t'); end >= 0 {
		return fields[:kind+1+end], true
	}
	return fields, true
}

// take makes a line count.
func (f *File) take(name, fields string) {
	if part, ok := strings.CutPrefix(name, dropLine+"\t"); ok {
		name = entryLine + "\t" + part
		f.live -= length(f.lines[name])
		delete(f.lines, name)
		return
	}
	f.live += length(fields) - length(f.lines[name])
	f.lines[name] = fields
}

// length is that of a line in the file.
func length(fields string) int64 {
	if fields == "" {
		return 0
	}
	return int64(len(fields)) + sumDigits + 1
}

// put notes a line, unless it says what is known.
func (f *File) put(fields ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := line(fields...)
	known := text[:len(text)-sumDigits-1]
	name, _ := nameOf(known)
	if f.lines[name] == known {
		return
	}
	f.take(name, known)
	f.pending = append(f.pending, text...)
}

// get returns a line without its kind and its name.
func (f *File) get(kind, name string) (*reader, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := kind + "\t" + escape(name)
	fields, ok := f.lines[head]
	if !ok || len(fields) == len(head) {
		return nil, false
	}
	return &reader{rest: fields[len(head)+1:]}, true
}

// Get returns what is known of an installed part.
func (f *File) Get(part string) (Entry, bool) {
	r, ok := f.get(entryLine, part)
	if !ok {
		return Entry{}, false
	}
	return readEntry(part, r)
}

// Parts returns the names of the parts that are known, in no order.
func (f *File) Parts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name := range f.lines {
		if part, ok := strings.CutPrefix(name, entryLine+"\t"); ok {
			names = append(names, unescape(part))
		}
	}
	return names
}

// Put notes what a part depended on. Flush puts it on disk.
func (f *File) Put(e Entry) { f.put(e.fields()...) }

// Drop notes that a part is not installed any more.
func (f *File) Drop(part string) {
	f.mu.Lock()
	_, known := f.lines[entryLine+"\t"+escape(part)]
	f.mu.Unlock()
	if known {
		f.put(dropLine, part)
	}
}

// Flush appends what was noted with one write. It does not wait for the disk:
// what is lost in a power failure is not known any more, that is all.
func (f *File) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.pending) == 0 {
		return nil
	}
	if f.unknown || f.append() != nil {
		return f.rewrite()
	}
	return nil
}

func (f *File) append() error {
	w, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err = f.appendTo(w); err != nil {
		f.unknown = true
	}
	if err = errors.Join(err, w.Close()); err == nil {
		f.size += int64(len(f.pending))
		f.pending = nil
	}
	return err
}

func (f *File) appendTo(w *os.File) error {
	info, err := w.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() < f.size:
		return errors.New("another program has changed it during this run")
	case info.Size() > f.size: // a torn line
		if err := w.Truncate(f.size); err != nil {
			return err
		}
	}
	_, err = w.WriteAt(f.pending, f.size)
	return err
}

// rewrite writes only what counts, sorted.
func (f *File) rewrite() error {
	text := []byte(fileHead)
	names := make([]string, 0, len(f.lines))
	for name := range f.lines {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		from := len(text)
		text = append(text, f.lines[name]...)
		text = appendSumOf(text, from)
	}
	err := replaceFile(f.path, !f.NoSync, func(w *os.File) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	f.size, f.pending, f.unknown = int64(len(text)), nil, false
	return nil
}

// appendSumOf ends the line that begins at from.
func appendSumOf(text []byte, from int) []byte {
	return append(append(text[:from], appendSum(text[from:])...), '\n')
}

// Close puts what was noted on disk, and writes the file anew when most of it
// does not count any more. A run that noted nothing writes nothing.
func (f *File) Close() error {
	if err := f.Flush(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size <= smallFile || f.size <= growth*f.live {
		return nil
	}
	return f.rewrite()
}

// Path returns where the manifest of a state directory is.
func Path(stateDir string) string { return filepath.Join(stateDir, "manifest") }
