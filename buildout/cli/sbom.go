package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/bom"
)

const sbomLong = `Writes a bill of materials of the installed parts, or of those named with all that
they need: versions, addresses and sums of the sources, patches, licences, and
what needs what. It is CycloneDX 1.6 or SPDX 2.3, as JSON. docs/sbom.md tells what
stands where, and how it is known.

  gobuild sbom > bom.json                    all installed parts
  gobuild sbom nginx --output nginx.spdx.json

The same parts give the same bytes. SOURCE_DATE_EPOCH sets the time in it.

Exit status: 0 done; 2 wrong use, or FILE cannot be written; 3 an error in the
profile; 6 the state of the directory cannot be read.`

type sbomOptions struct{ format, output string }

func newSBOM(a *app) *cobra.Command {
	var o sbomOptions
	c := &cobra.Command{
		Use: "sbom [PART…]", Short: "write a bill of materials: CycloneDX or SPDX", Long: sbomLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runSBOM(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().StringVar(&o.format, "format", "", "cyclonedx or spdx; else the ending of FILE tells it (.spdx.json), or it is cyclonedx")
	c.Flags().StringVar(&o.output, "output", "", "write to `FILE` instead of standard output")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(bom.Formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runSBOM(ctx context.Context, a *app, o sbomOptions, args []string) error {
	format, err := o.chooseFormat()
	if err != nil {
		return err
	}
	b, _, err := a.bill(ctx, buildout.BillOptions{Named: args, Files: true})
	if err != nil {
		return err
	}
	text, err := b.Write(format)
	if err != nil {
		return err
	}
	if o.output == "" || o.output == stdoutName {
		_, err := a.Stdout.Write(text)
		return err
	}
	return a.writeWhole(o.output, text)
}

// chooseFormat takes the format of the flag, or of the file's name.
func (o sbomOptions) chooseFormat() (string, error) {
	switch {
	case o.format == "" && (strings.HasSuffix(o.output, ".spdx.json") || strings.HasSuffix(o.output, ".spdx")):
		return "spdx", nil
	case o.format == "":
		return bom.Formats[0], nil
	case !slices.Contains(bom.Formats, o.format):
		return "", usage("unknown --format %q: it is one of %s", o.format, strings.Join(bom.Formats, ", "))
	}
	return o.format, nil
}

// bill returns a bill of what is installed, and tells where sections are.
func (a *app) bill(ctx context.Context, o buildout.BillOptions) (*bom.Bill, func(string) diag.Span, error) {
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := e.Start(ctx, false, true); err != nil {
		return nil, nil, profileError(ctx, err)
	}
	b, err := e.Bill(ctx, o)
	if err != nil {
		return nil, nil, billError(ctx, err)
	}
	b.Tool = version()
	place := func(part string) diag.Span {
		if s := e.Profile.Sections[part]; s != nil {
			return s.Header
		}
		return diag.Span{}
	}
	return b, place, nil
}

// billError gives the error of a bill its status.
func billError(ctx context.Context, err error) error {
	var state *buildout.StateError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.As(err, &state):
		return withStatus(StatusState, err)
	case slices.ContainsFunc(diag.All(err), func(d *diag.Diagnostic) bool { return d.Code == "usage" }):
		return withStatus(StatusUsage, err)
	}
	return withStatus(StatusPartFailed, err)
}

// writeWhole writes a file so that it is there whole, or as it was.
func (a *app) writeWhole(name string, text []byte) error {
	err := replaceFile(a.path(name), text)
	if err == nil {
		return nil
	}
	reason := err
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		reason = e.Err
	} else if e := (*os.LinkError)(nil); errors.As(err, &e) {
		reason = e.Err
	}
	return usage("cannot write %s: %v", name, reason)
}

func replaceFile(target string, text []byte) error {
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(target, text, 0o666) // a pipe, or a directory, which is the error
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".gobuild-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o666&^os.FileMode(umask())), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
