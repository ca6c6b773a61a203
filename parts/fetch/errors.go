package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"gobuild/buildout/diag"
)

var (
	errTooLarge = errors.New("the answer is too large")
	errStalled  = errors.New("the server sent nothing")
)

// statusError is an answer other than 200. Its text is that of zc.buildout.
type statusError struct {
	code   int
	reason string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("HTTP Error %d: %s", e.code, e.reason)
}

// NotFound reports whether the server has no such file, and says so.
func (e *statusError) NotFound() bool {
	return e.code == http.StatusNotFound || e.code == http.StatusGone
}

// transient reports whether asking again can help.
func transient(err error) bool {
	var (
		status *statusError
		sum    *mismatch
		file   *fs.PathError
		name   *net.DNSError
		cert   *tls.CertificateVerificationError
		final  *diag.Diagnostic
	)
	switch {
	case errors.As(err, &status):
		return status.code >= 500 || status.code == http.StatusRequestTimeout || status.code == http.StatusTooManyRequests
	case errors.As(err, &name):
		return !name.IsNotFound
	case errors.As(err, &sum), errors.As(err, &file), errors.As(err, &cert), errors.As(err, &final):
		return false
	}
	return !errors.Is(err, errTooLarge) && !errors.Is(err, context.Canceled)
}

// failed returns the diagnostic of a remote source that gave no file.
func (q *query) failed(s source, err error) *diag.Diagnostic {
	var (
		sum *mismatch
		d   *diag.Diagnostic
	)
	switch {
	case errors.As(err, &d):
		return d
	case errors.As(err, &sum):
		return q.mismatched(sum, "downloading '"+s.shown+"'", "downloaded from here")
	}
	d = diag.At(q.at, "fetch-http", "Error downloading extends for URL %s: %s", s.shown, mask(err.Error())).WithCause(err)
	return d.WithHint("%s", downloadHint(err))
}

// downloadHint says what to do about a failed download.
func downloadHint(err error) string {
	var status *statusError
	switch {
	case errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden):
		return "the server wants a user and a password, which a URL has before the host as USER:PASSWORD@, or it refuses this program"
	case errors.As(err, &status) && status.code < 500:
		return "correct the URL, or add a mirror that has the file"
	case errors.Is(err, errTooLarge):
		return "raise the size limit of downloads if the file is right"
	}
	return "check the network and the proxy settings, or add a mirror that has the file"
}

// mismatched returns the diagnostic of a wrong checksum. It points to the
// checksum; where names the file, origin tells about the URL's place.
func (q *query) mismatched(m *mismatch, where, origin string) *diag.Diagnostic {
	at := m.sum.At
	if !at.IsValid() {
		at = q.at
	}
	d := diag.At(at, "fetch-checksum", "%s checksum mismatch %s", strings.ToUpper(m.sum.Algorithm), where).WithCause(m)
	if m.sum.At.IsValid() {
		d.WithRelated(q.at, "%s", origin)
	}
	if m.got == "" {
		return d.WithHint("%s", m.detail())
	}
	return d.WithHint("%s; if the new file is wanted, set the sum to %s", m.detail(), m.got)
}

// cachedMismatch returns the diagnostic of a cached file with a wrong checksum.
func (q *query) cachedMismatch(m *mismatch, s source, path string) *diag.Diagnostic {
	d := q.mismatched(m, "for cached download from '"+s.shown+"' at '"+path+"'", "the URL of the cached file")
	return d.WithHint("%s; remove the cached file to download it again", m.detail())
}

// offline returns the diagnostic of a file that only the network has.
func (q *query) offline(s source) *diag.Diagnostic {
	d := diag.At(q.at, "fetch-offline", "Couldn't download '%s' in offline mode.", s.shown)
	if len(q.sums) == 0 {
		return d.WithHint("run online once, or put the file into the download cache as %s", md5Name(s.text))
	}
	return d.WithHint("run online once, or put the file into a mirror directory or the download cache (as %s)", md5Name(s.text))
}

// describe turns an error of the file system into words without the name of
// the system call.
func describe(err error) string {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}
