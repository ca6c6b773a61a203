package buildout

import (
	"context"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

// scriptName is the variable that brings a shell a script with a secret in it.
const scriptName = "GOBUILD_SCRIPT"

// discreet is a Runner that keeps secrets out of the arguments of shells:
// everybody can list those, but only the owner sees an environment. What a script
// itself passes to programs as arguments is its own affair.
type discreet struct {
	parts.Runner
	secrets []string
}

// discreetly returns a runner of the part for which r does the work.
func (j *job) discreetly(r parts.Runner) parts.Runner {
	if len(j.log.secrets.secrets) == 0 {
		return r
	}
	return &discreet{r, j.log.secrets.secrets}
}

// hasSecret reports whether a text has a secret in it.
func (j *job) hasSecret(text string) bool {
	secrets := j.log.secrets.secrets
	return len(secrets) > 0 && redact(secrets, text) != text
}

// Run runs c. A script removes the variable that it came by, before it begins.
func (r *discreet) Run(ctx context.Context, c parts.Command) error {
	if script := scriptOf(c.Argv); script != "" && redact(r.secrets, script) != script && !strings.Contains(script, "\x00") {
		if c.Show == "" {
			c.Show = run.Join(c.Argv)
		}
		if c.Env == nil {
			c.Env = r.Environ()
		}
		c.Env = run.MergeEnv(c.Env, map[string]string{scriptName: "unset " + scriptName + "; " + script})
		c.Argv = append(slices.Clone(c.Argv[:len(c.Argv)-1]), `eval "$`+scriptName+`"`)
	}
	return r.Runner.Run(ctx, c)
}

// scriptOf is the script of a command that runs one in a shell, or "".
func scriptOf(argv []string) string {
	if shell := run.Shell(""); len(argv) == len(shell) && slices.Equal(argv[:len(argv)-1], shell[:len(shell)-1]) {
		return argv[len(argv)-1]
	}
	return ""
}
