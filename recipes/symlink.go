package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/google/renameio/v2"

	"gobuild/parts"
)

func symlinkSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"symlink", "symbolic.link", "slapos.cookbook:symbolic.link"},
		Doc: `Makes symbolic links, each named after the last component of its target.

A link that exists is replaced. Anything else in its place is an error, and then
no link is made. A target need not exist. Links are removed with the part, also
those whose target is gone.`,
		Options: []parts.OptionSpec{
			{Name: "link-binary", Required: true, Doc: "The targets, separated by blanks."},
			{Name: "target-directory", Required: true, Doc: "The existing directory in which the links are made."},
		},
		Recipe: symlinkRecipe{},
	}
}

type symlinkRecipe struct{}

// symlinkAction makes links in one directory.
type symlinkAction struct {
	links     place // of link-binary
	directory place // of target-directory
	dir       string
	targets   []string
}

// Prepare reads the targets. SPEC-recipes 13.2.
func (symlinkRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	for _, key := range []string{"target-directory", "link-binary"} {
		if _, err := requireOption(o, key); err != nil {
			return nil, err
		}
	}
	return &symlinkAction{
		links: optionPlace(o, "link-binary"), directory: optionPlace(o, "target-directory"),
		dir: optionText(o, "target-directory"), targets: optionWords(o, "link-binary"),
	}, nil
}

// Run makes the links, after it has made sure that nothing is in their way.
func (a *symlinkAction) Run(_ context.Context, w *parts.Work) error {
	if info, err := os.Stat(workPath(w, a.dir)); len(a.targets) > 0 && (err != nil || !info.IsDir()) {
		return a.directory.fail(codeFile, "'%s' is not a directory", a.dir)
	}
	for _, target := range a.targets {
		if err := a.check(w, target); err != nil {
			return err
		}
	}
	for _, target := range a.targets {
		link := a.link(target)
		w.Own(link)
		if err := renameio.Symlink(target, workPath(w, link)); err != nil {
			return a.links.wrap(err)
		}
	}
	return nil
}

// Update makes the links again.
func (a *symlinkAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// link is the path of the link to target. That of a target without a last
// component is the directory itself, which is in the way.
func (a *symlinkAction) link(target string) string {
	dir, name := a.dir, target[strings.LastIndex(target, "/")+1:]
	if dir != "" && !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	return dir + name
}

func (a *symlinkAction) check(w *parts.Work, target string) error {
	link := a.link(target)
	info, err := os.Lstat(workPath(w, link))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return a.links.wrap(err)
	case info.Mode().Type() != fs.ModeSymlink:
		return a.links.fail(codeFile, "Target '%s' already exists but is not a link", link)
	}
	return nil
}
