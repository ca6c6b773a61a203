package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
	"gobuild/parts/relocate"
)

// FixedTime is the time of files in archives, unless SOURCE_DATE_EPOCH is set:
// the first day that zip files know, in seconds since 1970.
const FixedTime = 315532800

// ArchiveOptions say how an archive is written.
type ArchiveOptions struct {
	Gobuild      string // version
	Architecture string
	Time         int64 // of all files
	Level        Level
	Disk         *disk.Disk
	// Extra are further files: of gobuild itself, by place.
	Extra []ExtraFile
	// Describe completes what the manifest says of a part; nil: nothing.
	Describe func(*Part)
}

// ExtraFile is a file of gobuild itself.
type ExtraFile struct {
	Place string
	Data  []byte
}

// License is the file of the text of a licence.
func License(text []byte) ExtraFile { return ExtraFile{licensesName + "/" + sumOf(text), text} }

// Patch is the file of a patch.
func Patch(text []byte) ExtraFile { return ExtraFile{patchesName + "/" + sumOf(text), text} }

// Packed is an archive that was written.
type Packed struct {
	*Manifest
	Text     []byte // of the manifest
	Sum      string // SHA-256 of Text
	Size     int64  // of the archive
	Problems []relocate.Problem
}

// Write writes an archive to path, in one step: on failure path is what it
// was.
func (t *Tree) Write(ctx context.Context, path string, o ArchiveOptions) (*Packed, error) {
	dir := filepath.Dir(path)
	body, err := os.CreateTemp(dir, ".gobuild-pack-*")
	if err != nil {
		return nil, unwritten(path, err)
	}
	defer os.Remove(body.Name())
	defer body.Close()
	w := &archiver{Tree: t, o: o, enc: newEncoders(o.Level), body: body}
	if err := w.content(ctx); err != nil {
		return nil, w.failure(ctx, path, err)
	}
	p, err := w.finish(path)
	if err != nil {
		return nil, w.failure(ctx, path, err)
	}
	return p, nil
}

func (w *archiver) failure(ctx context.Context, path string, err error) error {
	var known *diag.Diagnostic
	if ctx.Err() != nil || errors.As(err, &known) {
		return err
	}
	return unwritten(path, err)
}

func unwritten(path string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		err = file.Err
	}
	return diag.At(diag.Span{}, "pack-write", "cannot write %s: %v", path, err).WithCause(err).
		WithHint("choose a place with room that is writable; nothing was left behind")
}

// archiver writes one archive.
type archiver struct {
	*Tree
	o        ArchiveOptions
	enc      *encoders
	body     *os.File
	manifest *Manifest
	sums     sums
	packed   map[string]int64 // size of frames by part
	plain    map[string]int64 // size of files by part
	size     int64            // of body
	problems []relocate.Problem
}

// chunk is the content of a frame.
type chunk struct {
	part string
	data []byte
}

// sealed is a frame.
type sealed struct {
	part string
	data []byte
	sum  [sha256.Size]byte
}

// content writes the frames behind the manifest.
func (w *archiver) content(ctx context.Context) error {
	mover, err := relocate.NewMover(w.Facts, w.Facts.Canonical())
	if err != nil {
		return err
	}
	if err := immovable("the tree", mover.Check()); err != nil {
		return err
	}
	w.packed, w.plain, w.linkage = map[string]int64{}, map[string]int64{}, &linkage{}
	w.manifest = &Manifest{Format: manifestFormat, Version: manifestVersion, Gobuild: w.o.Gobuild, Architecture: w.o.Architecture,
		Time: w.o.Time, Named: w.Source.Named, Roots: w.Roots(),
		Relocation: &relocate.Facts{Version: relocate.Version, Prefixes: mover.Prefixes(), Roots: w.Facts.Roots, Files: []relocate.Fact{}}}
	return inOrder(ctx, w.jobs,
		func(emit func(chunk) error) error { return w.chunks(ctx, mover, emit) },
		func(_ context.Context, c chunk) (sealed, error) {
			frame := w.enc.encode(c.data)
			reuse(c.data)
			return sealed{c.part, frame, sha256.Sum256(frame)}, nil
		},
		func(s sealed) error {
			w.sums.add(s.sum)
			w.packed[s.part] += int64(len(s.data))
			w.size += int64(len(s.data))
			_, err := w.body.Write(s.data)
			reuse(s.data)
			return err
		})
}

// chunker cuts the tar file into the content of frames.
type chunker struct {
	emit func(chunk) error
	part string
	data []byte
}

