package buildout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gobuild/parts"
	"gobuild/parts/elf"
	"gobuild/parts/manifest"
)

// auditVersion is the version of the format of an auditNote.
const auditVersion = 1

// auditNote is what is remembered of the audit of a part, in
// .gobuild/audit/PART.json: a line for the note, then one for each finding.
// Losing it loses nothing but time.
type auditNote struct {
	Version int    `json:"version"`
	Digest  string `json:"digest"` // of the record that was audited
	Policy  string `json:"policy"` // that it was held to
	// Accepted is the policy under which the part was installed, or kept since;
	// "" when no run has asked for an audit of it.
	Accepted string         `json:"accepted,omitempty"`
	Mode     AuditMode      `json:"mode"`
	Report   elf.PartReport `json:"report"`

	findings []elf.Finding
}

// notedOf is what an audit has found of one part.
func notedOf(r parts.Record, p auditPolicy, report elf.PartReport, findings []elf.Finding) *auditNote {
	return &auditNote{Version: auditVersion, Digest: manifest.Digest(r), Policy: p.text(), Mode: p.Mode, Report: report, findings: findings}
}

func (e *Engine) notePath(part string) string { return auditPath(e.stateDir(), part) }

func auditPath(stateDir, part string) string {
	return filepath.Join(stateDir, "audit", fileName(part)+".json")
}

// auditNote returns what is remembered of an installed part, or nil. Without
// whole the findings are left out.
func (e *Engine) auditNote(r parts.Record, whole bool) *auditNote {
	f, err := os.Open(e.notePath(r.Part))
	if err != nil {
		return nil
	}
	defer f.Close()
	in := bufio.NewReader(f)
	head, err := in.ReadBytes('\n')
	n := &auditNote{}
	if err != nil || json.Unmarshal(head, n) != nil || n.Version != auditVersion || n.Digest != manifest.Digest(r) {
		return nil
	}
	for d := json.NewDecoder(in); whole && d.More(); {
		var found elf.Finding
		if d.Decode(&found) != nil {
			return nil
		}
		n.findings = append(n.findings, found)
	}
	return n
}

// writeNote writes the note of a part in one step.
func (e *Engine) writeNote(part string, n *auditNote) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	errs := []error{out.Encode(n)}
	for _, f := range n.findings {
		errs = append(errs, out.Encode(f))
	}
	path := e.notePath(part)
	errs = append(errs, os.MkdirAll(filepath.Dir(path), 0o777))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(b.Bytes())
	err = errors.Join(err, file.Chmod(fs.FileMode(0o666&^e.Umask)), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("note the audit of %s: %w", part, err)
	}
	return nil
}
