package recipes

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// sourceFile is a file besides the archive that a build needs: a patch or a
// hook.
type sourceFile struct {
	url    string
	folder string // of the download-cache
	sums   []parts.Checksum
	place  place
}

// parseSourceFile reads `URL-or-path[#md5]`.
func parseSourceFile(text string, at place) (sourceFile, error) {
	ref, sum, marked := strings.Cut(text, "#")
	f := sourceFile{url: ref, place: at}
	if ref == "" {
		return f, at.fail(codeBadValue, "%q names no file", text)
	}
	if !marked || sum == "" {
		return f, nil
	}
	f.sums = []parts.Checksum{{Algorithm: "md5", Hex: strings.ToLower(sum), At: at.at}}
	return f, nil
}

// patchOption reads a list of patches.
func patchOption(o parts.Options, key string) ([]sourceFile, error) {
	var patches []sourceFile
	for _, word := range optionWords(o, key) {
		patch, err := parseSourceFile(word, optionPlace(o, key))
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	return patches, nil
}

// withFile fetches f and calls use with its path. A relative path is relative
// to the source directory: archives bring patches along.
func (b *builder) withFile(ctx context.Context, f sourceFile, use func(path string) error) error {
	ref := f.url
	if u, err := url.Parse(ref); (err != nil || u.Scheme == "") && !filepath.IsAbs(ref) {
		ref = filepath.Join(b.dir, ref)
	}
	got, err := b.w.Fetch.Fetch(ctx, f.request(ref))
	if err != nil {
		return f.place.wrap(err)
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	return use(got.Path)
}

// patch applies patches with a command that reads them from its input.
func (b *builder) patch(ctx context.Context, command string, patches []sourceFile) error {
	for _, patch := range patches {
		err := b.withFile(ctx, patch, func(path string) error {
			return b.shell(ctx, "patch", command+" < "+run.Quote(path), patch.place)
		})
		if d := (*diag.Diagnostic)(nil); errors.Is(err, fs.ErrNotExist) && len(patch.sums) == 0 && errors.As(err, &d) {
			d.Msg = "System error: " + d.Msg // what the shell would say
		}
		if err != nil {
			return err
		}
	}
	return nil
}
