//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// layouts returns all hostile layouts.
func layouts() []layout {
	all := []layout{{"nothing unusual", func(*hostile) ([]string, error) { return nil, nil }}}
	for _, some := range [][]layout{userFiles(), linksOut(), replaced(), mounts(), names(), records(), odd()} {
		all = append(all, some...)
	}
	return all
}

// write makes files with the user's text, and their directories.
func (h *hostile) write(paths ...string) error {
	for _, p := range paths {
		if err := os.MkdirAll(filepath.Dir(h.at(p)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(h.at(p), []byte("mine"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// replace removes what is at a path and puts a link there.
func (h *hostile) replace(path, target string) error {
	return errors.Join(os.RemoveAll(h.at(path)), os.Symlink(target, h.at(path)))
}

// userFiles are layouts with the user's files in parts.
func userFiles() []layout {
	var all []layout
	for _, path := range []string{
		"/site/parts/tree/mine", "/site/parts/tree/a/b/mine", "/site/parts/tree/new/dir/mine", "/site/parts/file/mine",
	} {
		all = append(all, layout{"user file " + path, func(h *hostile) ([]string, error) {
			return []string{path}, h.write(path)
		}})
	}
	return append(all, layout{"user files beside parts", func(h *hostile) ([]string, error) {
		return nil, h.write("/site/parts/mine", "/site/etc/mine", "/site/bin/mine", "/site/links/mine", "/site/parts/tree-old/mine", "/site/parts/.tree/mine", "/site/mine")
	}}, layout{"changed files of a part", func(h *hostile) ([]string, error) {
		return nil, h.write("/site/parts/tree/three", "/site/parts/tree/a/one")
	}})
}

// linksOut are layouts with symbolic links in a part that lead out.
func linksOut() []layout {
	var all []layout
	for _, target := range []string{
		"/outside/dir", "/outside/dir/file", "../../../outside/dir", "../../../outside/dir/file", "..", ".", "/", "/site", "/home/user",
		"loop", "/nowhere", "../file",
	} {
		all = append(all, layout{"link in a part to " + target, func(h *hostile) ([]string, error) {
			return nil, os.Symlink(target, h.at("/site/parts/tree/loop"))
		}}, layout{"directory of a part replaced by a link to " + target, func(h *hostile) ([]string, error) {
			return nil, h.replace("/site/parts/tree/a", target)
		}})
	}
	return all
}

// replaced are layouts where the path of a part, or a directory above it, is
// something else now.
func replaced() []layout {
	var all []layout
	for _, target := range []string{"/outside/dir", "../../outside/dir", "/home/user", "/", "..", "/outside/dir/file", "tree"} {
		all = append(all, layout{"part replaced by a link to " + target, func(h *hostile) ([]string, error) {
			return nil, h.replace("/site/parts/tree", target)
		}})
	}
	for path, target := range map[string]string{
		"/site/parts": "/outside/parts", "/site/etc": "/outside/etc", "/site/bin": "/outside/dir", "/site/links": "/home/user",
	} {
		all = append(all, layout{"directory above replaced: " + path, func(h *hostile) ([]string, error) {
			return nil, h.replace(path, target)
		}}, layout{"directory above moved away: " + path, func(h *hostile) ([]string, error) {
			return nil, errors.Join(os.Rename(h.at(path), h.at(path+"-moved")), os.Symlink(target, h.at(path)))
		}})
	}
	for path, target := range map[string]string{"/site/etc/conf": "/outside/etc/conf", "/site/bin/run": "/home/user/file", "/site/parts/file/file": "/outside/dir/file"} {
		all = append(all, layout{"file replaced by a link: " + path, func(h *hostile) ([]string, error) {
			return nil, h.replace(path, target)
		}})
	}
	for _, path := range []string{"/site/etc/conf", "/site/links/away", "/site/parts/tree", "/site/bin/run"} {
		all = append(all, layout{"replaced by a user's directory: " + path, func(h *hostile) ([]string, error) {
			return []string{path + "/mine"}, errors.Join(os.RemoveAll(h.at(path)), h.write(path+"/mine"))
		}})
	}
	for _, path := range []string{"/site/parts/tree", "/site/links/away"} {
		all = append(all, layout{"replaced by a user's file: " + path, func(h *hostile) ([]string, error) {
			return []string{path}, errors.Join(os.RemoveAll(h.at(path)), h.write(path))
		}})
	}
	return append(all, layout{"directory above replaced by a file", func(h *hostile) ([]string, error) {
		return nil, errors.Join(os.RemoveAll(h.at("/site/etc")), h.write("/site/etc"))
	}}, layout{"hard links to foreign files", func(h *hostile) ([]string, error) {
		return nil, errors.Join(os.Link(h.at("/outside/dir/file"), h.at("/site/parts/tree/a/linked")), os.Chmod(h.at("/outside/dir/file"), 0o444),
			os.Link(h.at("/outside/mode"), h.at("/site/parts/tree/mode")), os.Chmod(h.at("/outside/mode"), 0))
	}})
}

// mounts are layouts with other file systems in a part.
func mounts() []layout {
	mounted := func(name, from, to string) layout {
		return layout{name, func(h *hostile) ([]string, error) {
			if info, err := os.Stat(h.at(from)); err == nil && info.IsDir() {
				if err := os.MkdirAll(h.at(to), 0o755); err != nil {
					return nil, err
				}
			} else if err := h.write(to); err != nil {
				return nil, err
			}
			return nil, h.bind(h.at(from), h.at(to))
		}}
	}
	return []layout{
		mounted("directory mounted in a part", "/outside/mounted", "/site/parts/tree/mnt"),
		mounted("directory mounted deep in a part", "/outside/mounted", "/site/parts/tree/a/b/c/mnt"),
		mounted("directory mounted on one of a part", "/outside/mounted", "/site/parts/tree/a"),
		mounted("directory mounted on a part", "/outside/mounted", "/site/parts/tree"),
		mounted("directory mounted above parts", "/outside/parts", "/site/parts"),
		mounted("file mounted in a part", "/outside/dir/file", "/site/parts/tree/three"),
		mounted("file mounted on a part", "/outside/etc/conf", "/site/etc/conf"),
		mounted("home mounted in a part", "/home/user", "/site/parts/tree/home"),
		mounted("the site mounted in a part of its own", "/site", "/site/parts/tree/site"),
		{"disk mounted in a part", func(h *hostile) ([]string, error) {
			_, err := newDisk(h.at("/site/parts/tree/disk"), 1024)
			if err != nil {
				return nil, err
			}
			return []string{"/site/parts/tree/disk/mine"}, h.write("/site/parts/tree/disk/mine")
		}},
	}
}

// names are layouts with names that break programs.
func names() []layout {
	var all []layout
	for _, name := range []string{
		"new\nline", "\xff\xfe", "-rf", " ", "*", "...", "\\", "a\tb", "$HOME", "`id`", "'", "\"", strings.Repeat("n", 255), "\x1b[31m", "é", "%s%n",
	} {
		all = append(all, layout{fmt.Sprintf("name %.20q", name), func(h *hostile) ([]string, error) {
			return nil, h.write("/site/parts/tree/"+name, "/site/parts/tree/a/"+name, "/outside/"+name, "/site/parts/"+name)
		}})
	}
	return all
}

// records are layouts whose record names paths that no recipe can have made.
func records() []layout {
	var all []layout
	for _, path := range []string{
		"/", "//", "/.", "/home", hostileHome, "/site", "/site/", "/site/.", "/site/parts/..", "..", ".", "../outside/dir", "parts/../../outside/dir",
		"/site/parts/tree/../../../outside/dir", "/site/parts/tree/../../..", "", "/proc/self/cwd", "/proc/self/root", "/site/parts", "/site/parts/",
	} {
		all = append(all, layout{fmt.Sprintf("record of %q", path), func(h *hostile) ([]string, error) {
			if err := h.write("/site/parts/mine", "/site/etc/mine"); err != nil {
				return nil, err
			}
			return nil, h.edit("/site/etc/conf", path)
		}})
	}
	return all
}

// edit replaces an owned path in the record.
func (h *hostile) edit(from, to string) error {
	name := h.at("/site/.installed.cfg")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	changed := strings.Replace(string(text), "__buildout_installed__ = "+from+"\n", "__buildout_installed__ = "+to+"\n", 1)
	if changed == string(text) {
		return fmt.Errorf("%s is not in the record", from)
	}
	return os.WriteFile(name, []byte(changed), 0o644)
}

// odd are layouts with things that are no files, or too many of them.
func odd() []layout {
	return []layout{
		{"FIFO in a part", func(h *hostile) ([]string, error) {
			return nil, syscall.Mkfifo(h.at("/site/parts/tree/fifo"), 0o644)
		}},
		{"FIFO in the place of a file", func(h *hostile) ([]string, error) {
			return nil, errors.Join(os.Remove(h.at("/site/etc/conf")), syscall.Mkfifo(h.at("/site/etc/conf"), 0o644))
		}},
		{"socket in a part", func(h *hostile) ([]string, error) { return nil, h.socket("/site/parts/tree/s") }},
		{"socket in the place of a part", func(h *hostile) ([]string, error) {
			return nil, errors.Join(os.RemoveAll(h.at("/site/parts/tree")), h.socket("/site/parts/tree"))
		}},
		{"unwritable directories in a part", func(h *hostile) ([]string, error) {
			return nil, errors.Join(os.Chmod(h.at("/site/parts/tree/a/b"), 0), os.Chmod(h.at("/site/parts/tree/a"), 0o555), os.Chmod(h.at("/site/parts/tree"), 0o555))
		}},
		{"unwritable directory above parts", func(h *hostile) ([]string, error) { return nil, os.Chmod(h.at("/site/parts"), 0o555) }},
		{"very deep tree", func(h *hostile) ([]string, error) { return nil, h.deep("/site/parts/tree", 1500) }},
		{"wide directory", func(h *hostile) ([]string, error) {
			for i := range 3000 {
				if err := h.write(fmt.Sprintf("/site/parts/tree/wide/%d", i)); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}},
		{"a part is gone", func(h *hostile) ([]string, error) { return nil, os.RemoveAll(h.at("/site/parts/tree")) }},
		{"all parts are gone", func(h *hostile) ([]string, error) {
			var errs []error
			for _, path := range hostileParts {
				errs = append(errs, os.RemoveAll(h.at(path)))
			}
			return nil, errors.Join(errs...)
		}},
	}
}

// socket makes a socket whose path may be long.
func (h *hostile) socket(path string) error {
	return syscall.Mknod(h.at(path), syscall.S_IFSOCK|0o644, 0)
}

// deep makes n directories, each in the one before; their path is longer than
// any call takes.
func (h *hostile) deep(path string, n int) error {
	dir, err := syscall.Open(h.at(path), syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	for range n {
		if err != nil {
			return err
		}
		if err = syscall.Mkdirat(dir, "deep", 0o755); err != nil {
			break
		}
		var next int
		next, err = syscall.Openat(dir, "deep", syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
		syscall.Close(dir)
		dir = next
	}
	syscall.Close(dir)
	return err
}
