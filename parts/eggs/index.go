package eggs

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

const defaultIndex = "https://pypi.org/simple"

// offer returns the best archive for a requirement, or nil. Its error is that of
// the index, when nothing else has the project.
func (w *workingSet) offer(ctx context.Context, r wanted) (*artifact, error) {
	if r.URL != "" {
		a, ok := w.parseArtifact(fileOf(r.URL), r.Key())
		if !ok {
			return nil, diag.At(diag.Span{}, "egg-requirement", "%s is no archive of %s", r.URL, r.Name)
		}
		a.setURL(r.URL)
		w.guard(&a)
		return w.pick(r, []artifact{a}), nil
	}
	offers, err := w.offers(ctx, r.Key())
	if a := w.pick(r, offers); a != nil {
		return a, nil
	}
	return nil, err
}

// offers lists the archives of a project.
func (w *workingSet) offers(ctx context.Context, key string) ([]artifact, error) {
	if offers, known := w.found[key]; known {
		return offers, nil
	}
	if !w.linked {
		if err := w.readLinks(ctx); err != nil {
			return nil, err
		}
	}
	var offers []artifact
	for _, link := range w.links {
		if a, ok := w.parseArtifact(link.file, key); ok {
			a.url, a.sums, a.own, a.blocked = link.url, link.sums, true, link.blocked
			offers = append(offers, a)
		}
	}
	var failed error
	for _, index := range w.indexes {
		page, err := w.readIndex(ctx, index, key)
		failed = cmp.Or(failed, err)
		offers = append(offers, page...)
	}
	if failed == nil || len(offers) > 0 && ctx.Err() == nil {
		w.found[key] = offers
		return offers, nil
	}
	return nil, failed
}

// readLinks reads FindLinks and the configuration of pip.
func (w *workingSet) readLinks(ctx context.Context) error {
	w.linked = true
	links := slices.Clone(w.FindLinks)
	if w.DownloadCache != "" {
		links = append([]string{filepath.Join(w.DownloadCache, "dist")}, links...)
	}
	if w.CacheOnly {
		links = links[:min(1, len(links))]
	} else {
		c := pipConfig(w.Proc.Environ(), w.python.Prefix)
		if w.indexes = c.indexes; w.Index != "" {
			w.indexes = []string{w.Index}
		}
		links = append(links, c.links...)
	}
	for _, link := range links {
		if err := w.readLink(ctx, link); err != nil {
			return err
		}
	}
	return nil
}

// readLink reads a directory, an archive or a page of links.
func (w *workingSet) readLink(ctx context.Context, link string) error {
	address, _, _ := strings.Cut(link, "#")
	local, isLocal := w.local(address)
	switch {
	case isLocal && isDir(local):
		entries, err := os.ReadDir(local)
		if err != nil {
			return diag.At(diag.Span{}, "egg-missing", "cannot read %s of find-links: %v", link, err).WithCause(err)
		}
		for _, e := range entries {
			w.addArchive(filepath.Join(local, e.Name()), false)
		}
		return nil
	case isArchive(fileOf(link)):
		if isLocal {
			link = local + strings.TrimPrefix(link, address)
		}
		w.addArchive(link, !isLocal && !w.allowed(link))
		return nil
	case !isLocal && !w.allowed(link):
		w.log("find-links " + link + " is left out: allow-hosts does not have its host")
		return nil
	}
	if isLocal {
		address = local
	}
	page, err := w.page(ctx, address)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.log("find-links " + link + " is left out: " + err.Error()) // others may have it
		return nil
	}
	for _, a := range page {
		w.addArchive(a.href, !w.allowed(a.href))
	}
	return nil
}

func (w *workingSet) addArchive(address string, blocked bool) {
	name := fileOf(address)
	if !isArchive(name) {
		return
	}
	a := artifact{file: name, blocked: blocked}
	a.setURL(address)
	w.links = append(w.links, a)
}

