package eggs

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// patchedMark begins the local part of the version of a patched distribution.
const patchedMark = "+SlapOSPatched"

// patchOf returns the patches of a project, or nil.
func (w *workingSet) patchOf(key string) *Patch {
	for name, patch := range w.Patches {
		if canonical(name) == key && len(patch.Files) > 0 {
			return &patch
		}
	}
	return nil
}

// version is the version of a distribution with the patches: VERSION, which may
// have the mark already.
func (p *Patch) version(key, version string) (string, error) {
	mark := fmt.Sprintf("%s%03d", patchedMark, cmp.Or(p.Revision, len(p.Files)))
	public, local, has := strings.Cut(version, "+")
	if has && !strings.EqualFold("+"+local, mark) {
		return "", diag.At(diag.Span{}, "egg-pin", "%s is pinned to %s, but its patches make %s", key, version, public+mark).
			WithHint("the number behind SlapOSPatched is that of the patches, or patch-revision")
	}
	return public + mark, nil
}

// apply patches the sources in dir.
func (p *Patch) apply(ctx context.Context, w *workingSet, dir string) error {
	for _, file := range p.Files {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		argv := append([]string{cmp.Or(p.Binary, "patch")}, p.Options...)
		err = w.Proc.Run(ctx, parts.Command{Argv: argv, Dir: dir, Stdin: f, Step: "patch", Show: strings.Join(argv, " ") + " < " + file})
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
