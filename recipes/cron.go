package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
)

func cronSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"cron", "slapos.cookbook:cron"},
		Doc: `Writes the script that runs dcron's daemon in the foreground for one user.

The daemon reads the entries that the recipe cron-entry writes.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "binary", Required: true, Doc: "The script."},
			{Name: "dcrond-binary", Required: true, Doc: "The daemon."},
			{Name: "cron-entries", Required: true, Doc: "The directory of the entries."},
			{Name: "crontabs", Required: true, Doc: "The directory of the tables."},
			{Name: "cronstamps", Required: true, Doc: "The directory of the time stamps."},
			{Name: "catcher", Required: true, Doc: "The program that takes the output of the jobs."},
			{Name: "log-file", Required: true, Doc: "The log file of the daemon."},
		},
		Recipe: cronRecipe{},
	}
}

type cronRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (cronRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "binary", "dcrond-binary", "cron-entries", "crontabs", "cronstamps", "catcher", "log-file")
	if err != nil {
		return nil, err
	}
	text := cookbookExec(strings.TrimSpace(v["dcrond-binary"]), "-s", v["cron-entries"], "-c", v["crontabs"], "-t", v["cronstamps"],
		"-f", "-l", "5", "-M", v["catcher"], "-L", v["log-file"])
	return cookbookAction{{at: optionPlace(o, "binary"), path: v["binary"], text: text, mode: cookbookScript}}, nil
}

func cronEntrySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"cron-entry", "slapos.cookbook:cron.d"},
		Doc: `Writes a file with one job for cron.

The time is given in the form of cron or in that of systemd's calendar.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "cron-entries", Required: true, Doc: "The existing directory of the file."},
			{Name: "name", Required: true, Doc: "The name of the file."},
			{Name: "command", Required: true, Doc: "The command, as cron runs it."},
			{Name: "frequency", Doc: "The time in the form of cron: minute, hour, day of the month, month, day of the week."},
			{Name: "time", Doc: "The time without frequency: minutely, hourly, daily, weekly, monthly, yearly, or days of the week, MONTH-DAY and HOUR:MINUTE, each of which may be left out, such as sat 3:30. Lists (1,15), steps (0/10) and ranges of days (mon-fri) may be given; years and seconds may not."},
		},
		Recipe: cronEntryRecipe{},
	}
}

type cronEntryRecipe struct{}

// cronEntryAction writes an entry; the time may be no time, which is found when
// the part is installed.
type cronEntryAction struct {
	cookbookAction
	bad error
}

// Prepare reads the options. SPEC-recipes 13.2.
func (cronEntryRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "cron-entries", "name", "command")
	if err != nil {
		return nil, err
	}
	when, _, ok := o.Lookup("frequency")
	var bad error
	if !ok {
		spec, err := requireOption(o, "time")
		if err != nil {
			return nil, err
		}
		if when, ok = cronTime(spec); !ok {
			bad = optionError(o, "time", codeBadValue, "Invalid systemd calendar spec '%s'", spec).
				WithHint("write a word such as daily, or [DAYS] [MONTH-DAY] [HOUR:MINUTE]")
		}
	}
	path := cookbookJoin(v["cron-entries"], v["name"])
	f := cookbookWrite{at: optionPlace(o, "cron-entries"), path: path, text: when + " " + v["command"] + "\n", plain: true}
	return cronEntryAction{cookbookAction{f}, bad}, nil
}

// Run writes the entry.
func (a cronEntryAction) Run(ctx context.Context, w *parts.Work) error {
	if a.bad != nil {
		return a.bad
	}
	return a.cookbookAction.Run(ctx, w)
}

// Update writes the entry again.
func (a cronEntryAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
