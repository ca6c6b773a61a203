package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gobuild/parts"
)

const filesHead = "gobuild files 1\n"

// Kinds of what a part can install.
const (
	KindFile  = "f"
	KindDir   = "d"
	KindLink  = "l"
	KindOther = "o"
	rootLine  = "r"
	digestKey = "digest"
)

// Installed is one file, directory or link of an installed part.
type Installed struct {
	Path  string
	Kind  string
	Mode  fs.FileMode // permissions
	Size  int64       // of a file
	Time  int64       // of the last change of a file, in nanoseconds
	Value string      // SHA-256 of a file in hexadecimal, or where a link leads
}

// Files is all that a part has installed.
type Files struct {
	Digest string   // of the record of the part
	Roots  []string // paths that the part owns
	All    []Installed
}

// FilesPath returns where the files of a part are noted in a state directory.
// name is the name of the part as that of a file.
func FilesPath(stateDir, name string) string { return filepath.Join(stateDir, "files", name) }

// Note writes down what a part with the record r has installed; roots are its
// paths, absolute.
func Note(ctx context.Context, path string, r parts.Record, roots []string) error {
	f, err := Hash(ctx, roots)
	if err != nil {
		return err
	}
	f.Digest = Digest(r)
	return f.Save(path)
}

// Check says what is wrong with what a part with the record r has installed.
// The content of all files is read. When it is not noted, nothing is known to
// be wrong.
func Check(ctx context.Context, path string, r parts.Record) []string {
	f, ok := LoadFiles(path)
	if !ok || f.Digest != Digest(r) {
		return nil
	}
	d, err := f.Verify(ctx, true)
	if err != nil {
		return nil // the run is cancelled
	}
	return d.Messages()
}

const (
	// hashers is how many files are read at once.
	hashers = 2
	// hashBuffer is how much of a file is in memory.
	hashBuffer = 256 << 10
)

// Hash reads all that is below the paths that a part owns. Links are not
// followed; a path that does not exist is left out, and a file that may not be
// read has no sum.
func Hash(ctx context.Context, roots []string) (*Files, error) {
	f := &Files{Roots: outermost(roots)}
	for _, root := range f.Roots {
		if err := f.walk(root); err != nil {
			return nil, err
		}
	}
	return f, hashAll(ctx, f.All)
}

// outermost leaves out paths that are below others.
func outermost(paths []string) []string {
	var roots []string
	sorted := make([]string, 0, len(paths))
	for _, p := range paths {
		if p != "" {
			sorted = append(sorted, filepath.Clean(p))
		}
	}
	slices.Sort(sorted)
	for _, p := range sorted {
		if !within(p, roots) {
			roots = append(roots, p)
		}
	}
	return roots
}

// walk adds what is at root and below it, without the sums of files. What goes
// away in the meantime is left out.
func (f *Files) walk(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = f.add(path, d)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		return err
	})
}

func (f *Files) add(path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	i, err := look(path, info)
	f.All = append(f.All, i)
	return err
}

// look describes what is at path, without the sum of a file.
func look(path string, info fs.FileInfo) (Installed, error) {
	i := Installed{Path: path, Kind: KindOther, Mode: info.Mode().Perm()}
	var err error
	switch mode := info.Mode(); {
	case mode.IsRegular():
		i.Kind, i.Size, i.Time = KindFile, info.Size(), info.ModTime().UnixNano()
		i.Mode |= mode & (fs.ModeSetuid | fs.ModeSetgid)
	case mode.IsDir():
		i.Kind = KindDir
	case mode&fs.ModeSymlink != 0:
		i.Kind, i.Mode = KindLink, 0
		i.Value, err = os.Readlink(path)
	}
	return i, err
}

// hashAll fills in the sums of the files of a list. A file that cannot be read
// gets none.
func hashAll(ctx context.Context, list []Installed) error {
	next := make(chan int)
	var done sync.WaitGroup
	size := int64(1) // one more than the largest file: reading it finds its end
	for _, f := range list {
		size = max(size, min(f.Size+1, hashBuffer))
	}
	for range min(hashers, len(list)) {
		done.Go(func() {
			buffer := make([]byte, size)
			for n := range next {
				list[n].Value = hashFile(ctx, list[n].Path, buffer)
			}
		})
	}
	for n := range list {
		if list[n].Kind == KindFile && ctx.Err() == nil {
			next <- n
		}
	}
	close(next)
	done.Wait()
	return ctx.Err()
}

func hashFile(ctx context.Context, path string, buffer []byte) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	for {
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		switch {
		case err == io.EOF:
			return hex.EncodeToString(sum.Sum(nil))
		case err != nil || ctx.Err() != nil:
			return ""
		}
	}
}

// Save writes the list to path.
func (f *Files) Save(path string) error {
	return replaceFile(path, false, func(w *os.File) error {
		out := bufio.NewWriter(w)
		out.WriteString(filesHead + line(digestKey, f.Digest))
		for _, root := range f.Roots {
			out.WriteString(line(rootLine, root))
		}
		for _, i := range f.All {
			out.WriteString(line(i.Kind, i.Path, strconv.FormatUint(uint64(i.Mode), 8), strconv.FormatInt(i.Size, 10),
				strconv.FormatInt(i.Time, 10), i.Value))
		}
		out.WriteString(line(endLine))
		return out.Flush()
	})
}

// endLine is the last line: without it the list is not whole.
const endLine = "end"

// LoadFiles reads a list. ok is false when there is none that can be read.
func LoadFiles(path string) (f *Files, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	f = &Files{}
	whole := false
	_, ok = lines(string(text), filesHead, func(fields string) bool {
		r := &reader{rest: strings.Clone(fields)}
		switch kind := r.text(); kind {
		case endLine:
			whole = true
		case digestKey:
			f.Digest = r.text()
		case rootLine:
			f.Roots = append(f.Roots, r.text())
		default:
			i := Installed{Path: r.text(), Kind: kind}
			mode, err := strconv.ParseUint(r.text(), 8, 32)
			i.Mode, i.Size, i.Time, i.Value = fs.FileMode(mode), r.number(), r.number(), r.text()
			f.All = append(f.All, i)
			return !r.bad && err == nil
		}
		return !r.bad
	})
	return f, ok && whole
}
