package recipes

import (
	"os"
	"strings"
	"testing"
)

func TestSymlink(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	if err := os.Symlink("elsewhere", s.at("out/sh")); err != nil {
		t.Fatal(err)
	}
	a := s.install(symlinkRecipe{}, "target-directory = @ROOT@/out\nlink-binary =\n  /bin/sh\n  /no/such/thing")
	want := []string{"out dir 0755", `out/.k file 0644 ""`, "out/sh link /bin/sh", "out/thing link /no/such/thing"}
	s.check("out", want...)
	s.checkOwned("@ROOT@/out/sh", "@ROOT@/out/thing")
	os.Remove(s.at("out/thing"))
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.check("out", want...)
}

func TestSymlinkFails(t *testing.T) {
	s := newStand(t)
	o := s.section("target-directory = @ROOT@/out\nlink-binary = /bin/free /bin/sh")
	a := s.prepare(symlinkRecipe{}, o)
	s.checkFails(a.Run(t.Context(), s.Work), o, "target-directory", "'@ROOT@/out' is not a directory")
	s.write("out/sh", "x", 0o644)
	s.checkFails(a.Run(t.Context(), s.Work), o, "link-binary", "Target '@ROOT@/out/sh' already exists but is not a link")
	s.check("out", "out dir 0755", `out/sh file 0644 "x"`)
	s.checkOwned()
}

func TestSymlinkNames(t *testing.T) {
	for _, c := range []struct{ dir, target, want string }{
		{"@ROOT@/out/", "/bin/sh", "@ROOT@/out/sh"},
		{"@ROOT@/./out", "/bin//sh", "@ROOT@/./out/sh"},
		{"out", "name", "out/name"},
		{"", "/bin/sh", "sh"},
	} {
		s := newStand(t)
		s.write("out/.k", "", 0o644)
		s.install(symlinkRecipe{}, "target-directory = "+c.dir+"\nlink-binary = "+c.target)
		s.checkOwned(c.want)
	}
}

func TestSymlinkNoName(t *testing.T) {
	for _, target := range []string{"/bin/", "/bin/..", "."} {
		s := newStand(t)
		s.write("out/.k", "", 0o644)
		o := s.section("target-directory = @ROOT@/out\nlink-binary = " + target)
		err := s.prepare(symlinkRecipe{}, o).Run(t.Context(), s.Work)
		name := target[strings.LastIndex(target, "/")+1:]
		s.checkFails(err, o, "link-binary", "Target '@ROOT@/out/"+name+"' already exists but is not a link")
		s.check("out", "out dir 0755", `out/.k file 0644 ""`)
	}
}

func TestSymlinkNothing(t *testing.T) {
	s := newStand(t)
	s.install(symlinkRecipe{}, "target-directory = @ROOT@/none\nlink-binary =")
	s.checkOwned()
}

func TestSymlinkRefused(t *testing.T) {
	checkRefused(t, symlinkRecipe{}, []prepareCase{
		{"no links", "target-directory = d", "link-binary", "Missing option: foo:link-binary"},
		{"no directory", "link-binary = a", "target-directory", "Missing option: foo:target-directory"},
	})
}
