package recipes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// maxSource is the size of the largest text that a recipe reads in Prepare.
const maxSource = 64 << 20

// readSource reads the text that the URL or path in an option names, while the
// options are prepared. info is that of a local file, else nil.
func readSource(ctx context.Context, o parts.Options, key, ref string, sums []parts.Checksum) (text []byte, info fs.FileInfo, err error) {
	at := optionPlace(o, key)
	path, local, err := localPath(ctx, o, ref)
	if err == nil && local {
		text, info, err = readLocal(path, sums)
	} else if err == nil {
		text, err = readRemote(ctx, o, parts.FetchRequest{URL: ref, Sums: sums, At: at.at})
	}
	return text, info, at.wrap(err)
}

// localPath returns the absolute path that a path or a file URL names.
func localPath(ctx context.Context, o parts.Options, ref string) (path string, local bool, err error) {
	scheme, rest, ok := strings.Cut(ref, ":")
	switch {
	case ok && strings.EqualFold(scheme, "file"):
		path, err := url.PathUnescape(strings.TrimPrefix(strings.TrimPrefix(rest, "//localhost"), "//"))
		return path, true, err
	case ok && strings.HasPrefix(rest, "//"):
		return "", false, nil
	}
	path, err = absolutePath(ctx, o, ref)
	return path, true, err
}

// absolutePath returns path, which may be relative to the buildout directory,
// as an absolute one.
func absolutePath(ctx context.Context, o parts.Options, path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	dir, err := buildoutDirectory(ctx, o)
	return filepath.Join(dir, path), err
}

// buildoutDirectory returns the directory to which the paths of a profile are
// relative.
func buildoutDirectory(ctx context.Context, o parts.Options) (string, error) {
	section, err := o.Section(ctx, "buildout")
	if err != nil {
		return "", err
	}
	return optionText(section, "directory"), nil
}

// readLocal reads a regular file and checks it.
func readLocal(path string, sums []parts.Checksum) ([]byte, fs.FileInfo, error) {
	text, info, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, diag.At(diag.Span{}, codeFile, "No such file or directory: '%s'", path)
	}
	if err != nil {
		return nil, nil, err
	}
	if bad, ok := checkSums(text, sums); !ok {
		return nil, nil, diag.At(bad.At, codeFile, "%s checksum mismatch for local resource at '%s'.", strings.ToUpper(bad.Algorithm), path).
			WithHint("the %s of the file is %s", bad.Algorithm, sumOf(text, bad.Algorithm))
	}
	return text, info, nil
}

// readRegular reads a regular file of at most maxSource bytes.
func readRegular(path string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("'%s' is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err == nil && len(text) > maxSource {
		err = fmt.Errorf("'%s' is larger than %d MiB", path, maxSource>>20)
	}
	return text, info, err
}

// readRemote fetches a text.
func readRemote(ctx context.Context, o parts.Options, r parts.FetchRequest) ([]byte, error) {
	prober, ok := o.(parts.Prober)
	if !ok {
		return nil, fmt.Errorf("'%s' cannot be read here: there is no access to the network", r.URL)
	}
	_, fetcher := prober.Probe()
	got, err := fetcher.Fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	text, _, err := readRegular(got.Path)
	return text, err
}
