package recipes

import (
	"context"
	"os"
	"slices"
	"strings"

	"gobuild/parts"
)

// mkdirectoryDoc is what both recipes that make directories have in common.
const mkdirectoryDoc = `Makes directories: the value of every option but recipe and mode is a path.

Missing parents are made too, with mode 0777 less the umask. The directories
may hold user data: they are never removed. Each run makes those that are
missing.`

// mkdirectoryOptions are the options of both.
func mkdirectoryOptions() []parts.OptionSpec {
	return []parts.OptionSpec{
		{Name: "mode", Default: "0777", Doc: "Mode of the directories in octal; the umask applies."},
	}
}

func mkdirectorySpec() parts.Spec {
	return parts.Spec{
		Names:   []string{"mkdirectory", "slapos.cookbook:mkdirectory"},
		Doc:     mkdirectoryDoc + " A path that is something else than a directory is an error.",
		Open:    true,
		Options: mkdirectoryOptions(),
		Recipe:  mkdirectoryRecipe{},
	}
}

func mkdirectoryBuildSpec() parts.Spec {
	return parts.Spec{
		Names:   []string{"mkdirectory-build", "slapos.recipe.build:mkdirectory"},
		Doc:     mkdirectoryDoc + " A path that exists is left as it is, whatever it is.",
		Open:    true,
		Options: mkdirectoryOptions(),
		Recipe:  mkdirectoryRecipe{anything: true},
	}
}

// mkdirectoryRecipe makes directories; with anything, a path that exists need
// not be one.
type mkdirectoryRecipe struct{ anything bool }

// mkdirectoryAction makes directories in the order of their paths.
type mkdirectoryAction struct {
	paths    []mkdirectoryPath
	mode     os.FileMode
	anything bool
}

type mkdirectoryPath struct {
	place place
	path  string
}

// Prepare reads the paths. SPEC-recipes 13.2.
func (r mkdirectoryRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	mode, set, err := optionModeGiven(o, "mode")
	if err != nil {
		return nil, err
	}
	if !set {
		mode = os.ModePerm
	}
	a := &mkdirectoryAction{mode: mode, anything: r.anything}
	for _, key := range o.Keys() {
		if mkdirectoryIsPath(key) && optionText(o, key) != "" {
			a.paths = append(a.paths, mkdirectoryPath{optionPlace(o, key), optionText(o, key)})
		}
	}
	slices.SortStableFunc(a.paths, func(x, y mkdirectoryPath) int { return strings.Compare(x.path, y.path) })
	return a, nil
}

// mkdirectoryIsPath reports whether an option names a directory. The names
// with underscores are those that the engine itself gives a section.
func mkdirectoryIsPath(key string) bool {
	switch key {
	case "recipe", "mode", "_profile_base_location_", "_buildout_section_name_":
		return false
	}
	return true
}

// Run makes the directories that are missing. None is owned.
func (a *mkdirectoryAction) Run(_ context.Context, w *parts.Work) error {
	for _, p := range a.paths {
		path := workPath(w, p.path)
		if _, err := os.Lstat(path); err == nil && a.anything {
			continue
		}
		if err := mkdirectorySteps(w, p.path); err != nil {
			return p.place.wrap(err)
		}
		if err := makeDirsMode(w, path, a.mode, nil); err != nil {
			return p.place.wrap(err)
		}
	}
	return nil
}

// mkdirectorySteps makes the directories that path leaves again by `..`.
func mkdirectorySteps(w *parts.Work, path string) error {
	before := strings.Split(path, "/..")
	for i := 1; i < len(before); i++ {
		if before[i] != "" && before[i][0] != '/' {
			continue // the name of a file that begins with two dots
		}
		if err := makeDirs(w, workPath(w, strings.Join(before[:i], "/..")), nil); err != nil {
			return err
		}
	}
	return nil
}

// Update makes the directories that are missing.
func (a *mkdirectoryAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
