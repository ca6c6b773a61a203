package eggs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Develop makes a project usable where it stands: a link of its name in
// develop-eggs, the metadata, and the compiled modules in the project. It
// returns the paths in develop-eggs.
func Develop(ctx context.Context, r Request, project string, o BuildOptions) ([]string, error) {
	dir, err := projectOf(project)
	if err != nil {
		return nil, err
	}
	w, err := newWorkingSet(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(w.DevelopEggs, 0o777); err != nil {
		return nil, err
	}
	temp, remove, err := w.workshop(filepath.Base(dir))
	if err != nil {
		return nil, err
	}
	defer remove()
	restore, err := aside(dir, o.Extension)
	if err != nil {
		return nil, err
	}
	paths, err := w.develop(ctx, dir, temp, o)
	if x := (*parts.ExitError)(nil); errors.As(err, &x) && ctx.Err() == nil {
		err = diag.At(diag.Span{}, "egg-develop", "%s cannot be developed: %s", dir, ended(x)).WithCause(err)
	}
	return paths, errors.Join(err, restore())
}

// projectOf is the directory of a project, which may be named by a file in it.
func projectOf(project string) (string, error) {
	dir := project
	if isFile(project) {
		dir = filepath.Dir(project)
	}
	if !isDir(dir) {
		return "", diag.At(diag.Span{}, "egg-develop", "Couldn't develop %s (not found)", quoted(project))
	}
	if !isFile(filepath.Join(dir, "setup.py")) && !isFile(filepath.Join(dir, "pyproject.toml")) && !isFile(filepath.Join(dir, "setup.cfg")) {
		return "", diag.At(diag.Span{}, "egg-develop", "%s is no Python project: it has neither setup.py nor pyproject.toml", dir)
	}
	return filepath.EvalSymlinks(dir)
}

// aside changes setup.cfg of the user's project while it is built. The function
// returned puts it back as it was.
func aside(dir string, options []Option) (restore func() error, err error) {
	path := filepath.Join(dir, "setup.cfg")
	if len(options) == 0 {
		return func() error { return nil }, nil
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	missing := err != nil
	restore = func() error {
		if missing {
			return os.Remove(path)
		}
		return replaceFile(path, old)
	}
	if err := editSetup(dir, options); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}

func (w *workingSet) develop(ctx context.Context, dir, temp string, o BuildOptions) ([]string, error) {
	system := readBuildSystem(dir)
	hook := "get_requires_for_build_editable"
	if system.isSetuptools() {
		hook = "get_requires_for_build_sdist" // no wheel is made
	}
	b, err := w.builder(ctx, dir, temp, o, hook)
	if err != nil {
		return nil, err
	}
	if system.isSetuptools() {
		return b.inPlace(ctx)
	}
	return b.editable(ctx)
}

// setupCommand runs commands of setuptools, with a setup.py or without.
const setupCommand = `import os, sys
sys.argv[:] = ['setup.py'] + sys.argv[1:]
sys.path.insert(0, os.getcwd())
import setuptools
if os.path.exists('setup.py'):
    __file__ = os.path.abspath('setup.py')
    with open(__file__, 'rb') as f:
        exec(compile(f.read(), __file__, 'exec'))
else:
    setuptools.setup()
`

// inPlace develops a project of setuptools: the metadata goes where setuptools
// puts it, in the directory with its packages.
func (b *builder) inPlace(ctx context.Context) ([]string, error) {
	argv := []string{b.python.Path, "-c", setupCommand, "-q", "egg_info", "build_ext", "--inplace"}
	err := b.Proc.Run(ctx, parts.Command{Argv: argv, Dir: b.source, Env: b.env(), Step: "develop", Show: "setup.py egg_info build_ext --inplace"})
	if err != nil {
		return nil, err
	}
	info := newestInfo(b.source)
	if info == "" {
		return nil, diag.At(diag.Span{}, "egg-develop", "setup.py of %s has made no metadata", b.source)
	}
	d, err := readDist(info)
	if err != nil {
		return nil, err
	}
	path, err := b.link(d.Name, filepath.Dir(info))
	return []string{path}, err
}

// newestInfo finds the .egg-info that was just made, at most three directories
// below the project.
func newestInfo(dir string) string {
	best, when := "", time.Time{}
	for _, pattern := range []string{"*.egg-info", "*/*.egg-info", "*/*/*.egg-info", "*/*/*/*.egg-info"} {
		found, _ := filepath.Glob(filepath.Join(globQuote(dir), pattern))
		for _, info := range found {
			if stat, err := os.Stat(filepath.Join(info, "PKG-INFO")); err == nil && stat.ModTime().After(when) {
				best, when = info, stat.ModTime()
			}
		}
		if best != "" && time.Since(when) < time.Minute {
			return best
		}
	}
	return best
}

// link writes the link of a project to the directory with its packages.
func (b *builder) link(name, packages string) (string, error) {
	back, err := filepath.Rel(packages, b.source)
	if err != nil {
		back = "."
	}
	path := filepath.Join(b.DevelopEggs, name+".egg-link")
	b.making(path)
	return path, replaceFile(path, []byte(packages+"\n"+back))
}

// editable develops a project of another backend (PEP 660): its editable wheel
// says where the packages are, and has the metadata.
func (b *builder) editable(ctx context.Context) ([]string, error) {
	out := filepath.Join(b.temp, "wheel")
	if err := os.MkdirAll(out, 0o777); err != nil {
		return nil, err
	}
	var name string
	if err := b.call(ctx, "build_editable", []any{out}, &name); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, diag.At(diag.Span{}, "egg-develop", "%s cannot be developed: %s makes no editable wheels", b.source, b.system.backend)
	}
	into := filepath.Join(b.temp, "editable")
	d, info, err := unpackEditable(filepath.Join(out, name), into)
	if err != nil {
		return nil, err
	}
	packages := b.source
	if paths := PthPaths(into); len(paths) > 0 {
		packages = paths[0]
	}
	place := filepath.Join(b.DevelopEggs, strings.ReplaceAll(d.Name, "-", "_")+"-"+d.Version+".dist-info")
	b.making(place)
	if err := os.RemoveAll(place); err != nil {
		return nil, err
	}
	if err := os.CopyFS(place, os.DirFS(info)); err != nil {
		return nil, err
	}
	path, err := b.link(d.Name, packages)
	return []string{path, place}, err
}

// Unchanged reports whether nothing in a project is newer than its link, so that
// there is nothing to do for it.
func Unchanged(project, develop string) bool {
	paths := Linked(project, develop)
	dir, err := projectOf(project)
	if err != nil || len(paths) == 0 {
		return false
	}
	stat, err := os.Stat(paths[0])
	return err == nil && !anyNewer(dir, stat.ModTime())
}

// Linked returns what develop-eggs has of a project: its link, and the metadata
// beside it.
func Linked(project, develop string) []string {
	dir, err := projectOf(project)
	if err != nil {
		return nil
	}
	links, _ := filepath.Glob(filepath.Join(globQuote(develop), "*.egg-link"))
	for _, link := range links {
		text, err := readLimited(link)
		packages, back, _ := strings.Cut(string(text), "\n")
		if err != nil || filepath.Join(packages, strings.TrimSpace(back)) != dir {
			continue
		}
		key := canonical(strings.TrimSuffix(filepath.Base(link), ".egg-link"))
		if info := infoIn(packages, key); info != "" {
			return []string{link}
		}
		if info := infoIn(develop, key); info != "" {
			return []string{link, info}
		}
	}
	return nil
}

// anyNewer reports whether a file of a project is newer than when. What builds
// leave there does not count.
func anyNewer(dir string, when time.Time) bool {
	newer := errors.New("newer")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != dir && (strings.HasPrefix(name, ".") || name == "build" || name == "__pycache__" || strings.HasSuffix(name, ".egg-info")) {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !d.IsDir() && info.ModTime().After(when) && !strings.HasSuffix(name, ".so") {
			return newer
		}
		return nil
	})
	return err != nil
}