// local returns the path that an address of find-links or an index names.
func (w *workingSet) local(address string) (string, bool) {
	if rest, ok := strings.CutPrefix(address, "file://"); ok {
		if path, err := url.PathUnescape(rest); err == nil {
			rest = path
		}
		return filepath.Clean(strings.TrimPrefix(rest, "localhost")), true
	}
	if strings.Contains(address, "://") {
		return "", false
	}
	if !filepath.IsAbs(address) {
		address = filepath.Join(w.Dir, address)
	}
	return filepath.Clean(address), true
}

// readIndex reads the page of a project. A project without page has no archives.
func (w *workingSet) readIndex(ctx context.Context, index, key string) ([]artifact, error) {
	var links []anchor
	var err error
	if dir, isLocal := w.local(index); isLocal {
		links, err = w.readLocalIndex(ctx, filepath.Join(dir, key))
	} else {
		address := strings.TrimRight(index, "/") + "/" + key + "/"
		if !w.allowed(address) {
			return nil, diag.At(diag.Span{}, "egg-host", "allow-hosts does not have the host of the index %s", index).
				WithHint("add it to `allow-hosts`, or use an index that is allowed")
		}
		links, err = w.page(ctx, address)
		if isNotFound(err) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	var offers []artifact
	for _, link := range links {
		a, ok := w.parseArtifact(fileOf(link.href), key)
		if !ok {
			continue
		}
		a.setURL(link.href)
		a.python, a.yanked = link.python, link.yanked
		w.guard(&a)
		offers = append(offers, a)
	}
	return offers, nil
}

// isNotFound reports whether a server has answered that there is no such page.
func isNotFound(err error) bool {
	var answer interface{ NotFound() bool }
	return errors.As(err, &answer) && answer.NotFound()
}

func (w *workingSet) readLocalIndex(ctx context.Context, dir string) ([]anchor, error) {
	if page := filepath.Join(dir, "index.html"); isFile(page) {
		return w.page(ctx, page)
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var links []anchor
	for _, e := range entries {
		links = append(links, anchor{href: filepath.Join(dir, e.Name())})
	}
	return links, err
}

// page reads the links of a page.
func (w *workingSet) page(ctx context.Context, address string) ([]anchor, error) {
	got, err := w.Fetch.Fetch(ctx, parts.FetchRequest{URL: address, Fresh: true})
	if err != nil {
		return nil, err
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	text, err := readLimited(got.Path)
	if err != nil {
		return nil, err
	}
	return anchors(string(text), address), nil
}

// guard notes whether the host of an archive is allowed.
func (w *workingSet) guard(a *artifact) {
	if _, local := w.local(a.url); !local {
		a.blocked = !w.allowed(a.url)
	}
}

// allowed reports whether the host of a URL may be asked.
func (w *workingSet) allowed(address string) bool {
	if len(w.AllowHosts) == 0 {
		return true
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return true // a local file
	}
	return slices.ContainsFunc(w.AllowHosts, func(pattern string) bool {
		ok, err := filepath.Match(strings.ToLower(pattern), strings.ToLower(u.Hostname()))
		full, _ := filepath.Match(strings.ToLower(pattern), strings.ToLower(u.Host))
		return err == nil && (ok || full)
	})
}

// nowhere says that nothing on offer is of use.
func (w *workingSet) nowhere(r wanted) error {
	d := diag.At(diag.Span{}, "egg-missing", "Couldn't find a distribution for %s.", quoted(r.String()))
	var versions []string
	blocked := false
	for _, a := range w.found[r.Key()] {
		if !slices.Contains(versions, a.version) {
			versions = append(versions, a.version)
		}
		blocked = blocked || a.blocked && r.Contains(a.version)
	}
	const most = 8
	switch {
	case blocked:
		return d.WithHint("%s; there is one on a host that `allow-hosts` does not have", r.origin())
	case len(versions) == 0:
		return d.WithHint("%s; %s has no such project", r.origin(), strings.Join(append([]string{"find-links"}, w.indexes...), ", "))
	case len(versions) > most:
		versions = append([]string{"..."}, versions[len(versions)-most:]...)
	}
	return d.WithHint("%s; for Python %s there is %s", r.origin(), w.python.Version, strings.Join(versions, ", "))
}

func quoted(text string) string { return "'" + text + "'" }
