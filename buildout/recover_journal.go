package buildout

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
)

// The journal, .gobuild/journal, tells what a run is about to change, so that
// the next one can finish or undo what a kill has interrupted. Its first line
// names the version. Every other line is a checksum, a word and quoted texts:
//
//	state FILE TIME             a run has begun, whose records are in FILE
//	command SESSION START       a command runs, as the leader of a session
//	ended SESSION               nothing is left of it
//	aside PART PATH AT DIGEST   PATH, of the installed PART, is moved to AT
//	stage PART PATH AT DIGEST N the new PATH is made in AT and then exchanged
//	                            with the old one, whose inode is N
//	delete PART PATH DIGEST     PATH is deleted once the record is gone
//	stray PART PATH TO          PATH, in what is moved, is not the part's own:
//	                            it goes to TO
//	made PART PATH              PART makes PATH, which was not there
//	keep PART PATH              the same, but a failure leaves it
//	complete PART DIGEST        PART is about to be recorded, with DIGEST
//	cleared PART                nothing is left of a failed PART; what was
//	                            moved comes back now
//	done PART                   nothing of the lines before is open for PART
//	failed PART PATH            PATH is what a failed PART has left
//	swept PART                  nothing is left of failures of PART
//
// DIGEST identifies a record. Lines whose checksum does not fit are passed
// over: a kill can leave half a line at the end. Moves are noted on disk before
// they are made; made and keep are not synced, since only a kill of gobuild
// leaves something that they tell of.
const journalHeader = "gobuild journal 1\n"

// journalRoom is how much space on disk the journal gets at once: what puts
// things back must be noted on a full disk too.
const journalRoom = 64 << 10

// journal is an open journal. The file is made by the first line.
type journal struct {
	path  string
	state string // the file of the records; "" for a journal without runs
	disk  *disk.Disk

	mu   sync.Mutex
	file *os.File
	size int64
	torn bool  // the last line has no end
	err  error // the first failure; nothing is written after it
}

// line is a word with its texts.
type line []string

// begin makes sure that the journal tells of this run.
func (l *journal) begin() error { return l.append(nil, false) }

// note writes lines that need not be on disk.
func (l *journal) note(lines ...line) error { return l.append(lines, false) }

// write writes lines and waits until they are on disk.
func (l *journal) write(lines ...line) error { return l.append(lines, true) }

func (l *journal) append(lines []line, sync bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(lines) == 0 && (l.file != nil || sync) {
		return l.err
	}
	if l.err == nil {
		l.err = l.put(lines, sync)
	}
	return l.err
}

func (l *journal) put(lines []line, sync bool) error {
	fresh := l.file == nil
	if err := l.open(); err != nil {
		return l.failed(err)
	}
	var b strings.Builder
	if l.size == 0 {
		b.WriteString(journalHeader)
	} else if l.torn {
		b.WriteByte('\n')
	}
	if fresh && l.state != "" {
		b.WriteString(line{"state", l.state, startText(time.Now())}.text())
	}
	for _, line := range lines {
		b.WriteString(line.text())
	}
	l.torn = true // should the write fail
	if err := l.disk.WriteAt(l.file, b.String(), l.size); err != nil {
		return l.failed(err)
	}
	l.size, l.torn = l.size+int64(b.Len()), false
	if !sync {
		return nil
	}
	err := l.disk.Sync(l.file)
	if err == nil && fresh {
		err = l.disk.SyncDir(filepath.Dir(l.path))
	}
	return l.failed(err)
}

// open opens the file, or makes it.
func (l *journal) open() error {
	if l.file != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o777); err != nil {
		return err
	}
	f, err := l.disk.Open(l.path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	if l.size == 0 {
		disk.Reserve(f, journalRoom)
		return nil
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, l.size-1)
	l.torn = last[0] != '\n'
	return err
}

// replace makes lines all that the journal says; without lines it is deleted.
func (l *journal) replace(lines []line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	if len(lines) == 0 {
		return l.failed(l.disk.Remove(l.path))
	}
	next := &journal{path: l.path + ".new", disk: l.disk}
	if err := next.disk.Remove(next.path); err != nil {
		return l.failed(err)
	}
	err := next.write(lines...)
	next.close()
	if err != nil {
		return err
	}
	return l.failed(l.disk.Rename(next.path, l.path))
}

func (l *journal) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// failed explains why the journal could not be written.
func (l *journal) failed(err error) error {
	if err == nil {
		return nil
	}
	return &StateError{diag.At(diag.Span{}, "state-write", "cannot note in %s what is about to change: %v", l.path, plainReason(err)).
		WithCause(err).WithHint("nothing is changed without a note: make it writable, or free some space, and run again")}
}

// text is the line as it is written.
func (l line) text() string {
	words := make([]string, len(l))
	words[0] = l[0]
	for i, s := range l[1:] {
		words[i+1] = strconv.Quote(s)
	}
	text := strings.Join(words, " ")
	return fmt.Sprintf("%08x %s\n", crc32.ChecksumIEEE([]byte(text)), text)
}

// parseLine is the reverse of text; ok is false for what is no whole line.
func parseLine(text string) (l line, ok bool) {
	sum, text, ok := strings.Cut(text, " ")
	if !ok || sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) {
		return nil, false
	}
	word, rest, more := strings.Cut(text, " ")
	l = line{word}
	for more {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, false
		}
		s, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, false
		}
		l = append(l, s)
		rest, more = strings.CutPrefix(rest[len(quoted):], " ")
	}
	return l, rest == "" || len(l) == 1
}

// journalVersion is the form of the first line.
var journalVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^gobuild journal ([0-9]+)$`) })

// readJournal returns the lines of a journal; none if there is no file.
func readJournal(path string) ([]line, error) {
	text, err := os.ReadFile(path)
	if disk.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &StateError{fmt.Errorf("read what an interrupted run has changed: %w", err)}
	}
	var list []line
	for i, text := range strings.Split(string(text), "\n") {
		if m := journalVersion().FindStringSubmatch(text); i == 0 && m != nil && text+"\n" != journalHeader {
			return nil, &StateError{diag.At(diag.Span{}, "journal-version", "%s is of version %s: another gobuild was interrupted here", path, m[1]).
				WithHint("run the gobuild that wrote it once, so that it recovers")}
		}
		if l, ok := parseLine(text); ok {
			list = append(list, l)
		}
	}
	return list, nil
}
