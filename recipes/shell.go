package recipes

import (
	"context"
	"encoding/json"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func shellSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"shell", "slapos.cookbook:shell"},
		Doc:   "Writes a script that starts a shell with a home directory, a PATH and a prompt of its own.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "shell", Required: true, Doc: "The shell."},
			{Name: "home", Required: true, Doc: "The home directory."},
			{Name: "path", Required: true, Doc: "The directories of PATH, one on each line."},
			{Name: "ps1", Doc: "The prompt as a JSON string. By default that of whoever runs gobuild, if it is exported, else a sign."},
		},
		Recipe: shellRecipe{},
	}
}

type shellRecipe struct{}

// shellAction writes the script; the prompt may be that of the environment.
type shellAction struct {
	file   cookbookWrite
	shell  string
	env    map[string]string
	prompt bool // is taken from the environment
}

// Prepare reads the options. SPEC-recipes 13.2.
func (shellRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "shell", "home", "path")
	if err != nil {
		return nil, err
	}
	a := &shellAction{file: cookbookWrite{at: optionPlace(o, "wrapper"), path: v["wrapper"], mode: cookbookScript}, shell: v["shell"]}
	a.env = map[string]string{"HOME": v["home"], "PATH": strings.ReplaceAll(v["path"], "\n", ":"), "SHELL": v["shell"], "PS1": "> "}
	ps1 := optionText(o, "ps1")
	if a.prompt = ps1 == ""; !a.prompt {
		var text string
		if err := json.Unmarshal([]byte(ps1), &text); err != nil {
			return nil, optionError(o, "ps1", codeBadValue, "%s is no JSON string", ps1).WithHint(`write it in quotes: "$ "`)
		}
		a.env["PS1"] = text
	}
	return a, nil
}

// Run writes the script.
func (a *shellAction) Run(ctx context.Context, w *parts.Work) error {
	if prompt, ok := run.LookupEnv(w.Proc.Environ(), "PS1"); ok && a.prompt {
		a.env["PS1"] = prompt
	}
	a.file.text = wrapperScript{words: []string{a.shell}, env: run.MergeEnv(nil, a.env)}.text("")
	return cookbookAction{a.file}.Run(ctx, w)
}

// Update writes the script again where it differs.
func (a *shellAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
