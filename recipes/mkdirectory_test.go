package recipes

import (
	"os"
	"testing"
)

func TestMkdirectory(t *testing.T) {
	for _, r := range []mkdirectoryRecipe{{}, {anything: true}} {
		s := newStand(t)
		s.Work.Umask = 0o027
		a := s.install(r, "a = @ROOT@/out/a\nb = ${:a}/deep/b\nempty =\nrecipe = r\n_profile_base_location_ = @ROOT@/no\nc = out/c")
		s.check("out", "out dir 0750", "out/a dir 0750", "out/a/deep dir 0750", "out/a/deep/b dir 0750", "out/c dir 0750")
		s.checkOwned()
		s.check("no")
		os.Remove(s.at("out/c"))
		if err := s.update(a); err != nil {
			t.Error(err)
		}
		s.check("out/c", "out/c dir 0750")
	}
}

func TestMkdirectoryMode(t *testing.T) {
	s := newStand(t)
	s.install(mkdirectoryRecipe{}, "mode = 0700\na = @ROOT@/out/x/y/a")
	s.check("out", "out dir 0755", "out/x dir 0755", "out/x/y dir 0755", "out/x/y/a dir 0700")
}

func TestMkdirectoryWithDots(t *testing.T) {
	s := newStand(t)
	s.install(mkdirectoryRecipe{}, "a = @ROOT@/out/./dot/../c/..rest/d\nb = rel/../x/../y\nmode = 0700")
	s.check("out", "out dir 0755", "out/c dir 0755", "out/c/..rest dir 0755", "out/c/..rest/d dir 0700", "out/dot dir 0755")
	for _, dir := range []string{"rel", "x", "y"} {
		if _, err := os.Stat(s.at(dir)); err != nil {
			t.Error(err)
		}
	}
}

func TestMkdirectoryFileInTheWay(t *testing.T) {
	s := newStand(t)
	s.write("f", "x", 0o644)
	s.install(mkdirectoryRecipe{anything: true}, "a = @ROOT@/f")
	o := s.section("a = @ROOT@/f")
	err := s.prepare(mkdirectoryRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "a", "File exists: '@ROOT@/f' is not a directory")
	s.check("f", `f file 0644 "x"`)
}

func TestMkdirectoryRefused(t *testing.T) {
	checkRefused(t, mkdirectoryRecipe{}, []prepareCase{
		{"mode", "a = d\nmode = u+x", "mode", `"u+x" is not a file mode: it must be octal digits such as 0644`},
		{"blank mode", "a = d\nmode =", "mode", "the mode is blank: it must be octal digits such as 0644"},
	})
}
