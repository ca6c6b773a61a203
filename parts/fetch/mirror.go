package fetch

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// mirror is a place that has files of several servers.
type mirror struct {
	base  string
	local bool
	// manifest reads the list of a local mirror, once.
	manifest func() (*manifest, error)
	warn     sync.Once
}

func newMirrors(bases []string) []*mirror {
	out := make([]*mirror, 0, len(bases))
	for _, base := range bases {
		if scheme := schemeOf(base); scheme == "" || scheme == "file" {
			dir := strings.TrimPrefix(base, "file://")
			out = append(out, &mirror{base: dir, local: true, manifest: sync.OnceValues(func() (*manifest, error) {
				return readManifest(dir)
			})})
			continue
		}
		out = append(out, &mirror{base: base})
	}
	return out
}

// MissingMirrors returns those of mirrors (Config.Mirrors) that are directories
// and do not exist.
func MissingMirrors(bases []string) []string {
	var missing []string
	for _, m := range newMirrors(bases) {
		if !m.local {
			continue
		}
		if _, err := os.Stat(m.base); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, m.base)
		}
	}
	return missing
}

// manifestName is the file that lists what a local mirror has.
const manifestName = "manifest.json"

// manifest lists files by checksum.
type manifest struct {
	dir   string                   // of the manifest
	files map[string]manifestEntry // by algorithm:hex
}

// manifestEntry is a file that a manifest lists.
type manifestEntry struct {
	Filename string `json:"filename"`
	MD5      string `json:"md5"`
	SHA1     string `json:"sha1"`
	SHA256   string `json:"sha256"`
	SHA512   string `json:"sha512"`
	Size     *int64 `json:"size"`
}

// readManifest reads the manifest of a mirror directory, or of the folder
// whose sub-folder "mirror" it is. Without one the result is empty.
func readManifest(dir string) (*manifest, error) {
	m := &manifest{dir: dir, files: map[string]manifestEntry{}}
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) && filepath.Base(dir) == "mirror" {
		m.dir = filepath.Dir(dir)
		data, err = os.ReadFile(filepath.Join(m.dir, manifestName))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	var list []manifestEntry
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	for _, e := range list {
		for algorithm, sum := range map[string]string{"md5": e.MD5, "sha1": e.SHA1, "sha256": e.SHA256, "sha512": e.SHA512} {
			if sum != "" && filepath.IsLocal(e.Filename) {
				m.files[algorithm+":"+strings.ToLower(sum)] = e
			}
		}
	}
	return m, err
}

// mirrored returns the file of a local mirror that has all sums, or "".
func (f *fetcher) mirrored(q *query) string {
	if len(q.sums) == 0 {
		return ""
	}
	for _, m := range f.mirrors {
		if !m.local {
			continue
		}
		list, err := m.manifest()
		if err != nil {
			m.warn.Do(func() { f.say(event.Warning, "cannot use the manifest of mirror "+m.base+": "+err.Error()) })
		}
		for _, path := range places(m, list, q) {
			if err := verify(path, q.sums); err == nil {
				f.log("found " + path + " by its checksum")
				return path
			} else if !errors.Is(err, fs.ErrNotExist) {
				f.log("not used: " + path + ": " + err.Error())
			}
		}
	}
	return ""
}

// places lists the files of a local mirror that may answer q.
func places(m *mirror, list *manifest, q *query) []string {
	dir, out := m.base, []string(nil)
	add := func(path string, size *int64) {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && (size == nil || info.Size() == *size) && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	for _, s := range q.sums {
		if e, ok := list.files[s.Algorithm+":"+s.Hex]; ok {
			add(filepath.Join(list.dir, "mirror", e.Filename), e.Size)
			add(filepath.Join(list.dir, e.Filename), e.Size)
			add(filepath.Join(dir, e.Filename), e.Size)
		}
		add(filepath.Join(dir, s.Algorithm, s.Hex), nil)
	}
	for _, name := range q.fileNames() {
		add(filepath.Join(dir, name), nil)
		add(filepath.Join(dir, "mirror", name), nil)
	}
	return out
}

// mirrorSources lists the URLs of the remote mirrors that may answer q.
func (f *fetcher) mirrorSources(q *query) []source {
	var out []source
	for _, m := range f.mirrors {
		if m.local || len(q.sums) == 0 {
			continue
		}
		for _, name := range mirrorNames(q.sums, q.fileNames()) {
			out = append(out, newSource(strings.TrimRight(m.base, "/")+"/"+name, f.part.Dir))
		}
	}
	return out
}

func mirrorNames(sums []parts.Checksum, names []string) []string {
	var out []string
	for _, s := range sums {
		out = append(out, s.Algorithm+"/"+s.Hex)
	}
	for _, name := range names {
		out = append(out, url.PathEscape(name))
	}
	return out
}
