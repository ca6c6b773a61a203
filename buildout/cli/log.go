package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
)

const logLong = `Prints the log of the last run of a part: its steps, its commands and all that
they wrote. Without a PART the logs are listed, the newest at the end, with the
time of the last line, the size, and what became of the part. Secrets that show
by their form are hidden; the file itself has them.`

type logFlags struct {
	path, all, follow bool
	lines             int
}

func newLog(a *app) *cobra.Command {
	o := &logFlags{}
	c := &cobra.Command{
		Use: "log [PART]", Short: "show the log of a part, or list the logs", Long: logLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runLog(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	f := c.Flags()
	f.BoolVar(&o.path, "path", false, "print the path of the log instead")
	f.BoolVar(&o.all, "all", false, "print the whole log, as without an option")
	f.IntVar(&o.lines, "lines", 0, "print only the last `N` lines")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written to the log, until interrupted")
	c.MarkFlagsMutuallyExclusive("path", "all", "lines")
	c.MarkFlagsMutuallyExclusive("path", "follow")
	return c
}

func runLog(ctx context.Context, a *app, o *logFlags, args []string) error {
	switch {
	case len(args) > 1:
		return withHint(usage("log takes one part, not %d", len(args)), "gobuild log PART")
	case o.lines < 0:
		return usage("--lines takes a number of lines, not %d", o.lines)
	case len(args) == 0 && (o.path || o.all || o.follow || o.lines > 0):
		return withHint(usage("The log command needs the name of a part here."), "`gobuild log` lists the parts that have a log")
	}
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, false, true); err != nil {
		return profileError(ctx, err)
	}
	logs, err := e.Logs()
	if err != nil {
		return withStatus(StatusState, err)
	}
	if len(args) == 0 {
		return a.listLogs(logs)
	}
	i := slices.IndexFunc(logs, func(l buildout.LogFile) bool { return l.Part == args[0] })
	switch {
	case i >= 0:
		return a.showLog(ctx, o, logs[i])
	case o.follow:
		return a.followNew(ctx, e, o, args[0])
	}
	return a.noLog(e, args[0], logs)
}

// followNew follows the log of a part that has none yet.
func (a *app) followNew(ctx context.Context, e *buildout.Engine, o *logFlags, part string) error {
	if err := a.checkPart(e, part); err != nil {
		return err
	}
	return a.showLog(ctx, o, buildout.LogFile{Part: part, Path: e.LogPath(part)})
}

// noLog tells why there is no log of a part.
func (a *app) noLog(e *buildout.Engine, part string, logs []buildout.LogFile) error {
	if e.Profile.Sections[part] == nil {
		names := partNames(e, "")
		for _, l := range logs {
			names = append(names, l.Part)
		}
		d := diag.At(diag.Span{}, "unknown-section", "Section not found: %s", part)
		d.Hint = diag.DidYouMean(part, names)
		return withStatus(StatusUsage, d)
	}
	reason, hint := "it has not been installed yet", "`gobuild install "+part+"` installs it"
	switch {
	case !hasRecipe(e.Profile, part, nil):
		reason, hint = "it has no recipe, so it is no part", ""
	case e.IsInstalled(part):
		reason, hint = "nothing was written when it was installed, or the log was deleted", ""
	}
	d := diag.At(diag.Span{}, "no-log", "part %s has no log: %s", part, reason)
	d.Hint = hint
	return withStatus(StatusPartFailed, d)
}

func (a *app) listLogs(logs []buildout.LogFile) error {
	if a.flags.json {
		return writeJSON(a.Stdout, append([]buildout.LogFile{}, logs...))
	}
	width := 0
	for _, l := range logs {
		width = max(width, len(l.Part))
	}
	out := bufio.NewWriter(a.Stdout)
	for _, l := range logs {
		result := l.Result
		if l.Step != "" {
			result += " in step " + l.Step
		}
		fmt.Fprintf(out, "%-*s  %s  %9s  %s\n", width, l.Part, l.Time.Local().Format(time.DateTime), logSize(l.Size), result)
	}
	return out.Flush()
}

// logSize is a number of bytes for people.
func logSize(n int64) string {
	const kilo = 1000
	switch {
	case n < kilo:
		return fmt.Sprintf("%d B", n)
	case n < kilo*kilo:
		return fmt.Sprintf("%.1f kB", float64(n)/kilo)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(kilo*kilo))
}

func (a *app) showLog(ctx context.Context, o *logFlags, l buildout.LogFile) error {
	if o.path {
		_, err := fmt.Fprintln(a.Stdout, l.Path)
		return err
	}
	r := &logReader{path: l.Path, out: bufio.NewWriter(a.Stdout)}
	defer r.close()
	if err := r.open(); err != nil && !o.follow {
		return withStatus(StatusPartFailed, err)
	}
	if o.lines > 0 && r.file != nil {
		if err := r.skipTo(o.lines); err != nil {
			return err
		}
	}
	if !o.follow {
		return r.copy(true)
	}
	return r.follow(ctx)
}

// logReader prints a log that may be written at the same time.
type logReader struct {
	path string
	file *os.File // nil before there is one
	in   *bufio.Reader
	out  *bufio.Writer
	line []byte // read up to now, without an end
}

func (r *logReader) open() error {
	file, err := os.Open(r.path)
	if err != nil {
		return err
	}
	r.close()
	r.file, r.in, r.line = file, bufio.NewReader(file), nil
	return nil
}

func (r *logReader) close() {
	if r.file != nil {
		r.file.Close()
	}
}

// copy prints all complete lines that are there; last says that the last one
// counts as complete.
func (r *logReader) copy(last bool) error {
	for {
		text, err := r.in.ReadBytes('\n')
		r.line = append(r.line, text...)
		if err == nil || last && len(r.line) > 0 {
			io.WriteString(r.out, ui.Mask(string(r.line)))
			r.line = nil
		}
		if errors.Is(err, io.EOF) {
			return r.out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// skipTo goes to the last lines of the file.
func (r *logReader) skipTo(lines int) error {
	at, err := lastLines(r.file, lines)
	if err != nil {
		return err
	}
	_, err = r.file.Seek(at, io.SeekStart)
	r.in.Reset(r.file)
	return err
}

// lastLines returns where the last lines of a file begin.
func lastLines(file *os.File, lines int) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	const block = 64 << 10
	buffer := make([]byte, block)
	for end := info.Size(); end > 0; {
		start := max(0, end-block)
		text := buffer[:end-start]
		if _, err := file.ReadAt(text, start); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for i := len(text) - 1; i >= 0; i-- {
			// The end of the last line begins no further one.
			if text[i] != '\n' || start+int64(i) == info.Size()-1 {
				continue
			}
			if lines--; lines == 0 {
				return start + int64(i) + 1, nil
			}
		}
		end = start
	}
	return 0, nil
}

// followPause is the time between two looks at a log that is followed: what is
// written by this process or another is not announced.
const followPause = 100 * time.Millisecond

// follow prints what is written until the context ends. A log that is started
// anew is printed from its beginning.
func (r *logReader) follow(ctx context.Context) error {
	ticker := time.NewTicker(followPause)
	defer ticker.Stop()
	for {
		if r.file != nil {
			if err := r.copy(false); err != nil {
				return err
			}
		}
		if r.replaced() {
			if err := r.open(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// replaced reports whether the path has another file than the one that is
// read, or one that became shorter.
func (r *logReader) replaced() bool {
	now, err := os.Stat(r.path)
	if err != nil {
		return false
	}
	if r.file == nil {
		return true
	}
	info, err := r.file.Stat()
	if err != nil || !os.SameFile(info, now) {
		return true
	}
	at, err := r.file.Seek(0, io.SeekCurrent)
	return err == nil && now.Size() < at
}
