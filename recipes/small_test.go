package recipes

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"gobuild/parts"
)

// computed prepares a part and returns its computed options.
func (s *stand) computed(r parts.Recipe, lines string, keys ...string) []string {
	s.t.Helper()
	o := s.section(lines)
	s.prepare(r, o)
	var values []string
	for _, key := range keys {
		values = append(values, optionText(o, key))
	}
	return values
}

func TestURLParse(t *testing.T) {
	for url, want := range map[string]string{
		"https://me:a%40b@Example.COM:8443/a/b/;p?q=1&r#frag": "https|me|a%40b|example.com|8443|a/b|p|q=1&r|frag",
		"http://[::1]:80/":  "http|||::1|80||||",
		"http://h:/x":       "http|||h||x|||",
		"mailto:a@b;c":      "mailto|||||a@b;c|||",
		"/only/a/path?q":    "|||||only/a/path||q|",
		"//host/p#f":        "|||host||p|||f",
		"1x://a":            "|||||1x://a|||",
		"http://u@v@w:007/": "http|u@v||w|7||||",
		"":                  "||||||||",
	} {
		s := newStand(t)
		got := strings.Join(s.computed(urlparseRecipe{}, "url = "+url, urlparseComputed...), "|")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", url, got, want)
		}
	}
	for _, url := range []string{"http://h:port/", "http://h:65536/", "http://[::1/"} {
		s := newStand(t)
		if _, err := (urlparseRecipe{}).Prepare(t.Context(), s.section("url = "+url)); err == nil {
			t.Errorf("%s is taken", url)
		}
	}
}

func TestReadline(t *testing.T) {
	s := newStand(t)
	s.write("in", "one\ntwo\n", 0o644)
	if got := s.computed(readlineRecipe{}, "storage-path = in", "readline")[0]; got != "one\n" {
		t.Errorf("got %q", got)
	}
	if got := s.computed(readlineRecipe{}, "storage-path = none\nwhen-absent = x", "readline")[0]; got != "x" {
		t.Errorf("got %q", got)
	}
	o := s.section("storage-path = @ROOT@/none")
	_, err := readlineRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "storage-path", "Unable to read the file content: '@ROOT@/none' does not exist")
}

func TestCopyfilelist(t *testing.T) {
	s := newStand(t)
	s.write("a", "1", 0o755)
	s.write("b", "2", 0o600)
	s.write("out/a", "old", 0o644)
	s.install(copyfilelistRecipe{}, "target-directory = @ROOT@/out\nfile-list = @ROOT@/a b")
	s.checkOwned("@ROOT@/out/a", "@ROOT@/out/b")
	s.check("out", "out dir 0755", `out/a file 0755 "1"`, `out/b file 0600 "2"`)
	o := s.section("target-directory = @ROOT@/out\nfile-list = a out")
	s.checkFails(s.prepare(copyfilelistRecipe{}, o).Run(t.Context(), s.Work), o, "file-list", "'out' is no file")
}

func TestJSONDump(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	s.install(jsondumpRecipe{}, "json-output = @ROOT@/out/j\nrecipe = x\nz = \"1\\\na = é𝄞\x01\n  l")
	s.check("out", "out dir 0755", `out/.k file 0644 ""`,
		`out/j file 0600 "{\n  \"a\": \"\\u00e9\\ud834\\udd1e\\u0001\\nl\",\n  \"z\": \"\\\"1\\\\\"\n}"`)
}

func TestUUID(t *testing.T) {
	s := newStand(t)
	s.write("u", "{00112233-4455-6677-8899-AABBCCDDEEFF}", 0o644)
	if got := s.computed(uuidRecipe{}, "cache-file = u", "uuid")[0]; got != "00112233445566778899aabbccddeeff" {
		t.Errorf("got %q", got)
	}
	o := s.section("cache-file = @ROOT@/new")
	a := s.prepare(uuidRecipe{}, o)
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.checkOwned()
	id := optionText(o, "uuid")
	if got := s.computed(uuidRecipe{}, "cache-file = new", "uuid")[0]; got != id || len(id) != 32 || id[12] != '4' {
		t.Errorf("chose %q, then read %q", id, got)
	}
}

