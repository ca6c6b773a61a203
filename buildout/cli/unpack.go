package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/parts/pack"
)

const unpackLong = `Makes a tree of an archive that gobuild pack has written, in a directory that does
not exist or is empty. Every file is checked and made right for its new place.
The directory gets its name when all of it is on disk: a failure leaves
nothing. A tree that cannot be where it is asked for is an error that
names the files, before anything is written.

  gobuild unpack stack.tar.zst --to /opt/stack
  /opt/stack/bin/nginx -v                     links to the programs
  gobuild unpack a.tar.zst --to DIR --sha256 HEX   only if its manifest has this sum

The tree can be moved: gobuild relocate DIR makes it right after a plain mv.

Exit status: 0 done; 1 the archive was refused, or the tree could not be made; 2
wrong use; 130 interrupted.`

// unpackFlags are the flags of unpack.
type unpackFlags struct {
	to, sum string
	noLinks bool
	wrap    bool
}

func newUnpack(a *app) *cobra.Command {
	o := &unpackFlags{}
	c := &cobra.Command{
		Use: "unpack FILE --to DIR", Short: "make a tree of an archive of gobuild pack", Long: unpackLong, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error { return runUnpack(cmd.Context(), a, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "make the tree in the directory `DIR`")
	f.StringVar(&o.sum, "sha256", "", "refuse an archive whose manifest has not the SHA-256 `HEX`")
	f.BoolVar(&o.noLinks, "no-links", false, "make no links in DIR/bin to the programs of the named parts")
	f.BoolVar(&o.wrap, "wrap", false, "let scripts stand for programs whose directories do not fit, where variables tell them")
	return c
}

func runUnpack(ctx context.Context, a *app, o *unpackFlags, args []string) error {
	switch {
	case len(args) != 1:
		return withHint(usage("The unpack command takes one archive."), "gobuild unpack FILE.tar.zst --to DIR")
	case o.to == "":
		return withHint(usage("The unpack command needs to know where to unpack."), "gobuild unpack "+args[0]+" --to DIR")
	}
	d := a.destination(o.to)
	d.Dir = filepath.Clean(d.Dir)
	d.NoLinks, d.Wrap = o.noLinks, o.wrap
	u, err := pack.Unpack(ctx, a.path(args[0]), strings.ToLower(o.sum), d)
	if err != nil {
		return packError(ctx, err)
	}
	return a.unpacked(u, o.to)
}

// unpackSummary is what `--json` prints of a tree that was made.
type unpackSummary struct {
	Directory string   `json:"directory"`
	Parts     []string `json:"parts"`
	Files     int      `json:"files"`
	Size      int64    `json:"size"`
	Manifest  string   `json:"manifest_sha256,omitempty"`
	Glibc     string   `json:"glibc,omitempty"`
	Programs  []string `json:"programs"`
	Wrapped   []string `json:"wrapped,omitempty"`
}

// unpacked tells of a tree that was made.
func (a *app) unpacked(u *pack.Unpacked, dir string) error {
	a.show(u.Warnings)
	s := &unpackSummary{Directory: u.Dir, Files: u.Files, Size: u.Size, Manifest: u.Sum, Glibc: u.Glibc, Programs: append([]string{}, u.Programs...), Wrapped: u.Wrapped, Parts: []string{}}
	for _, p := range u.Parts {
		s.Parts = append(s.Parts, p.Name)
	}
	return a.writeResult(s, func(p *printer) {
		p.line("%s: %s, %s, %s", dir, count(len(s.Parts), "part"), count(s.Files, "file"), sizeText(s.Size))
		if n := len(s.Programs); n > 0 {
			p.line("%s in %s", count(n, "program"), filepath.Join(dir, "bin"))
		}
		if len(s.Wrapped) > 0 {
			p.line("scripts stand for: %s", strings.Join(s.Wrapped, ", "))
		}
	})
}
