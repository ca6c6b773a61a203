//go:build linux && amd64

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// entry is what is compared of a file: all but its times.
type entry struct {
	Mode fs.FileMode
	Size int64  // of a regular file
	Sum  string // of a regular file
	Link string // of a symbolic link
	Twin string // first path, in order, of the same inode
	User uint32
}

func (e entry) String() string {
	return strings.TrimSpace(fmt.Sprintf("%v %d %.8s %s%s user %d", e.Mode, e.Size, e.Sum, e.Link, e.Twin, e.User))
}

// tree is all that is below a directory, by relative path.
type tree map[string]entry

// snapshot reads a tree. skip may be nil; what it takes is left out, with what
// is below.
func snapshot(root string, skip func(path string) bool) (tree, error) {
	t := tree{}
	inodes := map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if skip != nil && skip(rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		e, err := look(path, rel, inodes)
		t[rel] = e
		return err
	})
	return t, err
}

func look(path, rel string, inodes map[uint64]string) (entry, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return entry{}, err
	}
	e := entry{Mode: info.Mode()}
	st := info.Sys().(*syscall.Stat_t)
	e.User = st.Uid
	if first, ok := inodes[st.Ino]; ok && st.Nlink > 1 && !info.IsDir() {
		e.Twin = first
	} else if st.Nlink > 1 {
		inodes[st.Ino] = rel
	}
	switch {
	case info.Mode().IsRegular():
		e.Size = info.Size()
		e.Sum, err = sum(path)
	case info.Mode()&fs.ModeSymlink != 0:
		e.Link, err = os.Readlink(path)
	}
	return e, err
}

func sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// missing begins the line on a path that is not there.
const missing = "missing: "

// differences tells what is different in got, at most some lines of it.
func (want tree) differences(got tree) []string {
	var lines []string
	for _, p := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[p]
		switch {
		case !ok:
			lines = append(lines, missing+fmt.Sprintf("%q", p))
		case g != want[p]:
			lines = append(lines, fmt.Sprintf("%q: %v, not %v", p, g, want[p]))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[p]; !ok {
			lines = append(lines, fmt.Sprintf("left over: %q", p))
		}
	}
	return shorten(lines)
}

// shorten leaves out all but the first lines.
func shorten(lines []string) []string {
	const most = 8
	if len(lines) > most {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", len(lines)-most))
	}
	return lines
}

// below returns the part of the tree at and below a path.
func (want tree) below(path string) tree {
	t := tree{}
	for p, e := range want {
		if p == path || strings.HasPrefix(p, path+"/") {
			t[p] = e
		}
	}
	return t
}
