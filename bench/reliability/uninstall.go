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
	"syscall"
)

// A layout is what stands in the way of an uninstallation. Its paths are below
// a root of its own (chroot), so that the worst that may happen is harmless.
type layout struct {
	name string
	// setUp changes the installed site. What it returns are paths that the
	// user put at or below the paths of parts: the parts own these places, and
	// it is only told whether they were kept.
	setUp func(h *hostile) ([]string, error)
}

// hostile is one layout in use.
type hostile struct {
	*bench
	root  string
	marks *marks
}

// Paths in the root of a layout.
const (
	hostileSite = "/site"
	hostileHome = "/home/user"
)

// The owned paths of the parts of a layout.
var hostileParts = []string{
	"/site/parts/tree", "/site/parts/file", "/site/etc/conf", "/site/bin/run", "/site/links/away",
}

const hostileProfile = `[buildout]
parts = tree file conf run away

[place]
recipe = slapos.recipe.build:mkdirectory
etc = ${buildout:directory}/etc
bin = ${buildout:directory}/bin
links = ${buildout:directory}/links

[tree]
recipe = slapos.recipe.build:download-unpacked
url = /sources/tree.tar.gz

[file]
recipe = slapos.recipe.build:download
url = /sources/file

[conf]
recipe = slapos.recipe.template
output = ${place:etc}/conf
inline = text

[run]
recipe = slapos.cookbook:wrapper
command-line = /bin/true
wrapper-path = ${place:bin}/run

[away]
recipe = slapos.cookbook:symbolic.link
link-binary = /outside/away
target-directory = ${place:links}
`

// runUninstall uninstalls the same parts from one hostile layout after the
// other, and looks whether anything that is not theirs was touched.
func runUninstall(b *bench) error {
	if err := makePrivate(); err != nil {
		return err
	}
	b.table.columns("layouts", "uninstalled", "refused with a message", "user's files at or below a part: kept", "removed", "layouts with foreign files touched")
	m := &marks{}
	var all, done, refused, kept, removed, touched int
	for i, l := range layouts() {
		if all == b.count || !b.wanted(l.name) {
			continue
		}
		all++
		h := &hostile{b, filepath.Join(b.dir, fmt.Sprint("layout", i)), m}
		r, err := h.try(l)
		if err != nil {
			return fmt.Errorf("layout %q: %w", l.name, err)
		}
		b.say("%-50s ok %v, kept %d, removed %d", l.name, r.ok, r.kept, r.removed)
		kept, removed = kept+r.kept, removed+r.removed
		if r.ok {
			done++
		} else {
			refused++
		}
		if len(r.touched) > 0 {
			touched++
			b.table.violation("layout %q: %s\n%s", l.name, strings.Join(r.touched, "\n"), last(r.out, 15))
		}
	}
	b.table.row(all, done, refused, kept, removed, touched)
	return nil
}

// outcome is what became of a layout.
type outcome struct {
	ok            bool
	out           string
	kept, removed int
	touched       []string
}

// try installs, sets up, uninstalls and looks.
func (h *hostile) try(l layout) (outcome, error) {
	var r outcome
	if err := h.build(); err != nil {
		return r, err
	}
	defer syscall.Unmount(h.root, syscall.MNT_DETACH)
	if out, err := h.gobuild("site.cfg"); err != nil {
		return r, fmt.Errorf("install: %w\n%s", err, out)
	}
	claimed, err := l.setUp(h)
	if err != nil {
		return r, err
	}
	before, err := h.foreign()
	if err != nil {
		return r, err
	}
	out, err := h.gobuild("empty.cfg")
	r.ok, r.out = err == nil, out
	if err != nil && (strings.TrimSpace(out) == "" || strings.Contains(out, "goroutine ")) {
		r.touched = append(r.touched, "no message: "+err.Error())
	}
	after, err := h.foreign()
	if err != nil {
		return r, err
	}
	r.touched = append(r.touched, before.differences(after)...)
	for _, path := range claimed {
		if h.isKept(path) {
			r.kept++
		} else {
			r.removed++
		}
	}
	return r, nil
}

