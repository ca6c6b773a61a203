package recipes

import "testing"

func TestCnssymlink(t *testing.T) {
	s := newStand(t)
	for _, name := range []string{"src/a.txt", "src/b.pyc", "src/sub/c", "there/x", "out/there/x"} {
		s.write(name, "", 0o644)
	}
	a := s.install(cnssymlinkRecipe{}, "symlink =\n  @ROOT@/src/a.txt = @ROOT@/out/one\n  @ROOT@/src/none = @ROOT@/out/none\n  @ROOT@/src = @ROOT@/out/there")
	s.check("out/one", "out/one link "+s.at("src/a.txt"))
	s.check("out/none")
	s.checkOwned("@ROOT@/out/one")
	if err := s.update(a); err != nil {
		t.Fatal(err)
	}
	s.install(cnssymlinkRecipe{}, "symlink_base = @ROOT@/src\nsymlink_target = @ROOT@/new/dir\nautocreate = true\nignore = *.pyc")
	s.check("new/dir", "new/dir dir 0755", "new/dir/a.txt link "+s.at("src/a.txt"), "new/dir/sub link "+s.at("src/sub"))
	s.install(cnssymlinkRecipe{}, "symlink = sub/c = @ROOT@/new\nsymlink_base = @ROOT@/src")
	s.check("new/c", "new/c link "+s.at("src/sub/c"))
}

func TestCnssymlinkRefused(t *testing.T) {
	checkRefused(t, cnssymlinkRecipe{}, []prepareCase{
		{"nothing", "symlink_base = x", "", "Provide at least 'symlink', or 'symlink_target' with either 'symlink_base', 'eggs' or 'develop'"},
	})
	for lines, want := range map[string]string{
		"symlink_base = @ROOT@/none\nsymlink = a": "Source directory @ROOT@/none does not exist.",
		"symlink_target = @ROOT@/none":            "Target directory @ROOT@/none does not exist.",
	} {
		s := newStand(t)
		o := s.section(lines)
		s.checkFails(s.prepare(cnssymlinkRecipe{}, o).Run(t.Context(), s.Work), o, "symlink", want)
	}
}
