package pack

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts/relocate"
)

// ImageOptions say how an image is made.
type ImageOptions struct {
	Gobuild      string
	Architecture string // as images have it: amd64
	Time         int64
	Prefix       string // of the tree in the image
	Entrypoint   string // program or path, "" for none
	Name         string // of the image in its index
	Zstd         bool   // layers in zstd, not gzip
	Level        Level
	// Libraries are files of the machine that the tree runs with, by their path
	// there and in the image: glibc.
	Libraries []string
}

// Image is an image that was made.
type Image struct {
	Dir        string       `json:"directory"`
	Digest     string       `json:"digest"` // of its manifest
	Prefix     string       `json:"prefix"`
	Entrypoint []string     `json:"entrypoint,omitempty"`
	Layers     []ImageLayer `json:"layers"`
	Warnings   diag.List    `json:"-"`
}

// ImageLayer is a layer of an image.
type ImageLayer struct {
	Name   string `json:"name"` // of its part, or what it has
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	diffID string
}

// The media types of images.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// Image writes an image in the layout of the Open Container Initiative: a layer
// for each part.
func (t *Tree) Image(ctx context.Context, o ImageOptions, d Destination) (*Image, error) {
	entry, err := t.entrypoint(o)
	if err != nil {
		return nil, err
	}
	mover, err := relocate.NewMover(t.Facts, movesTo(o.Prefix, t.Facts, t.Roots()))
	if err != nil {
		return nil, moverError("the tree", o.Prefix, err)
	}
	problems := mover.Check()
	if err := immovable("the tree", problems); err != nil {
		return nil, err
	}
	s := &stage{Destination: d, manifest: &Manifest{}}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := s.make(); err != nil {
		return nil, err
	}
	defer s.discard()
	w := &imager{Tree: t, o: o, stage: s, enc: newEncoders(o.Level), entry: entry}
	if err := w.write(ctx, mover); err != nil {
		return nil, s.failure(ctx, d.Dir, err)
	}
	if err := s.publish(); err != nil {
		return nil, s.failure(ctx, d.Dir, err)
	}
	i := &Image{Dir: d.Dir, Digest: "sha256:" + w.digest, Prefix: o.Prefix, Entrypoint: entry, Warnings: Warnings(problems)}
	for _, l := range w.layers {
		i.Layers = append(i.Layers, l.ImageLayer)
	}
	return i, nil
}

// entrypoint is the path of the program that the image runs.
func (t *Tree) entrypoint(o ImageOptions) ([]string, error) {
	if o.Entrypoint == "" {
		return nil, nil
	}
	var known []string
	files := make([]File, len(t.members))
	for i := range t.members {
		files[i] = t.members[i].File
		if p := files[i].Path; files[i].Type != TypeDir && (p == o.Entrypoint || p == "parts/"+o.Entrypoint) {
			return []string{o.Prefix + "/" + p}, nil
		}
	}
	for _, part := range t.Source.Named {
		for _, place := range programs(files, t.Roots(), part) {
			if known = append(known, path.Base(place)); path.Base(place) == o.Entrypoint {
				return []string{o.Prefix + "/" + place}, nil
			}
		}
	}
	hint := diag.DidYouMean(o.Entrypoint, known)
	if hint == "" {
		slices.Sort(known)
		hint = "programs are: " + strings.Join(known[:min(len(known), shown)], ", ")
	}
	return nil, diag.At(diag.Span{}, "oci-image", "no program %s is in the parts that the image is for", o.Entrypoint).WithHint("%s", hint)
}

// imager writes one image.
type imager struct {
	*Tree
	*stage
	o      ImageOptions
	enc    *encoders
	entry  []string
	layers []*imageLayer
	digest string // of the manifest
}

// imageLayer is a layer that is written.
type imageLayer struct {
	ImageLayer
	diff hash.Hash // of the tar file
	sum  hash.Hash // of the blob
	out  *os.File
	dirs map[string]bool // that have a header
}

