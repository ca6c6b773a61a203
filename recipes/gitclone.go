package recipes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
)

func gitcloneSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"gitclone", "slapos.recipe.build:gitclone"},
		Doc: `Clones a git repository.

Without revision and develop, the revision is asked of the repository when the
profile is evaluated, so that a branch that has moved installs the part anew.

A clone that is there before the part is installed is deleted, unless develop
keeps it. A file or a link in its place is an error.

When the part is uninstalled and develop is not set to false, a clone with
changes that are not committed, or with commits that are not pushed, is kept.

The network cache of the SlapOS fork does not exist here: use-cache only
changes the text of an error.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "repository", Required: true, Doc: "The URL or path of the repository."},
			{Name: "location", Default: "parts-directory/NAME", Computed: true, Doc: "The directory of the clone."},
			{Name: "branch", Doc: "The branch to clone. Ignored when revision is set."},
			{Name: "revision", Computed: true, Default: "that of branch, or of HEAD", Doc: "The commit, tag or branch to check out."},
			{Name: "git-executable", Default: "git", Doc: "The git program."},
			{Name: "develop", Default: "false", Doc: "y, yes, 1 or true: a clone that exists is kept as it is. Unlike elsewhere, uninstall takes a missing value for true."},
			{Name: "depth", Doc: "Number of commits to get."},
			{Name: "shared", Default: "false", Doc: "Share the objects of a local repository (git clone --shared)."},
			{Name: "sparse-checkout", Doc: "Lines of .git/info/sparse-checkout."},
			{Name: "ignore-cloning-submodules", Default: "false", Doc: "Do not get submodules."},
			{Name: "ignore-ssl-certificate", Default: "false", Doc: "Do not check the certificate of the server."},
			{Name: "use-cache", Default: "false", Doc: "Read by the SlapOS fork only."},
		},
		Recipe: gitcloneRecipe{},
	}
}

type gitcloneRecipe struct{}

// gitcloneAction clones or updates one repository.
type gitcloneAction struct {
	place    place // of repository
	options  gitcloneOptions
	location string
	revision string // what is checked out, "" for the branch
	explicit bool   // revision is an option of the profile
}

// gitcloneOptions are the options as the profile has them.
type gitcloneOptions struct {
	git, repository, branch, revision, sparse      string
	depth                                          int
	develop, shared, useCache, ignoreSSL, noModule bool
}

// Prepare reads the options and asks for the revision. SPEC-recipes 6.
func (gitcloneRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	options, err := gitcloneRead(o)
	if err != nil {
		return nil, err
	}
	a := &gitcloneAction{place: optionPlace(o, "repository"), options: options, revision: options.revision}
	a.explicit = a.revision != ""
	location, _, set := o.Lookup("location")
	if set && location == "" {
		return nil, optionError(o, "location", codeBadValue, "the path is blank")
	}
	if a.location = location; !set {
		location, err := o.Location(false)
		if err != nil {
			return nil, err
		}
		a.location = location.Path
		o.Set("location", a.location)
	}
	if a.explicit || options.develop {
		return a, nil
	}
	if a.revision, err = gitcloneHead(ctx, o, options); err != nil {
		return nil, err
	}
	if a.revision != "" {
		o.Set("revision", a.revision)
	}
	return a, nil
}

func gitcloneRead(o parts.Options) (g gitcloneOptions, err error) {
	if g.repository = optionText(o, "repository"); g.repository == "" {
		return g, optionError(o, "repository", codeMissingOption, "repository parameter is mandatory.")
	}
	g.branch, g.revision, g.sparse = optionText(o, "branch"), optionText(o, "revision"), optionText(o, "sparse-checkout")
	if g.git = optionText(o, "git-executable"); g.git == "" {
		g.git = "git"
	}
	is := func(key string) bool {
		return slices.Contains(trueWords, strings.ToLower(optionText(o, key)))
	}
	g.develop, g.shared, g.useCache = is("develop"), is("shared"), is("use-cache")
	g.ignoreSSL, g.noModule = is("ignore-ssl-certificate"), is("ignore-cloning-submodules")
	if depth := optionText(o, "depth"); depth != "" {
		if g.depth, err = strconv.Atoi(depth); err != nil || g.depth < 1 {
			return g, optionError(o, "depth", codeBadValue, "%q is not a number of commits", depth)
		}
	}
	return g, g.check(o)
}

// check refuses values that git would take for options, and what the network
// cache of the SlapOS fork cannot do.
func (g gitcloneOptions) check(o parts.Options) error {
	for _, key := range []string{"repository", "branch", "revision"} {
		if value := optionText(o, key); strings.HasPrefix(value, "-") {
			return optionError(o, key, codeBadValue, "%q starts with a dash", value)
		}
	}
	if g.useCache && !g.shared && g.depth == 0 && (g.sparse != "" || g.ignoreSSL) {
		return optionError(o, "use-cache", codeConflict, "use-cache cannot be combined with sparse-checkout or ignore-ssl-certificate")
	}
	return nil
}

// gitcloneHead asks the repository for the commit of the branch, or of HEAD.
// Errors of git do not count: the clone will tell. As git may be built by this
// very buildout, the one of the system is the second choice.
func gitcloneHead(ctx context.Context, o parts.Options, g gitcloneOptions) (string, error) {
	prober, ok := o.(parts.Prober)
	if !ok {
		return "", nil
	}
	runner, _ := prober.Probe()
	for _, git := range slices.Compact([]string{g.git, "git"}) {
		g.git = git
		text, err := gitcloneOutput(ctx, runner, g.lsRemote())
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			continue
		}
		if words := strings.Fields(text); len(words) > 0 {
			return words[0], nil
		}
		key := "branch"
		if g.branch == "" {
			key = "repository"
		}
		return "", optionError(o, key, codeBadValue, "the repository '%s' has no %s", g.repository, g.ref())
	}
	return "", nil
}

// ref is the name to ask the repository for.
func (g gitcloneOptions) ref() string {
	if g.branch == "" {
		return "HEAD"
	}
	return g.branch
}

func (g gitcloneOptions) lsRemote() parts.Command {
	argv := []string{g.git}
	if g.ignoreSSL {
		argv = append(argv, "-c", "http.sslVerify=false")
	}
	return parts.Command{Argv: append(argv, "ls-remote", "-q", g.repository, g.ref()), Step: "ls-remote"}
}

// gitcloneOutput runs a command and returns what it wrote.
func gitcloneOutput(ctx context.Context, runner parts.Runner, c parts.Command) (string, error) {
	var out bytes.Buffer
	c.Stdout, c.Env = &out, gitcloneEnv(runner)
	err := runner.Run(ctx, c)
	return out.String(), err
}

// gitcloneEnv is the environment in which git never asks for a password.
func gitcloneEnv(runner parts.Runner) []string {
	return run.MergeEnv(runner.Environ(), map[string]string{"GIT_TERMINAL_PROMPT": "0"})
}

// Run clones the repository anew, unless develop keeps a clone that exists.
func (a *gitcloneAction) Run(ctx context.Context, w *parts.Work) error {
	dir := workPath(w, a.location)
	if info, err := os.Stat(dir); err == nil {
		w.Say(event.Info, "destination directory already exists.")
		if a.options.develop {
			w.Own(a.location)
			return nil
		}
		if err := a.clear(w, dir, info); err != nil {
			return err
		}
	}
	if a.explicit && a.options.branch != "" {
		w.Say(event.Warning, fmt.Sprintf("Warning: \"branch\" parameter with value %q is ignored. Checking out to revision %s.", a.options.branch, a.revision))
	}
	w.Own(a.location)
	err := a.clone(ctx, w, dir)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return a.failed(w, dir, err)
}

// clear deletes an older clone. A link or a file is not one.
func (a *gitcloneAction) clear(w *parts.Work, dir string, info fs.FileInfo) error {
	if link, err := os.Lstat(dir); err == nil && !link.IsDir() {
		what := "a directory"
		if info.IsDir() {
			what = "a directory itself, but a link"
		}
		return a.place.fail(codeFile, "'%s' is not %s: it is not deleted", a.location, what).
			WithHint("delete it, or give the clone another location")
	}
	w.Say(event.Info, "Deleting it.")
	return a.place.wrap(removeTree(w, dir))
}

// failed removes what is left of a clone.
func (a *gitcloneAction) failed(w *parts.Work, dir string, cause error) error {
	text := "Impossible to clone repository."
	if a.options.useCache && !a.options.shared && a.options.depth == 0 {
		text = "Impossible to clone repository and impossible to download from cache."
	}
	if _, err := os.Stat(dir); err == nil {
		cause = errors.Join(cause, removeTree(w, dir))
	}
	d := a.place.fail("clone-failed", "%s", text).WithCause(cause)
	if exit := (*parts.ExitError)(nil); errors.As(cause, &exit) && exit.Err != nil {
		d.WithHint("%s: %v", a.options.git, exit.Err)
	}
	return d
}

// clone runs the commands that make a clone.
func (a *gitcloneAction) clone(ctx context.Context, w *parts.Work, dir string) error {
	w.Step("clone")
	if err := a.git(ctx, w, w.Dir, "clone", a.options.cloneArguments(a.explicit, dir)...); err != nil {
		return err
	}
	if a.options.sparse != "" {
		file := filepath.Join(dir, ".git", "info", "sparse-checkout")
		if err := makeDirs(w, filepath.Dir(file), nil); err != nil {
			return err
		}
		if err := writeFile(file, []byte(a.options.sparse+"\n"), umasked(w, 0o666)); err != nil {
			return err
		}
	}
	if a.options.sparse != "" || a.revision != "" {
		if err := a.reset(ctx, w, dir, a.revision); err != nil {
			return err
		}
	}
	if a.options.noModule {
		return nil
	}
	return a.git(ctx, w, dir, "submodule", "submodule", "update", "--init", "--recursive")
}

// cloneArguments returns the arguments of git that clone into dir.
func (g gitcloneOptions) cloneArguments(explicit bool, dir string) []string {
	arguments := []string{"clone"}
	if !g.noModule {
		arguments = []string{"-c", "protocol.file.allow=always", "clone"}
	}
	add := func(on bool, more ...string) {
		if on {
			arguments = append(arguments, more...)
		}
	}
	add(g.shared, "--shared")
	add(g.sparse != "", "--no-checkout")
	add(g.branch != "" && !explicit, "--branch", g.branch)
	add(g.depth > 0, fmt.Sprintf("--depth=%d", g.depth))
	add(!g.noModule, "--recurse-submodules")
	add(g.sparse != "", "--config", "core.sparseCheckout=true")
	add(g.ignoreSSL, "--config", "http.sslVerify=false")
	add(!g.noModule, "--config", "submodule.recurse=true")
	return append(arguments, "--", g.repository, dir)
}

func (a *gitcloneAction) git(ctx context.Context, w *parts.Work, dir, step string, arguments ...string) error {
	argv := append([]string{a.options.git}, arguments...)
	return w.Proc.Run(ctx, parts.Command{Argv: argv, Dir: dir, Step: step, Env: gitcloneEnv(w.Proc)})
}

func (a *gitcloneAction) reset(ctx context.Context, w *parts.Work, dir, revision string) error {
	arguments := []string{"reset", "--hard"}
	if revision != "" {
		arguments = append(arguments, revision)
	}
	return a.git(ctx, w, dir, "reset", arguments...)
}

// Update gets what is new, unless develop or revision is set.
func (a *gitcloneAction) Update(ctx context.Context, w *parts.Work) error {
	if a.options.develop || a.explicit {
		return nil
	}
	dir := workPath(w, a.location)
	if err := gitcloneDeleteCompiled(dir); err != nil {
		return a.place.wrap(err)
	}
	w.Step("fetch")
	if err := a.git(ctx, w, dir, "fetch", "fetch", "--all"); err != nil {
		return err
	}
	revision := a.revision
	if revision == "" {
		revision = "@{upstream}"
	}
	if err := a.reset(ctx, w, dir, revision); err != nil || a.options.noModule {
		return err
	}
	return a.git(ctx, w, dir, "submodule", "submodule", "update", "--init", "-f", "--recursive")
}

// Refreshes reports whether Update gets what is new.
func (a *gitcloneAction) Refreshes() bool { return !a.options.develop && !a.explicit }

// MustReinstall reports whether the clone is gone.
func (a *gitcloneAction) MustReinstall(old parts.Record) bool {
	if !filepath.IsAbs(a.location) {
		return false // the paths of the record tell
	}
	_, err := os.Stat(a.location)
	return errors.Is(err, fs.ErrNotExist)
}

// gitcloneDeleteCompiled deletes compiled Python files, so that those of moved
// files cannot be imported.
func gitcloneDeleteCompiled(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ext := filepath.Ext(path); ext != ".pyc" && ext != ".pyo" {
			return nil
		}
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// Remove keeps a clone with work in it, unless develop is set to false.
func (gitcloneRecipe) Remove(ctx context.Context, w *parts.Work, old parts.Record) (keep []string, err error) {
	location := old.Options["location"]
	dir := workPath(w, location)
	if _, err := os.Stat(dir); location == "" || err != nil {
		return nil, nil
	}
	if develop, ok := old.Options["develop"]; ok && !slices.Contains(trueWords, strings.ToLower(develop)) {
		return nil, nil
	}
	reasons, err := gitcloneUnsaved(ctx, w, dir, old.Options["git-executable"])
	if err != nil || len(reasons) == 0 {
		return nil, err
	}
	for _, reason := range reasons {
		w.Say(event.Warning, fmt.Sprintf("%s in %s. This folder will be left as is.", reason, location))
	}
	return old.Paths, nil
}

// gitcloneUnsaved returns why a clone must be kept.
func gitcloneUnsaved(ctx context.Context, w *parts.Work, dir, git string) (reasons []string, err error) {
	if git == "" {
		git = "git"
	}
	for _, question := range []struct {
		arguments []string
		reason    string
	}{
		{[]string{"status", "--short"}, "You have uncommitted changes"},
		{[]string{"log", "--branches", "--not", "--remotes"}, "You have commits not pushed upstream"},
	} {
		c := parts.Command{Argv: append([]string{git}, question.arguments...), Dir: dir, Step: "check"}
		text, err := gitcloneOutput(ctx, w.Proc, c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return []string{"Cannot check if there are unpushed/uncommitted changes"}, nil
		}
		if strings.TrimSpace(text) != "" {
			reasons = append(reasons, question.reason)
		}
	}
	return reasons, nil
}
