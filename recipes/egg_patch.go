package recipes

import (
	"context"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/eggs"
)

// eggPatch is the patches of one distribution.
type eggPatch struct {
	place    place
	files    []sourceFile
	options  []string
	binary   string
	revision int
}

// eggPatches reads the options EGG-patches, EGG-patch-options, EGG-patch-binary
// and EGG-patch-revision.
func eggPatches(o parts.Options) (map[string]*eggPatch, error) {
	patches := map[string]*eggPatch{}
	for _, key := range o.Keys() {
		name, ok := strings.CutSuffix(key, "-patches")
		if !ok || name == "" {
			continue
		}
		patch, err := newEggPatch(o, name+"-")
		if err != nil {
			return nil, err
		}
		patches[name] = patch
	}
	return patches, nil
}

// newEggPatch reads the options of one distribution, which begin with prefix.
func newEggPatch(o parts.Options, prefix string) (*eggPatch, error) {
	files, err := patchOption(o, prefix+"patches")
	if err != nil {
		return nil, err
	}
	p := &eggPatch{place: optionPlace(o, prefix+"patches"), files: files, options: []string{"-p0"}}
	if words := optionWords(o, prefix+"patch-options"); len(words) > 0 {
		p.options = words
	}
	if p.binary = strings.TrimSpace(optionText(o, prefix+"patch-binary")); p.binary == "" {
		p.binary = strings.TrimSpace(optionText(o, "patch-binary"))
	}
	p.revision, err = optionInt(o, prefix+"patch-revision", len(files))
	if err == nil && p.revision < 0 {
		err = optionError(o, prefix+"patch-revision", codeBadValue, "a revision is not negative")
	}
	return p, err
}

// fetch gets the patches. The temporary files are removed by the caller.
func (p *eggPatch) fetch(ctx context.Context, w *parts.Work) (ready eggs.Patch, temporary []string, err error) {
	ready = eggs.Patch{Options: slices.Clone(p.options), Binary: p.binary, Revision: p.revision}
	for _, file := range p.files {
		got, err := w.Fetch.Fetch(ctx, file.request(file.url))
		if err != nil {
			return ready, temporary, file.place.wrap(err)
		}
		if got.Temp {
			temporary = append(temporary, got.Path)
		}
		ready.Files = append(ready.Files, got.Path)
	}
	return ready, temporary, nil
}
