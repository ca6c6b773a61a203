package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/pack"
	"gobuild/parts/run"
	"gobuild/parts/state"
)

const packLong = `Writes an archive of installed parts and of all that their files need, to be
unpacked in any directory of any machine with a glibc that is new enough. Without
a PART these are all parts that the profile lists. What is needed is what files
name: libraries, interpreters, data; --build-needs packs what was only needed to
build them, too.

  gobuild pack -o stack.tar.zst             all parts
  gobuild pack nginx -o nginx.tar.zst       one, and what it needs
  gobuild pack --from /opt/stack -o a.tar.zst   a tree without its profile
  gobuild pack nginx --oci image --entrypoint nginx --with-glibc

The same files give the same bytes, wherever they were built. The archive begins with
a manifest that has the SHA-256 of each file; its own SHA-256 is printed: whoever
signs it signs the archive, and gobuild unpack --sha256 demands it. Parts that
are not installed, and files that were changed after the install, are errors.
docs/relocation.md tells what is rewritten and how.

Exit status: 0 done; 1 it could not be packed; 2 wrong use; 3 an error in the
profile; 6 the state of the directory cannot be read; 130 interrupted.`

// packFlags are the flags of pack.
type packFlags struct {
	output, from, manifest       string
	buildNeeds, allowChanged     bool
	strip                        bool
	level                        int
	oci, prefix, entrypoint, ref string
	compression                  string
	withGlibc                    bool
}

