package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/elf"
	"gobuild/parts/pack"
)

// image writes an image.
func (p *packing) image() error {
	o := pack.ImageOptions{Gobuild: version(), Architecture: runtime.GOARCH, Time: p.time, Prefix: p.o.prefix, Entrypoint: p.o.entrypoint,
		Name: p.o.ref, Zstd: p.o.compression == "zstd", Level: pack.Level(p.o.level)}
	if !o.Zstd && o.Level == pack.LevelDefault {
		o.Level = 6 // what gzip does by itself
	}
	if p.o.withGlibc {
		var err error
		if o.Libraries, err = p.libraries(); err != nil {
			return err
		}
	}
	image, err := p.tree.Image(p.ctx, o, p.destination(p.o.oci))
	if err != nil {
		return err
	}
	p.show(image.Warnings)
	return p.writeResult(image, func(out *printer) {
		for _, l := range image.Layers {
			out.line("%10s  %s", sizeText(l.Size), l.Name)
		}
		out.line("%s: image of %s, %s", p.o.oci, count(len(p.tree.Parts), "part"), image.Digest)
	})
}

// destination is a directory that is made.
func (a *app) destination(dir string) pack.Destination {
	return pack.Destination{Dir: a.path(dir), Umask: umask(), Jobs: a.packJobs(), Disk: a.disk(), Gobuild: version(), FileName: buildout.FileName}
}

// libraryDirs is where glibc is on the machines that there are, by the loader's
// own order.
func libraryDirs() []string {
	var dirs []string
	for _, pattern := range []string{"/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib64", "/usr/lib64", "/lib", "/usr/lib"} {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

// libraries are the files of glibc on this machine: all of its own set, and of
// the compiler's libraries those that files of the tree ask for.
func (p *packing) libraries() ([]string, error) {
	loaders, needed := p.tree.Machine()
	list := slices.Clone(loaders)
	wanted := slices.Clone(needed)
	for _, l := range elf.Sonames {
		if l.Class == elf.ClassGlibc {
			wanted = append(wanted, l.Soname)
		}
	}
	slices.Sort(wanted)
	for _, name := range slices.Compact(wanted) {
		class, _ := elf.Classify(name)
		if class == elf.ClassOther || slices.ContainsFunc(list, func(at string) bool { return filepath.Base(at) == name }) {
			continue
		}
		at := findLibrary(name)
		switch {
		case at != "":
			list = append(list, at)
		case slices.Contains(needed, name):
			return nil, diag.At(diag.Span{}, "oci-image", "the tree needs %s, which this machine does not have", name).
				WithHint("make the image on a machine where the programs run, or leave --with-glibc out")
		}
	}
	return list, nil
}

func findLibrary(name string) string {
	for _, dir := range libraryDirs() {
		at := filepath.Join(dir, name)
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			return at
		}
	}
	return ""
}
