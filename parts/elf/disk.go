package elf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileID is the device and number of a file. The zero value is not known.
type fileID struct{ device, inode uint64 }

// disk is where files are: those of parts where their paths say, those of the
// host below a root.
type disk struct {
	root      string         // "" or a clean path
	owners    map[string]int // numbers of parts by the paths that they own
	processor *processor     // nil: not asked yet
	followed  map[string]string
}

// newDisk makes a disk. The first part that owns a path has it.
func newDisk(root string, parts []*Part) *disk {
	d := &disk{owners: map[string]int{}, followed: map[string]string{}}
	if root = filepath.Clean(root); root != "/" && root != "." {
		d.root = root
	}
	for i, p := range parts {
		for _, path := range p.Roots {
			d.own(filepath.Clean(path), i)
			if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(real) != real {
				d.own(real, i)
			}
		}
	}
	return d
}

func (d *disk) own(path string, part int) {
	if _, taken := d.owners[path]; !taken {
		d.owners[path] = part
	}
}

// owner returns the part that a path lies in, or -1.
func (d *disk) owner(path string) int {
	for {
		if part, ok := d.owners[path]; ok {
			return part
		}
		up := filepath.Dir(path)
		if up == path || up == "." {
			return -1
		}
		path = up
	}
}

// real returns where a path is opened.
func (d *disk) real(path string) string {
	if d.root == "" || d.owner(path) >= 0 {
		return path
	}
	return d.root + path
}

// follow returns a path without symbolic links. A path that leads to nothing
// stays as it is.
func (d *disk) follow(path string) string {
	if to, ok := d.followed[path]; ok {
		return to
	}
	to, err := filepath.EvalSymlinks(d.real(path))
	switch below, inside := strings.CutPrefix(to, d.root+"/"); {
	case err != nil:
		to = path
	case d.root != "" && inside && d.owner(to) < 0:
		to = "/" + below
	}
	d.followed[path] = to
	return to
}

// exists reports whether there is something at a path, links followed.
func (d *disk) exists(path string) bool {
	_, err := os.Stat(d.real(path))
	return err == nil
}

var errIrregular = errors.New("it is not a regular file")

// openRegular opens a file for reading, and nothing else: opening a pipe would
// wait, and opening a device may do anything.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errIrregular}
	}
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDONLY|noWait, 0)
}
