package buildout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/elf"
)

// TreeAudit says what AuditTree looks at.
type TreeAudit struct {
	Dir    string // absolute
	Parts  bool   // each directory in it is a part, which may use all others
	Policy elf.Policy
	Jobs   int
}

// AuditTree looks at a directory tree that no profile describes.
func AuditTree(ctx context.Context, o TreeAudit) (*Audited, error) {
	list, err := o.parts()
	if err != nil {
		return nil, err
	}
	report, err := elf.Audit(ctx, elf.Input{Parts: list, Jobs: o.Jobs})
	if err != nil {
		return nil, err
	}
	a := &Audited{Version: auditVersion, Glibc: report.Glibc, HostGlibc: report.HostGlibc, Findings: report.Findings}
	if a.Findings == nil {
		a.Findings = []elf.Finding{}
	}
	for _, p := range report.Parts {
		a.Parts = append(a.Parts, AuditedPart{p, AuditError})
	}
	roots := map[string][]string{}
	for _, p := range list {
		roots[p.Name] = p.Roots
	}
	a.Groups = grouper{roots: roots}.group(a.Findings)
	return a, nil
}

// parts returns what the tree consists of.
func (o TreeAudit) parts() ([]elf.Part, error) {
	info, err := os.Stat(o.Dir)
	switch {
	case err != nil:
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, diag.At(diag.Span{}, "usage", "cannot audit %s: %v", o.Dir, err)
	case !info.IsDir():
		return nil, diag.At(diag.Span{}, "usage", "cannot audit %s: it is no directory", o.Dir)
	case !o.Parts:
		return []elf.Part{{Name: filepath.Base(o.Dir), Roots: []string{o.Dir}, Policy: o.Policy}}, nil
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	var list []elf.Part
	top := elf.Part{Name: ".", Policy: o.Policy}
	for _, e := range entries {
		path := filepath.Join(o.Dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			list = append(list, elf.Part{Name: e.Name(), Roots: []string{path}, Policy: o.Policy})
		default:
			top.Roots = append(top.Roots, path)
		}
	}
	if len(top.Roots) > 0 {
		list = append(list, top)
	}
	for i := range list {
		for j := range list {
			if i != j {
				list[i].Needs = append(list[i].Needs, list[j].Name)
			}
		}
	}
	return list, nil
}

// highest returns the newest glibc that a part asks for.
func highest(list []AuditedPart) string {
	newest := ""
	for _, p := range list {
		if isNewer(p.Glibc, newest) {
			newest = p.Glibc
		}
	}
	return newest
}

// isNewer compares versions; "" is older than any.
func isNewer(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) > 0 }

// numbers are the fields of a version.
func numbers(version string) []int {
	var list []int
	for field := range strings.SplitSeq(version, ".") {
		if n, err := strconv.Atoi(field); err == nil {
			list = append(list, n)
		}
	}
	return list
}

// numberMark stands between a reason and the number of its line.
const numberMark = "\x00"

// numbered gives each reason the number of its line, so that a finding tells
// which line allows it.
func numbered(list []elf.Allow) []elf.Allow {
	list = slices.Clone(list)
	for i := range list {
		list[i].Reason += numberMark + strconv.Itoa(i)
	}
	return list
}

// unnumbered is the reverse of numbered for one reason.
func unnumbered(reason string) (text string, line int, ok bool) {
	text, number, ok := strings.Cut(reason, numberMark)
	line, err := strconv.Atoi(number)
	return text, line, ok && err == nil
}
