package buildout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts/disk"
	"gobuild/parts/store"
)

// placesFile in .gobuild names the directories that a check has made, for the
// next one to delete when this one was killed.
const placesFile = "rebuild"

// places makes two directories in the buildout directory, in which a part has
// locations as long as the installed one: files that hold them then differ in
// nothing else.
func (r *rebuild) places(part, installed string) (two [2]elsewhere, err error) {
	base, name := r.Base.Directory, filepath.Base(installed)
	if installed == "" || name == "." {
		name = part
	}
	const usual, longest = len("rebuild-a"), 255
	width := len(installed) - len(base) - len(name) - len("//")
	if width < 2 || width > longest {
		width = usual
	}
	letters := "abcdefghijklmnopqrstuvwxyz"
	for i := range two {
		for {
			if letters == "" {
				return two, errors.New("every name for a directory to build in is taken: delete the directories rebuild* in " + base)
			}
			root := filepath.Join(base, filler(width, letters[:1]))
			letters = letters[1:]
			if !disk.Exists(root) {
				two[i] = elsewhere{part, root, filepath.Join(root, name), filepath.Join(root, ".gobuild")}
				break
			}
		}
	}
	if !r.keep {
		if err := r.note(two); err != nil {
			return two, err
		}
	}
	for _, p := range two {
		if err := os.MkdirAll(p.state, 0o777); err != nil {
			return two, err
		}
	}
	return two, nil
}

// filler is a name of that many bytes that ends in letter.
func filler(width int, letter string) string {
	name := "rebuild"[:min(len("rebuild"), width-1)]
	return name + strings.Repeat("_", width-1-len(name)) + letter
}

func (r *rebuild) placesPath() string { return filepath.Join(r.stateDir(), placesFile) }

// note writes down the directories before they are made.
func (r *rebuild) note(two [2]elsewhere) error {
	if err := os.MkdirAll(r.stateDir(), 0o777); err != nil {
		return err
	}
	return os.WriteFile(r.placesPath(), []byte(two[0].root+"\n"+two[1].root+"\n"), 0o666)
}

// sweep deletes what an earlier check has left.
func (r *rebuild) sweep() error {
	text, err := os.ReadFile(r.placesPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		root := strings.TrimSuffix(line, "\n")
		// nothing else is ever deleted here
		if filepath.Dir(root) == filepath.Clean(r.Base.Directory) && disk.Exists(filepath.Join(root, ".gobuild")) {
			err = errors.Join(err, store.Remove(root))
		}
	}
	return errors.Join(err, os.Remove(r.placesPath()))
}

// discard deletes the directories of a check.
func (r *rebuild) discard(two [2]elsewhere) error {
	err := errors.Join(store.Remove(two[0].root), store.Remove(two[1].root))
	if err == nil {
		err = os.Remove(r.placesPath())
	}
	if err != nil {
		return &StateError{err}
	}
	return nil
}
