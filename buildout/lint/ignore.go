package lint

import (
	"regexp"
	"slices"
	"sync"

	"gobuild/buildout/cfg"
)

// ignore is a comment that silences codes for the bytes from..to of its file.
type ignore struct {
	from, to int
	codes    []string // none means all
}

var (
	ignoreComment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[#;]+\s*gobuild:\s*ignore(-file)?(?:\s+(.*))?$`) })
	ignoreGaps    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\s,]+`) })
	ignoreWord    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9-]*$`) })
)

// findIgnores reads the comments `# gobuild: ignore CODE…`. One above a header
// silences the section, one above an option the option, one within a value the
// line below it; `ignore-file` silences the file.
func (f *file) findIgnores() []ignore {
	var list []ignore
	for i := range f.Lines {
		if f.Lines[i].Kind != cfg.Comment {
			continue
		}
		m := ignoreComment().FindStringSubmatch(f.Text(i, i))
		if m == nil {
			continue
		}
		g := ignore{to: len(f.Src.Text), codes: ignoredCodes(m[2])}
		if m[1] == "" {
			g.from, g.to = f.below(i)
		}
		list = append(list, g)
	}
	return list
}

// ignoredCodes reads the codes; what follows the first word that is none is a
// remark.
func ignoredCodes(text string) []string {
	var codes []string
	for _, word := range ignoreGaps().Split(text, -1) {
		if !ignoreWord().MatchString(word) {
			break
		}
		codes = append(codes, word)
	}
	return codes
}

// below returns the bytes of what a comment in line i stands above.
func (f *file) below(i int) (from, to int) {
	for i < len(f.Lines) && (f.Lines[i].Kind == cfg.Comment || f.Lines[i].Kind == cfg.Blank) {
		i++
	}
	if i == len(f.Lines) {
		return 0, 0
	}
	from, to = f.Lines[i].From, f.Lines[i].End
	for n, b := range f.blocks {
		if b.Header == i {
			to = len(f.Src.Text)
			if n+1 < len(f.blocks) {
				to = f.Lines[f.blocks[n+1].Header].From
			}
		}
		for _, it := range b.Options {
			if it.Line == i {
				to = f.Lines[it.Last].End
			}
		}
	}
	return from, to
}

// silences reports whether a comment of the file silences the finding.
func (f *file) silences(found *Finding) bool {
	at := found.At.From.Offset
	return slices.ContainsFunc(f.ignores, func(g ignore) bool {
		return at >= g.from && at < max(g.to, g.from+1) && (len(g.codes) == 0 || slices.Contains(g.codes, found.Code))
	})
}
