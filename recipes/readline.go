package recipes

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"gobuild/parts"
)

func readlineSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"readline", "slapos.cookbook:readline"},
		Doc:   "Reads the first line of a file, its line end included, while the profile is read.",
		Options: []parts.OptionSpec{
			{Name: "storage-path", Required: true, Doc: "The file."},
			{Name: "when-absent", Doc: "The text for a file that does not exist. Without it that is an error."},
			{Name: "readline", Computed: true, Doc: "The line."},
		},
		Recipe: readlineRecipe{},
	}
}

type readlineRecipe struct{}

// Prepare reads the line. SPEC-recipes 13.2.
func (readlineRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := requirePath(o, "storage-path")
	if err != nil {
		return nil, err
	}
	line, err := readFirstLine(inBuildout(ctx, o, path))
	if errors.Is(err, fs.ErrNotExist) {
		absent, _, ok := o.Lookup("when-absent")
		if !ok {
			return nil, optionError(o, "storage-path", codeFile, "Unable to read the file content: '%s' does not exist", path).
				WithHint("make it before this run, or set when-absent")
		}
		line, err = absent, nil
	}
	if err != nil {
		return nil, optionPlace(o, "storage-path").wrap(err)
	}
	o.Set("readline", line)
	return nothing{}, nil
}

// maxLine is the longest line that readline takes, in bytes.
const maxLine = 1 << 20

func readFirstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, maxLine)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}
