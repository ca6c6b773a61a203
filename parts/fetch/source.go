package fetch

import (
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// source is one place that a file can come from.
type source struct {
	text  string   // as the profile has it; names the file in the download cache
	group string   // folder of the download cache that has the file, or ""
	fresh bool     // the download cache does not have it
	shown string   // text without secrets
	local string   // absolute path, or "" when it is remote
	named string   // the path of a local source as it was given
	url   *url.URL // of a remote source
	bad   string   // why it cannot be asked, or ""
}

// schemeOf returns the scheme of a URL in lower case, or "". One letter is no
// scheme.
func schemeOf(text string) string {
	scheme, _, ok := strings.Cut(text, "://")
	if !ok || len(scheme) < 2 {
		return ""
	}
	scheme = strings.ToLower(scheme)
	for i, c := range scheme {
		if c < 'a' || c > 'z' {
			if i == 0 || !strings.ContainsRune("0123456789+.-", c) {
				return ""
			}
		}
	}
	return scheme
}

// newSource reads a URL, or a path that starts in dir.
func newSource(text, dir string) source {
	s := source{text: text, shown: mask(text)}
	switch scheme := schemeOf(text); {
	case scheme == "" && !strings.HasPrefix(text, "file:"):
		s.setPath(text, dir)
		s.cutPath(dir)
	case scheme == "" || scheme == "file":
		s.setFileURL(dir)
	default:
		s.setURL(scheme)
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
	s.cutPath(dir)
}

// cutPath leaves out what follows a # or ? in a path that does not exist with
// it: zc.buildout reads a path as a URL.
func (s *source) cutPath(dir string) {
	if short := s.named[:endOf(s.named, "#?")]; short != s.named && short != "" && !exists(s.local) {
		s.setPath(short, dir)
	}
}

func (s *source) setURL(scheme string) {
	u, err := url.Parse(s.text)
	switch {
	case err != nil:
		s.bad = "not a valid URL"
		s.shown = maskBroken(s.text)
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

// Mask returns text with the secrets of URLs in it replaced by ***.
func Mask(text string) string { return mask(text) }

// mask returns text with the secrets of URLs in it replaced by ***. All that
// is shown or logged goes through it.
func mask(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "://")
		b.WriteString(maskQuery(before))
		if !ok {
			return b.String()
		}
		b.WriteString("://")
		host := rest[:endOf(rest, "/?# \t\r\n\"'")]
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			if name, _, ok := strings.Cut(host[:at], ":"); ok {
				b.WriteString(name + ":")
			}
			b.WriteString("***")
			rest = rest[at:]
		}
		text = rest
	}
}

// maskQuery hides the values of secret query parameters.
func maskQuery(text string) string {
	var b strings.Builder
	for {
		i := endOf(text, "?&;")
		if i == len(text) {
			return b.String() + text
		}
		b.WriteString(text[:i+1])
		text = text[i+1:]
		key, value, ok := strings.Cut(text[:endOf(text, "&;# \t\r\n")], "=")
		if ok && value != "" && slices.Contains(secretKeys, strings.ToLower(key)) {
			b.WriteString(key + "=***")
			text = text[len(key)+1+len(value):]
		}
	}
}

// endOf returns the index of the first of chars in text, or its length.
func endOf(text, chars string) int {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return i
	}
	return len(text)
}

// maskBroken masks a text that is no valid URL: its password may have any
// character.
func maskBroken(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "***" + rest[at:]
	}
	return mask(scheme + "://" + rest)
}

// unusable returns the diagnostic of a source that cannot be asked.
func (s source) unusable(at diag.Span) *diag.Diagnostic {
	d := diag.At(at, "fetch-url", "cannot fetch '%s': %s", s.shown, s.bad)
	if s.url != nil && !s.isLocal() {
		d.WithHint("use an http, https or file URL, a path, or a mirror that has the file")
	}
	return d
}
