package bom

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Directories below the state directory.
const (
	recordsDir  = "provenance"
	pendingDir  = "provenance/pending"
	licensesDir = "licenses"
	patchesDir  = "patches"
)

// maxRecord is the size of the largest provenance file that is read.
const maxRecord = 16 << 20

// fileName is the name of a part as that of a file.
func fileName(part string) string {
	part = strings.NewReplacer("/", "%2F", "%", "%25").Replace(part)
	if strings.HasPrefix(part, ".") {
		part = "%2E" + part[1:]
	}
	return part + ".json"
}

// Save writes the notes of a part that is installed now, with a record of this
// digest, to a state directory.
func (n *Notes) Save(stateDir, digest string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	os.Remove(filepath.Join(stateDir, pendingDir, fileName(n.p.Part)))
	n.p.Digest = digest
	return n.write(stateDir, recordsDir)
}

// Suspend writes the notes of a part that failed, for Resume.
func (n *Notes) Suspend(stateDir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.p.Digest = ""
	return n.write(stateDir, pendingDir)
}

// Resume takes what the failed run of a part has noted.
func (n *Notes) Resume(stateDir string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p, ok := read(stateDir, pendingDir, n.p.Part); ok {
		n.p = p
	}
}

// write writes texts first: a record never names one that is not there.
func (n *Notes) write(stateDir, dir string) error {
	var errs []error
	for sum, text := range n.texts {
		errs = append(errs, keepText(filepath.Join(stateDir, licensesDir, sum), text))
	}
	for sum, text := range n.diffs {
		errs = append(errs, keepText(filepath.Join(stateDir, patchesDir, sum), text))
	}
	clear(n.texts)
	clear(n.diffs)
	text, err := json.MarshalIndent(n.p, "", "  ")
	if err = errors.Join(append(errs, err)...); err != nil {
		return err
	}
	return replace(filepath.Join(stateDir, dir, fileName(n.p.Part)), append(text, '\n'))
}

// keepText writes a text whose name is its sum, unless it is there.
func keepText(path string, text []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(text)) {
		return nil
	}
	return replace(path, text)
}

// replace writes a file at once.
func replace(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Load returns what was noted of a part whose record has this digest. When
// nothing was, or it is of another installation or damaged, Known is false.
func Load(stateDir, part, digest string) *Provenance {
	p, ok := read(stateDir, recordsDir, part)
	if !ok || p.Digest != digest {
		return &Provenance{Version: recordVersion, Part: part, Digest: digest}
	}
	p.Known = true
	return &p
}

func read(stateDir, dir, part string) (p Provenance, ok bool) {
	path := filepath.Join(stateDir, dir, fileName(part))
	if info, err := os.Stat(path); err != nil || info.Size() > maxRecord {
		return p, false
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &p) != nil || p.Version != recordVersion || p.Part != part {
		return Provenance{}, false
	}
	return p, true
}

// ReadText returns the text of a licence file.
func ReadText(stateDir, sum string) ([]byte, error) { return readKept(stateDir, licensesDir, sum) }

// ReadPatch returns a patch that is kept.
func ReadPatch(stateDir, sum string) ([]byte, error) { return readKept(stateDir, patchesDir, sum) }

func readKept(stateDir, dir, sum string) ([]byte, error) {
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return nil, fmt.Errorf("%q is not a sha256", sum)
	}
	path := filepath.Join(stateDir, dir, sum)
	text, err := os.ReadFile(path)
	if err == nil && sumOf(text) != sum {
		err = fmt.Errorf("%s was changed", path)
	}
	return text, err
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Sweep deletes what is kept of parts that are not installed any more, and
// texts that no part has. waiting are parts that failed and can be resumed.
func Sweep(stateDir string, installed, waiting []string) error {
	used := map[string]bool{}
	return errors.Join(sweepRecords(stateDir, recordsDir, installed, used), sweepRecords(stateDir, pendingDir, waiting, used),
		sweepTexts(filepath.Join(stateDir, licensesDir), used), sweepTexts(filepath.Join(stateDir, patchesDir), used),
		sweepIdentified(stateDir, used))
}

// sweepRecords deletes the records of parts that are not in known, and notes
// the texts of the others.
func sweepRecords(stateDir, dir string, known []string, used map[string]bool) error {
	entries, err := os.ReadDir(filepath.Join(stateDir, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	names := map[string]string{}
	for _, part := range known {
		names[fileName(part)] = part
	}
	errs := []error{err}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		part, ok := names[e.Name()]
		if !ok {
			errs = append(errs, os.Remove(filepath.Join(stateDir, dir, e.Name())))
			continue
		}
		p, _ := read(stateDir, dir, part)
		for _, l := range p.Licenses {
			used[l.SHA256] = true
		}
		for _, s := range p.Sources {
			used[s.SHA256] = used[s.SHA256] || s.Kept
		}
	}
	return errors.Join(errs...)
}

func sweepTexts(dir string, used map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return used[e.Name()] }) {
		errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}
