package recipes

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// cmmiMark is the file in a shared location by which a failed build knows its
// tree again: another run may have started it anew.
const cmmiMark = ".gobuild-failed"

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

// mark marks the tree of a failed shared build, and returns the text of the
// mark. It is "" for a private one: nobody else touches it.
func (c *cmmiBuild) mark() string {
	if !c.frame.Location.Shared() || c.w.Leave == nil {
		return ""
	}
	mark := rand.Text()
	if err := os.WriteFile(filepath.Join(c.frame.Location.Path, cmmiMark), []byte(mark), 0o600); err != nil {
		fmt.Fprintf(c.w.Log, "%s: mark the tree: %v\n", c.w.Part, err)
		return "unmarked"
	}
	return mark
}

// takeMark checks that the location is the one that the failed build left.
func (c *cmmiBuild) takeMark(want string) error {
	if want == "" {
		return nil
	}
	path := filepath.Join(c.frame.Location.Path, cmmiMark)
	if got, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(got)) != want {
		return c.gone("the tree of this build, which another run has replaced,")
	}
	return os.Remove(path)
}