func TestRandom(t *testing.T) {
	s := newStand(t)
	if got := s.computed(randomIntegerRecipe{}, "minimum = 5\nmaximum = 5", "value")[0]; got != "5" {
		t.Errorf("got %q", got)
	}
	o := s.section("minimum = 1\nmaximum = 1000000000")
	o.Records = map[string]parts.Record{"foo": {Options: map[string]string{"value": "77"}}}
	s.prepare(randomIntegerRecipe{}, o)
	if got := optionText(o, "value"); got != "77" {
		t.Errorf("a part does not keep its number: %q", got)
	}
	o = s.section("minimum = 2\nmaximum = 1")
	_, err := randomIntegerRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "maximum", "the maximum 1 is less than the minimum 2")
	mac := s.computed(randomMacRecipe{}, "storage-path = m", "mac-address")[0]
	if len(mac) != 17 || !strings.HasPrefix(mac, "fe:") {
		t.Errorf("mac-address %q", mac)
	}
}

func TestFreePort(t *testing.T) {
	s := newStand(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, busy, _ := net.SplitHostPort(l.Addr().String())
	if got := s.computed(freeportRecipe{}, "ip = 127.0.0.1\nminimum = "+busy+"\nmaximum = 65536", "port")[0]; got == busy || got == "0" {
		t.Errorf("port %s, of which %s is busy", got, busy)
	}
	for lines, want := range map[string]string{
		"minimum = 8080\nmaximum = 8080":               "8080",
		"ip = nothost":                                 "0",
		"ip = 127.0.0.1\nminimum = 9\nmaximum = 8":     "0",
		"ip = 127.0.0.1\nminimum = -9\nmaximum = 1":    "0",
		"ip = 192.0.2.1\nminimum = 8000\nmaximum=8002": "0",
	} {
		if got := s.computed(freeportRecipe{}, lines, "port")[0]; got != want {
			t.Errorf("%q: port %s, want %s", lines, got, want)
		}
	}
}

// TestFreePortKept has two sections with one range, one of them installed.
func TestFreePortKept(t *testing.T) {
	s := newStand(t)
	section := map[string]string{"recipe": "slapos.cookbook:free_port", "ip": "127.0.0.1", "minimum": "20000", "maximum": "30000"}
	o := s.Options("foo", map[string]map[string]string{"foo": section, "bar": section, "old": section})
	o.Records = map[string]parts.Record{"old": {Options: map[string]string{"recipe": section["recipe"], "ip": "127.0.0.1", "port": "20000"}}}
	ports := map[string]bool{}
	for _, name := range []string{"foo", "bar", "old"} {
		other, err := o.Section(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		s.prepare(freeportRecipe{}, other)
		ports[optionText(other, "port")] = true
	}
	if len(ports) != 3 || !ports["20000"] {
		t.Errorf("ports %v", ports)
	}
}

func TestUserinfo(t *testing.T) {
	s := newStand(t)
	got := s.computed(userinfoRecipe{}, "", "pw-uid", "gr-gid", "pw-name", "pw-shell")
	if want := strconv.Itoa(os.Getuid()); got[0] != want || got[2] == "" || !strings.HasPrefix(got[3], "/") {
		t.Errorf("got %q for user %s", got, want)
	}
}

func TestEqueue(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	s.install(equeueRecipe{}, `wrapper = @ROOT@/out/e
equeue-binary = /z/equeue
database = /d
log = /l
lockfile = /k.lock
socket = /s
loglevel = DEBUG`)
	s.check("out", "out dir 0755", `out/.k file 0644 ""`,
		`out/e file 0700 "#!/bin/sh -e\nexec /z/equeue --database /d --logfile /l \\\n\t--lockfile /k --loglevel DEBUG /s \"$@\"\n"`)
	o := s.section("lockfile = /x/l")
	_, err := equeueRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "lockfile", "lockfile parameter must end with .lock as equeue process will add .lock suffix")
}
