package buildout

import (
	"context"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/bom"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
	"gobuild/parts/run"
)

// BillOptions says what a bill of materials is of.
type BillOptions struct {
	Named []string // installed parts, with all that they need; none means all
	// Files says that the installed files are read, to know which parts are
	// needed to run others and which only to build them.
	Files bool
}

// Bill returns a bill of materials of what is installed. Start comes before it;
// nothing is changed.
func (e *Engine) Bill(ctx context.Context, o BillOptions) (*bom.Bill, error) {
	created, err := e.sourceDate()
	if err != nil {
		return nil, err
	}
	db, err := e.state()
	if err != nil {
		return nil, err
	}
	installed := records(db)
	var names []string
	for _, r := range installed {
		names = append(names, r.Part)
	}
	var unknown diag.List
	for _, name := range o.Named {
		if !slices.Contains(names, name) {
			unknown.Add(diag.At(diag.Span{}, "usage", "part %s is not installed", name).WithHint("%s", diag.DidYouMean(name, names)))
		}
	}
	if len(unknown) > 0 {
		return nil, unknown
	}
	b, err := e.bill(ctx, installed, o)
	if err != nil {
		return nil, err
	}
	b.Name, b.Dir, b.Created, b.Wanted = billName(e.Config.Profile), e.Base.Directory, created, o.Named
	if len(o.Named) == 0 {
		b.Wanted = names
	}
	b.Wanted = slices.Sorted(slices.Values(b.Wanted))
	return b, nil
}

func (e *Engine) bill(ctx context.Context, installed []parts.Record, o BillOptions) (*bom.Bill, error) {
	needs, err := e.needsOf(ctx, installed, o.Files)
	if err != nil {
		return nil, err
	}
	wanted := installed
	if len(o.Named) > 0 {
		seen := map[string]bool{}
		reach(o.Named, needs, seen)
		wanted = slices.DeleteFunc(slices.Clone(installed), func(r parts.Record) bool { return !seen[r.Part] })
	}
	shelf := bom.Open(e.stateDir())
	shelf.Said = e.saidLicenses(wanted)
	var components []*bom.Component
	for _, r := range wanted {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := shelf.Component(r)
		if err != nil {
			return nil, err
		}
		c.Needs = needs[r.Part]
		components = append(components, c)
	}
	return bom.NewBill(shelf, components), nil
}

// saidLicenses are the licences that the profile gives parts now: changing one
// installs nothing anew.
func (e *Engine) saidLicenses(installed []parts.Record) map[string]string {
	said := map[string]string{}
	for _, r := range installed {
		if v := e.Profile.Value(r.Part, bom.LicenseOption); v != nil && !strings.Contains(v.Text, "${") {
			said[r.Part] = v.Text
		}
	}
	return said
}

// reach notes parts and all that they need, in any number of steps.
func reach(names []string, needs map[string][]bom.Need, seen map[string]bool) {
	for _, part := range names {
		if !seen[part] {
			seen[part] = true
			for _, n := range needs[part] {
				reach([]string{n.Part}, needs, seen)
			}
		}
	}
}

// billName is what the bill of a profile is called.
func billName(name string) string {
	if u, err := url.Parse(name); err == nil && profile.IsURL(name) {
		name = u.Path
	}
	name = path.Base(filepath.ToSlash(name))
	return strings.TrimSuffix(name, path.Ext(name))
}

// sourceDate is SOURCE_DATE_EPOCH, or the zero time.
func (e *Engine) sourceDate() (time.Time, error) {
	text, ok := run.LookupEnv(e.Environ, epochName)
	if !ok || text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if t := time.Unix(seconds, 0).UTC(); err == nil && seconds >= 0 && t.Year() <= 9999 {
		return t, nil
	}
	return time.Time{}, diag.At(diag.Span{}, "usage", "%s is not a number of seconds since 1970: %q", epochName, text)
}

// needsOf returns what installed parts need: those that the manifest knows, and
// those that their files name.
func (e *Engine) needsOf(ctx context.Context, installed []parts.Record, files bool) (map[string][]bom.Need, error) {
	var named map[string]map[string]bool
	if files {
		var err error
		if named, err = e.namedByFiles(ctx, installed); err != nil {
			return nil, err
		}
	}
	known := map[string]bool{}
	for _, r := range installed {
		known[r.Part] = true
	}
	m := manifest.Load(manifest.Path(e.stateDir()))
	needs := map[string][]bom.Need{}
	for _, r := range installed {
		when := map[string]bom.When{}
		if entry, ok := m.Get(r.Part); ok && entry.Digest == manifest.Digest(r) {
			for _, n := range entry.Needs {
				when[n.Part] = ""
				if files {
					when[n.Part] = bom.Build
				}
			}
		}
		for part := range named[r.Part] {
			when[part] = bom.Run
		}
		for part, w := range when {
			if known[part] && part != r.Part {
				needs[r.Part] = append(needs[r.Part], bom.Need{Part: part, When: w})
			}
		}
		slices.SortFunc(needs[r.Part], func(a, b bom.Need) int { return strings.Compare(a.Part, b.Part) })
	}
	return needs, nil
}

// namedByFiles returns the parts that the installed files of each part name.
func (e *Engine) namedByFiles(ctx context.Context, installed []parts.Record) (map[string]map[string]bool, error) {
	var roots []relocate.Root
	for _, r := range installed {
		for _, p := range r.Paths {
			if p = filepath.Clean(e.path(p)); fileExists(p) {
				roots = append(roots, relocate.Root{Path: p, Name: r.Part})
			}
		}
	}
	slices.SortStableFunc(roots, func(a, b relocate.Root) int { return strings.Compare(a.Path, b.Path) })
	// What is below a path of another part is read with it.
	roots = slices.CompactFunc(roots, func(a, b relocate.Root) bool { return b.Path == a.Path || strings.HasPrefix(b.Path, a.Path+"/") })
	facts, err := relocate.Scan(ctx, relocate.Input{Roots: roots, Jobs: e.Jobs})
	if err != nil || facts == nil {
		return nil, err
	}
	named := map[string]map[string]bool{}
	for _, f := range facts.Files {
		part := facts.Prefixes[f.Root].Name
		for _, n := range f.Needs {
			if named[part] == nil {
				named[part] = map[string]bool{}
			}
			named[part][facts.Prefixes[n].Name] = true
		}
	}
	return named, nil
}
