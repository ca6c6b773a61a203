package manifest

import (
	"context"
	"slices"
)

// Differences are those between what a part has installed and what is there.
// Each list is in the order of the paths.
type Differences struct {
	Missing []string
	Changed []string
	Added   []string // not the part's own: programs write caches beside their files
}

// Messages says what is wrong. Added files are not.
func (d Differences) Messages() []string {
	var list []string
	for _, path := range d.Missing {
		list = append(list, "file "+path+" is missing")
	}
	for _, path := range d.Changed {
		list = append(list, "file "+path+" was changed")
	}
	return list
}

// Verify compares the list with what is there. Files of the same size, time and
// mode are read only when content is set. A file that cannot be read counts as
// changed; the error is that of ctx.
func (f *Files) Verify(ctx context.Context, content bool) (Differences, error) {
	var d Differences
	now := &Files{}
	for _, root := range f.Roots {
		if err := now.walk(root); err != nil {
			d.Changed = append(d.Changed, root)
		}
	}
	recorded := make(map[string]*Installed, len(f.All))
	for n := range f.All {
		recorded[f.All[n].Path] = &f.All[n]
	}
	var read []Installed
	seen := make(map[string]bool, len(now.All))
	for _, i := range now.All {
		seen[i.Path] = true
		switch was := recorded[i.Path]; {
		case was == nil:
			d.Added = append(d.Added, i.Path)
		case differs(*was, i):
			d.Changed = append(d.Changed, i.Path)
		case i.Kind == KindFile && (content || i.Time != was.Time):
			read = append(read, i)
		}
	}
	for _, i := range f.All {
		if !seen[i.Path] {
			d.Missing = append(d.Missing, i.Path)
		}
	}
	err := hashAll(ctx, read)
	for _, i := range read {
		if i.Value != recorded[i.Path].Value {
			d.Changed = append(d.Changed, i.Path)
		}
	}
	slices.Sort(d.Changed)
	d.Changed = slices.Compact(d.Changed)
	return d, err
}

// differs reports whether a file surely has changed, without its content.
func differs(was, now Installed) bool {
	return was.Kind != now.Kind || was.Mode != now.Mode || was.Size != now.Size || was.Kind == KindLink && was.Value != now.Value
}
