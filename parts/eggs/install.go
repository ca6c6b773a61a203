package eggs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/literal"
)

// install puts a distribution that is on offer into the eggs directory.
func (w *workingSet) install(ctx context.Context, r wanted, a artifact) (*Dist, error) {
	w.say("Getting distribution for " + quoted(r.String()) + ".")
	location, err := w.placeEgg(ctx, r, a, w.EggsDirectory, BuildOptions{})
	if err != nil {
		return nil, err
	}
	d, err := w.installed(location, r)
	if err != nil {
		return nil, err
	}
	w.say("Got " + d.String() + ".")
	return d, nil
}

// installed reads an egg that was made, and notes that it is there.
func (w *workingSet) installed(location string, r wanted) (*Dist, error) {
	c := candidate{key: r.Key(), location: location}
	d, err := c.read()
	if err != nil {
		return nil, err
	}
	if c.version = d.Version; d.Key() != r.Key() || !r.Contains(d.Version) {
		return nil, diag.At(diag.Span{}, "egg-broken", "what was installed for %s is %s", literal.Quote(r.String()), d).
			WithHint("the archive says another name or version than its metadata: see %s", location)
	}
	w.add(c)
	w.sort(r.Key())
	return d, nil
}

// placeEgg makes an egg of an archive in a directory and returns its path.
func (w *workingSet) placeEgg(ctx context.Context, r wanted, a artifact, into string, o BuildOptions) (string, error) {
	temp, err := w.temp(into)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	archive, err := w.fetch(ctx, r, a)
	if err != nil {
		return "", err
	}
	if archive.Temp {
		defer os.Remove(archive.Path)
	}
	wheel := archive.Path
	if !a.wheel {
		work, remove, err := w.workshop(a.file)
		if err != nil {
			return "", err
		}
		defer remove()
		if wheel, err = w.build(ctx, a, archive.Path, work, o); err != nil {
			return "", notBuilt(ctx, a, err)
		}
	}
	version := ""
	if patch := w.patchOf(a.key); patch != nil {
		if version, err = patch.version(a.key, a.version); err != nil {
			return "", err
		}
	}
	egg, err := w.unpackWheel(ctx, wheel, temp, into, version)
	if err != nil {
		return "", err
	}
	return egg, w.record(egg, a, archive)
}

// notBuilt says what could not be built when a command has failed.
func notBuilt(ctx context.Context, a artifact, err error) error {
	var exit *parts.ExitError
	var d *diag.Diagnostic
	if ctx.Err() != nil || !errors.As(err, &exit) || errors.As(err, &d) {
		return err
	}
	return diag.At(diag.Span{}, "egg-build", "%s cannot be built: %s", a.file, ended(exit)).WithCause(err).
		WithHint("libraries and headers that it needs are named by include-dirs, library-dirs and rpath of zc.recipe.egg:custom")
}

// ended says which step has failed, and how.
func ended(e *parts.ExitError) string {
	step := "the step " + literal.Quote(e.Step) + " "
	switch {
	case e.Err != nil:
		return step + "could not be started: " + e.Err.Error()
	case e.Signal != "":
		return step + "was killed by " + e.Signal
	}
	return fmt.Sprintf("%sended with exit status %d", step, e.Code)
}

// temp makes a directory for scratch files on the file system of a directory of
// eggs.
func (w *workingSet) temp(into string) (string, error) {
	if err := os.MkdirAll(into, 0o777); err != nil {
		return "", err
	}
	return os.MkdirTemp(into, ".gobuild-")
}

// workshop makes the directory in which something is built. Its name does not
// change from run to run: compilers write it down.
func (w *workingSet) workshop(name string) (dir string, remove func(), err error) {
	if w.Temp == "" {
		dir, err = os.MkdirTemp("", "gobuild-")
		return dir, func() { os.RemoveAll(dir) }, err
	}
	dir = filepath.Join(w.Temp, "eggs", name)
	if err := os.RemoveAll(dir); err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, os.MkdirAll(dir, 0o777)
}

// settle renames a finished egg to its place. One that is there by now, from a
// run at the same time, is as good.
func settle(temp, path string) error {
	err := os.Rename(temp, path)
	if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return err
	}
	if infoIn(path, "") == "" {
		return diag.At(diag.Span{}, "egg-broken", "%s is in the way, and is no egg", path).WithCause(err).WithHint("delete it")
	}
	return nil
}

// fetched is an archive on this machine.
type fetched struct {
	parts.Fetched
	sum string // sha256
}

// fetch gets an archive. What came over the network is kept in the download
// cache as zc.buildout keeps it.
func (w *workingSet) fetch(ctx context.Context, r wanted, a artifact) (fetched, error) {
	request := parts.FetchRequest{URL: a.url, Sums: a.sums, Fresh: true}
	if r.pin != nil && len(a.sums) == 0 {
		request.Sums = r.pin.checksum()
	}
	got, err := w.Fetch.Fetch(ctx, request)
	if err != nil {
		return fetched{}, err
	}
	sum, err := sumOf(got.Path)
	if err != nil {
		return fetched{}, err
	}
	if r.pin != nil && !r.pin.accepts(sum) {
		return fetched{}, diag.At(diag.Span{}, "egg-checksum", "the sha256 of %s is %s, which the pin of %s does not have", a.file, sum, r.Name).
			WithHint("find out which of them is right: do not merely take over the new checksum")
	}
	path := got.Path
	if !got.Local && w.DownloadCache != "" {
		if err := copyFile(path, filepath.Join(w.DownloadCache, "dist", a.file)); err != nil {
			w.log("cannot keep " + a.file + " in the download cache: " + err.Error())
		}
	}
	return fetched{got, sum}, nil
}

// copyFile copies a file as a whole, unless it is there.
func copyFile(from, to string) error {
	if isFile(to) {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return replaceFile(to, text)
}

// eggBase is the name of an egg without its ending.
func (w *workingSet) eggBase(name, version string) string {
	parsed := strings.ToLower(version)
	return strings.ReplaceAll(name, "-", "_") + "-" + strings.ReplaceAll(parsed, "-", "_") + "-py" + w.python.Version + "-" + w.python.Platform
}
