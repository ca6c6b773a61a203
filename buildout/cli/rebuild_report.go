package cli

import (
	"fmt"
	"strings"

	"gobuild/buildout"
	"gobuild/parts/compare"
)

// rebuildReport is the answer of gobuild rebuild --check.
type rebuildReport struct {
	Equal bool          `json:"equal"`
	Parts []rebuiltPart `json:"parts"`
}

// rebuiltPart is what it says of one part.
type rebuiltPart struct {
	Part string `json:"part"`
	*compare.Result
	Equal bool `json:"equal"`
	// Installed compares the first build with what is installed; null when that
	// cannot be compared.
	Installed  *installedResult `json:"installed"`
	Kept       []string         `json:"kept,omitempty"`
	Diffoscope string           `json:"diffoscope,omitempty"`
}

type installedResult struct {
	*compare.Result
	Equal bool `json:"equal"`
}

func newRebuiltPart(r *buildout.Rebuilt, kept bool) rebuiltPart {
	p := rebuiltPart{Part: r.Part, Result: r.Result, Equal: r.Result.Equal()}
	if r.Installed != nil {
		p.Installed = &installedResult{r.Installed, r.Installed.Equal()}
	}
	if kept {
		p.Kept = r.Trees[:]
	}
	return p
}

func (p *printer) rebuilt(r *rebuildReport) {
	for _, part := range r.Parts {
		p.rebuiltPart(part)
	}
}

func (p *printer) rebuiltPart(r rebuiltPart) {
	if r.Equal {
		p.line("%s: two builds are equal (%s)", r.Part, files(r.Files))
	} else {
		p.line("%s: two builds differ in %s; both have %s", r.Part, paths(r.Differences), files(r.Files))
	}
	if n := len(r.Derived); n > 0 {
		p.line("  not counted: %s with another build-id or checksum because of the name of the directory", files(n))
	}
	p.differences(r.Differences)
	switch {
	case r.Installed == nil:
	case r.Installed.Equal:
		p.line("  what is installed is the same")
	default:
		p.line("  what is installed differs in %s, the first is %s", paths(r.Installed.Differences), r.Installed.Differences[0].Path)
	}
	for _, dir := range r.Kept {
		p.line("  kept: %s", dir)
	}
	if r.Diffoscope != "" {
		p.line("%s", r.Diffoscope)
	}
}

// paths counts the paths of differences.
func paths(list []compare.Difference) string {
	n := 0
	for i, d := range list { // sorted by path
		if i == 0 || list[i-1].Path != d.Path {
			n++
		}
	}
	if n == 1 {
		return "1 path"
	}
	return fmt.Sprintf("%d paths", n)
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// shownDifferences is how many differences of a part are shown as text.
const shownDifferences = 20

func (p *printer) differences(list []compare.Difference) {
	for i, d := range list {
		if i == shownDifferences {
			p.line("  and %d more: --json lists all", len(list)-i)
			return
		}
		p.difference(d)
	}
}

func (p *printer) difference(d compare.Difference) {
	switch d.Kind {
	case compare.OnlyFirst:
		p.line("  %s: only in the first build", d.Path)
	case compare.OnlySecond:
		p.line("  %s: only in the second build", d.Path)
	case compare.Content:
		p.line("  %s", d.Path)
	default:
		p.line("  %s: %s %s, %s", d.Path, d.Kind, d.First, d.Second)
	}
	for _, place := range d.Places {
		p.differing(place)
	}
	if d.More > 0 {
		p.line("    and %d more places", d.More)
	}
}

func (p *printer) differing(place compare.Place) {
	where := place.Where
	if where != "" {
		where += ", "
	}
	sizes := ""
	if len(place.Sizes) == 2 {
		sizes = fmt.Sprintf(" (%d and %d bytes)", place.Sizes[0], place.Sizes[1])
	}
	p.line("    %sbyte %d%s", where, place.Offset, sizes)
	p.line("      %s", shownBytes(place.First))
	p.line("      %s", shownBytes(place.Second))
}

// shownBytes writes bytes as text if they are text, else in hexadecimal with
// the text beside.
func shownBytes(b compare.Bytes) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(b))
	if !strings.Contains(text, ".") || strings.Count(text, ".") == strings.Count(string(b), ".") {
		return "|" + text + "|"
	}
	return fmt.Sprintf("% x  |%s|", []byte(b), text)
}
