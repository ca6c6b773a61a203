package bom

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	classifier "github.com/google/licenseclassifier/v2"
)

const (
	// sure is the share of a licence's words that settles which one it is.
	sure = 0.9
	// besides is how many words a licence file may have beside licences and
	// copyright lines: who it is by, and that all files are under it.
	besides = 40
)

// Identity is what the text of a licence file was found to be.
type Identity struct {
	// IDs are SPDX identifiers, sorted. GPL-3.0 and its like say nothing of
	// later versions.
	IDs []string `json:"ids,omitempty"`
	// Whole says that the text is these licences and no more.
	Whole bool `json:"whole"`
	// Choice says that the text speaks of a choice between licences.
	Choice bool `json:"choice,omitempty"`
}

// identify finds the licences of a text.
func (c *corpus) identify(text []byte) Identity {
	if len(bytes.TrimSpace(text)) == 0 {
		return Identity{}
	}
	result := c.match(text)
	matches := licensesOf(result.Matches)
	id := Identity{Whole: len(matches) > 0}
	covered := map[int]bool{}
	for _, m := range matches {
		for line := m.StartLine; line <= m.EndLine; line++ {
			covered[line] = true
		}
		if m.Confidence < sure {
			id.Whole = false
		}
		if m.MatchType == "Supplement" {
			continue
		}
		if spdx := spdxID(m.Name); spdx != "" {
			id.IDs = append(id.IDs, spdx)
		} else {
			id.Whole = false
		}
	}
	slices.Sort(id.IDs)
	id.IDs = slices.Compact(id.IDs)
	rest := uncovered(text, covered)
	id.Whole = id.Whole && len(id.IDs) > 0 && len(strings.Fields(rest)) <= besides
	id.Choice = choice().MatchString(rest)
	return id.told(text)
}

// licensesOf returns the matches that are licences, without those that are part
// of another one.
func licensesOf(all classifier.Matches) classifier.Matches {
	var inner []string
	for _, m := range all {
		if m.MatchType == "License" {
			inner = append(inner, within[m.Name]...)
		}
	}
	var matches classifier.Matches
	for _, m := range all {
		if m.MatchType == "Copyright" {
			continue
		}
		if slices.Contains(inner, m.Name) {
			part := *m
			part.MatchType = "Supplement"
			m = &part
		}
		matches = append(matches, m)
	}
	return matches
}

// choice finds words that offer one licence or another.
var choice = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(dual|either|alternatively|at your (option|choice)|choose|any of the following|exception)\b`)
})

// copyrightLine finds lines that say who the authors are.
var copyrightLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)copyright|\(c\)|©|all rights reserved|<[^<> ]+@[^<> ]+>`)
})

// uncovered returns the lines of a text that are neither covered nor say who
// the authors are. The first line is 1.
func uncovered(text []byte, covered map[int]bool) string {
	var b strings.Builder
	n := 0
	for line := range bytes.Lines(text) {
		if n++; !covered[n] && !copyrightLine().Match(line) {
			b.Write(line)
		}
	}
	return b.String()
}

// told replaces identifiers that leave later versions open by what the text
// itself says, when it is more than the licence: a notice in the place of one.
func (id Identity) told(text []byte) Identity {
	notices := headerIDs(text)
	for i, open := range id.IDs {
		if isOpen(open) && len(text) < maxNotice {
			id.IDs[i] = settle(open, notices)
		}
	}
	return id
}

// maxNotice is the length of a notice that names a licence without being its
// text. The licences that this is about are longer.
const maxNotice = 4 << 10
