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

	"github.com/rogpeppe/go-internal/txtar"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Fetcher answers from a map of URLs and from local files. Make it by New.
type Fetcher struct {
	Dir   string            // relative paths are relative to it
	Files map[string]string // URL to content
	// UnpackFunc replaces Unpack when it is set. Without it an archive is text
	// in txtar form, and a directory is copied.
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

// Unpack unpacks as UnpackFunc says, or reads archive as txtar. Files are made
// with mode 0755.
func (f *Fetcher) Unpack(ctx context.Context, archive, dest string, strip parts.Strip) error {
	if f.UnpackFunc != nil {
		return f.UnpackFunc(archive, dest, strip)
	}
	if info, err := os.Stat(archive); err != nil {
		return err
	} else if info.IsDir() {
		return os.CopyFS(dest, os.DirFS(archive))
	}
	a, err := txtar.ParseFile(archive)
	if err != nil {
		return err
	}
	top, single := topDirectory(a)
	if strip == parts.StripAlways && !single {
		return fmt.Errorf("unpack %s: not exactly one top directory", archive)
	}
	if strip == parts.StripNever || !single {
		top = ""
	}
	return write(a, dest, top)
}

// topDirectory returns the directory, with a slash, that all files are in.
func topDirectory(a *txtar.Archive) (top string, single bool) {
	for _, file := range a.Files {
		first, _, below := strings.Cut(file.Name, "/")
		if !below || top != "" && top != first+"/" {
			return "", false
		}
		top = first + "/"
	}
	return top, top != ""
}

func write(a *txtar.Archive, dest, top string) error {
	for _, file := range a.Files {
		path := filepath.Join(dest, strings.TrimPrefix(file.Name, top))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.Data, 0o755); err != nil {
			return err
		}
	}
	return nil
}
