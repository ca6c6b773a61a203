package relocate

import (
	"bytes"
	"path"
)

// pcFileDir is the variable of pkg-config for the directory of the file.
const pcFileDir = "${pcfiledir}"

// rewritePkgConfig makes the prefixes of a .pc file relative to its directory.
// Those that do not move stay.
func (m *Mover) rewritePkgConfig(r *Rewritten) {
	dir := path.Dir(m.file(&r.Fact))
	var b bytes.Buffer
	var kept []Site
	at := int64(0)
	for _, s := range r.Fact.Sites {
		m.writeRelative(&b, &r.Fact, r.Content[at:s.Offset])
		if m.travels(s.Prefix) {
			b.WriteString(pcFileDir + "/" + relative(dir, m.to[s.Prefix]))
		} else {
			kept = append(kept, Site{Offset: int64(b.Len()), Prefix: s.Prefix, Width: s.Width})
			b.Write(r.Content[s.Offset:s.end()])
		}
		at = s.end()
	}
	m.writeRelative(&b, &r.Fact, r.Content[at:])
	r.Content, r.Fact.Sites = b.Bytes(), kept
}

// writeRelative writes text, whose paths from ${pcfiledir} to other roots are
// made for the new places.
func (m *Mover) writeRelative(b *bytes.Buffer, f *Fact, text []byte) {
	from, to := path.Dir(m.facts.File(f)), path.Dir(m.file(f))
	for {
		i := bytes.Index(text, []byte(pcFileDir))
		if i < 0 {
			b.Write(text)
			return
		}
		i += len(pcFileDir)
		b.Write(text[:i])
		rest := pcPath(text[i:])
		text = text[i+len(rest):]
		abs := path.Clean(from + string(rest))
		other := m.facts.prefixOf(abs)
		if other < 0 || other == f.Root || !m.travels(other) {
			b.Write(rest)
			continue
		}
		target, _ := m.mapped(abs)
		b.WriteString("/" + relative(to, target))
	}
}

// pcPath returns the path that text begins with.
func pcPath(text []byte) []byte {
	if end := bytes.IndexAny(text, " \t\r\n\"'$:;,)"); end >= 0 {
		return text[:end]
	}
	return text
}

// relativeNeeds returns the prefixes that a .pc file names from ${pcfiledir}.
func (fs *Facts) relativeNeeds(f *Fact, text []byte) []int {
	var all []int
	dir := path.Dir(fs.File(f))
	for {
		i := bytes.Index(text, []byte(pcFileDir))
		if i < 0 {
			return all
		}
		text = text[i+len(pcFileDir):]
		if p := fs.prefixOf(path.Clean(dir + string(pcPath(text)))); p >= 0 {
			all = append(all, p)
		}
	}
}