// keptMark is part of the name of a directory to which gobuild moves what the
// user has put into a part.
const keptMark = ".kept-"

// isKept reports whether a file of the user is where it was, or in a directory
// for such files beside the part.
func (h *hostile) isKept(path string) bool {
	if _, err := os.Lstat(h.at(path)); err == nil {
		return true
	}
	for dir := path; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		if found, _ := filepath.Glob(h.at(dir) + keptMark + "*" + strings.TrimPrefix(path, dir)); len(found) > 0 {
			return true
		}
	}
	return false
}

// at is the path in the root as it is seen from outside.
func (h *hostile) at(path string) string { return h.root + path }

// build makes the root: a file system of its own with the binary, the sources,
// a home, and things outside the site that nobody may touch.
func (h *hostile) build() error {
	if _, err := newDisk(h.root, amplyKiB); err != nil {
		return err
	}
	for _, dir := range []string{"/site", "/sources", "/dev", "/proc", "/tmp", "/home/user/docs", "/outside/dir/a/b", "/outside/etc", "/outside/parts/tree/a", "/outside/mounted"} {
		if err := os.MkdirAll(h.at(dir), 0o755); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(h.bench.gobuild)
	if err != nil {
		return err
	}
	tree := archive("tree", []file{{"a/b/c/file", 0o644, []byte("1")}, {"a/one", 0o644, []byte("2")}, {"d/two", 0o755, []byte("3")}, {"three", 0o644, []byte("4")}})
	for path, data := range map[string][]byte{
		"/gobuild": text, "/sources/tree.tar.gz": tree, "/sources/file": []byte("file"),
		"/site/site.cfg": []byte(hostileProfile), "/site/empty.cfg": []byte("[buildout]\nparts =\n"),
		"/home/user/docs/letter": []byte("letter"), "/home/user/file": []byte("mine"),
		"/outside/away": []byte("away"), "/outside/dir/a/b/file": []byte("mine"), "/outside/dir/file": []byte("mine"),
		"/outside/etc/conf": []byte("mine"), "/outside/parts/tree/a/one": []byte("mine"), "/outside/parts/mine": []byte("mine"),
		"/outside/mounted/file": []byte("mine"), "/outside/mode": []byte("mine"), "/dev/null": nil,
	} {
		if err := os.WriteFile(h.at(path), data, 0o755); err != nil {
			return err
		}
	}
	return errors.Join(h.bind("/dev/null", h.at("/dev/null")), h.bind("/proc", h.at("/proc")))
}

// bind mounts one path of the machine on another.
func (h *hostile) bind(from, to string) error {
	if err := syscall.Mount(from, to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", to, err)
	}
	return nil
}

// gobuild runs the binary in the root.
func (h *hostile) gobuild(profile string) (string, error) {
	env := []string{"PATH=/bin", "HOME=" + hostileHome, "GOBUILD_CACHE="}
	argv := append([]string{"/gobuild", "-c", profile}, h.flags...)
	p, err := start(h.marks.next(), hostileSite, env, argv, func(c *exec.Cmd) { c.SysProcAttr.Chroot = h.root })
	if err != nil {
		return "", err
	}
	err = p.wait()
	return p.out.String(), err
}

// foreign is all of the root that is not of the parts or of gobuild.
func (h *hostile) foreign() (tree, error) {
	own := append([]string{"/proc", "/dev", "/site/.gobuild", "/site/.installed.cfg"}, hostileParts...)
	t, err := snapshot(h.root, func(path string) bool {
		return slices.Contains(own, "/"+path) || strings.Contains(filepath.Base(path), keptMark)
	})
	for p, e := range t {
		if e.Mode.IsDir() {
			e.Size = 0
		}
		if e.Mode&fs.ModeSocket != 0 || e.Twin != "" { // a name of an owned file may have gone first
			e.Twin = ""
		}
		t[p] = e
	}
	return t, err
}
