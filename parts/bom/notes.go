package bom

import (
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gobuild/parts"
	"gobuild/parts/fetch"
	"gobuild/parts/manifest"
)

const (
	// maxPatch is the size of the largest patch whose text is kept.
	maxPatch = 1 << 20
	// maxSources is how many files of one part are noted.
	maxSources = 1000
)

// Notes gathers what one part is made from, while it is made. Several
// goroutines may use it.
type Notes struct {
	// Conceal takes out of a URL what must not be noted; nil leaves all.
	Conceal func(string) string

	patches []string // words of the options that name patches

	mu    sync.Mutex
	p     Provenance
	sums  map[string]string // paths of fetched files -> URLs
	texts map[string][]byte // licence files by sum
	diffs map[string][]byte // patches by sum
}

// NewNotes returns empty notes of a part with these options.
func NewNotes(part string, options map[string]string) *Notes {
	n := &Notes{p: Provenance{Version: recordVersion, Part: part}, sums: map[string]string{}, texts: map[string][]byte{}, diffs: map[string][]byte{}}
	for _, option := range slices.Sorted(maps.Keys(options)) {
		if option == "patches" || option == "patch" || strings.HasSuffix(option, "-patches") {
			n.patches = append(n.patches, patchWords(options[option])...)
		}
	}
	return n
}

// patchWords returns the URLs and paths of an option that lists patches.
func patchWords(text string) []string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i], _, _ = strings.Cut(w, "#")
	}
	return words
}

// isPatch reports whether a request is for a patch: a relative path is asked
// for as one in the sources.
func (n *Notes) isPatch(url string) bool {
	return slices.ContainsFunc(n.patches, func(p string) bool { return p == url || strings.HasSuffix(url, "/"+p) })
}

// Fetcher returns a Fetcher that does what f does, and notes it.
func (n *Notes) Fetcher(f parts.Fetcher) parts.Fetcher { return noting{f, n} }

// noting is a Fetcher that notes what it gets.
type noting struct {
	parts.Fetcher
	notes *Notes
}

// Fetch gets a file.
func (f noting) Fetch(ctx context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	got, err := f.Fetcher.Fetch(ctx, r)
	if err == nil {
		f.notes.fetched(r, got)
	}
	return got, err
}

// Unpack unpacks an archive.
func (f noting) Unpack(ctx context.Context, archive, dest string, strip parts.Strip) error {
	before := namesIn(dest)
	err := f.Fetcher.Unpack(ctx, archive, dest, strip)
	if err == nil {
		f.notes.unpacked(archive, dest, before)
	}
	return err
}

// fetched notes a file. One that cannot be read is not: the recipe will tell.
func (n *Notes) fetched(r parts.FetchRequest, got parts.Fetched) {
	s := Source{Role: File, URL: fetch.Mask(r.URL), Local: isLocal(r.URL)}
	if got.From != s.URL {
		s.From = got.From
	}
	if n.Conceal != nil {
		s.URL, s.From = n.Conceal(s.URL), n.Conceal(s.From)
	}
	for _, sum := range r.Sums {
		known := Sum{strings.ToLower(sum.Algorithm), strings.ToLower(strings.TrimSpace(sum.Hex))}
		s.Sums = append(s.Sums, known)
		if known.Algorithm == "sha256" {
			s.SHA256 = known.Hex
		}
	}
	info, err := os.Stat(got.Path)
	if err != nil {
		return
	}
	if info.Mode().IsRegular() {
		s.Size = info.Size()
		if s.SHA256 == "" {
			s.SHA256, _ = manifest.SumFile(got.Path)
		}
	}
	var diff []byte
	if n.isPatch(r.URL) {
		s.Role = Patch
		if s.Size <= maxPatch {
			diff, _ = os.ReadFile(got.Path)
		}
	}
	s.Kept = diff != nil && sumOf(diff) == s.SHA256
	n.add(s, got.Path, diff)
}

// add takes a source; the same file is noted once.
func (n *Notes) add(s Source, path string, diff []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sums[path] = s.URL
	known := slices.ContainsFunc(n.p.Sources, func(o Source) bool { return o.URL == s.URL && o.SHA256 == s.SHA256 })
	if known || len(n.p.Sources) >= maxSources {
		return
	}
	if s.Kept {
		n.diffs[s.SHA256] = diff
	}
	n.p.Sources = append(n.p.Sources, s)
}

// unpacked notes the licence files of a source, and what its files say. What
// was in dest before is not of the archive.
func (n *Notes) unpacked(archive, dest string, before []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	url := n.sums[archive]
	for i := range n.p.Sources {
		if n.p.Sources[i].URL == url && n.p.Sources[i].Role == File {
			n.p.Sources[i].Role = Archive
		}
	}
	if top := onlyDirectory(dest, before); top != "" {
		dest = filepath.Join(dest, top)
	} else if len(before) > 0 {
		return // archive and older files cannot be told apart
	}
	n.look(dest)
}

// look takes the licence files of a directory.
func (n *Notes) look(dir string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	f := finder{root: root, texts: n.texts}
	f.find()
	for _, l := range f.found {
		if !slices.Contains(n.p.Licenses, l) && len(n.p.Licenses) < maxFiles {
			n.p.Licenses = append(n.p.Licenses, l)
		}
	}
	n.p.Truncated = n.p.Truncated || f.truncated
	for id, count := range sampleHeaders(root) {
		if n.p.Headers == nil {
			n.p.Headers = map[string]int{}
		}
		n.p.Headers[id] += count
	}
}

// namesIn lists a directory. One that is not there is empty.
func namesIn(dir string) []string {
	entries, _ := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// onlyDirectory returns the name of the single new entry of dir, if that is a
// directory: the top directory of an archive.
func onlyDirectory(dir string, before []string) string {
	var top string
	for _, name := range namesIn(dir) {
		if slices.Contains(before, name) {
			continue
		}
		if top != "" {
			return ""
		}
		top = name
	}
	if info, err := os.Lstat(filepath.Join(dir, top)); top == "" || err != nil || !info.IsDir() {
		return ""
	}
	return top
}

// Done notes what is only known when the part is installed: that a directory
// of it is a git clone. Paths are absolute.
func (n *Notes) Done(repository, location string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if repository == "" || location == "" {
		return
	}
	if revision, ok := gitRevision(location); ok {
		n.p.Git = &Git{Repository: fetch.Mask(repository), Revision: revision}
		n.look(location)
	}
}

// gitRevision returns the commit that a clone has checked out, or "". ok is
// false when there is no clone.
func gitRevision(dir string) (revision string, ok bool) {
	const size = 40
	root, err := os.OpenRoot(filepath.Join(dir, ".git"))
	if err != nil {
		return "", false
	}
	defer root.Close()
	read := func(name string) string {
		text, _ := readAll(root, name)
		return strings.TrimSpace(string(text))
	}
	head := read("HEAD")
	ref, isRef := strings.CutPrefix(head, "ref: ")
	if isRef {
		if head = read(path.Clean(ref)); head == "" {
			for line := range strings.Lines(read("packed-refs")) {
				if hash, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
					head = hash
				}
			}
		}
	}
	if len(head) < size || strings.Trim(head, "0123456789abcdef") != "" {
		return "", true
	}
	return head, true
}

// IsEmpty reports whether nothing was noted.
func (n *Notes) IsEmpty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.p.Sources) == 0 && n.p.Git == nil
}
