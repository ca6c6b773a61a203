package recipes

import (
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func TestTemplateRender(t *testing.T) {
	s := newStand(t)
	s.write("t.in", "a ${sec:x} b ${:name} c $${x:y} d $$$${z} e $plain $HOME $$\n", 0o644)
	s.install(templateRecipe{}, "output = @ROOT@/out/f\nurl = @ROOT@/t.in\nname = N")
	s.check("out", "out dir 0755", `out/f file 0644 "a X b N c ${x:y} d $${z} e $plain $HOME $\n"`)
	s.checkOwned("@ROOT@/out/f")
}

func TestTemplateInline(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		umask       int
		want        string
	}{
		{"shebang", "inline = #!/bin/sh\n    indented", 0o022, `f file 0755 "#!/bin/sh\n  indented"`},
		{"shebang with argument", "inline = #! /bin/sh -e", 0o027, `f file 0750 "#! /bin/sh -e"`},
		{"shebang of nothing", "inline = #!/no/such/prog", 0o022, `f file 0644 "#!/no/such/prog"`},
		{"blank shebang", "inline = #!", 0o022, `f file 0644 "#!"`},
		{"umask", "inline = hello", 0o027, `f file 0640 "hello"`},
		{"mode", "inline = hello\nmode = 0757", 0o077, `f file 0757 "hello"`},
		{"blank mode", "inline = hello\nmode =", 0o022, `f file 0644 "hello"`},
		{"no substitution", "inline = $$x", 0o022, `f file 0644 "$$x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.Work.Umask = c.umask
			s.install(templateRecipe{}, "output = f\n"+c.lines)
			s.check("f", c.want)
			s.checkOwned("f")
		})
	}
}

func TestTemplateReplacesLink(t *testing.T) {
	s := newStand(t)
	s.write("victim", "x", 0o600)
	if err := os.Symlink("victim", s.at("f")); err != nil {
		t.Fatal(err)
	}
	s.install(templateRecipe{}, "output = @ROOT@/f\ninline = y")
	s.check("f", `f file 0644 "y"`)
	s.check("victim", `victim file 0600 "x"`)
}

func TestTemplateKeepsLink(t *testing.T) {
	s := newStand(t)
	s.write("file", "x", 0o600)
	if err := os.Symlink("file", s.at("f")); err != nil {
		t.Fatal(err)
	}
	s.install(templateRecipe{}, "output = @ROOT@/f\ninline = x")
	s.check("f", "f link file")
	s.check("file", `file file 0644 "x"`)
}

func TestTemplateDirectory(t *testing.T) {
	s := newStand(t)
	o := s.section("output = @ROOT@/out/d/\ninline = x")
	err := s.prepare(templateRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "output", "Is a directory: '@ROOT@/out/d/'")
	s.check("out", "out dir 0755", "out/d dir 0755")
	s.checkOwned()
}

func TestTemplateRelativeProgram(t *testing.T) {
	s := newStand(t)
	s.write("prog", "", 0o755)
	s.install(templateRecipe{}, "output = f\ninline = #!prog -x")
	s.check("f", `f file 0755 "#!prog -x"`)
	s.install(templateRecipe{}, "output = new/f\ninline = #!new")
	s.check("new/f", `new/f file 0644 "#!new"`)
}

func TestTemplateUpdate(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"url", "url = @ROOT@/t.in", `f file 0644 "orig"`},
		{"url with md5", "url = @ROOT@/t.in\nmd5sum = @MD5@", `f file 0600 "bad"`},
		{"inline", "inline = orig", `f file 0600 "bad"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("t.in", "orig", 0o644)
			sum := fmt.Sprintf("%x", md5.Sum([]byte("orig")))
			a := s.install(templateRecipe{}, "output = @ROOT@/f\n"+strings.ReplaceAll(c.lines, "@MD5@", sum))
			s.write("f", "bad", 0o600)
			if err := s.update(a); err != nil {
				t.Error(err)
			}
			s.check("f", c.want)
		})
	}
}

func TestTemplateRefused(t *testing.T) {
	checkRefused(t, templateRecipe{}, []prepareCase{
		{"both", "output = f\ninline = x\nurl = t", "inline", "options 'inline' & 'url' conflict"},
		{"none", "output = f", "url", "one of the options 'inline' 'url' is required"},
		{"blank", "output = f\ninline =\nurl =", "url", "one of the options 'inline' 'url' is required"},
		{"md5 of inline", "output = f\ninline = x\nmd5sum = d41d8cd98f00b204e9800998ecf8427e", "md5sum", "options 'inline' & 'md5sum' conflict"},
		{"no output", "inline = x", "output", "Missing option: foo:output"},
		{"blank output", "output =\ninline = x", "output", "the path is blank"},
		{"mode", "output = f\ninline = x\nmode = rw", "mode", `"rw" is not a file mode: it must be octal digits such as 0644`},
		{"no file", "output = f\nurl = @ROOT@/none", "url", "No such file or directory: '@ROOT@/none'"},
	})
}

func TestTemplateBadReference(t *testing.T) {
	s := newStand(t)
	s.write("t.in", "${sec:none}\n", 0o644)
	o := s.section("output = f\nurl = @ROOT@/t.in")
	_, err := templateRecipe{}.Prepare(t.Context(), o)
	checkTemplateFails(t, err, s.fill("@ROOT@/t.in"), "Referenced option does not exist: sec none")
}

// checkTemplateFails wants a diagnostic in the file of a template, with the
// option that names it.
func checkTemplateFails(t *testing.T, err error, file, msg string) {
	t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("error is %v, want a diagnostic: %s", err, msg)
	}
	if d.Msg != msg || d.At.From.Src == nil || d.At.From.Src.Name != file {
		t.Errorf("got %q at %v, want %q in %s", d.Msg, d.At.From.Src, msg, file)
	}
	if len(d.Related) != 1 || d.Related[0].At.Text() != file {
		t.Errorf("related places %v, want the option that names %s", d.Related, file)
	}
}

func TestTemplateRunFails(t *testing.T) {
	s := newStand(t)
	s.write("file", "", 0o644)
	o := s.section("output = @ROOT@/file/f\ninline = x")
	err := s.prepare(templateRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "output", "File exists: '@ROOT@/file' is not a directory")
}
