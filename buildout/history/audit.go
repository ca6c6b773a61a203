package history

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// audit is what .gobuild/audit tells of one part: what is installed now, which
// may be newer than the run. The format is in docs/formats.md.
type audit struct {
	Part     string         `json:"part"`
	Mode     string         `json:"mode"`
	Report   auditReport    `json:"report"`
	Findings []auditFinding `json:"findings,omitempty"`
	Left     int            `json:"left,omitempty"` // findings that are left out
}

type auditReport struct {
	Part     string   `json:"part"`
	Files    int      `json:"files"`
	ELF      int      `json:"elf"`
	Glibc    string   `json:"glibc,omitempty"`
	Runtime  []string `json:"runtime,omitempty"`
	Errors   int      `json:"errors"`
	Warnings int      `json:"warnings"`
}

type auditFinding struct {
	Level   string `json:"level"`
	Kind    string `json:"kind"`
	File    string `json:"file"`
	Message string `json:"message"`
	Allowed string `json:"allowed,omitempty"`
}

// What a page holds of audits at most: findings of one part, and bytes of one
// file.
const (
	pageFindings = 100
	pageAudit    = 4 << 20
)

// audits are those of the directory of the run, by part.
func (r *Run) audits() []audit {
	if r.entry == "" {
		return nil
	}
	dir := filepath.Join(r.entry, "..", "..", "audit")
	entries, _ := os.ReadDir(dir)
	var list []audit
	for _, e := range entries {
		if a, ok := readAudit(filepath.Join(dir, e.Name())); ok && strings.HasSuffix(e.Name(), ".json") {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b audit) int { return strings.Compare(a.Part, b.Part) })
	return list
}

// readAudit reads one file, as far as it makes sense. Notes are left out, but
// for what is allowed.
func readAudit(path string) (a audit, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return a, false
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(io.LimitReader(f, pageAudit)))
	if d.Decode(&a) != nil || a.Report.Part == "" {
		return a, false
	}
	a.Part = a.Report.Part
	for d.More() {
		var found auditFinding
		if d.Decode(&found) != nil {
			break
		}
		switch {
		case found.Level == "note" && found.Allowed == "":
		case len(a.Findings) == pageFindings:
			a.Left++
		default:
			a.Findings = append(a.Findings, found)
		}
	}
	return a, true
}
