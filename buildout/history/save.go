package history

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
)

const (
	maxLog   = 1 << 20   // bytes that are kept of a log
	maxLogs  = 100       // logs that are kept of a run
	longText = 256 << 10 // a copy that is longer is compressed
)

// unwritten is the warning for a run that could not be recorded.
func unwritten(dir string, err error) error {
	d := diag.At(diag.Span{}, "history-write", "the history of this run cannot be written to %s: %v", entriesDir(dir), reason(err)).
		WithCause(err).WithHint("what is installed is recorded all the same; `gobuild rollback` may not know this run")
	d.Severity = diag.Warning
	return d
}

// begin makes the entry of a run that has not ended.
func (r *Run) begin() error {
	entry := filepath.Join(entriesDir(r.Directory), r.ID)
	if err := os.MkdirAll(entry, 0o777); err != nil {
		return err
	}
	r.entry = entry
	return r.write()
}

// complete writes the entry of a run that has ended: sizes, logs and copies
// first, run.json last.
func (r *Run) complete() error {
	if r.entry == "" {
		r.entry = filepath.Join(entriesDir(r.Directory), r.ID)
	}
	if err := os.MkdirAll(r.entry, 0o777); err != nil {
		return err
	}
	if err := r.copyState(); err != nil {
		return err
	}
	if err := r.copyLogs(); err != nil {
		return err
	}
	r.inspect()
	return r.write()
}

// write puts run.json in its place.
func (r *Run) write() error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return replace(filepath.Join(r.entry, runName), append(text, '\n'))
}

// replace writes a file under another name and renames it.
func replace(path string, text []byte) error {
	temp := path + ".tmp"
	err := os.WriteFile(temp, text, 0o666)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// copyState copies what is installed, and what the parts depended on.
func (r *Run) copyState() error {
	if r.Installed != "" {
		text, err := os.ReadFile(r.Installed)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			sum := sha256.Sum256(text)
			r.Checksum = hex.EncodeToString(sum[:])
			if err := keepText(filepath.Join(r.entry, installedName), text); err != nil {
				return err
			}
		}
	}
	text, err := os.ReadFile(manifest.Path(stateDir(r.Directory)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = keepText(filepath.Join(r.entry, manifestName), text)
	}
	return err
}

// keepText writes a file, compressed when it is long.
func keepText(path string, text []byte) error {
	if len(text) <= longText {
		return replace(path, text)
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return replace(path+".gz", b.Bytes())
}

// keptText reads what keepText has written.
func keptText(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	packed, err := os.Open(path + ".gz")
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	text, err = io.ReadAll(io.LimitReader(r, maxRun+1))
	if err == nil && len(text) > maxRun {
		err = fmt.Errorf("%s.gz is too large", path)
	}
	return text, err
}

// copyLogs copies the ends of the logs of parts that failed.
func (r *Run) copyLogs() error {
	copied := 0
	for _, p := range r.Parts {
		if p.Result != Failed || p.Log == "" || copied == maxLogs {
			continue
		}
		text, err := tail(p.Log, maxLog)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the part has logged nothing
		}
		if err != nil {
			return err
		}
		name := logName + "/" + fileName(p.Part) + ".log"
		if err := os.MkdirAll(filepath.Join(r.entry, logName), 0o777); err != nil {
			return err
		}
		if err := replace(filepath.Join(r.entry, name), []byte(r.masked(text))); err != nil {
			return err
		}
		p.LogCopy = name
		copied++
	}
	return nil
}

func (r *Run) masked(text string) string {
	if r.mask == nil {
		return text
	}
	return r.mask(text)
}

// tail returns the last bytes of a file, from the begin of a line on when
// something is left out.
func tail(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-limit)
	text, err := io.ReadAll(io.NewSectionReader(f, from, limit))
	if err != nil || from == 0 {
		return string(text), err
	}
	_, rest, ok := strings.Cut(string(text), "\n")
	if !ok {
		rest = string(text)
	}
	return rest, nil
}

// logEnd is the end of the log of a part; "" when there is none.
func (r *Run) logEnd(p *Part, limit int64) string {
	if p.LogCopy != "" && r.entry != "" && filepath.IsLocal(p.LogCopy) {
		text, _ := tail(filepath.Join(r.entry, p.LogCopy), limit)
		return text
	}
	if p.Log == "" || r.mask == nil { // of a past run: the log may be another's
		return ""
	}
	text, _ := tail(p.Log, limit)
	return r.mask(text)
}

// fileName is the name of a part as that of a file.
func fileName(part string) string {
	part = strings.NewReplacer("/", "%2F", "%", "%25").Replace(part)
	if strings.HasPrefix(part, ".") {
		part = "%2E" + part[1:]
	}
	return part
}

// inspect notes how much room the installed parts take, and which links lead to
// the parts. What cannot be read counts for nothing.
func (r *Run) inspect() {
	db, err := state.Open(r.Installed, state.Options{Disabled: r.Installed == ""})
	if err != nil {
		return
	}
	r.Links = linksTo(r.Directory, db.All())
	for _, p := range r.Parts {
		record, ok := db.Get(p.Part)
		if !ok || p.Result != Done || p.Verb == Uninstalling || p.Verb == SettingAside {
			continue
		}
		paths := record.Paths
		if location := record.Options["location"]; isShared(location) {
			paths = append([]string{location}, paths...)
		}
		p.Size = diskUse(r.Directory, paths)
	}
}

// prune deletes the oldest entries so that at most keep remain, and the kept
// trees that no rollback can reach any more.
func prune(dir string, keep int) {
	names, err := ids(entriesDir(dir))
	if err != nil || len(names) == 0 {
		return
	}
	gone := max(0, len(names)-keep)
	for _, id := range names[:gone] {
		os.RemoveAll(filepath.Join(entriesDir(dir), id))
	}
	// A tree that the oldest run replaced belongs to a state before it.
	pruneTrees(dir, names[gone])
}
