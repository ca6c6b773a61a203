package fetch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// ReadOptions say how Client.Read gets a profile.
type ReadOptions struct {
	// Cache is [buildout] extends-cache: a profile is kept under the MD5 of
	// the URL's text. It must exist. "" means none.
	Cache string
	// Newest asks the network before the cache, once in a run.
	Newest bool
	// Offline forbids the network, as Config.Offline does.
	Offline bool
	// MD5 is the sum that the profile must have, or "".
	MD5    string
	Dir    string     // where a relative path starts
	Events event.Sink // nil means nowhere
}

// maxProfile limits the size of a profile.
const maxProfile = 64 << 20

// Read returns the text of a profile that `extends` names. With
// ReadOptions.Newest the network is asked first and the cache is the fallback,
// the first time in a run; otherwise the cache comes first. A file URL or a
// path is read in place. Errors are *diag.Diagnostic.
func (c *Client) Read(ctx context.Context, url string, o ReadOptions) ([]byte, error) {
	f := c.fetcher(Part{Dir: o.Dir, Events: o.Events})
	q, err := f.query(parts.FetchRequest{URL: url})
	if err != nil {
		return nil, err
	}
	q.max = min(q.max, maxProfile)
	q.noNet = q.noNet || o.Offline
	if o.MD5 != "" {
		q.sums, _ = normalSums([]parts.Checksum{{Algorithm: "md5", Hex: o.MD5}})
	}
	if s := q.sources[0]; s.isLocal() {
		return q.readLocal(s)
	}
	return f.readRemote(ctx, q, o)
}

func (q *query) readLocal(s source) ([]byte, error) {
	if s.bad != "" {
		return nil, s.unusable(q.at)
	}
	if err := q.checkLocal(s); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(s.local)
	if err != nil {
		return nil, diag.At(q.at, "fetch-local", "Couldn't open %s: %s", s.named, describe(err)).WithCause(err)
	}
	return data, nil
}

func (f *fetcher) readRemote(ctx context.Context, q *query, o ReadOptions) ([]byte, error) {
	s := q.sources[0]
	release, err := f.locks.lock(ctx, "read:"+s.text)
	if err != nil {
		return nil, err
	}
	defer release()
	cache := ""
	if o.Cache != "" && !f.unmade(o.Cache) {
		if err := missingCache(q.at, o.Cache); err != nil {
			return nil, err
		}
		cache = filepath.Join(o.Cache, md5Name(s.text))
	}
	hit := cache != "" && isFile(cache)
	if hit && (q.noNet || !o.Newest || f.wasRead(s.text)) {
		return q.readCached(s, cache)
	}
	data, err := f.download(ctx, q, cache)
	if m := (*mismatch)(nil); err != nil && hit && ctx.Err() == nil && !errors.As(err, &m) {
		f.say(event.Warning, err.Error()+"; using the copy in the extends cache")
		return q.readCached(s, cache)
	}
	return data, err
}

// wasRead reports whether this run got the profile from the network.
func (c *Client) wasRead(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read[text]
}

func (q *query) readCached(s source, path string) ([]byte, error) {
	err := verify(path, q.sums)
	if m := (*mismatch)(nil); errors.As(err, &m) {
		return nil, q.cachedMismatch(m, s, path)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, diag.At(q.at, "fetch-cache", "cannot read '%s': %s", path, describe(err)).WithCause(err)
	}
	return data, nil
}

// download gets a profile from the network and puts it into the cache file, if
// there is one.
func (f *fetcher) download(ctx context.Context, q *query, cache string) ([]byte, error) {
	temp, err := tempIn("", "gobuild-*")
	if err != nil {
		return nil, f.cacheError(q, err)
	}
	defer os.Remove(temp)
	if _, err := f.rounds(ctx, q, temp); err != nil {
		return nil, err
	}
	if cache != "" && !f.config.ReadOnly {
		if err := copyTo(cache, temp, 0o600); err != nil {
			return nil, f.cacheError(q, err)
		}
		f.mu.Lock()
		f.read[q.sources[0].text] = true
		f.mu.Unlock()
	}
	data, err := os.ReadFile(temp)
	return data, f.cacheError(q, err)
}
