package lint

import (
	"context"
	"fmt"
	"strconv"

	"gobuild/buildout/profile"
)

func dialectDifference() Rule {
	return Rule{
		Code: "dialect-difference",
		Doc: `An option has one value in the upstream dialect and another in the slapos dialect.

zc.buildout applies a file that is extended on several paths once for each of
them, the SlapOS branch once. The order of ` + "`extends`" + ` then decides whose value
counts. A profile that shows by its own signs that it is written for SlapOS is
only looked at when the rule is named with ` + "`--rule`" + `.`,
		Check: checkDialects,
	}
}

func checkDialects(ctx context.Context, s *Subject) {
	if s.Load == nil {
		return
	}
	upstream, err := s.Load(ctx, profile.Upstream)
	if err != nil {
		return
	}
	slapos, err := s.Load(ctx, profile.SlapOS)
	if err != nil {
		return
	}
	s.each(func(x *section) {
		for _, key := range x.keys() {
			u, o := upstream.Value(x.name, key), slapos.Value(x.name, key)
			if u == nil || o == nil || u.Text == o.Text || key == "_profile_base_location_" {
				continue
			}
			s.reportDialects(x.name, key, u, o)
		}
	})
}

func (s *Subject) reportDialects(section, key string, upstream, slapos *profile.Value) {
	at := slapos.KeyAt()
	if !at.IsValid() {
		at = upstream.KeyAt()
	}
	f := s.report(at, "the value is %s in the upstream dialect and %s in the slapos dialect", short(upstream.Text), short(slapos.Text))
	if u, o := short(upstream.Text), short(slapos.Text); u == o {
		f.Msg = fmt.Sprintf("the value has %d bytes in the upstream dialect and %d in the slapos dialect", len(upstream.Text), len(slapos.Text))
	}
	f.WithPath(section, key)
	if other := upstream.KeyAt(); other != at {
		f.WithRelated(other, "the upstream dialect takes the value from here")
	}
	f.WithHint("extend each file once, or say with dialect in gobuild.ini which dialect is meant")
}

// short quotes a value, cut where it gets long.
func short(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}
