package recipes

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
)

func cnssymlinkSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"links", "cns.recipe.symlink"},
		Doc: `Makes symbolic links: those that are listed, or one to everything in a directory.

What exists at the place of a link stays as it is. A link to what does not exist is
not made, but a warning is given.

Only links are owned. The Python recipe owns whatever it has found at their places
too, and deletes it with the part.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "symlink", Doc: "Lines SOURCE = LINK. LINK may be left out for symlink_target."},
			{Name: "symlink_base", Doc: "An existing directory: relative sources are in it. Without symlink, or with bulk, everything in it gets a link in symlink_target."},
			{Name: "symlink_target", Doc: "An existing directory for links."},
			{Name: "autocreate", Doc: "If it is not blank, symlink_target is made."},
			{Name: "bulk", Doc: "If it is not blank, links to everything in symlink_base are made as well."},
			{Name: "eggs", Doc: "If it is not blank, links to everything in the eggs directory are made as well."},
			{Name: "develop", Doc: "If it is not blank, links to what [buildout] develop names are made as well."},
			{Name: "ignore", Doc: "Patterns, one on each line: what has such a name gets no link, unless it is listed in symlink."},
		},
		Recipe: cnssymlinkRecipe{},
	}
}

type cnssymlinkRecipe struct{}

// cnssymlinkAction makes links.
type cnssymlinkAction struct {
	at           place
	base, target string
	create       bool
	lines        []string // of symlink
	folders      []string // everything in them gets a link
	projects     []string // get a link
	ignore       []string
}

// Prepare reads the options.
func (cnssymlinkRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return nil, err
	}
	a := &cnssymlinkAction{at: optionPlace(o, "symlink"), base: optionText(o, "symlink_base"), target: optionText(o, "symlink_target"),
		create: optionText(o, "autocreate") != "", lines: optionLines(o, "symlink"), ignore: optionLines(o, "ignore")}
	eggs, develop := optionText(o, "eggs") != "", optionText(o, "develop") != ""
	if len(a.lines) == 0 && a.target == "" && (a.base != "" || eggs || develop) {
		at := place{o.Header(), []string{o.Name()}}
		return nil, at.fail(codeMissingOption, "Provide at least 'symlink', or 'symlink_target' with either 'symlink_base', 'eggs' or 'develop'")
	}
	if a.target == "" {
		return a, nil
	}
	if eggs {
		a.folders = append(a.folders, optionText(buildout, "eggs-directory"))
	}
	if develop {
		for _, dir := range optionLines(buildout, "develop") {
			a.projects = append(a.projects, cookbookJoin(optionText(buildout, "directory"), dir))
		}
	}
	if a.base != "" && (len(a.lines) == 0 || optionText(o, "bulk") != "") {
		a.folders = append(a.folders, a.base)
	}
	return a, nil
}

// Run makes the links.
func (a *cnssymlinkAction) Run(_ context.Context, w *parts.Work) error {
	home, _ := run.LookupEnv(w.Proc.Environ(), "HOME")
	expand := func(path string) string { return cnssymlinkHome(path, home) }
	base, target := expand(a.base), expand(a.target)
	if base != "" && !cnssymlinkIsDir(w, base) {
		return a.at.fail(codeFile, "Source directory %s does not exist.", base)
	}
	if target != "" && !cnssymlinkIsDir(w, target) {
		if !a.create {
			return a.at.fail(codeFile, "Target directory %s does not exist.", target)
		}
		if err := makeDirs(w, workPath(w, target), nil); err != nil {
			return a.at.wrap(err)
		}
	}
	links, err := a.bulk(w, target, expand)
	if err != nil {
		return a.at.wrap(err)
	}
	for _, line := range a.lines {
		source, link := a.listed(w, line, base, target, expand)
		links[link] = source
	}
	for _, link := range slices.Sorted(maps.Keys(links)) {
		if err := a.link(w, links[link], link); err != nil {
			return a.at.wrap(err)
		}
	}
	return nil
}

// Update makes missing links.
func (a *cnssymlinkAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// bulk are the links to what is in folders, by their paths.
func (a *cnssymlinkAction) bulk(w *parts.Work, target string, expand func(string) string) (map[string]string, error) {
	sources := slices.Clone(a.projects)
	for _, folder := range a.folders {
		entries, err := os.ReadDir(workPath(w, expand(folder)))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			sources = append(sources, cookbookJoin(expand(folder), e.Name()))
		}
	}
	links := map[string]string{}
	for _, source := range sources {
		name := lastComponent(source)
		ignored := func(pattern string) bool { fits, err := path.Match(pattern, name); return err == nil && fits }
		if !slices.ContainsFunc(a.ignore, ignored) {
			links[cookbookJoin(target, name)] = source
		}
	}
	return links, nil
}

// listed is the link of a line.
func (a *cnssymlinkAction) listed(w *parts.Work, line, base, target string, expand func(string) string) (source, link string) {
	source, link, _ = strings.Cut(line, "=")
	source, link = expand(strings.TrimSpace(source)), strings.TrimSpace(link)
	if link == "" {
		link = target
	}
	if base != "" && !filepath.IsAbs(source) {
		source = cookbookJoin(base, source)
		if cnssymlinkIsDir(w, link) {
			link = cookbookJoin(link, lastComponent(source))
		}
	}
	return source, link
}

// link makes one link.
func (a *cnssymlinkAction) link(w *parts.Work, source, link string) error {
	path := workPath(w, link)
	if old, err := os.Readlink(path); err == nil && old == source {
		w.Own(link)
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if _, err := os.Stat(workPath(w, source)); errors.Is(err, fs.ErrNotExist) {
		w.Say(event.Warning, "Symlink source not found! "+source)
		return nil
	}
	w.Own(link)
	return renameio.Symlink(source, path)
}

// cnssymlinkHome replaces ~ at the start of a path.
func cnssymlinkHome(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && home != "" && (rest == "" || rest[0] == '/') {
		return home + rest
	}
	return path
}

func cnssymlinkIsDir(w *parts.Work, path string) bool {
	info, err := os.Stat(workPath(w, path))
	return err == nil && info.IsDir()
}
