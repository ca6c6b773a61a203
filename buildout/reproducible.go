package buildout

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/run"
)

const (
	// reproducibleOption of [buildout], or of a part that is compiled, says
	// whether its processes get what is below.
	reproducibleOption = "reproducible"
	// epochOption of [buildout] is SOURCE_DATE_EPOCH.
	epochOption = "source-date-epoch"
	epochName   = "SOURCE_DATE_EPOCH"
	// defaultEpoch is 1980-01-01, the first day that a zip file can tell. It is no
	// time of the sources: a patch, a copy or a checkout would change that.
	defaultEpoch = "315532800"
)

// reproducibleUmask is that of the processes of compiled parts.
var reproducibleUmask = 0o022

// reproducibleEnviron is the same for everybody. The locale is set by LANG, as
// LC_ALL would overrule what a part says about a category.
var reproducibleEnviron = map[string]string{"LANG": "C", "TZ": "UTC", "PYTHONHASHSEED": "0", "PERL_HASH_SEED": "0"}

// isReproducible reports whether the processes of a part get the environment
// that is the same for everybody.
func (e *Engine) isReproducible(n *plan.Node) bool {
	return n.Spec.Builds && cmp.Or(n.Options[reproducibleOption], e.early(reproducibleOption)) != "false"
}

// environOf is what the processes of a part start with. What the part sets by
// itself comes on top.
func (e *Engine) environOf(n *plan.Node) []string {
	env := e.environment.before(e.Environ, n.Rank)
	if !e.isReproducible(n) {
		return env
	}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(v, "LC_") || strings.HasPrefix(v, "LANGUAGE=")
	})
	set := maps.Clone(reproducibleEnviron)
	outer, _ := run.LookupEnv(env, epochName)
	set[epochName] = cmp.Or(e.early(epochOption), outer, defaultEpoch)
	return run.MergeEnv(env, set)
}

// reproduce makes the runner of a part one whose results do not depend on who
// runs it, and where.
func (j *job) reproduce(c *run.Config) {
	c.Env = j.environOf(j.node)
	if j.isReproducible(j.node) {
		c.Umask = &reproducibleUmask
	}
}

// umask is that of files which the recipe itself makes: what nobody else may
// write to by the umask of its processes, nobody else may write to at all.
func (j *job) umask() int {
	if j.isReproducible(j.node) {
		return j.Umask | reproducibleUmask
	}
	return j.Umask
}

// mapping returns the runner for the recipe: compilers do not tell where the
// sources were.
func (j *job) mapping(r parts.Runner) parts.Runner {
	if !j.isReproducible(j.node) {
		return r
	}
	m := &pathMapper{Runner: r, home: j.temp() + "/gcc", compilers: &j.Engine.compilers}
	for _, dir := range []string{j.Base.Directory, j.path(j.node.Options["location"])} {
		m.stay = append(m.stay, dir, resolved(dir))
	}
	if dir := j.node.Options["compile-directory"]; dir != "" {
		m.add(j.path(dir))
	}
	return m
}

var seconds = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,18}$`) })

// checkReproducible refuses values that the options of this file cannot have.
func (e *Engine) checkReproducible(g *plan.Graph) error {
	_, err := e.Profile.Bool(reproducibleOption)
	list := diag.List(diag.All(err))
	if text := e.early(epochOption); text != "" && !seconds().MatchString(text) {
		list.Add(diag.At(e.At("buildout", epochOption), "bad-buildout-option", "source-date-epoch is no number of seconds: %q", text).
			WithPath("buildout", epochOption).WithHint("it is a time in seconds since 1970, as `date +%%s` writes it"))
	}
	for _, n := range g.Parts {
		text := n.Options[reproducibleOption]
		if n.Spec.Builds && !slices.Contains([]string{"", "true", "false"}, text) {
			list.Add(diag.At(e.At(n.Part, reproducibleOption), "bad-boolean", "Invalid value for 'reproducible' option: '%s'", text).
				WithPath(n.Part, reproducibleOption).WithHint("write true or false"))
		}
	}
	return list.Err()
}
