package fetch

import (
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// source is one place that a file can come from.
type source struct {
	text  string   // as the profile has it; names the file in the download cache
	shown string   // text without secrets
	local string   // absolute path, or "" when it is remote
	named string   // the path of a local source as it was given
	url   *url.URL // of a remote source
	bad   string   // why it cannot be asked, or ""
}

// schemeRE matches the scheme of a URL. One letter is no scheme.
var schemeRE = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`)

// newSource reads a URL, or a path that starts in dir.
func newSource(text, dir string) source {
	s := source{text: text, shown: mask(text)}
	m := schemeRE.FindStringSubmatch(text)
	switch {
	case m == nil && !strings.HasPrefix(text, "file:"):
		s.setPath(text, dir)
	case m == nil || strings.EqualFold(m[1], "file"):
		s.setFileURL(dir)
	default:
		s.setURL(strings.ToLower(m[1]))
	}
	return s
}

func (s *source) setPath(name, dir string) {
	s.named, s.local = name, name
	if !filepath.IsAbs(name) {
		s.local = filepath.Join(dir, name)
	}
}

// setFileURL takes the path of a file URL as it is written, as zc.buildout
// does; when no such file exists, as it is after decoding of %XX.
func (s *source) setFileURL(dir string) {
	host, name := "", s.text[len("file:"):]
	if rest, ok := strings.CutPrefix(name, "//"); ok {
		host, name, _ = strings.Cut(rest, "/")
		name = "/" + name
	}
	if host != "" && !strings.EqualFold(host, "localhost") {
		s.bad = "a file URL cannot name the host '" + host + "'; write file:///PATH"
	}
	s.setPath(name, dir)
	if decoded, err := url.PathUnescape(name); err == nil && decoded != name && !exists(s.local) {
		s.setPath(decoded, dir)
	}
}

func (s *source) setURL(scheme string) {
	u, err := url.Parse(s.text)
	switch {
	case err != nil:
		s.bad = "not a valid URL"
		s.shown = brokenRE.ReplaceAllString(s.shown, "://***@") // a password may have any character
	case scheme != "http" && scheme != "https":
		s.bad = "'" + scheme + "' URLs are not supported"
	case u.Host == "":
		s.bad = "the URL has no host"
	}
	if u != nil {
		u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")
	}
	s.url = u
}

// isLocal reports whether s names a file or directory of this machine.
func (s source) isLocal() bool { return s.local != "" }

// fileName returns the name that the file has on its server, or "".
func (s source) fileName() string {
	if s.url == nil {
		return ""
	}
	name := path.Base(s.url.Path)
	if name == "download" { // as sourceforge.net ends its URLs
		name = path.Base(path.Dir(s.url.Path))
	}
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}

// secretKeys are the query parameters whose values are not shown.
var secretKeys = []string{
	"token", "access_token", "private_token", "auth", "password", "passwd", "secret",
	"api_key", "apikey", "sig", "signature", "x-amz-signature", "x-amz-security-token",
}

// userRE and queryRE find what mask hides. They do not need a valid URL.
var (
	userRE   = regexp.MustCompile(`://[^/?#\s]*@`)
	brokenRE = regexp.MustCompile(`://\S*@`)
	queryRE  = regexp.MustCompile(`([?&;])([^=&;#\s]+)=([^&;#\s]*)`)
)

// mask returns text with the secrets of URLs in it replaced by ***. All that
// is shown or logged goes through it.
func mask(text string) string {
	text = userRE.ReplaceAllStringFunc(text, func(m string) string {
		if name, _, ok := strings.Cut(m[len("://"):len(m)-1], ":"); ok {
			return "://" + name + ":***@"
		}
		return "://***@"
	})
	return queryRE.ReplaceAllStringFunc(text, func(m string) string {
		key, _, _ := strings.Cut(m[1:], "=")
		if slices.Contains(secretKeys, strings.ToLower(key)) {
			return m[:1] + key + "=***"
		}
		return m
	})
}

// unusable returns the diagnostic of a source that cannot be asked.
func (s source) unusable(at diag.Span) *diag.Diagnostic {
	d := diag.At(at, "fetch-url", "cannot fetch '%s': %s", s.shown, s.bad)
	if s.url != nil && !s.isLocal() {
		d.WithHint("use an http, https or file URL, a path, or a mirror that has the file")
	}
	return d
}
