package lint

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
)

func insecureURL() Rule {
	return Rule{
		Code: "insecure-url", Fix: true,
		Doc: `A file is fetched over http or ftp.

Without a checksum, whoever sits on the way can put another file in its place.
With one it is a note: the file is safe, its name is seen by all. The fix writes
https where the host is known to serve the same files there; a part whose url
changes is installed anew.`,
		Check: checkURLs,
	}
}

// fetchOptions are the options whose URLs are fetched.
var fetchOptions = []string{"url", "alternate-url", "repository", "patches", "find-links", "index", "extends", "optional-extends"}

var insecure = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|[\s=])((?:http|ftp)://([^/\s:$#]+)[^\s]*)`) })

func checkURLs(_ context.Context, s *Subject) {
	for _, f := range s.files {
		for _, b := range f.blocks {
			for _, it := range b.Options {
				if slices.Contains(fetchOptions, it.Base()) && (it.Base() != "extends" || b.Name == "buildout") {
					s.checkURL(f, b.Name, it.Base(), f.ValueSpan(it))
				}
			}
		}
	}
}

func (s *Subject) checkURL(f *file, section, option string, at diag.Span) {
	for _, m := range insecure().FindAllStringSubmatchIndex(at.Text(), -1) {
		url, host := at.Text()[m[2]:m[3]], at.Text()[m[4]:m[5]]
		if isLocalHost(host) || inComment(at, m[2]) {
			continue
		}
		from := at.From.Offset + m[2]
		scheme, _, _ := strings.Cut(url, "://")
		x := s.report(diag.SpanOf(f.Src, from, from+len(url)), "%s is not protected on its way", scheme)
		x.WithPath(section, option)
		if strings.Contains(url, "#") || option != "extends" && s.verified(section, option) {
			x.Severity = diag.Note
			x.Msg = scheme + " shows all on the way what is fetched"
		}
		if scheme == "http" && servesHTTPS(host) {
			x.WithHint("write https")
			x.Fix = []Edit{{diag.SpanOf(f.Src, from, from+len("http")), "https"}}
		} else if scheme == "http" {
			x.WithHint("%s", word(x.Severity == diag.Note, "try https", "try https; else give the file a checksum"))
		}
	}
}

// verified reports whether what an option of a section names has a checksum,
// there or in a section that has it as a macro. Macros may go in circles.
func (s *Subject) verified(name, option string) bool {
	if option != "url" && option != "alternate-url" {
		return false
	}
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		if x := s.sections[queue[0]]; x != nil && s.hasSum(x) {
			return true
		}
		for _, user := range s.users[queue[0]] {
			if !seen[user] {
				seen[user] = true
				queue = append(queue, user)
			}
		}
	}
	return false
}

// hasSum reports whether a section gives a checksum.
func (s *Subject) hasSum(x *section) bool {
	for _, sum := range sums {
		if s.text(x, sum.option) != "" {
			return true
		}
	}
	return false
}

func isLocalHost(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "[::1]") || !strings.Contains(host, ".")
}

// inComment reports whether an offset of a span is in a comment line.
func inComment(at diag.Span, offset int) bool {
	line := strings.LastIndexByte(at.Text()[:offset], '\n') + 1
	return line > 0 && (at.Text()[line] == '#' || at.Text()[line] == ';')
}

// httpsHosts serve over https what they serve over http; a name that begins
// with a dot stands for all hosts below it.
var httpsHosts = []string{
	".apache.org", ".debian.org", ".fossies.org", "fossies.org", ".freedesktop.org", ".github.com", "github.com",
	".githubusercontent.com", ".gitlab.com", "gitlab.com", ".gnome.org", ".gnu.org", ".gnupg.org", ".kernel.org",
	".launchpad.net", "launchpad.net", ".mariadb.org", ".mysql.com", ".nexedi.com", ".openssl.org", ".php.net",
	".postgresql.org", ".pypi.org", "pypi.org", ".python.org", ".pythonhosted.org", ".rubygems.org", "rubygems.org",
	".savannah.gnu.org", ".sourceforge.net", ".sourceware.org", "sourceware.org", ".sqlite.org", ".videolan.org",
	".xmlsoft.org", ".x.org", ".zlib.net", "zlib.net",
}

func servesHTTPS(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(httpsHosts, func(h string) bool {
		return host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h)
	})
}
