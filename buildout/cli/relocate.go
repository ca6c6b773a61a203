package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/parts/pack"
)

const relocateLong = `Makes a tree of installed parts right where it is now, after it was moved as a
whole: what gobuild unpack has made, or a directory in which gobuild has built.
Where it was before stands in the tree. With --to the tree stays as it is, and a
copy is made that is right in its new place.

  mv /opt/stack /srv/stack && gobuild relocate /srv/stack
  gobuild relocate /srv/stack --check       what would be changed
  gobuild relocate /srv/stack --to /opt/copy

All new files are written before the first one is replaced: a failure leaves the
tree as it is, and after a kill the next gobuild relocate completes what was
begun. A tree that cannot be there is an error that names the files.

Exit status: 0 done, or nothing to do; 1 it could not be done; 2 wrong use; 6 the
state of the directory cannot be read; 130 interrupted.`

// relocateFlags are the flags of relocate.
type relocateFlags struct {
	from, to string
	check    bool
	noLinks  bool
	wrap     bool
}

func newRelocate(a *app) *cobra.Command {
	o := &relocateFlags{}
	c := &cobra.Command{
		Use: "relocate DIR", Short: "make a tree right that was moved", Long: relocateLong,
		RunE: func(cmd *cobra.Command, args []string) error { return runRelocate(cmd.Context(), a, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "", "the directory `OLD` where the tree was, if it does not tell")
	f.StringVar(&o.to, "to", "", "make a copy in the directory `NEW`, and leave the tree as it is")
	f.BoolVar(&o.check, "check", false, "only say what would be done")
	f.BoolVar(&o.noLinks, "no-links", false, "with --to: make no links to programs")
	f.BoolVar(&o.wrap, "wrap", false, "with --to: let scripts stand for programs whose directories do not fit")
	return c
}

func runRelocate(ctx context.Context, a *app, o *relocateFlags, args []string) error {
	switch {
	case len(args) != 1:
		return withHint(usage("The relocate command takes one directory."), "gobuild relocate DIR")
	case o.to != "" && (o.from != "" || o.check):
		return usage("--to excludes --from and --check")
	case o.to == "" && (o.noLinks || o.wrap):
		return usage("--no-links and --wrap are for --to")
	}
	dir := filepath.Clean(a.path(args[0]))
	if o.to != "" {
		return packError(ctx, a.copyTree(ctx, o, dir))
	}
	from := ""
	if o.from != "" {
		from = filepath.Clean(a.path(o.from))
	}
	m, err := buildout.Relocate(ctx, pack.MoveOptions{Dir: dir, From: from, Check: o.check, Umask: umask(), Jobs: a.packJobs(), Disk: a.disk()}, a.lockOptions(dir))
	if err != nil {
		return packError(ctx, err)
	}
	a.show(m.Warnings)
	return a.writeResult(movedSummary(m, o.check), func(p *printer) { p.moved(m, o.check) })
}

// copyTree makes a relocated copy.
func (a *app) copyTree(ctx context.Context, o *relocateFlags, dir string) error {
	s, known, release, err := buildout.PackTree(ctx, dir, nil, a.lockOptions(dir))
	if err != nil {
		return err
	}
	defer release()
	t, err := pack.Read(ctx, s, pack.Selection{AllowChanged: true, Jobs: a.packJobs()})
	if err != nil {
		return err
	}
	kept := buildout.KeptOf(s)
	c := pack.CopyOptions{Gobuild: version(), Architecture: architecture(), Extra: kept.Texts(t), Describe: kept.Describe}
	if c.Time, err = a.sourceDate(); err != nil {
		return err
	}
	if known != nil {
		c.Gobuild, c.Architecture, c.Time = known.Gobuild, known.Architecture, known.Time
	}
	d := a.destination(o.to)
	d.NoLinks, d.Wrap = o.noLinks, o.wrap
	u, err := t.Copy(ctx, c, d)
	if err != nil {
		return err
	}
	return a.unpacked(u, o.to)
}

// moveSummary is what `--json` prints of a move.
type moveSummary struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Parts     int      `json:"parts"`
	Files     []string `json:"files"`
	Done      bool     `json:"done"`
	Completed bool     `json:"completed"`
}

func movedSummary(m *pack.Moved, check bool) moveSummary {
	return moveSummary{m.From, m.To, m.Parts, m.Files, !check, m.Completed}
}

func (p *printer) moved(m *pack.Moved, check bool) {
	switch {
	case m.From == m.To:
		p.line("nothing to do: the tree is where it was made")
	case check:
		for _, file := range m.Files {
			p.line("%s", file)
		}
		p.line("%s would be changed: from %s to %s", count(len(m.Files), "file"), m.From, m.To)
	case m.Completed:
		p.line("completed what a run that was killed has left: from %s to %s", m.From, m.To)
	default:
		p.line("%s, %s changed: from %s to %s", count(m.Parts, "part"), count(len(m.Files), "file"), m.From, m.To)
	}
}
