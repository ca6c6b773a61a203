package promise

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Page is an HTTP request whose answer is looked at.
type Page struct {
	URL string
	// Verify checks the certificate of the server, against CA if that names a
	// file.
	Verify            bool
	CA                string
	Cert, Key         string // files of the client's own certificate
	Username, Secret  string
	StayAtRedirection bool
	Timeout           time.Duration
}

// Get returns the status of the answer and, up to limit bytes, its body.
func (p Page) Get(ctx context.Context, limit int64) (status int, body []byte, err error) {
	client, err := p.client()
	if err != nil {
		return 0, nil, err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
	if err != nil {
		return 0, nil, err
	}
	if p.Username != "" && p.Secret != "" {
		request.SetBasicAuth(p.Username, p.Secret)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, withoutURL(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, limit))
	return answer.StatusCode, body, err
}

// client makes the client of one request.
func (p Page) client() (*http.Client, error) {
	config := &tls.Config{InsecureSkipVerify: !p.Verify}
	if p.CA != "" {
		text, err := os.ReadFile(p.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", p.CA)
		}
	}
	if p.Cert != "" && p.Key != "" {
		pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	client := &http.Client{Timeout: p.Timeout, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, DisableKeepAlives: true,
	}}
	if p.StayAtRedirection {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client, nil
}

// withoutURL takes off an error what the caller says anyway, and which may hold
// a password.
func withoutURL(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() {
		return errors.New("no answer in time")
	}
	return cause(u.Err)
}

// shownURL is a URL without its password.
func shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return strconv.Quote(text)
	}
	return u.Redacted()
}

// longestAnswer is how much time a page has to answer, in seconds, unless the
// promise says otherwise.
const longestAnswer = 5

func checkURL(ctx context.Context, s Scope, c Config) Outcome {
	limit, err := c.number("promise-timeout", DefaultTimeout.Seconds())
	if err != nil {
		return failed("%v", err)
	}
	seconds, err := c.number("timeout", max(1, min(longestAnswer, limit-1)))
	if err != nil {
		return failed("%v", err)
	}
	expected, err := c.number("http-code", http.StatusOK)
	if err != nil {
		return failed("%v", err)
	}
	page := Page{
		URL: strings.TrimSpace(c.text("url")), Verify: c.isOn("verify", false) || c.text("ca-cert-file") != "",
		CA: s.path(c.text("ca-cert-file")), Cert: s.path(c.text("cert-file")), Key: s.path(c.text("key-file")),
		Username: c.text("username"), Secret: c.text("password"),
		StayAtRedirection: !c.isOn("allow-redirects", true), Timeout: time.Duration(seconds * float64(time.Second)),
	}
	status, _, err := page.Get(ctx, 0)
	shown := shownURL(page.URL)
	switch {
	case err != nil:
		return failed("%s is not available: %v", shown, err)
	case c.isOn("ignore-code", false) || status == int(expected):
		return kept("%s is available (returned %d)", shown, status)
	}
	return failed("%s is not available (returned %d, expected %d)", shown, status, int(expected))
}

// path is a path that a promise names; a relative one counts from the instance.
func (s Scope) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}
