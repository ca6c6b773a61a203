package pure

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// host is the machine that views are made of: the files below a directory, "" for
// the true ones.
type host struct{ root string }

func (h host) entries(dir string) []fs.DirEntry {
	list, _ := os.ReadDir(h.root + dir) // what cannot be read is not shown
	return list
}

func (h host) names(dir string) map[string]bool {
	set := map[string]bool{}
	for _, e := range h.entries(dir) {
		set[e.Name()] = true
	}
	return set
}

// link returns what a symbolic link says, "" for anything else.
func (h host) link(path string) string {
	text, _ := os.Readlink(h.root + path)
	return text
}

func (h host) isDirectory(path string) bool {
	real, err := h.resolve(path)
	if err != nil {
		return false
	}
	info, err := os.Lstat(h.root + real)
	return err == nil && info.IsDir()
}

// isProgram reports whether a path is that of a file that can be run.
func (h host) isProgram(path string) bool {
	real, err := h.resolve(path)
	if err != nil {
		return false
	}
	info, err := os.Lstat(h.root + real)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// maxLinks is how many links a path may lead through, as in the kernel.
const maxLinks = 40

// resolve returns path without symbolic links.
func (h host) resolve(path string) (string, error) {
	real, rest := "/", strings.Split(filepath.Clean(path), "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			real = filepath.Dir(real)
			continue
		}
		next := filepath.Join(real, name)
		info, err := os.Lstat(h.root + next)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "resolve", Path: path, Err: syscall.ELOOP}
		}
		target := h.link(next)
		if filepath.IsAbs(target) {
			real = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return real, nil
}

// chain returns the paths that lead from a path to its file: path itself, and
// what each link at the end leads to.
func (h host) chain(path string) []string {
	var list []string
	for range maxLinks {
		dir, err := h.resolve(filepath.Dir(path))
		if err != nil {
			return list
		}
		path = filepath.Join(dir, filepath.Base(path))
		list = append(list, path)
		target := h.link(path)
		if target == "" {
			return list
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		path = target
	}
	return list
}

// below reports whether path is dir or lies in it.
func below(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/' || dir == "/")
}

// errNotGlibc says that a machine is none of those that views are known for.
var errNotGlibc = errors.New("there are no headers of glibc in /usr/include: either its development package is not installed, or this machine has another C library or keeps its files elsewhere")
