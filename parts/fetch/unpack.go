package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// errNotArchive says that a file is none of the known kinds.
var errNotArchive = errors.New("not a recognized archive type")

// stagePattern names the directory inside the destination where an archive is
// unpacked before its entries move to their place.
const stagePattern = ".unpack-*"

// maxNameLength is the longest name of a member: no program could open more.
const maxNameLength = 4096

// Unpack puts the content of an archive, or a copy of a directory, into the
// existing directory dest. On failure nothing of it is left there. Entries that
// dest has already are not replaced: that is an error.
func (f *fetcher) Unpack(ctx context.Context, archive, dest string, strip parts.Strip) error {
	err := f.unpack(ctx, archive, dest, strip)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return f.archiveError(archive, err)
}

func (f *fetcher) unpack(ctx context.Context, archive, dest string, strip parts.Strip) error {
	root, err := os.OpenRoot(dest)
	if err != nil {
		return err
	}
	defer root.Close()
	stage, err := os.MkdirTemp(dest, stagePattern)
	if err != nil {
		return err
	}
	stage = filepath.Base(stage)
	defer root.RemoveAll(stage)
	inside, err := root.OpenRoot(stage)
	if err != nil {
		return err
	}
	defer inside.Close()
	x := &extractor{root: inside, log: f.log, meter: newMeter(ctx, f.limits), threads: f.config.Threads, dirs: map[string]entry{}}
	if err := x.extract(archive, dest); err != nil {
		return err
	}
	return x.settle(root, stage, strip)
}

// extract unpacks what archive is into the stage.
func (x *extractor) extract(archive, dest string) error {
	info, err := os.Stat(archive)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return x.copyTree(archive, dest)
	case !info.Mode().IsRegular():
		return errNotArchive
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	x.meter.archive = info.Size()
	return x.open(file, info.Size())
}

// archiveError returns the diagnostic of an archive that was not unpacked.
func (f *fetcher) archiveError(archive string, err error) error {
	var (
		d    *diag.Diagnostic
		file *fs.PathError
		link *os.LinkError
	)
	switch {
	case errors.Is(err, errNotArchive):
		d = &diag.Diagnostic{Code: "archive-kind", Msg: "Not a recognized archive type: " + archive}
		d.WithHint("%s", kindHint(archive))
	case errors.Is(err, errLimit), errors.Is(err, errMember):
		d = &diag.Diagnostic{Code: "archive-hostile", Msg: "archive " + archive + " was refused: " + err.Error()}
	case errors.Is(err, errStrip):
		d = &diag.Diagnostic{Code: "archive-strip", Msg: archive + ": " + err.Error()}
	case errors.As(err, &file), errors.As(err, &link):
		d = &diag.Diagnostic{Code: "archive-unpack", Msg: "cannot unpack " + archive + ": " + err.Error()}
	default:
		d = &diag.Diagnostic{Code: "archive-damaged", Msg: "archive " + archive + " is damaged or truncated: " + err.Error()}
		d.WithHint("give the URL a checksum, and fetch the file again")
	}
	if f.part.Name != "" {
		d.WithPath(f.part.Name, "unpack")
	}
	return d.WithCause(err)
}

func kindHint(archive string) string {
	head := make([]byte, headSize)
	if file, err := os.Open(archive); err == nil {
		defer file.Close()
		n, _ := file.Read(head)
		if looksLikePage(head[:n]) {
			return "the file is a web page: open the URL in a browser to see why"
		}
	}
	return "known are directories, zip, and tar, plain or compressed by gzip, bzip2, xz, zstd or lzip"
}

// Errors of archives that are well-formed but not acceptable.
var (
	errMember = errors.New("bad member")
	errStrip  = errors.New("cannot strip the top directory")
)

// entry is what an archive says of a member besides its content.
type entry struct {
	name    string // as clean made it
	mode    fs.FileMode
	hasMode bool // else the umask decides
	time    time.Time
}

// permBits are the bits of a mode that are applied.
const permBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// extractor makes the members of one archive below root. Everything goes
// through root, so nothing is written through a link that leads out of it.
type extractor struct {
	root  *os.Root
	log   func(string)
	meter *meter
	// threads is how many may be used.
	threads int
	dirs    map[string]entry // directories whose mode and time are applied last
	buf     [64 << 10]byte
}

// clean returns the path below root of a member, "." for root itself. A name
// that is absolute or has a `..` is unsafe: the member is skipped.
func (x *extractor) clean(name string) (string, bool, error) {
	switch {
	case strings.HasPrefix(name, "/"), slices.Contains(strings.Split(name, "/"), ".."):
		x.log(fmt.Sprintf("skipping member %q: its name is unsafe", name))
		return "", false, nil
	case len(name) > maxNameLength:
		return "", false, fmt.Errorf("%w: a name of %d bytes", errMember, len(name))
	}
	return path.Clean(name), true, nil
}

