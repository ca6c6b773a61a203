package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/history"
	"gobuild/buildout/profile"
	"gobuild/buildout/ui"
)

const historyLong = `Lists the runs that changed something, or tried to, the newest at the end: when,
how long, how it ended, what became of how many parts, and the command. With a
RUN its parts are listed. A RUN is an ID of the list, a beginning or an end of it
that no other one has, or the word last.

See also gobuild report, which makes a page of a run, and gobuild rollback.`

func newHistory(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "history [RUN]", Short: "list the runs in this directory", Long: historyLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runHistory(cmd.Context(), a, args) },
		ValidArgsFunction: a.completeRuns,
	}
}

func runHistory(ctx context.Context, a *app, args []string) error {
	if err := oneRun("history", args); err != nil {
		return err
	}
	dir, err := a.directory(ctx)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		run, err := history.Load(dir, args[0])
		if err != nil {
			return historyStatus(err)
		}
		return a.writeResult(run, func(p *printer) { p.run(run) })
	}
	runs, warnings := history.List(dir)
	a.show(warnings)
	list := []history.Summary{}
	for _, run := range runs {
		list = append(list, run.Summary())
	}
	return a.writeResult(list, func(p *printer) { p.runs(runs) })
}

// oneRun checks the words of a command that takes one run at most.
func oneRun(command string, args []string) error {
	if len(args) > 1 {
		return withHint(usage("%s takes one run, not %d", command, len(args)), "`gobuild history` lists the runs")
	}
	return nil
}

// directory is the buildout directory, which a profile that is broken now may
// still tell; without one it is the directory of the profile.
func (a *app) directory(ctx context.Context) (string, error) {
	e, err := a.openReadOnly(ctx)
	if err == nil {
		e.Start(ctx, false, true) // its errors are those of another command
		if e.Base != nil && e.Base.Directory != "" {
			return e.Base.Directory, nil
		}
	}
	dir := a.Dir
	if !profile.IsURL(a.flags.config) {
		dir = filepath.Dir(a.path(a.flags.config))
	}
	if ctx.Err() == nil && history.Exists(dir) {
		return dir, nil
	}
	return dir, err
}

// completeRuns completes the IDs of runs.
func (a *app) completeRuns(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	dir, err := a.directory(ctx)
	if err != nil || len(args) > 0 {
		return nil, none
	}
	var list []string
	runs, _ := history.List(dir)
	for _, run := range runs {
		if strings.HasPrefix(run.ID, word) {
			list = append(list, run.ID+"\t"+describeCounts(run.Counts))
		}
	}
	return list, none
}

// resultOf is how a run ended, in a word.
func resultOf(run *history.Run) string {
	if run.Result == history.Running && !run.Alive() {
		return "killed"
	}
	return string(run.Result)
}

func (p *printer) runs(runs []*history.Run) {
	for _, run := range runs {
		long := took(run.Elapsed())
		if run.Result == history.Running {
			long = ""
		}
		p.line("%-26s  %s  %12s  %-11s  %s  %s", run.ID, run.Start.Local().Format(time.DateTime), long, resultOf(run),
			describeCounts(run.Counts), ui.Mask(run.Command))
	}
}

// describeCounts lists what happened to how many parts.
func describeCounts(c history.Counts) string {
	var list []string
	for _, n := range []struct {
		count int
		what  string
	}{{c.Failed, "failed"}, {c.Interrupted, "interrupted"}, {c.Blocked, "blocked"}, {c.NotStarted, "not started"}, {c.Installed, "installed"},
		{c.Reinstalled, "reinstalled"}, {c.Updated, "updated"}, {c.Restored, "restored"}, {c.Removed, "removed"}} {
		if n.count > 0 {
			list = append(list, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	return cmp.Or(strings.Join(list, ", "), "nothing done")
}

// took is a time for people.
func took(d time.Duration) string {
	const rounding = 100 * time.Millisecond
	seconds := int(d.Round(rounding) / time.Second)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case seconds >= 3600:
		return fmt.Sprintf("%d h %d min", seconds/3600, seconds/60%60)
	case seconds >= 60:
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func (p *printer) run(run *history.Run) {
	p.line("run       %s", run.ID)
	p.line("result    %s", resultOf(run))
	p.line("start     %s", run.Start.Local().Format(time.DateTime))
	if run.Result != history.Running {
		p.line("took      %s", took(run.Elapsed()))
	}
	p.line("command   %s", ui.Mask(run.Command))
	if run.Target != "" {
		p.line("state     that after %s", run.Target)
	}
	p.line("gobuild   %s on %s, %d cores", run.Gobuild, run.Host, run.Cores)
	if b := run.Bound; b.Lower > 0 {
		p.line("at best   %s; the run took %.2f times as long", took(b.Lower), b.Ratio())
		p.line("critical  %s: %s", took(b.Critical), strings.Join(b.Path, ", "))
	}
	if run.Counts.Unchanged > 0 {
		p.line("unchanged %d", run.Counts.Unchanged)
	}
	if run.Error != "" {
		p.line("error     %s", ui.Mask(firstLine(run.Error)))
	}
	width := 0
	for _, part := range run.Parts {
		width = max(width, len(part.Part))
	}
	for _, part := range run.Parts {
		p.partOfRun(part, width)
	}
}

// verbs say what was done to a part.
var verbs = map[string]string{history.Uninstalling: "removed", history.Updating: "updated", history.Restoring: "restored",
	history.SettingAside: "set aside"}

func (p *printer) partOfRun(part *history.Part, width int) {
	what, more := string(part.Result), ""
	if part.Result == history.Done {
		what = cmp.Or(verbs[part.Verb], "installed")
	}
	switch {
	case part.Error != "":
		more = firstLine(part.Error)
	case len(part.Blocker) > 0:
		more = "by " + strings.Join(part.Blocker, ", ")
	case part.From != "":
		more = "from " + part.From
	}
	long := ""
	if part.Verb != "" && part.Elapsed() > 0 {
		long = took(part.Elapsed())
	}
	p.line("  %-11s  %-*s  %12s  %s", what, width, part.Part, long, ui.Mask(more))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// historyStatus gives errors about the history their status.
func historyStatus(err error) error {
	status := StatusState
	for _, d := range diag.All(err) {
		switch d.Code {
		case "history-unknown":
			status = StatusUsage
		case "rollback-impossible":
			status = StatusPartFailed
		}
	}
	return withStatus(status, err)
}
