package fetch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// step names the fetching in events and messages.
const step = "fetch"

// query is a request made ready.
type query struct {
	sources   []source // the URL, then its alternates
	mirrors   []source // asked after them
	sums      []parts.Checksum
	at        diag.Span
	noNet     bool // offline
	directory bool
	max       int64

	// What became of it, once it was asked for by get.
	asked bool // a server was asked
	again bool // asking again can help
}

// fileNames returns the names that the file has on its servers.
func (q *query) fileNames() []string {
	var names []string
	for _, s := range q.sources {
		if name := s.fileName(); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// malformed returns the mismatch of a sum that no file can have, or nil.
func (q *query) malformed() error {
	for _, s := range q.sums {
		if !wellFormed(s) {
			return &mismatch{sum: s}
		}
	}
	return nil
}

// lockName returns what two requests for one file have in common.
func (f *fetcher) lockName(q *query) string {
	switch {
	case len(q.sums) > 0:
		return q.sums[0].Algorithm + ":" + q.sums[0].Hex
	case f.config.DownloadCache != "":
		return q.sources[0].text
	}
	return ""
}

func (f *fetcher) query(r parts.FetchRequest) (*query, error) {
	if strings.TrimSpace(r.URL) == "" {
		return nil, diag.At(r.At, "fetch-url", "the URL is empty")
	}
	sums, err := normalSums(r.Sums)
	if err != nil {
		return nil, err
	}
	q := &query{sums: sums, at: r.At, noNet: f.config.Offline, directory: r.Directory, max: f.config.MaxBytes}
	if r.Offline != nil {
		q.noNet = *r.Offline
	}
	for _, text := range append([]string{r.URL}, r.Alternates...) {
		s := newSource(text, f.part.Dir)
		s.group, s.fresh = r.CacheFolder, r.Fresh
		q.sources = append(q.sources, s)
	}
	return q, nil
}

// Fetch gets a file. Errors that a user can cause are *diag.Diagnostic.
func (f *fetcher) Fetch(ctx context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	own := *f
	got, err := own.fetch(ctx, r)
	if d := (*diag.Diagnostic)(nil); errors.As(err, &d) && f.part.Name != "" {
		d.WithPath(f.part.Name, step)
	}
	return got, err
}

func (f *fetcher) fetch(ctx context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	if err := ctx.Err(); err != nil {
		return parts.Fetched{}, context.Cause(ctx)
	}
	q, err := f.query(r)
	if err != nil {
		return parts.Fetched{}, err
	}
	if first := q.sources[0]; first.isLocal() {
		got, err := f.local(q, first)
		if err == nil || len(q.sources) == 1 && !(errors.Is(err, fs.ErrNotExist) && q.isKnown()) {
			return got, err
		}
	}
	done := f.started(q, step)
	got, cached, err := f.fetchOnce(ctx, q)
	done(got, cached, err)
	return got, err
}

// started tells that a file is fetched; the function returned tells the end.
func (f *fetcher) started(q *query, step string) func(got parts.Fetched, cached bool, err error) {
	e := event.Event{Kind: event.FetchStarted, Time: time.Now(), Part: f.part.Name, Step: step, Text: q.sources[0].shown}
	f.part.Events.Emit(e)
	return func(got parts.Fetched, cached bool, err error) {
		e.Kind, e.Elapsed, e.Time = event.FetchDone, time.Since(e.Time), time.Now()
		if e.Err = err; err != nil {
			e.Error = err.Error()
		} else {
			e.Done, e.Cached = sizeOf(got.Path), cached
		}
		f.part.Events.Emit(e)
	}
}

// get gets a file that is not local from a cache, a mirror, or a server.
func (f *fetcher) get(ctx context.Context, q *query) (parts.Fetched, error) {
	release, err := f.locks.lock(ctx, f.lockName(q))
	if err != nil {
		return parts.Fetched{}, err
	}
	defer release()
	if got, ok, err := f.stored(q); ok || err != nil {
		return got, err
	}
	return f.ask(ctx, q)
}

// isKnown reports whether caches and mirrors can tell the file by a checksum,
// wherever it was meant to be.
func (q *query) isKnown() bool { return len(q.sums) > 0 && q.malformed() == nil }

// local answers with the file that a source names, in place.
func (f *fetcher) local(q *query, s source) (parts.Fetched, error) {
	if s.bad != "" {
		return parts.Fetched{}, s.unusable(q.at)
	}
	info, err := os.Stat(s.local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.localCopy(q, s)
	case err != nil:
		return parts.Fetched{}, diag.At(q.at, "fetch-local", "cannot read '%s': %s", s.named, describe(err)).WithCause(err)
	case info.IsDir() && (!q.directory || len(q.sums) > 0):
		d := diag.At(q.at, "fetch-local", "'%s' is a directory", s.named)
		if q.directory {
			d.WithHint("a directory has no checksum: remove it")
		}
		return parts.Fetched{}, d
	case info.IsDir():
		return parts.Fetched{Path: s.local, Local: true, From: s.shown}, nil
	case !info.Mode().IsRegular():
		return parts.Fetched{}, diag.At(q.at, "fetch-local", "'%s' is not a regular file", s.named)
	}
	if f.part.Used != nil && len(q.sums) == 0 {
		f.part.Used(s.local)
	}
	if err := q.checkLocal(s); err != nil {
		return parts.Fetched{}, err
	}
	if err := f.cacheLocal(q, s, info.Mode().Perm()); err != nil {
		return parts.Fetched{}, err
	}
	return parts.Fetched{Path: s.local, Local: true, From: s.shown}, nil
}

// checkLocal checks the sums of a local file.
func (q *query) checkLocal(s source) error {
	err := verify(s.local, q.sums)
	if m := (*mismatch)(nil); errors.As(err, &m) {
		return q.mismatched(m, "for local resource at '"+s.named+"'.", "this file")
	}
	if err != nil {
		return diag.At(q.at, "fetch-local", "cannot read '%s': %s", s.named, describe(err)).WithCause(err)
	}
	return nil
}

// cacheLocal copies a local file into the download cache. The file itself is
// the one that is used: zc.buildout would go on with an old copy.
func (f *fetcher) cacheLocal(q *query, s source, mode fs.FileMode) error {
	if f.config.DownloadCache == "" || f.config.ReadOnly {
		return nil
	}
	if err := missingCache(q.at, f.config.DownloadCache); err != nil {
		return err
	}
	return f.cacheError(q, f.fillDownloadCache(s, s.local, mode))
}

// localCopy answers with the copy that the download cache has of a local file
// that is gone.
func (f *fetcher) localCopy(q *query, s source) (parts.Fetched, error) {
	if path := f.downloadPath(s); path != "" && isFile(path) && verify(path, q.sums) == nil {
		return parts.Fetched{Path: path, Local: true}, nil
	}
	d := diag.At(q.at, "fetch-local", "No such file or directory: '%s'", s.named).WithCause(fs.ErrNotExist)
	if s.named != s.local {
		d.WithHint("relative paths start at the buildout directory %s", f.part.Dir)
	}
	return parts.Fetched{}, d
}

// stored answers from the caches and the local mirrors.
func (f *fetcher) stored(q *query) (got parts.Fetched, ok bool, err error) {
	path, err := f.downloadCached(q)
	if path != "" || err != nil {
		return parts.Fetched{Path: path}, err == nil, err
	}
	if q.malformed() != nil {
		return parts.Fetched{}, false, nil
	}
	from := ""
	if path = f.cached(q.sums); path == "" {
		path = f.mirrored(q)
		from = path
	}
	if path == "" {
		return parts.Fetched{}, false, nil
	}
	if err := f.fillDownloadCache(q.sources[0], path, 0o600); err != nil {
		return parts.Fetched{}, false, f.cacheError(q, err)
	}
	return parts.Fetched{Path: path, From: from}, true, nil
}

// ask asks the sources themselves, and keeps what they give.
func (f *fetcher) ask(ctx context.Context, q *query) (parts.Fetched, error) {
	if q.noNet {
		return f.rounds(ctx, q, "")
	}
	dir, err := f.tempDir(q)
	if err != nil {
		return parts.Fetched{}, f.cacheError(q, err)
	}
	temp, err := tempIn(dir, tempPattern)
	if err != nil {
		return parts.Fetched{}, f.cacheError(q, err)
	}
	q.mirrors = f.mirrorSources(q)
	got, err := f.rounds(ctx, q, temp)
	if err == nil && got.Path == temp {
		from := got.From
		got, err = f.place(q, temp)
		got.From = from
	}
	if !got.Temp || err != nil {
		os.Remove(temp)
	}
	return got, err
}

// tempDir returns where a download goes: the directory of the part, if the file
// can be renamed into its cache from there, else one of the cache.
func (f *fetcher) tempDir(q *query) (string, error) {
	switch {
	case f.config.ReadOnly:
		return os.TempDir(), nil
	case f.config.Cache != "" && len(q.sums) > 0:
		dir, err := f.cacheTemp()
		if err == nil && f.isNear(dir) {
			dir = f.part.Temp
		}
		return dir, err
	case f.config.DownloadCache != "":
		if f.isNear(f.config.DownloadCache) {
			return f.part.Temp, nil
		}
		return f.config.DownloadCache, nil
	}
	return f.temp()
}

// temp returns where temporary files of the part go.
func (f *fetcher) temp() (string, error) {
	if f.part.Temp != "" {
		return f.part.Temp, os.MkdirAll(f.part.Temp, 0o700)
	}
	return os.TempDir(), nil
}

// isNear makes the directory of the part, and reports whether it is on the file
// system of dir.
func (f *fetcher) isNear(dir string) bool {
	if f.part.Temp == "" || os.MkdirAll(f.part.Temp, 0o700) != nil {
		return false
	}
	a, err1 := os.Stat(f.part.Temp)
	b, err2 := os.Stat(dir)
	return err1 == nil && err2 == nil && device(a) == device(b)
}

// place moves a good download to where it stays.
func (f *fetcher) place(q *query, temp string) (parts.Fetched, error) {
	if f.config.ReadOnly {
		return parts.Fetched{Path: temp, Temp: true}, nil
	}
	if f.config.Cache != "" && len(q.sums) > 0 {
		path, err := f.keep(temp, q.sums)
		if err == nil {
			err = f.fillDownloadCache(q.sources[0], path, 0o600)
		}
		return parts.Fetched{Path: path}, f.cacheError(q, err)
	}
	if path := f.downloadPath(q.sources[0]); path != "" {
		err := errors.Join(syncFile(temp), makeGroup(q.sources[0], path))
		if err == nil {
			err = move(temp, path)
		}
		return parts.Fetched{Path: path}, f.cacheError(q, err)
	}
	return parts.Fetched{Path: temp, Temp: true}, nil
}

// cacheError says that a cache cannot be written. A nil err stays nil.
func (f *fetcher) cacheError(q *query, err error) error {
	if err == nil {
		return nil
	}
	return diag.At(q.at, "fetch-cache", "cannot store the file: %s", err).WithCause(err)
}

// failure is a source that gave no file.
type failure struct {
	d     *diag.Diagnostic // nil as long as the source was not asked
	again bool             // asking again can help
	shown string
}

// rounds asks all sources in turn until one gives the file in temp (or a local
// path), at most as often as the settings say.
func (f *fetcher) rounds(ctx context.Context, q *query, temp string) (parts.Fetched, error) {
	failures := make([]failure, len(q.sources)+len(q.mirrors))
	pause := f.config.Backoff
	for try := 1; ; try++ {
		got, err := f.round(ctx, q, temp, try, failures)
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		again := slices.ContainsFunc(failures, func(f failure) bool { return f.again })
		if q.again = again; !again || try >= f.config.Tries {
			return got, err
		}
		if err := sleep(ctx, pause); err != nil {
			return got, err
		}
		pause *= 2
	}
}

// round asks each source that has not failed for good.
func (f *fetcher) round(ctx context.Context, q *query, temp string, try int, failures []failure) (parts.Fetched, error) {
	for i, s := range slices.Concat(q.sources, q.mirrors) {
		if failures[i].d != nil && !failures[i].again {
			continue
		}
		got, err := f.try(ctx, q, s, temp, try)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return parts.Fetched{}, context.Cause(ctx)
		}
		failures[i] = failure{q.failed(s, err), transient(err), s.shown}
		f.log(failures[i].d.Msg)
	}
	return parts.Fetched{}, summary(failures)
}

// try asks one source once.
func (f *fetcher) try(ctx context.Context, q *query, s source, temp string, try int) (parts.Fetched, error) {
	switch {
	case s.isLocal():
		return f.local(q, s)
	case q.noNet:
		return parts.Fetched{}, q.offline(s)
	case s.bad != "":
		return parts.Fetched{}, s.unusable(q.at)
	}
	if err := q.malformed(); err != nil {
		return parts.Fetched{}, err
	}
	if f.enter != nil {
		if err := f.enter(ctx, s.url.Host); err != nil {
			return parts.Fetched{}, err
		}
	}
	q.asked = true
	text := "Downloading " + s.shown
	if try > 1 {
		text += " (try " + strconv.Itoa(try) + " of " + strconv.Itoa(f.config.Tries) + ")"
	}
	f.say(event.Info, text)
	if err := os.Truncate(temp, 0); err != nil {
		return parts.Fetched{}, err
	}
	err := f.run(ctx, job{url: s.url, to: temp, sums: q.sums, max: q.max, progress: f.progress})
	return parts.Fetched{Path: temp, From: s.shown}, err
}

func (f *fetcher) progress(done, total int64) {
	f.part.Events.Emit(event.Event{Kind: event.Progress, Part: f.part.Name, Step: step, Done: done, Total: total})
}

// summary returns the diagnostic of the first source, with what the others
// answered below it.
func summary(failures []failure) error {
	first := failures[0].d
	var lines []string
	for _, f := range failures[1:] {
		text := f.d.Msg
		if f.d.Err != nil {
			text = mask(f.d.Err.Error())
		}
		lines = append(lines, "also tried "+f.shown+": "+text)
	}
	first.Excerpt = strings.Join(lines, "\n")
	return first
}

// sleep waits, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
