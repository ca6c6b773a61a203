package recipes

import (
	"context"
	"os"

	"gobuild/parts"
)

func copyfilelistSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"copyfilelist", "slapos.cookbook:copyfilelist"},
		Doc: `Copies files with their permissions into a directory.

A file of the same name is replaced. An installed part copies nothing again.`,
		Options: []parts.OptionSpec{
			{Name: "file-list", Required: true, Doc: "The files, separated by blanks."},
			{Name: "target-directory", Required: true, Doc: "The existing directory."},
		},
		Recipe: copyfilelistRecipe{},
	}
}

type copyfilelistRecipe struct{}

// copyfilelistAction copies files into one directory.
type copyfilelistAction struct {
	at    place // of file-list
	files []string
	dir   string
}

// Prepare reads the options. SPEC-recipes 13.2.
func (copyfilelistRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "file-list", "target-directory")
	if err != nil {
		return nil, err
	}
	return copyfilelistAction{optionPlace(o, "file-list"), optionWords(o, "file-list"), v["target-directory"]}, nil
}

// Run copies the files.
func (a copyfilelistAction) Run(ctx context.Context, w *parts.Work) error {
	for _, file := range a.files {
		if err := a.copy(ctx, w, file); err != nil {
			return a.at.find(file).wrap(err)
		}
	}
	return nil
}

func (a copyfilelistAction) copy(ctx context.Context, w *parts.Work, file string) error {
	from := workPath(w, file)
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return a.at.find(file).fail(codeFile, "'%s' is no file", file)
	}
	to := cookbookJoin(a.dir, lastComponent(file))
	w.Own(to)
	return copyFile(ctx, from, workPath(w, to), info.Mode()&(os.ModePerm|specialBits))
}
