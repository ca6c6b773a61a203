package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts/relocate"
)

// produced is a member with the content that it has after a move.
type produced struct {
	*member
	File     File
	Data     []byte
	Fact     *relocate.Fact // nil when nothing is known of it
	Problems []relocate.Problem
}

// producer reads the members of a tree and moves them.
type producer struct {
	*Tree
	mover *relocate.Mover
	time  int64 // of all files, in seconds
	// linkage is told of ELF files; nil: nobody asks.
	linkage *linkage

	mu      sync.Mutex
	changed []string
}

// produce gives all members to sink, in the order of the archive. Files that
// are not what was noted are an error at the end.
func (t *Tree) produce(ctx context.Context, mover *relocate.Mover, time int64, sink func(*produced) error) error {
	p := &producer{Tree: t, mover: mover, time: time, linkage: t.linkage}
	err := inBatches(ctx, t.jobs, func(m *member) int64 { return m.Size },
		func(emit func(*member) error) error {
			for i := range t.members {
				if err := emit(&t.members[i]); err != nil {
					return err
				}
			}
			return nil
		}, p.make, sink)
	if err == nil && len(p.changed) > 0 {
		return changedError(p.changed)
	}
	return err
}

func (p *producer) make(_ context.Context, m *member) (*produced, error) {
	out := &produced{member: m, File: m.File}
	var err error
	switch m.Type {
	case TypeFile:
		err = p.file(out)
	case TypeLink:
		if m.fact == nil {
			break
		}
		out.Data = []byte(m.Target)
		if err = p.rewrite(out); err == nil {
			out.File.Target, out.Data = string(out.Data), nil
		}
	}
	return out, err
}

func (p *producer) file(out *produced) error {
	data, err := readWhole(out.at, out.Size)
	var changed *diag.Diagnostic
	if err != nil && !errors.As(err, &changed) {
		return unreadable(p.roots[out.root].Part, err)
	} else if err != nil {
		return err
	}
	out.Data = data
	if out.known != "" {
		if out.File.Sum = sumOf(data); out.File.Sum != out.known {
			p.mu.Lock()
			p.changed = append(p.changed, out.at)
			p.mu.Unlock()
		}
	}
	touched := false
	if out.stripped != "" {
		touched, out.Fact = true, out.strippedFact
		if out.Data, err = os.ReadFile(out.stripped); err != nil {
			return err
		}
	} else if out.fact != nil {
		touched = true
		if err := p.rewrite(out); err != nil {
			return err
		}
	}
	if strings.HasSuffix(out.Path, ".pyc") {
		stamped, err := p.stamp(out)
		if err != nil {
			return err
		}
		touched = touched || stamped
	}
	if p.linkage != nil {
		p.linkage.look(out.Data)
	}
	out.File.Size = int64(len(out.Data))
	if touched || out.known == "" {
		out.File.Sum = sumOf(out.Data)
	}
	return nil
}

// rewrite moves the content.
func (p *producer) rewrite(out *produced) error {
	r, err := p.mover.Rewrite(out.fact, out.Data)
	if err != nil {
		return rewriteError("the tree", err)
	}
	out.Data, out.Problems = r.Content, r.Problems
	if r.Fact.Kind != "" {
		fact := r.Fact
		out.Fact = &fact
	}
	return nil
}

// stamp makes the header of a .pyc file fit its source.
func (p *producer) stamp(out *produced) (bool, error) {
	if out.source == nil {
		return false, nil
	}
	size := out.source.Size
	moved := func() ([]byte, error) { return p.moved(out.source) }
	if out.source.fact != nil {
		data, err := moved()
		if err != nil {
			return false, err
		}
		size = int64(len(data))
	}
	return stampPyc(out.Data, p.time, size, moved), nil
}

// stampPyc is relocate.StampPyc for files that may be of a Python whose headers
// are others: these stay as they are.
func stampPyc(data []byte, time, size int64, source func() ([]byte, error)) bool {
	stamped, err := relocate.StampPyc(data, time, size, source)
	return stamped && err == nil
}

// moved returns the content of a file after the move.
func (p *producer) moved(m *member) ([]byte, error) {
	data, err := os.ReadFile(m.at)
	if err != nil || m.fact == nil {
		return data, err
	}
	r, err := p.mover.Rewrite(m.fact, data)
	if err != nil {
		return nil, err
	}
	return r.Content, nil
}

// sums computes the SHA-256 of frames, and that of all.
type sums struct{ all []byte }

func (s *sums) add(frame [sha256.Size]byte) { s.all = append(s.all, frame[:]...) }

func (s *sums) total() []byte {
	sum := sha256.Sum256(s.all)
	return sum[:]
}

// Roots returns where the roots of the tree are in an unpacked one.
func (t *Tree) Roots() []Root {
	list := make([]Root, len(t.roots))
	for i, o := range t.roots {
		list[i] = o.Root
	}
	return list
}

// replacer replaces directories in text, the longest first. A directory counts
// where no further character of a name follows it.
type replacer struct{ from, to []string }

// newReplacer replaces what the prefixes were by what they are.
func newReplacer(before, after []relocate.Prefix) *replacer {
	order := make([]int, len(before))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(before[b].Path) - len(before[a].Path) })
	r := &replacer{}
	for _, i := range order {
		if before[i].Path != after[i].Path {
			r.from, r.to = append(r.from, before[i].Path), append(r.to, after[i].Path)
		}
	}
	return r
}

func (r *replacer) replace(text string) string {
	if !strings.Contains(text, "/") {
		return text
	}
	var b strings.Builder
	last := 0
	for at := 0; at < len(text); at++ {
		if text[at] != '/' {
			continue
		}
		if n := r.match(text, at); n >= 0 {
			b.WriteString(text[last:at])
			b.WriteString(r.to[n])
			at += len(r.from[n]) - 1
			last = at + 1
		}
	}
	b.WriteString(text[last:])
	return b.String()
}

// match returns the index of the directory that stands at an offset, or -1.
func (r *replacer) match(text string, at int) int {
	if isInside(text[:at]) {
		return -1
	}
	for n, from := range r.from {
		end := at + len(from)
		if strings.HasPrefix(text[at:], from) && (end == len(text) || !isNameByte(text[end])) {
			return n
		}
	}
	return -1
}

// isInside reports whether a slash behind text goes on with a path that begins
// earlier. Options such as -L are no path.
func isInside(text string) bool {
	name := strings.TrimRightFunc(text, func(r rune) bool { return r >= 0x80 || isNameByte(byte(r)) })
	return name != text && (strings.HasSuffix(name, "/") || text[len(name)] != '-')
}

// isNameByte reports whether a byte goes on with the name of a directory.
func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte("_-.+~@%", c) >= 0
}

func (r *replacer) options(options map[string]string) map[string]string {
	moved := make(map[string]string, len(options))
	for key, value := range options {
		moved[key] = r.replace(value)
	}
	return moved
}

// json replaces directories in the strings of a JSON text.
func (r *replacer) json(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return text
	}
	return json.RawMessage(r.replace(string(text)))
}

// hexOf is a sum in hexadecimal.
func hexOf(sum []byte) string { return hex.EncodeToString(sum) }
