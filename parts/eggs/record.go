package eggs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"gobuild/buildout/diag"
)

// recordsFile is the file in Request.State that says what eggs were made from.
const recordsFile = "eggs.json"

// origin is what an egg was made from.
type origin struct {
	File   string `json:"file"`
	URL    string `json:"url,omitempty"` // without secrets
	SHA256 string `json:"sha256"`
}

// sumOf is the sha256 of a file.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// recordsVersion is the version of the format of recordsFile.
const recordsVersion = 1

// records is the content of recordsFile.
type records struct {
	Version int               `json:"version"`
	Eggs    map[string]origin `json:"eggs"` // by the name of the directory
}

// readOrigins reads what eggs were made from. Of a file that cannot be read
// nothing is known.
func readOrigins(state string) map[string]origin {
	r := records{}
	text, err := os.ReadFile(filepath.Join(state, recordsFile))
	if err != nil || json.Unmarshal(text, &r) != nil || r.Version != recordsVersion || r.Eggs == nil {
		return map[string]origin{}
	}
	return r.Eggs
}

// record notes what an egg was made from.
func (w *workingSet) record(egg string, a artifact, archive fetched) error {
	if w.State == "" {
		return nil
	}
	defer lockRecords(w.State)()
	origins := readOrigins(w.State)
	origins[filepath.Base(egg)] = origin{File: a.file, URL: archive.From, SHA256: archive.sum}
	text, err := json.MarshalIndent(records{recordsVersion, origins}, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(w.State, recordsFile), append(text, '\n'))
}

// checkInstalled compares what an egg was made from with the checksums of its
// pin. Of an egg that another tool has installed nothing is known.
func (w *workingSet) checkInstalled(c candidate, p pin) error {
	if len(p.sums) == 0 || c.develop || c.own {
		return nil
	}
	o, known := readOrigins(w.State)[filepath.Base(c.location)]
	switch {
	case !known:
		w.log("it is not known what " + c.location + " was made from: the checksum of its pin cannot be verified")
	case !p.accepts(o.SHA256):
		return diag.At(diag.Span{}, "egg-checksum", "%s was made from %s with the sha256 %s, which its pin does not have", c.location, o.File, o.SHA256).
			WithHint("find out which of them is right; when the pin is, delete the egg")
	}
	return nil
}
