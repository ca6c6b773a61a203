package lint

import (
	"cmp"
	"slices"
)

// Fixes returns the texts of the files that the edits of findings change, by
// name. Of edits that overlap only the first is made; a later run finds the
// others again.
func Fixes(findings []*Finding) map[string][]byte {
	byFile := map[string][]Edit{}
	for _, f := range findings {
		for _, e := range f.Fix {
			byFile[nameOf(e.At)] = append(byFile[nameOf(e.At)], e)
		}
	}
	texts := map[string][]byte{}
	for name, edits := range byFile {
		texts[name] = apply(edits)
	}
	return texts
}

// apply makes the edits of one file.
func apply(edits []Edit) []byte {
	slices.SortStableFunc(edits, func(a, b Edit) int {
		return cmp.Compare(a.At.From.Offset, b.At.From.Offset)
	})
	text := edits[0].At.From.Src.Text
	var out []byte
	at := 0
	for _, e := range edits {
		if e.At.From.Offset < at {
			continue
		}
		out = append(append(out, text[at:e.At.From.Offset]...), e.Text...)
		at = e.At.To.Offset
	}
	return append(out, text[at:]...)
}
