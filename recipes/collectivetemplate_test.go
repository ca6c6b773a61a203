package recipes

import "testing"

func TestCollectivetemplate(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"inline text", "mode = 0711\ninput = inline:\n  line ${:z}\n  $${sec:x}\nz = Z", `out/f file 0711 "line Z\n$X"`},
		{"inline option", "inline =\n\n  x $${z}\nz = Z", `out/f file 0644 "x $Z"`},
		{"input", "input = @ROOT@/t.in\nname = N", `out/f file 0750 "N X $$ $x $N\n"`},
		{"relative input", "input = t.in\nname = N\nmode = 600", `out/f file 0600 "N X $$ $x $N\n"`},
		{"url", "url = file://@ROOT@/t.in\nname = N", `out/f file 0644 "N X $$ $x $N\n"`},
		{"latin-1", "inline = \u00e9\noutput-encoding = latin-1", `out/f file 0644 "\xe9"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("t.in", "${name} ${sec:x} $$ $x $${name}\n", 0o750)
			s.install(collectivetemplateRecipe{}, "output = @ROOT@/out/f\n"+c.lines)
			s.check("out", "out dir 0755", c.want)
			s.checkOwned("@ROOT@/out", "@ROOT@/out/f")
		})
	}
}

func TestCollectivetemplateOverwrite(t *testing.T) {
	s := newStand(t)
	s.write("out/f", "mine\n", 0o644)
	a := s.install(collectivetemplateRecipe{}, "output = @ROOT@/out/f\ninline = a\noverwrite = false")
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.check("out", "out dir 0755", `out/f file 0644 "mine\n"`)
	s.checkOwned()
}

func TestCollectivetemplateOverwriteWords(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"Yes", `f file 0644 "a"`}, {"1", `f file 0644 "a"`}, {"", `f file 0644 "mine"`}, {"on", `f file 0644 "mine"`},
	} {
		s := newStand(t)
		s.write("f", "mine", 0o644)
		s.install(collectivetemplateRecipe{}, "output = @ROOT@/f\ninline = a\noverwrite = "+c.value)
		s.check("f", c.want)
	}
}

func TestCollectivetemplateParents(t *testing.T) {
	for output, want := range map[string][]string{
		"f":                    {"f"},
		"out/a/f":              {"out", "out/a", "out/a/f"},
		"@ROOT@/out//a/f":      {"@ROOT@/out", "@ROOT@/out//a", "@ROOT@/out//a/f"},
		"@ROOT@/real/../new/f": {"@ROOT@/real/../new", "@ROOT@/real/../new/f"},
	} {
		s := newStand(t)
		s.write("real/.k", "", 0o644)
		s.install(collectivetemplateRecipe{}, "output = "+output+"\ninline = a")
		s.checkOwned(want...)
	}
}

func TestCollectivetemplateDirectory(t *testing.T) {
	s := newStand(t)
	o := s.section("output = @ROOT@/out/d/\ninline = a")
	err := s.prepare(collectivetemplateRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "output", "Is a directory: '@ROOT@/out/d/'")
	s.checkOwned("@ROOT@/out", "@ROOT@/out/d")
	s.write("file", "", 0o644)
	o = s.section("output = @ROOT@/file/d/f\ninline = a")
	if err := s.prepare(collectivetemplateRecipe{}, o).Run(t.Context(), s.Work); err == nil {
		t.Error("a parent that is a file is no error")
	}
}

func TestCollectivetemplateUpdate(t *testing.T) {
	s := newStand(t)
	a := s.install(collectivetemplateRecipe{}, "output = @ROOT@/f\ninline = a")
	s.write("f", "a", 0o600)
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.check("f", `f file 0600 "a"`)
	s.write("f", "b", 0o600)
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.check("f", `f file 0644 "a"`)
}

func TestCollectivetemplateRefused(t *testing.T) {
	checkRefused(t, collectivetemplateRecipe{}, []prepareCase{
		{"no input", "output = f", "input", "No input file, inline template, or URL specified."},
		{"no output", "inline = x", "output", "No output file specified."},
		{"too many", "output = f\ninput = x\ninline = x", "input", "Too many input sources."},
		{"too many with url", "output = f\ninput = x\nurl = x", "input", "Too many input sources."},
		{"missing file", "output = f\ninput = @ROOT@/none", "input", "Input file '@ROOT@/none' does not exist."},
		{"blank input", "output = f\ninput =", "input", "Input file '' does not exist."},
		{"path as url", "output = f\nurl = @ROOT@/t.in", "url", "unknown url type: '@ROOT@/t.in'"},
		{"timeout", "output = f\ninline = x\ntimeout = 5s", "timeout", `"5s" is not a number of seconds`},
		{"blank mode", "output = f\ninline = x\nmode =", "mode", "the mode is blank: it must be octal digits such as 0644"},
		{"unknown option", "output = f\ninline = $${x}", "inline", "Referenced option does not exist: foo x"},
		{"mode", "output = f\ninline = x\nmode = a", "mode", `"a" is not a file mode: it must be octal digits such as 0644`},
		{"encoding", "output = f\ninline = x\noutput-encoding = koi8-r", "output-encoding", `unknown encoding "koi8-r": it must be utf-8, ascii or latin-1`},
		{"blank encoding", "output = f\ninline = x\noutput-encoding =", "output-encoding", `unknown encoding "": it must be utf-8, ascii or latin-1`},
		{"scheme", "output = f\nurl = nope:x", "url", "unknown url type: 'nope:x'"},
		{"not ascii", "output = f\ninline = \u00e9\noutput-encoding = ascii", "output-encoding", "'\u00e9' cannot be written as ascii"},
	})
}

func TestCollectivetemplateDecode(t *testing.T) {
	for _, c := range []struct{ raw, encoding, want, msg string }{
		{"\xc3\xa9", "UTF_8", "\u00e9", ""},
		{"\xe9", "L1", "\u00e9", ""},
		{"\xe9", "ISO_8859-1", "\u00e9", ""},
		{"\xe9", "utf-8", "", "the template is not valid utf-8"},
		{"a\xe9", "ascii", "", "byte 1 of the template is not ascii"},
	} {
		got, err := collectivetemplateDecode([]byte(c.raw), c.encoding)
		if got != c.want || (err == nil) != (c.msg == "") || err != nil && err.Error() != c.msg {
			t.Errorf("%q as %q: got %q, %v", c.raw, c.encoding, got, err)
		}
	}
}
