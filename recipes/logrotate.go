package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
)

func logrotateSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"logrotate", "slapos.cookbook:logrotate"},
		Doc:   "Writes a configuration of logrotate that includes a directory of entries, and the script that runs it.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "logrotate-entries", Required: true, Doc: "The directory of the entries."},
			{Name: "conf", Required: true, Doc: "The configuration file."},
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "logrotate-binary", Required: true, Doc: "The program logrotate."},
			{Name: "gzip-binary", Required: true, Doc: "The program that compresses."},
			{Name: "gunzip-binary", Required: true, Doc: "The program that decompresses."},
			{Name: "state-file", Required: true, Doc: "The file in which logrotate remembers what it did."},
		},
		Recipe: logrotateRecipe{},
	}
}

type logrotateRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (logrotateRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "logrotate-entries", "conf", "gzip-binary", "gunzip-binary", "state-file", "wrapper", "logrotate-binary")
	if err != nil {
		return nil, err
	}
	conf := strings.Join([]string{"compresscmd " + v["gzip-binary"], "compressoptions -9",
		"uncompresscmd " + v["gunzip-binary"], "include " + v["logrotate-entries"]}, "\n")
	script := cookbookExec(v["logrotate-binary"], "-s", v["state-file"], v["conf"])
	return cookbookAction{
		{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: script, mode: cookbookScript},
		{at: optionPlace(o, "conf"), path: v["conf"], text: conf, mode: cookbookFile},
	}, nil
}

func logrotateEntrySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"logrotate-entry", "slapos.cookbook:logrotate.d"},
		Doc: `Writes an entry of logrotate: its logs are moved to another directory every day and compressed a day later.

3650 of them are kept.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "logrotate-entries", Required: true, Doc: "The existing directory of the entry."},
			{Name: "name", Required: true, Doc: "The name of the entry."},
			{Name: "log", Required: true, Doc: "The log files, separated by blanks; patterns are allowed."},
			{Name: "backup", Required: true, Doc: "The directory to which the logs are moved."},
			{Name: "post", Doc: "Shell commands for after the logs were moved."},
			{Name: "pre", Doc: "Shell commands for before."},
		},
		Recipe: logrotateEntryRecipe{},
	}
}

type logrotateEntryRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (logrotateEntryRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "logrotate-entries", "name", "log", "backup")
	if err != nil {
		return nil, err
	}
	lines := []string{v["log"] + " {", "daily", "dateext", "rotate 3650", "compress", "delaycompress", "notifempty",
		"sharedscripts", "create", "olddir " + v["backup"]}
	if post, _, ok := o.Lookup("post"); ok {
		lines = append(lines, "postrotate", post, "endscript")
	}
	if pre, _, ok := o.Lookup("pre"); ok {
		lines = append(lines, "prerotate", pre, "endscript")
	}
	text := strings.Join(append(lines, "}"), "\n") + "\n"
	path := cookbookJoin(v["logrotate-entries"], v["name"])
	return cookbookAction{{at: optionPlace(o, "logrotate-entries"), path: path, text: text, mode: cookbookFile}}, nil
}