// place calls make, which makes the member called name. When a parent is
// missing it is made first; a file or link that is in the way is replaced.
func (x *extractor) place(name string, make func() error) error {
	err := make()
	if errors.Is(err, fs.ErrNotExist) {
		if err := x.root.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		err = make()
	}
	if errors.Is(err, fs.ErrExist) {
		if err := x.root.Remove(name); err != nil {
			return err
		}
		err = make()
	}
	return err
}

// dir makes a directory. A directory that exists, also by a link, stays.
func (x *extractor) dir(e entry) error {
	x.dirs[e.name] = e
	if info, err := x.root.Stat(e.name); err == nil && info.IsDir() {
		return nil
	}
	return x.place(e.name, func() error { return x.root.Mkdir(e.name, 0o777) })
}

// symlink makes a symbolic link. Its target may be anything: reading it is the
// business of others.
func (x *extractor) symlink(e entry, target string) error {
	return x.place(e.name, func() error { return x.root.Symlink(target, e.name) })
}

// link makes a hard link to a member that came before. Mode and time go to the
// file that both names share.
func (x *extractor) link(e entry, target string) error {
	clean := path.Clean(target)
	if !filepath.IsLocal(clean) {
		return fmt.Errorf("%w: hard link %q leads outside, to %q", errMember, e.name, target)
	}
	info, err := x.root.Lstat(clean)
	if err != nil {
		return fmt.Errorf("%w: hard link %q leads to %q, which is not there", errMember, e.name, target)
	}
	if clean != e.name {
		err = x.place(e.name, func() error { return x.root.Link(clean, e.name) })
	}
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	return x.apply(e)
}

// apply sets mode and time. A time that the file system does not take is no
// reason to fail.
func (x *extractor) apply(e entry) error { return applyIn(x.root, e) }

func applyIn(root *os.Root, e entry) error {
	if e.hasMode {
		if err := root.Chmod(e.name, e.mode&permBits); err != nil {
			return err
		}
	}
	if !e.time.IsZero() {
		_ = root.Chtimes(e.name, e.time, e.time)
	}
	return nil
}

// settle moves the entries of the stage into dest, without their top directory
// if it is to be stripped, and applies modes and times of directories: last, for
// a read-only directory takes no entries.
func (x *extractor) settle(dest *os.Root, stage string, strip parts.Strip) error {
	top, err := x.top(strip)
	if err != nil {
		return err
	}
	names, err := readNames(x.root, top)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := dest.Lstat(name); err == nil {
			return &fs.PathError{Op: "unpack", Path: filepath.Join(dest.Name(), name), Err: fs.ErrExist}
		}
	}
	for i, name := range names {
		if err := dest.Rename(path.Join(stage, top, name), name); err != nil {
			removeAll(dest, names[:i])
			return err
		}
	}
	err = dest.RemoveAll(stage) // before the time of dest is set
	if err == nil {
		err = x.applyDirs(dest, top)
	}
	if err != nil {
		removeAll(dest, names)
	}
	return err
}

func removeAll(root *os.Root, names []string) {
	for _, name := range names {
		root.RemoveAll(name)
	}
}

// top returns the directory of the stage whose content is wanted: "." or the
// single top directory.
func (x *extractor) top(strip parts.Strip) (string, error) {
	names, err := readNames(x.root, ".")
	if err != nil || strip == parts.StripNever {
		return ".", err
	}
	if len(names) == 1 {
		info, err := x.root.Lstat(names[0])
		if err != nil || info.IsDir() {
			return names[0], err
		}
	}
	if strip == parts.StripAlways {
		return "", fmt.Errorf("%w: want exactly one directory, found %s", errStrip, list(names))
	}
	return ".", nil
}

// list names the first of names.
func list(names []string) string {
	const most = 5
	switch {
	case len(names) == 0:
		return "nothing"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func readNames(root *os.Root, dir string) ([]string, error) {
	file, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// applyDirs applies modes and times of directories, the deepest first and dest
// itself last. The directory that was stripped gives nothing to dest.
func (x *extractor) applyDirs(dest *os.Root, top string) error {
	var all []entry
	for name, e := range x.dirs {
		if inTop, ok := strings.CutPrefix(name, top+"/"); ok {
			e.name = inTop
		} else if top != "." && name != "." {
			continue
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Compare(depthKey(b), depthKey(a))
	})
	for _, e := range all {
		if info, err := dest.Lstat(e.name); err != nil || !info.IsDir() {
			continue // replaced by a later member
		}
		if err := applyIn(dest, e); err != nil {
			return err
		}
	}
	return nil
}

// depthKey sorts directories before what is in them.
func depthKey(e entry) string {
	if e.name == "." {
		return ""
	}
	return e.name
}