// piece is content of a layer; the last one ends it.
type piece struct {
	layer *imageLayer
	data  []byte
	last  bool
}

func (w *imager) write(ctx context.Context, mover *relocate.Mover) error {
	if err := os.MkdirAll(filepath.Join(w.dir, "blobs", "sha256"), 0o777); err != nil {
		return err
	}
	err := inOrder(ctx, w.Tree.jobs,
		func(emit func(piece) error) error { return w.pieces(ctx, mover, emit) },
		func(_ context.Context, p piece) (piece, error) {
			plain := p.data
			var err error
			p.data, err = w.compress(plain)
			reuse(plain)
			return p, err
		},
		w.take)
	if err != nil {
		return err
	}
	return w.describe()
}

// compress packs a piece of a layer. Several packed pieces in a row are one
// stream, for zstd and for gzip.
func (w *imager) compress(data []byte) ([]byte, error) {
	if w.o.Zstd {
		return w.enc.encode(data), nil
	}
	return gzipped(data, w.o.Level)
}

// take writes a packed piece.
func (w *imager) take(p piece) (err error) {
	l := p.layer
	if l.out == nil {
		if l.out, err = os.CreateTemp(w.dir, "layer-*"); err != nil {
			return err
		}
		l.sum = sha256.New()
	}
	l.sum.Write(p.data)
	l.ImageLayer.Size += int64(len(p.data))
	if _, err := l.out.Write(p.data); err != nil || !p.last {
		return err
	}
	sum := hexOf(l.sum.Sum(nil))
	l.Digest, l.diffID = "sha256:"+sum, "sha256:"+hexOf(l.diff.Sum(nil))
	w.layers = append(w.layers, l)
	err = errors.Join(l.out.Chmod(0o644), l.out.Close())
	if err == nil {
		err = os.Rename(l.out.Name(), w.blob(sum))
	}
	return err
}

func (w *imager) blob(sum string) string { return filepath.Join(w.dir, "blobs", "sha256", sum) }

// pieces writes the layers: libraries, parts, and links to programs.
func (w *imager) pieces(ctx context.Context, mover *relocate.Mover, emit func(piece) error) error {
	if err := w.libraries(emit); err != nil {
		return err
	}
	var (
		l     *layerWriter
		files []File
	)
	err := w.produce(ctx, mover, w.o.Time, func(p *produced) error {
		part := w.roots[p.root].Part
		if l == nil || l.layer.Name != part {
			if err := l.end(); err != nil {
				return err
			}
			l = w.layer(part, emit)
		}
		files = append(files, p.File)
		f := p.File
		f.Path = w.inImage(f.Path)
		if f.Type == TypeHard {
			f.Target = w.inImage(f.Target)
		}
		err := l.member(f, p.Data)
		reuse(p.Data)
		return err
	})
	if err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	return w.links(files, emit)
}

// inImage is a place in the tree as a path in the image.
func (w *imager) inImage(place string) string {
	return strings.TrimPrefix(w.o.Prefix, "/") + "/" + place
}

// links writes the layer of the links to programs.
func (w *imager) links(files []File, emit func(piece) error) error {
	links, _ := programLinks(files, w.Roots(), w.Source.Named)
	if len(links) == 0 {
		return nil
	}
	l := w.layer("links", emit)
	for _, link := range links {
		if err := l.member(File{Path: w.inImage(link.name), Type: TypeLink, Target: link.target}, nil); err != nil {
			return err
		}
	}
	return l.end()
}

// libraries writes the layer of the files of the machine.
func (w *imager) libraries(emit func(piece) error) error {
	if len(w.o.Libraries) == 0 {
		return nil
	}
	l := w.layer("glibc", emit)
	for _, name := range w.o.Libraries {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := l.member(File{Path: strings.TrimPrefix(name, "/"), Type: TypeFile, Mode: 0o755, Size: int64(len(data))}, data); err != nil {
			return err
		}
	}
	return l.end()
}