func newPack(a *app) *cobra.Command {
	o := &packFlags{}
	c := &cobra.Command{
		Use: "pack [PART…]", Short: "write an archive of installed parts and what they need", Long: packLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runPack(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`, or to a directory for an image: oci:DIR")
	f.Bool("offline", false, "") // whose letter is that of --output here
	f.MarkHidden("offline")
	f.StringVar(&o.from, "from", "", "pack what is in the directory `DIR`, without a profile")
	f.StringVar(&o.manifest, "manifest", "", "write the manifest to `FILE`, too")
	f.BoolVar(&o.buildNeeds, "build-needs", false, "also pack what was only needed to build the parts")
	f.BoolVar(&o.allowChanged, "allow-changed", false, "pack files that were changed, or added, after the install")
	f.BoolVar(&o.strip, "strip", false, "take symbols and debug information away; they are written to FILE.debug.tar.zst")
	f.IntVar(&o.level, "level", int(pack.LevelDefault), "how hard to compress: a `LEVEL` of zstd, 1 to 19")
	f.StringVar(&o.oci, "oci", "", "write an image (OCI layout) to the directory `DIR`")
	f.StringVar(&o.prefix, "prefix", "/opt/gobuild", "`DIR` of the tree in an image")
	f.StringVar(&o.entrypoint, "entrypoint", "", "`PROGRAM` that an image runs")
	f.StringVar(&o.ref, "tag", "latest", "`NAME` of an image in its index")
	f.StringVar(&o.compression, "compression", "gzip", "of the layers of an image: gzip or zstd")
	f.BoolVar(&o.withGlibc, "with-glibc", false, "give an image glibc, and the compiler's libraries that it needs, of this machine")
	c.RegisterFlagCompletionFunc("compression", cobra.FixedCompletions([]string{"gzip", "zstd"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// check checks the flags against each other.
func (o *packFlags) check(args []string) error {
	if dir, ok := strings.CutPrefix(o.output, "oci:"); ok && o.oci == "" {
		o.oci, o.output = dir, ""
	}
	const most = 19
	switch {
	case o.output == "" && o.oci == "":
		return withHint(usage("The pack command needs to know where to write."), "gobuild pack -o FILE.tar.zst")
	case o.output != "" && o.oci != "":
		return usage("-o and --oci exclude each other")
	case o.level < 1 || o.level > most:
		return usage("--level takes a number from 1 to %d, not %d", most, o.level)
	case o.oci == "" && (o.entrypoint != "" || o.withGlibc):
		return withHint(usage("--entrypoint and --with-glibc are for images"), "--oci DIR writes an image")
	case o.oci != "" && (o.strip || o.manifest != ""):
		return usage("--strip and --manifest are for archives")
	case o.compression != "gzip" && o.compression != "zstd":
		return usage("unknown --compression %q: it is gzip or zstd", o.compression)
	case !filepath.IsAbs(o.prefix) || filepath.Clean(o.prefix) != o.prefix || o.prefix == "/":
		return usage("--prefix takes an absolute path, not %q", o.prefix)
	}
	return checkNames(args)
}

// packing is one run of pack.
type packing struct {
	*app
	o      *packFlags
	ctx    context.Context
	source *pack.Source
	kept   *buildout.Kept
	tree   *pack.Tree
	time   int64
}

func runPack(ctx context.Context, a *app, o *packFlags, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	p := &packing{app: a, o: o, ctx: ctx}
	var err error
	if p.time, err = a.sourceDate(); err != nil {
		return err
	}
	release, err := p.open(args)
	if err != nil {
		return err
	}
	defer release()
	p.kept = buildout.KeptOf(p.source)
	p.tree, err = pack.Read(ctx, p.source, pack.Selection{BuildNeeds: o.buildNeeds, AllowChanged: o.allowChanged, Jobs: a.packJobs()})
	if err != nil {
		return packError(ctx, err)
	}
	if o.oci != "" {
		return packError(ctx, p.image())
	}
	return packError(ctx, p.archive())
}

// sourceDate is the time of packed files.
func (a *app) sourceDate() (int64, error) {
	text := a.lookup("SOURCE_DATE_EPOCH")
	if text == "" {
		return pack.FixedTime, nil
	}
	const bits = 33 // what a tar file holds without extensions
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, usage("SOURCE_DATE_EPOCH is a number of seconds since 1970, not %q", text)
	}
	return int64(n), nil
}

// packJobs is how many files are worked on at once.
func (a *app) packJobs() int {
	if a.flags.jobs > 0 {
		return a.flags.jobs
	}
	return max(buildout.Cores(), 1)
}

// open finds what is installed.
func (p *packing) open(args []string) (release func(), err error) {
	var named []string
	if len(args) > 0 {
		named = args
	}
	if p.o.from != "" {
		p.source, _, release, err = buildout.PackTree(p.ctx, p.path(p.o.from), named, p.lockOptions(p.path(p.o.from)))
		return release, packError(p.ctx, err)
	}
	e, err := p.openReadOnly(p.ctx)
	if err != nil {
		return nil, err
	}
	if err := e.Start(p.ctx, false, true); err != nil {
		return nil, profileError(p.ctx, err)
	}
	p.source, release, err = e.PackSource(p.ctx, named)
	return release, packError(p.ctx, err)
}

func (a *app) lockOptions(dir string) state.LockOptions {
	return state.LockOptions{NoWait: a.flags.noWait, Command: shownCommand(a.Args), Inherited: a.inherited,
		Waiting: func(owner state.Owner) {
			fmt.Fprintf(a.Stderr, "waiting for another run in %s: %s\n", dir, ui.Mask(owner.String()))
		}}
}

// packError gives an error its status.
func packError(ctx context.Context, err error) error {
	var state *buildout.StateError
	switch {
	case err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.As(err, &state):
		return withStatus(StatusState, err)
	}
	return withStatus(StatusPartFailed, err)
}

// disk is what files are written with.
func (a *app) disk() *disk.Disk {
	s, err := a.settings()
	return &disk.Disk{NoSync: err == nil && !s.Fsync}
}

// archive writes an archive.
func (p *packing) archive() error {
	output := p.path(p.o.output)
	var stripped *pack.Stripped
	if p.o.strip {
		temp, err := os.MkdirTemp("", "gobuild-strip-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		if stripped, err = p.strip(output, temp); err != nil {
			return err
		}
	}
	began := time.Now()
	packed, err := p.tree.Write(p.ctx, output, pack.ArchiveOptions{Gobuild: version(), Architecture: architecture(), Time: p.time,
		Level: pack.Level(p.o.level), Disk: p.disk(), Extra: p.kept.Texts(p.tree), Describe: p.kept.Describe})
	if err != nil {
		return err
	}
	if p.o.manifest != "" {
		if err := os.WriteFile(p.path(p.o.manifest), packed.Text, 0o666); err != nil {
			return err
		}
	}
	p.notes(packed)
	return p.report(packed, stripped, time.Since(began))
}

// strip takes symbols and debug information away.
func (p *packing) strip(output, temp string) (*pack.Stripped, error) {
	objcopy, err := run.LookPath("objcopy", p.Dir, p.Environ)
	if err != nil {
		return nil, diag.At(diag.Span{}, "strip", "--strip needs the program objcopy, which is not in PATH").WithCause(err).
			WithHint("install binutils, or leave --strip out")
	}
	runner := run.New(run.Config{Part: "strip", Dir: temp, Env: p.Environ, Log: p.debugLog()})
	return p.tree.Strip(p.ctx, pack.StripOptions{Objcopy: objcopy, Temp: temp, Time: p.time, Level: pack.Level(p.o.level), Disk: p.disk(),
		Output: strings.TrimSuffix(output, ".tar.zst") + ".debug.tar.zst",
		Run: func(ctx context.Context, argv ...string) error {
			return runner.Run(ctx, parts.Command{Argv: argv, Dir: temp, Step: "strip"})
		}})
}

// debugLog takes the output of programs.
func (a *app) debugLog() *os.File {
	if a.flags.debug {
		return a.Stderr
	}
	f, _ := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	return f
}

// notes tells what an archive does not say.
func (p *packing) notes(packed *pack.Packed) {
	list := pack.Warnings(packed.Problems)
	if n := len(p.tree.Added); n > 0 {
		list.Add(packNote("%s that no part has installed: left out (the first is %s); --allow-changed packs all", count(n, "file"), p.tree.Added[0]))
	}
	if len(p.tree.Unlisted) > 0 {
		list.Add(packNote("whether files were changed after the install is not known of: %s", strings.Join(p.tree.Unlisted, ", ")))
	}
	p.show(list)
}

func packNote(format string, args ...any) *diag.Diagnostic {
	d := diag.At(diag.Span{}, "pack-note", format, args...)
	d.Severity = diag.Warning
	return d
}

// architecture is that of this machine, as uname has it.
func architecture() string {
	names := map[string]string{"amd64": "x86_64", "386": "i686", "arm64": "aarch64", "arm": "armv7l", "riscv64": "riscv64", "ppc64le": "ppc64le", "s390x": "s390x", "loong64": "loongarch64"}
	if name := names[runtime.GOARCH]; name != "" {
		return name
	}
	return runtime.GOARCH
}
