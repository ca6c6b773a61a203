package fetch

import (
	"context"
	"strings"
	"testing"

	"gobuild/parts"
)

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"https://u:p@h/x":                   "https://u:***@h/x",
		"https://TOKEN@h/x":                 "https://***@h/x",
		"https://h/pkg@1.0/u:p@x":           "https://h/pkg@1.0/u:p@x",
		"https://h/x?a=1&Private_Token=x&b": "https://h/x?a=1&Private_Token=***&b",
		"see https://u:p@h and ftp://v:q@i": "see https://u:***@h and ftp://v:***@i",
		"plain/path@2?":                     "plain/path@2?",
		"http://h/x?url=http://a:b@c&sig=x": "http://h/x?url=http://a:***@c&sig=***",
		"http://u:p@q@h/":                   "http://u:***@h/",
		"?token=":                           "?token=",
	} {
		if got := mask(text); got != want {
			t.Errorf("mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzMask checks that masking hides, and that masked text stays as it is.
func FuzzMask(f *testing.F) {
	f.Add("https://u:", "@h/x?token=a&b=c#://")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "S3CR3T"
		if text := mask("http://u:" + secret + "@h/" + after + before); strings.Contains(strings.SplitN(text, "@", 2)[0], secret) {
			t.Errorf("%q shows the password", text)
		}
		once := mask(before + after)
		if twice := mask(once); twice != once {
			t.Errorf("%q became %q", once, twice)
		}
		newSource(before+after, "/")
	})
}

func TestUnusableURLs(t *testing.T) {
	k := newKit(t, Config{})
	for url, want := range map[string]string{
		"ftp://h/a":        "'ftp' URLs are not supported",
		"git+ssh://h/a":    "'git+ssh' URLs are not supported",
		"http:///a":        "the URL has no host",
		"http://[::1/a":    "not a valid URL",
		"file://host/a":    "a file URL cannot name the host 'host'",
		"http://h:port/a":  "not a valid URL",
		"http://h/%zz":     "not a valid URL",
		" ":                "the URL is empty",
		"absent\x00name":   "cannot read",
		"sub/absent":       "No such file or directory: 'sub/absent'",
		"file:///absent/x": "No such file or directory: '/absent/x'",
	} {
		if d := k.fail(t, parts.FetchRequest{URL: url}); !strings.Contains(d.Msg, want) || strings.Contains(d.Msg, "\n") {
			t.Errorf("%q: got %q, want %q", url, d.Msg, want)
		}
	}
	if _, err := k.Fetch(context.Background(), parts.FetchRequest{URL: "x", Sums: []parts.Checksum{{Algorithm: "crc"}}}); err == nil {
		t.Error("took an unknown algorithm")
	}
}

func TestSourceFileName(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/d/a.tgz?x=/y":       "a.tgz",
		"http://h/p/a-1.zip/download": "a-1.zip",
		"http://h/%2e%2e":             "",
		"http://h/":                   "",
		"http://h":                    "",
		"/a/b":                        "",
	} {
		if got := newSource(url, "/").fileName(); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}
