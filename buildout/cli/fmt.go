package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// fmtOptions are the flags of fmt.
type fmtOptions struct {
	check bool
	write bool
	diff  bool
}

// standardInput is the name of the text that fmt reads when no file is named.
const standardInput = "<standard input>"

func newFmt(a *app) *cobra.Command {
	var o fmtOptions
	c := &cobra.Command{
		Use: "fmt [FILE…]", Short: "format profile files",
		Long: `Prints the files in house style: one blank around operators, values indented by
two blanks, one blank line between sections, no blanks at the ends of lines. What
the files mean stays as it is, and so do all comments. Of a directory all *.cfg
files below it are taken, but no symbolic links and no Jinja2 templates. Without
files, standard input is formatted.

Only the files named are looked at, not those that they extend. A file with
syntax errors is left alone.

Exit status: 0 done; 1 with --check, a file is not in house style; 2 wrong use,
or a file cannot be read; 3 a file has syntax errors; 6 a file cannot be written.`,
		RunE: func(_ *cobra.Command, args []string) error { return runFmt(a, o, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"cfg"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	c.Flags().BoolVar(&o.check, "check", false, "write nothing; list the files that are not in house style")
	c.Flags().BoolVarP(&o.write, "write", "w", false, "write the result to the files")
	c.Flags().BoolVar(&o.diff, "diff", false, "print the changes instead of the result")
	return c
}

func runFmt(a *app, o fmtOptions, args []string) error {
	switch {
	case o.check && o.write:
		return usage("--check and --write exclude each other")
	case o.write && len(args) == 0:
		return usage("--write needs the names of files")
	}
	f := formatting{app: a, options: o}
	if len(args) == 0 {
		text, err := io.ReadAll(a.Stdin)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		return f.end(f.text(standardInput, text))
	}
	for _, name := range args {
		if err := f.named(name); err != nil {
			return f.end(err)
		}
	}
	return f.end(nil)
}

// formatting is one run of fmt.
type formatting struct {
	*app
	options fmtOptions
	walking bool      // the file was found in a directory, not named
	changes bool      // a file is not in house style
	broken  diag.List // syntax errors
	missing diag.List // files that cannot be read
}

// end returns the error that the run ends with; err has ended it early.
func (f *formatting) end(err error) error {
	all := append(f.missing, f.broken...)
	switch {
	case err != nil:
		f.show(all)
		return err
	case len(f.broken) > 0:
		return withStatus(StatusProfile, all)
	case len(f.missing) > 0:
		return withStatus(StatusUsage, all)
	case f.options.check && f.changes:
		return withStatus(StatusPartFailed, diag.List{})
	}
	return nil
}

// named formats a file, or the profiles below a directory.
func (f *formatting) named(name string) error {
	info, err := os.Stat(f.path(name))
	if err != nil {
		f.unreadable(err)
		return nil
	}
	if !info.IsDir() {
		return f.file(name)
	}
	return filepath.WalkDir(f.path(name), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.unreadable(err)
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != f.path(name):
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(path, ".cfg"):
			below, err := filepath.Rel(f.path(name), path)
			if err != nil {
				return err
			}
			f.walking = true
			defer func() { f.walking = false }()
			return f.file(filepath.Join(name, below))
		}
		return nil
	})
}

func (f *formatting) unreadable(err error) {
	d := diag.At(diag.Span{}, "unreadable", "%v", err).WithCause(err)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		d.Msg = fmt.Sprintf("cannot read '%s': %v", pathErr.Path, pathErr.Err)
	}
	f.missing.Add(d)
}

func (f *formatting) file(name string) error {
	text, err := os.ReadFile(f.path(name))
	if err != nil {
		f.unreadable(err)
		return nil
	}
	return f.text(name, text)
}

// text formats one text and does with it what the flags say.
func (f *formatting) text(name string, text []byte) error {
	sourceName := name
	if name != standardInput {
		sourceName = f.path(name)
	}
	file := cfg.Scan(diag.NewSource(sourceName, text))
	if errs := file.Check(); len(errs) > 0 {
		if !f.walking || !isTemplate(errs) {
			f.broken = append(f.broken, errs...)
		}
		return nil
	}
	formatted := cfg.Format(file)
	changed := !bytes.Equal(text, formatted)
	f.changes = f.changes || changed
	var err error
	switch {
	case f.options.diff && changed:
		_, err = io.WriteString(f.Stdout, unifiedDiff(name, string(text), string(formatted)))
	case f.options.check && changed:
		_, err = fmt.Fprintln(f.Stdout, name)
	case !f.options.check && !f.options.diff && !f.options.write:
		_, err = f.Stdout.Write(formatted)
	}
	if err == nil && f.options.write && changed {
		err = withStatus(StatusState, rewrite(f.path(name), formatted))
	}
	return err
}

// isTemplate reports whether syntax errors come from tags of Jinja2: the file
// is no profile but makes one.
func isTemplate(errs diag.List) bool {
	return slices.ContainsFunc(errs, func(d *diag.Diagnostic) bool {
		text := d.At.Text()
		return strings.HasPrefix(text, "{%") || strings.HasPrefix(text, "{#") || strings.Contains(text, "{{")
	})
}