func (c *chunker) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if c.data == nil {
			c.data = bufferOf(frameSize)[:0]
		}
		n := min(frameSize-len(c.data), len(rest))
		c.data = append(c.data, rest[:n]...)
		rest = rest[n:]
		if len(c.data) == frameSize {
			if err := c.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// flush ends a frame.
func (c *chunker) flush() error {
	data := c.data
	if c.data = nil; len(data) == 0 {
		return nil
	}
	return c.emit(chunk{c.part, data})
}

// begin ends the frame of another part.
func (c *chunker) begin(part string) error {
	if part == c.part {
		return nil
	}
	err := c.flush()
	c.part = part
	return err
}

// chunks writes all members but the manifest.
func (w *archiver) chunks(ctx context.Context, mover *relocate.Mover, emit func(chunk) error) error {
	c := &chunker{emit: emit}
	facts := map[string]relocate.Fact{} // by place
	err := w.produce(ctx, mover, w.o.Time, func(p *produced) error {
		if err := c.begin(w.roots[p.root].Part); err != nil {
			return err
		}
		if p.Fact != nil {
			facts[p.Path] = *p.Fact
		} else if first, ok := facts[p.File.Target]; ok && p.Type == TypeHard {
			facts[p.Path] = factOf(first, p.root, insideName(p.Path, w.roots[p.root].Root))
		}
		w.problems = append(w.problems, p.Problems...)
		w.plain[w.roots[p.root].Part] += p.File.Size
		err := w.member(c, p.File, p.Data)
		reuse(p.Data)
		return err
	})
	if err != nil {
		return err
	}
	w.manifest.Relocation.Files = slices.AppendSeq(w.manifest.Relocation.Files, maps.Values(facts))
	sortFacts(w.manifest.Relocation.Files)
	if err := c.begin(""); err != nil {
		return err
	}
	for _, x := range w.o.Extra {
		f := File{Path: x.Place, Type: TypeFile, Mode: 0o644, Size: int64(len(x.Data)), Sum: sumOf(x.Data)}
		if err := w.member(c, f, x.Data); err != nil {
			return err
		}
	}
	if _, err := c.Write(make([]byte, tarEnd)); err != nil {
		return err
	}
	return c.flush()
}

// factOf is the fact about another name of a file.
func factOf(first relocate.Fact, root int, path string) relocate.Fact {
	first.Root, first.Path = root, path
	return first
}

func (w *archiver) member(c *chunker, f File, data []byte) error {
	w.manifest.Files = append(w.manifest.Files, f)
	return writeMember(c, f, w.o.Time, data)
}

// finish puts the manifest in front, and the sum of all behind.
func (w *archiver) finish(path string) (*Packed, error) {
	m := w.manifest
	m.Glibc = w.linkage.glibc
	replace := newReplacer(w.Facts.Prefixes, m.Relocation.Prefixes)
	for _, p := range w.Parts {
		p.Options, p.Size, p.Packed = replace.options(p.Options), w.plain[p.Name], w.packed[p.Name]
		if w.o.Describe != nil {
			w.o.Describe(&p)
			p.Provenance = replace.json(p.Provenance)
		}
		m.Parts = append(m.Parts, p)
	}
	text, err := m.Encode()
	if err != nil {
		return nil, err
	}
	if _, err := decodeManifest(text); err != nil {
		return nil, fmt.Errorf("the manifest that was made: %w", err)
	}
	size, err := w.assemble(path, text)
	return &Packed{Manifest: m, Text: text, Sum: sumOf(text), Size: size, Problems: w.problems}, err
}

// assemble writes the whole archive.
func (w *archiver) assemble(path string, text []byte) (size int64, err error) {
	out, err := os.CreateTemp(filepath.Dir(path), ".gobuild-pack-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	all := sums{}
	c := &chunker{emit: func(c chunk) error {
		frame := w.enc.encode(c.data)
		all.add(sha256.Sum256(frame))
		size += int64(len(frame))
		_, err := out.Write(frame)
		return err
	}}
	if err := writeMember(c, File{Path: ManifestName, Type: TypeFile, Mode: 0o644, Size: int64(len(text))}, w.o.Time, text); err != nil {
		return 0, err
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	if _, err := w.body.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if _, err := io.Copy(out, w.body); err != nil {
		return 0, err
	}
	all.all = append(all.all, w.sums.all...)
	if _, err := out.Write(seal(all.total())); err != nil {
		return 0, err
	}
	if err := errors.Join(out.Chmod(0o644), w.o.Disk.Sync(out), out.Close()); err != nil {
		return 0, err
	}
	if err := w.o.Disk.Rename(out.Name(), path); err != nil {
		return 0, err
	}
	return size + w.size + int64(sealSize), w.o.Disk.SyncDir(filepath.Dir(path))
}

const (
	tarBlock = 512
	tarEnd   = 2 * tarBlock
)

// tarHeader returns the header of a member, byte for byte: it is written, and
// compared when the archive is read.
func tarHeader(f File, seconds int64) ([]byte, error) {
	h := &tar.Header{Name: f.Path, Mode: int64(f.Mode), Size: f.Size, ModTime: time.Unix(seconds, 0), Linkname: f.Target, Format: tar.FormatPAX, Typeflag: tar.TypeReg}
	switch f.Type {
	case TypeDir:
		h.Typeflag, h.Name = tar.TypeDir, f.Path+"/"
	case TypeLink:
		h.Typeflag, h.Mode = tar.TypeSymlink, 0o777
	case TypeHard:
		h.Typeflag, h.Mode = tar.TypeLink, 0o644
	}
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(h)
	return b.Bytes(), err
}

// padding is what follows content of a size.
func padding(size int64) int64 { return -size & (tarBlock - 1) }

func writeMember(w io.Writer, f File, seconds int64, data []byte) error {
	head, err := tarHeader(f, seconds)
	if err != nil {
		return fmt.Errorf("member %s: %w", f.Path, err)
	}
	for _, piece := range [][]byte{head, data, make([]byte, padding(f.Size))} {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}
