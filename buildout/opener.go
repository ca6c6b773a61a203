package buildout

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts/fetch"
)

// opener reads the files of profiles: local ones in place, others by way of
// the extends-cache.
type opener struct {
	Config
	client *fetch.Client // made for the first URL
}

// Open implements profile.Opener.
func (o *opener) Open(ctx context.Context, name string, option func(string) string) (*diag.Source, error) {
	path := name
	if strings.HasPrefix(name, "file://") {
		u, err := url.Parse(name)
		if err != nil {
			return nil, err
		}
		path = u.Path
	}
	if !filepath.IsAbs(path) {
		return o.fetch(ctx, name, option)
	}
	text, err := readFile(path)
	if err != nil {
		if errors.Is(err, syscall.EISDIR) {
			err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it is a directory")}
		}
		return nil, err
	}
	return diag.NewSource(name, text), nil
}

func (o *opener) fetch(ctx context.Context, name string, option func(string) string) (*diag.Source, error) {
	cache := option("extends-cache")
	if cache != "" && !o.Fetch.ReadOnly {
		os.MkdirAll(cache, 0o777) // Read tells when it is not there
	}
	if o.client == nil {
		o.client = fetch.New(o.Fetch)
	}
	url, md5 := splitMD5(name)
	text, err := o.client.Read(ctx, url, fetch.ReadOptions{Cache: cache, Dir: o.Dir, Events: o.Events, MD5: md5,
		Newest: option("newest") != "false", Offline: option("offline") == "true"})
	if err != nil {
		return nil, err
	}
	return diag.NewSource(name, text), nil
}

var md5Fragment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`#(?:md5=)?([0-9a-fA-F]{32})$`) })

// splitMD5 cuts the checksum off a URL in extends: URL#md5=HEX.
func splitMD5(name string) (url, md5 string) {
	m := md5Fragment().FindStringSubmatch(name)
	if m == nil {
		return name, ""
	}
	return strings.TrimSuffix(name, m[0]), strings.ToLower(m[1])
}

// Exists implements profile.Opener.
func (o *opener) Exists(name string) bool { return fileExists(name) }

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lines returns the non-empty lines of text, stripped.
func lines(text string) []string {
	var list []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}
