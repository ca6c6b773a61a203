package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// noteName is the file in which gobuild instance keeps what it knows of an
// instance that it has made.
const noteName = ".gobuild/instance.json"

// noteVersion is the version of its format.
const noteVersion = 1

// The phases of an instance. Only one that is ready is shown as such.
const (
	phaseCreating = "creating"
	phaseChanging = "changing"
	phaseReady    = "ready"
	phaseRemoving = "removing"
)

// instanceNote is that file. Paths are relative to the instance; those of directories
// end with a slash.
type instanceNote struct {
	Version  int    `json:"version"`
	Phase    string `json:"phase"`
	Software string `json:"software"`
	// Foreign was there before the run that is not finished, and Own is what
	// finished runs have left.
	Foreign []string `json:"foreign,omitempty"`
	Own     []string `json:"own,omitempty"`
	// Dump is the last dump of an instance that is being removed.
	Dump string `json:"dump,omitempty"`
}

// readNote returns the note of an instance, or nil when it was made by hand.
func (i *instances) readNote(name string) (*instanceNote, error) {
	path := filepath.Join(i.dir(name), noteName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n := &instanceNote{}
	if err := json.Unmarshal(text, n); err != nil || n.Version != noteVersion || n.Phase == "" {
		d := refuse("instance-unfinished", "%s is damaged, or a newer gobuild wrote it", path).WithCause(err)
		return nil, d.WithHint("without it the instance counts as one that was made by hand")
	}
	return n, nil
}

func (i *instances) writeNote(name string, n *instanceNote) error {
	n.Version = noteVersion
	text, err := json.MarshalIndent(n, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(i.dir(name), noteName)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return withStatus(StatusState, replace(path, append(text, '\n'), 0o640))
}

// begin notes that a run begins, and which files are none of its own.
func (i *instances) begin(name string, n *instanceNote, phase string) error {
	if n.Phase == phaseReady || n.Phase == "" {
		n.Foreign = nil
		for _, path := range i.contents(name) {
			if !slices.Contains(n.Own, path) {
				n.Foreign = append(n.Foreign, path)
			}
		}
	}
	if n.Phase != phaseCreating {
		n.Phase = phase
	}
	return i.writeNote(name, n)
}

// finish notes that the instance is ready, and what is its own.
func (i *instances) finish(name string, n *instanceNote) error {
	own := []string{}
	for _, path := range i.contents(name) {
		if !slices.Contains(n.Foreign, path) {
			own = append(own, path)
		}
	}
	n.Phase, n.Own, n.Foreign = phaseReady, own, nil
	return i.writeNote(name, n)
}

// contents lists what is in an instance, but for what services write: what is in
// directories below srv and var, and in tmp. gobuild's own files, and those that
// take the output of programs, are left out too.
func (i *instances) contents(name string) []string {
	var list []string
	root := i.dir(name)
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return nil
		}
		rel, _ := filepath.Rel(root, path)
		switch {
		case rel == ".gobuild" || rel == ".slap":
			return fs.SkipDir
		case isOwnFile(rel):
			return nil
		case e.IsDir():
			list = append(list, rel+"/")
			if isData(rel) {
				return fs.SkipDir
			}
		default:
			list = append(list, rel)
		}
		return nil
	})
	return list
}

// isData reports whether services write into a directory: then all that is in it
// is theirs.
func isData(dir string) bool {
	top, rest, _ := strings.Cut(dir, "/")
	return dir == "tmp" || (top == "srv" || top == "var") && rest != "" && !strings.Contains(rest, "/")
}

// isOwnFile reports whether a file is one of gobuild's: records, buildout.cfg, and
// the output of programs.
func isOwnFile(rel string) bool {
	if strings.Contains(rel, "/") {
		return false
	}
	return rel == "buildout.cfg" || strings.HasPrefix(rel, ".installed") && strings.HasSuffix(rel, ".cfg") ||
		strings.HasPrefix(rel, ".") && (strings.HasSuffix(rel, ".log") || strings.Contains(rel, ".log."))
}

// ready checks that an instance can be worked with.
func (i *instances) ready(name string) (*instanceNote, error) {
	if err := i.known(name); err != nil {
		return nil, err
	}
	n, err := i.readNote(name)
	if err != nil || n == nil || n.Phase == phaseReady {
		return n, err
	}
	return nil, i.unfinished(name, n)
}

// unfinished says what to do about an instance that is not ready.
func (i *instances) unfinished(name string, n *instanceNote) *diag.Diagnostic {
	command := map[string]string{phaseCreating: "create", phaseChanging: "set", phaseRemoving: "remove"}[n.Phase]
	return refuse("instance-unfinished", "the instance %s is not finished: `gobuild instance %s` was interrupted or failed", name, command).
		WithHint("to finish it: gobuild instance %s %s", command, name)
}
