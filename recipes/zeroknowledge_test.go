package recipes

import (
	"os"
	"strings"
	"testing"
)

func TestZeroknowledgeWrite(t *testing.T) {
	s := newStand(t)
	const lines = "filename = k.cfg\nzeta = 1\nAlpha = two\n  lines\npw ="
	a := s.install(zeroknowledgeWriteRecipe{}, lines)
	s.check("k.cfg", `k.cfg file 0644 "[foo]\nalpha = two\n\tlines\npw = \nzeta = 1\n\n"`)
	s.checkOwned()
	s.write("k.cfg", "# mine\n[foo]\npw: changed\nalpha = x\n[other]\na = b", 0o600)
	if err := s.update(a); err != nil {
		t.Fatal(err)
	}
	s.check("k.cfg", `k.cfg file 0600 "[foo]\npw = changed\nalpha = x\nzeta = 1\n\n[other]\na = b\n\n"`)
	text := "# mine\n[foo]\npw: changed\nalpha = x\nzeta=2\n"
	s.write("k.cfg", text, 0o600)
	if err := s.update(a); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(s.at("k.cfg")); err != nil || string(got) != text {
		t.Errorf("a file with all values was changed: %q, %v", got, err)
	}
	checkRefused(t, zeroknowledgeWriteRecipe{}, []prepareCase{
		{"no file", "a = b", "", `You have to provide the parameter either "filename" or "file-path"`},
		{"percent", "filename = f\na = 5%", "a", "invalid interpolation syntax in '5%'"},
	})
}

func TestZeroknowledgeRead(t *testing.T) {
	s := newStand(t)
	o := s.section("filename = k.cfg\npassword = default\nother = x")
	s.prepare(zeroknowledgeReadRecipe{}, o)
	s.checkSet(o, map[string]string{})
	s.write("k.cfg", "[DEFAULT]\nroot = /r\n[a]\nPassword = p%%\npath: %(root)s/x\nlines =\n  one\n  # no\n\n  two\n[b]\npassword = last\n", 0o644)
	o = s.section("file-path = @ROOT@/k.cfg\npassword = default\nother = x")
	s.prepare(zeroknowledgeReadRecipe{}, o)
	s.checkSet(o, map[string]string{"password": "last", "path": "/r/x", "root": "/r", "lines": "\none\n\ntwo"})
	for text, want := range map[string]string{
		"a = b":          `line 1: "a = b" is neither the header of a section nor KEY = VALUE`,
		"[a]\nx":         `line 2: "x" is neither the header of a section nor KEY = VALUE`,
		"[a]\n[a]":       `line 2: section "a" is there twice`,
		"[a]\nx=1\nX=2":  `line 3: "x" is there twice`,
		"[]\n":           `line 1: "[]" is no header of a section`,
		"[a]\nx = %(y)s": `x of section a: %(y)s names "y", which is not there`,
		"[a]\nx = 5%":    `x of section a: '%' must be followed by '%' or '(' in "5%"`,
		"[a]\nx = %(x)s": `x of section a: the references in "%(x)s" do not end`,
	} {
		s.write("k.cfg", text, 0o644)
		o := s.section("filename = k.cfg")
		_, err := zeroknowledgeReadRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, "filename", "@ROOT@/k.cfg: "+want)
	}
}

func FuzzIni(f *testing.F) {
	f.Add("[a]\nb = c\n  d\n[DEFAULT]\ne: %(b)s\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parseIni(text)
		if err != nil || strings.ContainsAny(text, "\r\v\f\u0085\u00a0") {
			return
		}
		again, err := parseIni(file.text())
		if err != nil || again.text() != file.text() {
			t.Errorf("%q: %q is read as %q, %v", text, file.text(), again.text(), err)
		}
	})
}
