package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	getter "github.com/hashicorp/go-getter/v2"

	"gobuild/parts"
)

// newTransport returns the HTTP transport of a Client. Answers are taken as
// they are: a .tar.gz that a server labels as "Content-Encoding: gzip" stays
// compressed, or its checksum would not hold.
func newTransport(c Config) http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: c.DialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   c.DialTimeout,
		ResponseHeaderTimeout: c.StallTimeout,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   2,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
	}
}

// exactGetter is go-getter's transport for one exact URL. The getter.Client
// gets a dummy source, for it would take `//` in a path as a sub-directory and
// change the query.
type exactGetter struct {
	getter.HttpGetter
	real *url.URL
}

// Detect takes every request.
func (g *exactGetter) Detect(*getter.Request) (bool, error) { return true, nil }

// GetFile puts the real URL in place of the dummy one.
func (g *exactGetter) GetFile(ctx context.Context, req *getter.Request) error {
	*req.URL() = *g.real
	return g.HttpGetter.GetFile(ctx, req)
}

// job is one try to download one URL.
type job struct {
	url      *url.URL
	to       string           // an empty file with a temporary name
	sums     []parts.Checksum // well-formed
	max      int64
	progress func(done, total int64) // total 0: unknown
}

// run downloads the file once and checks it. Errors are *statusError,
// *mismatch, those of errors.go, or of the network.
func (c *Client) run(ctx context.Context, j job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rec := &recorder{base: c.transport}
	watch := newWatch(cancel, c.config.StallTimeout, j)
	client := getter.Client{
		Getters:       []getter.Getter{c.newGetter(rec, j.url)},
		Decompressors: map[string]getter.Decompressor{},
	}
	req := &getter.Request{Src: dummySource(j.sums), Dst: j.to, Pwd: ".", GetMode: getter.ModeFile, ProgressListener: watch}
	_, err := client.Get(ctx, req)
	if err := explain(ctx, err, rec, watch, j); err != nil {
		return err
	}
	if err := rec.err(); err != nil {
		return err
	}
	return verify(j.to, j.sums[min(1, len(j.sums)):])
}

func (c *Client) newGetter(rec *recorder, u *url.URL) *exactGetter {
	return &exactGetter{real: u, HttpGetter: getter.HttpGetter{
		Client:                &http.Client{Transport: rec},
		Header:                http.Header{"User-Agent": {c.config.UserAgent}},
		XTerraformGetDisabled: true,
		DoNotCheckHeadFirst:   true,
	}}
}

// dummySource makes go-getter check the first sum; verify checks the others.
func dummySource(sums []parts.Checksum) string {
	if len(sums) == 0 {
		return "gobuild:src"
	}
	return "gobuild:src?checksum=" + sums[0].Algorithm + ":" + sums[0].Hex
}

// explain returns the cause of err that a user can understand.
func explain(ctx context.Context, err error, rec *recorder, w *watch, j job) error {
	var sum *getter.ChecksumError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &sum):
		return verifyFirst(j)
	case w.tooLarge:
		return fmt.Errorf("%w: more than %d bytes", errTooLarge, j.max)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case rec.err() != nil:
		return rec.err()
	}
	if e := (*url.Error)(nil); errors.As(err, &e) { // its text holds the URL
		return e.Err
	}
	return err
}

// verifyFirst reads the file once more, for its size and what it looks like.
func verifyFirst(j job) error {
	if err := verify(j.to, j.sums[:1]); err != nil {
		return err
	}
	return errors.New("the file changed while it was checked")
}

// recorder remembers the status of the last answer, which go-getter tells only
// as text.
type recorder struct {
	base   http.RoundTripper
	status *statusError
}

// RoundTrip refuses a partial answer: nothing here asks for a range.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.status = nil
	resp, err := r.base.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		reason := strings.TrimPrefix(strings.TrimPrefix(resp.Status, fmt.Sprint(resp.StatusCode)), " ")
		r.status = &statusError{code: resp.StatusCode, reason: reason}
	}
	return resp, err
}

func (r *recorder) err() error {
	if r.status == nil {
		return nil
	}
	return r.status
}

// watch follows one download: it counts, reports, and ends what is too large
// or stands still. It is a getter.ProgressTracker; the limit is here because
// go-getter forgets its own when it has a tracker.
type watch struct {
	job
	stall    time.Duration
	timer    *time.Timer
	body     io.ReadCloser
	done     int64
	total    int64
	reported time.Time
	tooLarge bool
}

// reportEvery is the least time between two progress reports.
const reportEvery = 100 * time.Millisecond

// newWatch returns a watch that stands still until the answer begins; up to
// there the transport's time-outs hold.
func newWatch(cancel context.CancelCauseFunc, stall time.Duration, j job) *watch {
	w := &watch{job: j, stall: stall}
	w.timer = time.AfterFunc(stall, func() { cancel(fmt.Errorf("%w for %s", errStalled, stall)) })
	w.timer.Stop()
	return w
}

// TrackProgress starts the watch. An unknown total comes as offset - 1.
func (w *watch) TrackProgress(_ string, _, total int64, body io.ReadCloser) io.ReadCloser {
	w.body, w.total = body, max(total, 0)
	w.report(true)
	return w
}

func (w *watch) Read(p []byte) (int, error) {
	if w.tooLarge = w.tooLarge || w.total > w.max; w.tooLarge {
		return 0, errTooLarge
	}
	w.timer.Reset(w.stall)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if w.done += int64(n); w.done > w.max {
		w.tooLarge = true
		return 0, errTooLarge
	}
	w.report(err == io.EOF)
	return n, err
}

func (w *watch) report(always bool) {
	if now := time.Now(); w.progress != nil && (always || now.Sub(w.reported) >= reportEvery) {
		w.reported = now
		w.progress(w.done, w.total)
	}
}

// Close closes the body.
func (w *watch) Close() error {
	w.timer.Stop()
	return w.body.Close()
}
