package lint

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
)

func missingChecksum() Rule {
	return Rule{
		Code: "missing-checksum",
		Doc: `A part downloads a file without a checksum.

Nothing tells whether the file is the one that the profile was written for. A
file without a checksum is also fetched again by each run, and no mirror or cache
can serve it.`,
		Check: checkDownloads,
	}
}

var remote = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:https?|ftp)://`) })

func checkDownloads(_ context.Context, s *Subject) {
	s.each(func(x *section) {
		if !x.has("url") || !x.has("md5sum") || !s.concrete(x.name) || s.hasSum(x) {
			return
		}
		url := cfg.Trim(s.text(x, "url"))
		if !remote().MatchString(url) || strings.Contains(url, "#md5=") {
			return
		}
		f := s.report(x.options["url"].At(), "the download has no checksum")
		f.WithPath(x.name, "url")
		f.WithHint("add `md5sum = …` or `sha256sum = …`")
	})
}
