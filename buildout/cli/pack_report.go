package cli

import (
	"fmt"
	"strings"
	"time"

	"gobuild/parts/pack"
)

// packSummary is what `gobuild pack --json` prints.
type packSummary struct {
	File         string         `json:"file"`
	Size         int64          `json:"size"`
	Installed    int64          `json:"installed"`
	Files        int            `json:"files"`
	Manifest     string         `json:"manifest_sha256"`
	Architecture string         `json:"architecture"`
	Glibc        string         `json:"glibc,omitempty"`
	Named        []string       `json:"named"`
	Parts        []packedPart   `json:"parts"`
	Stripped     *pack.Stripped `json:"stripped,omitempty"`
	Nanoseconds  int64          `json:"elapsed_ns"`
}

// packedPart is a part of the summary.
type packedPart struct {
	Part      string   `json:"part"`
	Version   string   `json:"version,omitempty"`
	Files     int      `json:"files"`
	Installed int64    `json:"installed"`
	Packed    int64    `json:"packed"`
	Licenses  []string `json:"licenses,omitempty"`
	Needs     []string `json:"needs,omitempty"`
	Named     bool     `json:"named"`
}

func summaryOf(packed *pack.Packed, file string) *packSummary {
	s := &packSummary{File: file, Size: packed.Size, Manifest: packed.Sum, Architecture: packed.Architecture, Glibc: packed.Glibc,
		Named: packed.Named, Parts: []packedPart{}}
	named := map[string]bool{}
	for _, name := range packed.Named {
		named[name] = true
	}
	for _, p := range packed.Parts {
		s.Files, s.Installed = s.Files+p.Files, s.Installed+p.Size
		s.Parts = append(s.Parts, packedPart{p.Name, p.Release, p.Files, p.Size, p.Packed, p.Licenses, p.Needs, named[p.Name]})
	}
	return s
}

// report prints the summary.
func (p *packing) report(packed *pack.Packed, stripped *pack.Stripped, elapsed time.Duration) error {
	s := summaryOf(packed, p.path(p.o.output))
	s.Stripped, s.Nanoseconds = stripped, elapsed.Nanoseconds()
	return p.writeResult(s, func(out *printer) { out.packed(s, p.o.output) })
}

func (p *printer) packed(s *packSummary, file string) {
	width := len("PART")
	for _, part := range s.Parts {
		width = max(width, len(part.Part))
	}
	p.line("%-*s  %-12s %7s %10s %10s  %s", width, "PART", "VERSION", "FILES", "INSTALLED", "PACKED", "LICENCE")
	for _, part := range s.Parts {
		p.line("%s", strings.TrimRight(fmt.Sprintf("%-*s  %-12s %7d %10s %10s  %s", width, part.Part, part.Version, part.Files, sizeText(part.Installed),
			sizeText(part.Packed), strings.Join(part.Licenses, ", ")), " "))
	}
	glibc := ""
	if s.Glibc != "" {
		glibc = ", needs glibc " + s.Glibc
	}
	p.line("%s: %s, %s, %s installed, %s packed, %s%s", file, count(len(s.Parts), "part"), count(s.Files, "file"), sizeText(s.Installed), sizeText(s.Size), s.Architecture, glibc)
	if s.Stripped != nil {
		p.line("%s: debug information of %s, %s less in the archive", s.Stripped.Path, count(s.Stripped.Files, "file"), sizeText(s.Stripped.Removed))
	}
	p.line("manifest sha256 %s", s.Manifest)
}

// sizeText is a number of bytes, short.
func sizeText(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/unit, "kMGT"
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, units[0])
}
