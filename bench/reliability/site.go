//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// site is a buildout directory with the profiles that it is brought to.
type site struct {
	*bench
	dir   string // the buildout directory
	home  string
	cache string
	marks *marks
}

// newSite makes the directories of a site below root.
func newSite(b *bench, root string, m *marks) (*site, error) {
	s := &site{b, filepath.Join(root, "site"), filepath.Join(root, "home"), filepath.Join(root, "cache"), m}
	for _, dir := range []string{s.dir, s.home, s.cache} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// profile writes a profile into the site.
func (s *site) profile(name, text string) error {
	return os.WriteFile(filepath.Join(s.dir, name+".cfg"), []byte(text), 0o644)
}

// environ is the whole environment of the runs.
func (s *site) environ() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "GOBUILD_CACHE=" + s.cache, "LC_ALL=C"}
}

// argv is the command that brings the site to a profile.
func (s *site) argv(profile string, further ...string) []string {
	return append(append([]string{s.gobuild, "-c", profile + ".cfg"}, s.flags...), further...)
}

// start starts a run.
func (s *site) start(profile string, further ...string) (*process, error) {
	return start(s.marks.next(), s.dir, s.environ(), s.argv(profile, further...), nil)
}

// plain runs gobuild to its end. The error has the output.
func (s *site) plain(profile string, further ...string) error {
	p, err := s.start(profile, further...)
	if err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		return fmt.Errorf("plain run of %s: %w\n%s", profile, err, last(p.out.String(), 30))
	}
	return nil
}

// settled returns an error when a further run of a profile finds something to
// do.
func (s *site) settled(profile string) error {
	p, err := s.start(profile)
	if err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		return fmt.Errorf("one more run of %s: %w\n%s", profile, err, last(p.out.String(), 30))
	}
	for line := range strings.Lines(p.out.String()) {
		if strings.HasPrefix(line, "Installing ") || strings.HasPrefix(line, "Uninstalling ") {
			return fmt.Errorf("one more run of %s has something to do: %s", profile, line)
		}
	}
	return nil
}

// last returns the last lines of a text.
func last(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// wipe empties the site but for its profiles, and the cache.
func (s *site) wipe() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".cfg") || strings.HasPrefix(e.Name(), ".") {
			if err := removeAll(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := removeAll(s.cache); err != nil {
		return err
	}
	return os.Mkdir(s.cache, 0o755)
}

// removeAll is os.RemoveAll where directories may be read-only.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}

// condition is what counts of a site: its files and its record.
type condition struct {
	files  tree
	record record
	kept   []string // what is in .gobuild besides logs and history
}

// condition reads the site.
func (s *site) condition() (condition, error) {
	files, err := snapshot(s.dir, func(path string) bool { return path == ".installed.cfg" || path == ".gobuild" })
	if err != nil {
		return condition{}, err
	}
	r, err := readRecord(filepath.Join(s.dir, ".installed.cfg"))
	if err != nil {
		return condition{}, err
	}
	kept, err := s.kept(r)
	return condition{files, r, kept}, err
}

// kept returns the names of files in .gobuild but for those of logs and of the
// runs in the history, which tell of each run, and the lists of the files of
// installed parts, which a killed run may not have made.
func (s *site) kept(r record) ([]string, error) {
	installed := r.parts()
	var names []string
	root := filepath.Join(s.dir, ".gobuild")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if rel == "log" || rel == "history" {
			return fs.SkipDir
		}
		part, isList := strings.CutPrefix(rel, "files/")
		if !d.IsDir() && !(isList && slices.Contains(installed, part)) {
			names = append(names, rel)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return names, err
}

// differences tells what is different in got.
func (want condition) differences(got condition) []string {
	lines := append(want.files.differences(got.files), want.record.differences(got.record)...)
	for _, n := range got.kept {
		if !slices.Contains(want.kept, n) {
			lines = append(lines, fmt.Sprintf("left over: %q", ".gobuild/"+n))
		}
	}
	return lines
}

// compare returns an error when the site is not as it should be.
func (s *site) compare(want condition) error {
	got, err := s.condition()
	if err != nil {
		return err
	}
	if lines := want.differences(got); len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return nil
}

// copyTree copies a directory as it is, times included.
func copyTree(from, to string) error {
	if err := removeAll(to); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("cp -a: %w: %s", err, out)
	}
	return nil
}
