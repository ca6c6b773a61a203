package buildout

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/jobs"
	"gobuild/parts/run"
)

// Surroundings are where the steps of a part run, and with which environment.
type Surroundings struct {
	Dir     string
	Environ []string   // sorted by name
	Failed  *Failure   // the failure whose command had them, or nil
	Clean   *CleanRoom // what they see of the host; nil is all
}

// FailedSurroundings returns the surroundings of the command of a part that
// failed, or nil when none has. Start, with recipes or without, comes before.
func (e *Engine) FailedSurroundings(ctx context.Context, part string) (*Surroundings, error) {
	f, err := e.Failure(part)
	if f == nil || f.Command == nil || err != nil {
		return nil, err
	}
	if info, err := os.Stat(f.Dir()); err != nil || !info.IsDir() {
		return nil, diag.At(diag.Span{}, "resume-gone", "the directory of the command that failed is gone: %s", f.Dir()).WithPath(part).
			WithHint("`gobuild install %s` builds the part from its beginning", part)
	}
	s := &Surroundings{Dir: f.Dir(), Environ: e.shellEnviron(f.Environ()), Failed: f}
	_, err = e.cleanShell(ctx, s, f.Pure, f.texts(), nil)
	e.cleanHome(s.Environ)
	return s, err
}

// Surroundings returns what the steps of a part would run with. Start, with
// recipes, comes before; nothing on disk is changed.
func (e *Engine) Surroundings(ctx context.Context, part string) (*Surroundings, error) {
	g, err := e.DryRun(ctx, []string{part})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(g.Parts, func(n *plan.Node) bool { return n.Part == part })
	if i < 0 {
		return nil, diag.At(diag.Span{}, "unknown-section", "Section not found: %s", part)
	}
	n := g.Parts[i]
	s := &Surroundings{Environ: run.MergeEnv(e.environOf(n), nil)}
	if err := e.cleanSurroundings(ctx, s, n, g.Parts); err != nil {
		return nil, err
	}
	var dirs []string
	if a, ok := n.Action.(parts.Environer); ok {
		env, dir, err := a.Environ(s.Environ)
		if err != nil {
			return nil, err
		}
		s.Environ, dirs = env, append(dirs, dir)
	}
	s.Environ = e.shellEnviron(s.Environ)
	s.Dir = e.firstDirectory(append(dirs, n.Options["location"]))
	return s, nil
}

// firstDirectory returns the first of dirs that exists, or the buildout
// directory.
func (e *Engine) firstDirectory(dirs []string) string {
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(e.path(dir)); err == nil && info.IsDir() {
			return filepath.Clean(e.path(dir))
		}
	}
	return e.Base.Directory
}

// jobServer is the word of MAKEFLAGS that names the job server of a run.
var jobServer = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(` ?--jobserver-(?:auth|fds)=[^ ]*`) })

// shellEnviron returns env for commands outside of a run: MAKEFLAGS has the
// number of jobs instead of the job server, which ended with its run.
func (e *Engine) shellEnviron(env []string) []string {
	flags, _ := run.LookupEnv(env, "MAKEFLAGS")
	own := strings.TrimSpace(jobServer().ReplaceAllString(flags, ""))
	if e.Jobs > 1 && jobs.OwnJobs(own) == 0 {
		own = strings.TrimSpace(own + " -j" + strconv.Itoa(e.Jobs))
	}
	if own == flags {
		return env
	}
	return run.MergeEnv(env, map[string]string{"MAKEFLAGS": own})
}
