package bom

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// identifiedFile of a state directory tells what the texts beside it were found
// to be. Losing it costs time: 10 ms for each text.
const identifiedFile = "licenses.json"

// identified is the content of that file.
type identified struct {
	Corpus string              `json:"corpus"` // which corpus found it
	Texts  map[string]Identity `json:"texts"`  // by the sum of the text
}

// corpusSum names the corpus of this program.
var corpusSum = sync.OnceValue(func() string {
	sum := sha256.Sum256(packedCorpus)
	return hex.EncodeToString(sum[:8])
})

// readIdentified returns what is known of texts, nothing when it was found by
// another corpus.
func readIdentified(stateDir string) map[string]Identity {
	var i identified
	text, err := os.ReadFile(filepath.Join(stateDir, identifiedFile))
	if err != nil || json.Unmarshal(text, &i) != nil || i.Corpus != corpusSum() || i.Texts == nil {
		return map[string]Identity{}
	}
	return i.Texts
}

// Learn finds out what the licence texts of a part are.
func (s *Shelf) Learn(part, digest string) error {
	for _, l := range Load(s.stateDir, part, digest).Licenses {
		before := len(s.known)
		if _, err := s.identify(l.SHA256); err != nil {
			return err
		}
		s.learnt = s.learnt || len(s.known) > before
	}
	return nil
}

// Save keeps what was learnt for other runs.
func (s *Shelf) Save() error {
	if !s.learnt {
		return nil
	}
	return saveIdentified(s.stateDir, s.known)
}

func saveIdentified(stateDir string, texts map[string]Identity) error {
	text, err := json.MarshalIndent(identified{corpusSum(), texts}, "", " ")
	if err != nil {
		return err
	}
	// A file that is torn by a kill is not read.
	return os.WriteFile(filepath.Join(stateDir, identifiedFile), append(text, '\n'), 0o666)
}

// sweepIdentified forgets the texts that no part has.
func sweepIdentified(stateDir string, used map[string]bool) error {
	texts := readIdentified(stateDir)
	before := len(texts)
	maps.DeleteFunc(texts, func(sum string, _ Identity) bool { return !used[sum] })
	switch {
	case len(texts) == 0:
		if err := os.Remove(filepath.Join(stateDir, identifiedFile)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case len(texts) == before:
		return nil
	}
	return saveIdentified(stateDir, texts)
}
