package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
)

func equeueSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"equeue", "slapos.cookbook:equeue"},
		Doc:   "Writes the script that runs the command queue equeue.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "equeue-binary", Required: true, Doc: "The program."},
			{Name: "database", Required: true, Doc: "The file of the queue."},
			{Name: "log", Required: true, Doc: "The log file."},
			{Name: "lockfile", Required: true, Doc: "The lock file; its name ends with .lock."},
			{Name: "socket", Required: true, Doc: "The socket of the queue."},
			{Name: "takeover-triggered-file-path", Doc: "The file that tells of a takeover."},
			{Name: "loglevel", Doc: "The log level of the program."},
		},
		Recipe: equeueRecipe{},
	}
}

type equeueRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (equeueRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	lock, err := requireOption(o, "lockfile")
	if err != nil {
		return nil, err
	}
	lock, ok := strings.CutSuffix(lock, ".lock")
	if !ok {
		return nil, optionError(o, "lockfile", codeBadValue, "lockfile parameter must end with .lock as equeue process will add .lock suffix")
	}
	v, err := requireAll(o, "wrapper", "equeue-binary", "database", "log", "socket")
	if err != nil {
		return nil, err
	}
	words := []string{v["equeue-binary"], "--database", v["database"], "--logfile", v["log"], "--lockfile", lock}
	for _, key := range []string{"takeover-triggered-file-path", "loglevel"} {
		if value, _, ok := o.Lookup(key); ok {
			words = append(words, "--"+key, value)
		}
	}
	text := cookbookExec(append(words, v["socket"])...)
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: text, mode: cookbookScript}}, nil
}
