package partstest

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Fetcher answers from a map of URLs and from local files. Make it by New.
type Fetcher struct {
	Dir   string            // relative paths are relative to it
	Files map[string]string // URL to content
	// UnpackFunc replaces Unpack when it is set. Without it an archive is text
	// in which each file follows its line `-- NAME --`, and a directory is
	// copied.
	UnpackFunc func(archive, dest string, strip parts.Strip) error

	temp     string
	mu       sync.Mutex
	requests []parts.FetchRequest
}

// Requests returns the recorded requests, in order.
func (f *Fetcher) Requests() []parts.FetchRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Fetch answers with the first of r.URL and r.Alternates that it knows, and
// checks the sums of a file.
func (f *Fetcher) Fetch(ctx context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	for _, url := range append([]string{r.URL}, r.Alternates...) {
		got, ok, err := f.get(url, len(f.requests))
		if err != nil {
			return parts.Fetched{}, err
		}
		if ok {
			return got, check(got, r)
		}
	}
	return parts.Fetched{}, diag.At(r.At, "fetch", "cannot fetch %s", r.URL)
}

func (f *Fetcher) get(url string, n int) (parts.Fetched, bool, error) {
	if text, ok := f.Files[url]; ok {
		path := filepath.Join(f.temp, fmt.Sprintf("%d-%s", n, filepath.Base(url)))
		return parts.Fetched{Path: path}, true, os.WriteFile(path, []byte(text), 0o600)
	}
	path := strings.TrimPrefix(url, "file://")
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.Dir, path)
	}
	_, err := os.Stat(path)
	return parts.Fetched{Path: path, Local: true}, err == nil, nil
}

func check(got parts.Fetched, r parts.FetchRequest) error {
	info, err := os.Stat(got.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if !r.Directory || len(r.Sums) > 0 {
			return diag.At(r.At, "fetch", "%s is a directory", r.URL)
		}
		return nil
	}
	text, err := os.ReadFile(got.Path)
	if err != nil {
		return err
	}
	for _, s := range r.Sums {
		if has := digest(s.Algorithm, text); has != s.Hex {
			return diag.At(s.At, "checksum", "%s of %s is %s, not %s", s.Algorithm, r.URL, has, s.Hex)
		}
	}
	return nil
}

func digest(algorithm string, text []byte) string {
	makers := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	maker, ok := makers[algorithm]
	if !ok {
		return "unknown"
	}
	h := maker()
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// Unpack unpacks as UnpackFunc says, or as it says itself. Files are made with
// mode 0755.
func (f *Fetcher) Unpack(ctx context.Context, archive, dest string, strip parts.Strip) error {
	if f.UnpackFunc != nil {
		return f.UnpackFunc(archive, dest, strip)
	}
	if info, err := os.Stat(archive); err != nil {
		return err
	} else if info.IsDir() {
		return os.CopyFS(dest, os.DirFS(archive))
	}
	text, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	members := split(string(text))
	top, single := topDirectory(members)
	if strip == parts.StripAlways && !single {
		return fmt.Errorf("unpack %s: not exactly one top directory", archive)
	}
	if strip == parts.StripNever || !single {
		top = ""
	}
	return write(members, dest, top)
}

// member is a file of an archive.
type member struct{ name, text string }

// split returns the files of an archive's text. What stands before the first
// is a comment.
func split(text string) []member {
	var members []member
	for line := range strings.Lines(text) {
		name, marked := strings.CutPrefix(line, "-- ")
		name, ended := strings.CutSuffix(strings.TrimRight(name, "\n"), " --")
		switch {
		case marked && ended:
			members = append(members, member{name: name})
		case len(members) > 0:
			members[len(members)-1].text += line
		}
	}
	return members
}

// topDirectory returns the directory, with a slash, that all files are in.
func topDirectory(members []member) (top string, single bool) {
	for _, m := range members {
		first, _, below := strings.Cut(m.name, "/")
		if !below || top != "" && top != first+"/" {
			return "", false
		}
		top = first + "/"
	}
	return top, top != ""
}

func write(members []member, dest, top string) error {
	for _, m := range members {
		path := filepath.Join(dest, strings.TrimPrefix(m.name, top))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(m.text), 0o755); err != nil {
			return err
		}
	}
	return nil
}
