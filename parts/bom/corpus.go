package bom

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"errors"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"unicode"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/klauspost/compress/zstd"
)

// packedCorpus holds the texts that licences are known by, as
// KIND/NAME/VARIANT: see gen_corpus.go.
//
//go:generate go run gen_corpus.go
//go:embed corpus.tar.zst
var packedCorpus []byte

const (
	// threshold is the share of a licence's words that a text must have, in
	// their order, to be taken for it: that of the collection.
	threshold = 0.8
	// likely is the share of its different words that a text must have before
	// it is compared at all. Comparing is what takes the time.
	likely = 0.75
)

// corpus compares texts with licences. It makes ready only those that a text
// can have: all of them would take most of a second. One goroutine uses it.
type corpus struct {
	classifier *classifier.Classifier
	known      []entry
}

// entry is a text of the corpus.
type entry struct {
	kind, name, variant string
	text                []byte
	words               []uint32 // hashes of its different words, sorted
	added               bool
}

func newCorpus() (*corpus, error) {
	c := &corpus{classifier: classifier.NewClassifier(threshold)}
	unpack, err := zstd.NewReader(bytes.NewReader(packedCorpus), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer unpack.Close()
	for r := tar.NewReader(unpack); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.Split(head.Name, "/")
		if len(name) != 3 {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		c.known = append(c.known, entry{kind: name[0], name: name[1], variant: name[2], text: text, words: wordsOf(text)})
	}
}

// match returns the licences that a text has.
func (c *corpus) match(text []byte) classifier.Results {
	words := wordsOf(text)
	if len(words) == 0 {
		return classifier.Results{}
	}
	for i := range c.known {
		if e := &c.known[i]; !e.added && e.mayBeIn(words) {
			c.classifier.AddContent(e.kind, e.name, e.variant, e.text)
			e.added = true
		}
	}
	return c.classifier.Match(text)
}

// mayBeIn reports whether a text of these words can hold e.
func (e *entry) mayBeIn(words []uint32) bool {
	found := 0
	for _, w := range e.words {
		if _, ok := slices.BinarySearch(words, w); ok {
			found++
		}
	}
	return float64(found) >= likely*float64(len(e.words))
}

// wordsOf returns the hashes of the different words of a text, sorted.
func wordsOf(text []byte) []uint32 {
	var words []uint32
	for word := range bytes.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		h := fnv.New32a()
		h.Write(bytes.ToLower(word))
		words = append(words, h.Sum32())
	}
	slices.Sort(words)
	return slices.Clip(slices.Compact(words))
}