// layerWriter cuts the tar file of a layer into pieces.
type layerWriter struct {
	*chunker
	layer *imageLayer
	time  int64
	emit  func(piece) error
}

func (w *imager) layer(name string, emit func(piece) error) *layerWriter {
	l := &layerWriter{layer: &imageLayer{ImageLayer: ImageLayer{Name: name}, diff: sha256.New(), dirs: map[string]bool{}}, time: w.o.Time, emit: emit}
	l.chunker = &chunker{emit: func(c chunk) error { return emit(piece{layer: l.layer, data: c.data}) }}
	return l
}

// member writes a member, after the directories above it.
func (l *layerWriter) member(f File, data []byte) error {
	if dir := path.Dir(f.Path); dir != "." && !l.layer.dirs[dir] {
		if err := l.member(File{Path: dir, Type: TypeDir, Mode: 0o755}, nil); err != nil {
			return err
		}
	}
	if f.Type == TypeDir {
		if l.layer.dirs[f.Path] {
			return nil
		}
		l.layer.dirs[f.Path] = true
	}
	return writeMember(io.MultiWriter(l.layer.diff, l.chunker), f, l.time, data)
}

// end ends the layer; that of nil is none.
func (l *layerWriter) end() error {
	if l == nil {
		return nil
	}
	if _, err := io.MultiWriter(l.layer.diff, l.chunker).Write(make([]byte, tarEnd)); err != nil {
		return err
	}
	data := l.data
	return l.emit(piece{layer: l.layer, data: data, last: true})
}

// describe writes the configuration, the manifest and the index.
func (w *imager) describe() error {
	config, err := w.putJSON(w.config())
	if err != nil {
		return err
	}
	config.MediaType = mediaConfig
	m := imageManifest{SchemaVersion: 2, MediaType: mediaManifest, Config: config, Layers: []descriptor{}}
	for _, l := range w.layers {
		kind := mediaLayer + "+gzip"
		if w.o.Zstd {
			kind = mediaLayer + "+zstd"
		}
		m.Layers = append(m.Layers, descriptor{MediaType: kind, Digest: l.Digest, Size: l.ImageLayer.Size, Annotations: map[string]string{"gobuild.part": l.Name}})
	}
	manifest, err := w.putJSON(m)
	if err != nil {
		return err
	}
	manifest.MediaType, manifest.Platform = mediaManifest, &platform{w.o.Architecture, "linux"}
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": w.o.Name}
	w.digest = strings.TrimPrefix(manifest.Digest, "sha256:")
	index, err := json.Marshal(imageIndex{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{manifest}})
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(w.dir, "index.json"), index, 0o644),
		os.WriteFile(filepath.Join(w.dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644))
}

// putJSON writes a blob.
func (w *imager) putJSON(v any) (descriptor, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return descriptor{}, err
	}
	sum := sumOf(text)
	return descriptor{Digest: "sha256:" + sum, Size: int64(len(text))}, os.WriteFile(w.blob(sum), text, 0o644)
}

func (w *imager) config() imageConfig {
	at := time.Unix(w.o.Time, 0).UTC()
	c := imageConfig{Created: at, Architecture: w.o.Architecture, OS: "linux", RootFS: rootFS{Type: "layers", DiffIDs: []string{}}}
	c.Config.Entrypoint = w.entry
	c.Config.Env = []string{"PATH=" + w.o.Prefix + "/" + programsDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	c.Config.Labels = map[string]string{"gobuild.version": w.o.Gobuild, "gobuild.parts": strings.Join(w.Source.Named, " ")}
	for _, l := range w.layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, l.diffID)
		c.History = append(c.History, imageHistory{at, fmt.Sprintf("gobuild pack: %s", l.Name)})
	}
	return c
}
