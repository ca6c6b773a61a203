package recipes

import (
	"os"
	"strings"
	"testing"

	"gobuild/parts"
)

func TestReadSource(t *testing.T) {
	s := newStand(t)
	s.write("t.in", "text", 0o640)
	s.write("a b", "blank", 0o644)
	s.Fetcher.Files["http://host/t"] = "remote"
	for ref, want := range map[string]string{
		"@ROOT@/t.in": "text", "t.in": "text", "file://@ROOT@/t.in": "text", "file:@ROOT@/t.in": "text",
		"FILE://localhost@ROOT@/a%20b": "blank", "http://host/t": "remote",
	} {
		o := probeOptions{s.section("url = " + ref), s.Kit}
		text, info, err := readSource(t.Context(), o, "url", s.fill(ref), nil)
		if err != nil || string(text) != want {
			t.Errorf("%s: got %q, %v, want %q", ref, text, err, want)
		}
		if local := info != nil; local != (want != "remote") {
			t.Errorf("%s: local is %v", ref, local)
		}
	}
}

func TestReadSourceFails(t *testing.T) {
	for _, c := range []struct{ ref, sum, msg string }{
		{"@ROOT@/none", "", "No such file or directory: '@ROOT@/none'"},
		{"@ROOT@/dir", "", "'@ROOT@/dir' is not a regular file"},
		{"@ROOT@/dir/f", strings.Repeat("0", 32), "MD5 checksum mismatch for local resource at '@ROOT@/dir/f'."},
		{"http://host/x", "", "'http://host/x' cannot be read here: there is no access to the network"},
	} {
		s := newStand(t)
		s.write("dir/f", "x", 0o644)
		o := s.section("url = " + c.ref + "\nmd5sum = " + c.sum)
		sums, err := optionSums(o)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = readSource(t.Context(), o, "url", s.fill(c.ref), sums)
		key := "url"
		if c.sum != "" {
			key = "md5sum"
		}
		s.checkFails(err, o, key, c.msg)
	}
}

func TestReadSourceRemovesTemporary(t *testing.T) {
	s := newStand(t)
	s.write("got", "text", 0o600)
	o := probeOptions{s.section("url = http://h/x"), s.Kit}
	temporary := temporaryFetcher{s.Fetcher, s.at("got")}
	text, err := readRemote(t.Context(), probeFetcher{o, temporary}, parts.FetchRequest{URL: "http://h/x"})
	if err != nil || string(text) != "text" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := os.Stat(s.at("got")); err == nil {
		t.Error("the temporary file is still there")
	}
}
