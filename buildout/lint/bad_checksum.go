package lint

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
)

func badChecksum() Rule {
	return Rule{
		Code: "bad-checksum", Fix: true,
		Doc: `A checksum is not a hexadecimal number of the right length.

` + "`md5sum`" + ` has 32 digits, ` + "`sha1sum` 40, `sha256sum` 64, `sha512sum` 128" + `. A download
with such a checksum always fails. The fix takes out a prefix such as ` + "`md5:`" + `
and white space.`,
		Check: checkChecksums,
	}
}

// sums are the options that hold checksums, and how many digits they have.
var sums = []struct {
	option string
	digits int
}{{"md5sum", 32}, {"sha1sum", 40}, {"sha256sum", 64}, {"sha512sum", 128}}

var (
	hexDigits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-fA-F]+$`) })
	sumPrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:md5|sha1|sha256|sha512)[:=]\s*`) })
)

func checkChecksums(_ context.Context, s *Subject) {
	s.each(func(x *section) {
		if !x.known || !s.reached[x.name] {
			return
		}
		for _, sum := range sums {
			if x.options[sum.option] != nil && x.has(sum.option) {
				s.checkSum(x, sum.option, sum.digits)
			}
		}
	})
}

func (s *Subject) checkSum(x *section, option string, digits int) {
	text := cfg.Trim(s.text(x, option))
	if text == "" || strings.Contains(text, "${") || hexDigits().MatchString(text) && len(text) == digits {
		return
	}
	at := x.options[option].At()
	f := s.report(at, "%q is no checksum: %s has %d hexadecimal digits", text, option, digits)
	f.WithPath(x.name, option)
	switch right := sumPrefix().ReplaceAllString(text, ""); {
	case hexDigits().MatchString(right) && len(right) == digits:
		f.WithHint("write %s", right)
		if cfg.Trim(at.Text()) == text {
			f.Fix = []Edit{{at, right}}
		}
	case hexDigits().MatchString(text):
		f.WithHint("%s", countHint(len(text)))
	}
}

// countHint says what a number of hexadecimal digits belongs to.
func countHint(digits int) string {
	for _, sum := range sums {
		if sum.digits == digits {
			return "a number of this length is a " + sum.option
		}
	}
	return fmt.Sprintf("it has %d digits", digits)
}
