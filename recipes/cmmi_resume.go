package recipes

import (
	"context"
	"os"
	"strconv"

	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// cmmiSteps are the steps of a build in their order.
func cmmiSteps() []parts.BuildStep {
	return []parts.BuildStep{
		{Name: "fetch", Anew: true, Options: []string{"url", "path", "strip-top-level-dir"}},
		{Name: "unpack", Anew: true},
		{Name: "patch", Anew: true, Options: []string{"patches", "patch-binary", "patch-options"}},
		{Name: "pre-configure-hook", Options: []string{"pre-configure-hook"}},
		{Name: "pre-configure", Options: []string{"pre-configure"}},
		{Name: "configure", Options: []string{"environment", "prefix", "configure-command", "configure-options"}},
		{Name: "pre-make-hook", Options: []string{"pre-make-hook"}},
		{Name: "pre-build", Options: []string{"pre-build"}},
		{Name: "make", Options: []string{"make-binary", "make-options"}},
		{Name: "pre-install", Options: []string{"pre-install"}},
		{Name: "install", Options: []string{"make-targets"}},
		{Name: "post-make-hook", Options: []string{"post-make-hook"}},
		{Name: "post-install", Options: append(sumOptionNames(), "post-install", "alternate-url", "offline", "promises", "keep-compile-dir")},
	}
}

// sumOptionNames are the options for checksums: they matter to an archive, but
// not to what was unpacked from it.
func sumOptionNames() []string {
	var names []string
	for _, o := range sumOptionSpecs() {
		names = append(names, o.Name)
	}
	return names
}

// Steps returns the steps that Resume knows.
func (a *cmmiAction) Steps() []parts.BuildStep { return cmmiSteps() }

// Resume goes on with a failed build.
func (a *cmmiAction) Resume(ctx context.Context, w *parts.Work) error {
	return store.Resume(ctx, w, a.frame, func(ctx context.Context) error { return a.build(ctx, w) })
}

// Environ returns what the steps of the part run with.
func (a *cmmiAction) Environ(base []string) (env []string, dir string, err error) {
	set, err := a.env.resolve(base)
	return run.MergeEnv(base, set), a.options.sourceDirectory(), err
}

// mark returns by what the tree of a failed shared build is known again, as
// another run may start it anew. It is "" for a private one: nobody else
// touches it.
func (c *cmmiBuild) mark() string {
	if !c.frame.Location.Shared() || c.w.Leave == nil {
		return ""
	}
	return treeMark(c.source)
}

// treeMark tells a directory from a later one of the same name: by the time at
// which an entry was last made in it.
func treeMark(dir string) string {
	info, err := os.Stat(dir)
	if err != nil {
		return "none"
	}
	return strconv.FormatInt(info.ModTime().UnixNano(), 10)
}

// checkMark checks that the tree is the one that the failed build left.
func (c *cmmiBuild) checkMark(want string) error {
	if want == "" || want == treeMark(c.source) {
		return nil
	}
	return c.gone("the tree of this build, which another run has replaced,")
}
