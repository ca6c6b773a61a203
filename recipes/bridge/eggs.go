package bridge

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/eggs"
)

// lent are the projects that recipes require and need not get: the bridge stands
// for zc.buildout.
var lent = []string{"zc.buildout", "slapos.buildout"}

// eggs does what a question about eggs asks for.
func (b *Bridge) eggs(ctx context.Context, f *frame, q *question, text string) (any, error) {
	buildout, err := b.session.Buildout(ctx)
	if err != nil {
		return nil, err
	}
	r, err := b.request(ctx, f, buildout)
	if err != nil {
		return nil, err
	}
	if q.Versions != nil {
		r.Versions = q.Versions
	}
	o := eggs.BuildOptions{}
	for _, pair := range q.Options {
		o.Extension = append(o.Extension, eggs.Option{Name: pair[0], Value: pair[1]})
	}
	switch q.Ask {
	case "develop":
		r.DevelopEggs = cmp.Or(q.Dest, r.DevelopEggs)
		return eggs.Develop(ctx, r, q.Path, o)
	case "build-egg":
		r.DevelopEggs = cmp.Or(q.Dest, r.DevelopEggs)
		return eggs.Build(ctx, r, text, o)
	}
	r.Requirements = []string{text}
	r.EggsDirectory = cmp.Or(q.Dest, r.EggsDirectory)
	return found(eggs.Ensure(ctx, r))
}

// located is the answer to the question for an egg.
type located struct {
	Locations []string `json:"locations"`
	Missing   string   `json:"missing,omitempty"`
}

// found is the answer when eggs were looked for: that there is none is no error.
func found(dists []eggs.Dist, err error) (any, error) {
	l := located{Locations: []string{}}
	var d *diag.Diagnostic
	if errors.As(err, &d) && d.Code == "egg-missing" {
		l.Missing = strings.TrimSpace(strings.ReplaceAll(d.Msg, "\n", " ") + " " + d.Hint)
		return l, nil
	}
	for _, dist := range dists {
		l.Locations = append(l.Locations, dist.Location)
	}
	return l, err
}

// request says where eggs come from.
func (b *Bridge) request(ctx context.Context, f *frame, buildout parts.Host) (eggs.Request, error) {
	get := func(key string) string { return option(ctx, buildout, key) }
	is := func(key string) bool { return get(key) == "true" }
	dir := get("directory")
	r := eggs.Request{
		Dir: dir, State: filepath.Join(dir, ".gobuild"), Python: b.python(ctx, buildout),
		EggsDirectory: under(dir, get("eggs-directory")), DevelopEggs: under(dir, get("develop-eggs-directory")),
		FindLinks: strings.Fields(get("find-links")), Index: get("index"), DownloadCache: get("download-cache"),
		CacheOnly: is("install-from-cache"), Offline: is("offline"), Prereleases: get("prefer-final") == "false",
		PinnedOnly: get("allow-picked-versions") == "false", AnyExtras: is("allow-unknown-extras"),
		SourceFirst: b.session.SlapOS, Lent: lent, Proc: f.proc, Fetch: f.fetch, Log: f.log, Say: func(text string) { f.tell(event.Info, text) },
	}
	if hosts := strings.Fields(get("allow-hosts")); len(hosts) != 1 || hosts[0] != "*" {
		r.AllowHosts = hosts
	}
	if r.DownloadCache != "" {
		r.DownloadCache = under(dir, r.DownloadCache)
	}
	if f.work != nil {
		r.Temp = f.work.Temp
	}
	var err error
	if b.session.ReadOnly {
		r.State = ""
		if b.scratch == "" {
			b.scratch, err = os.MkdirTemp("", "gobuild-eggs-")
		}
		r.EggsDirectory, r.Temp = b.scratch, b.scratch
	}
	if err == nil {
		r.Versions, err = pins(ctx, buildout)
	}
	return r, err
}

// pins are the versions that the profile fixes.
func pins(ctx context.Context, buildout parts.Host) (map[string]string, error) {
	name := option(ctx, buildout, "versions")
	if name == "" || !buildout.Has(name) {
		return nil, nil
	}
	section, err := buildout.Other(ctx, name)
	if err != nil {
		return nil, err
	}
	return allOptions(ctx, section)
}

func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
