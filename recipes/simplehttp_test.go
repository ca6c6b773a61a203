package recipes

import (
	"strconv"
	"testing"
)

func TestSimplehttp(t *testing.T) {
	const base = "base-path = /www\nlog-file = /l\nwrapper = @ROOT@/h\n"
	for _, c := range []struct{ name, lines, address, words string }{
		{"port", "host = ::1\nport = 8080", "!py!('::1', 8080)", "--host=::1 \\\n\t--port=8080 --log=/l -- /www"},
		{"socket", "socketpath = /s", "/s", "--socket=/s \\\n\t--log=/l -- /www"},
		{"abstract", "abstract = a;b", `!py!'\x00a\x3bb'`, "'--abstract=a;b' \\\n\t--log=/l -- /www"},
		{"all", "socketpath = /s\ncert-file = /c\nkey-file = /k\nallow-write = true", "/s", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			o := s.section(base + c.lines)
			a := s.prepare(simplehttpRecipe{}, o)
			s.checkSet(o, map[string]string{"address": c.address})
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			if c.words != "" {
				s.check("h", "h file 0755 "+strconv.Quote("#!/bin/sh -e\nexec /opt/gobuild service http "+c.words+" \"$@\"\n"))
			}
		})
	}
	const wrong = "Specify one of (host, port) | socketpath | abstract"
	checkRefused(t, simplehttpRecipe{}, []prepareCase{
		{"host alone", base + "host = h", "", wrong},
		{"port alone", base + "port = 1", "", wrong},
		{"port and socket", base + "port = 1\nsocketpath = s", "", wrong},
		{"two", base + "abstract = a\nsocketpath = s", "", wrong},
		{"none", base, "", wrong},
		{"port", base + "host = h\nport = http", "port", `"http" is no port: it must be a number from 0 to 65535`},
		{"write", base + "abstract = a\nallow-write = yes", "allow-write", `"yes" is not a boolean: it must be true or false`},
		{"wrapper", "abstract = a\nbase-path = b\nlog-file = l", "wrapper", "Missing option: foo:wrapper"},
	})
}

func TestSimplelog(t *testing.T) {
	s := newStand(t)
	s.install(simplelogRecipe{}, "wrapper = @ROOT@/w\nlog = /a b")
	s.check("w", `w file 0755 "#!/bin/sh -e\nexec /opt/gobuild service stamp -- '/a b' \\\n\t\"$@\"\n"`)
	s.checkOwned("@ROOT@/w")
}
