package recipes

import "testing"

func TestJinjaRefused(t *testing.T) {
	checkRefused(t, jinjaRecipe{}, []prepareCase{
		{"both", "output = f\ninline = x\nurl = y", "inline", "options 'inline' & 'url' conflict"},
		{"none", "output = f", "url", "one of the options 'inline' 'url' is required"},
		{"twice", "output = f\ninline = x\ncontext = raw a 1\n  raw a 2", "context", "Duplicate context entry 'a'"},
		{"builtin", "output = f\ninline = x\ncontext = raw len 1", "context", "Duplicate context entry 'len'"},
		{"kind", "output = f\ninline = x\ncontext = foo a b", "context", "there is no kind 'foo'"},
		{"fields", "output = f\ninline = x\ncontext = raw a", "context", `"raw a" has too few fields: write KIND NAME EXPRESSION`},
		{"option", "output = f\ninline = x\ncontext = key a sec:none", "context", "Missing option: sec:none"},
		{"no option", "output = f\ninline = x\ncontext = key a sec", "context", `"sec" does not name an option: write SECTION:OPTION`},
		{"import kind", "output = f\ninline = x\nimport-list = dir a /x", "import-list", "there is no kind 'dir'"},
		{"extension", "output = f\ninline = x\nextensions = jinja2.ext.i18n", "extensions", "the extension jinja2.ext.i18n is not known"},
		{"encoding", "output = f\ninline = x\nencoding = latin-1", "encoding", `the encoding "latin-1" is not known: templates are utf-8`},
	})
}

func TestJinjaValues(t *testing.T) {
	s := newStand(t)
	s.write("lib/sub/m.in", "{% macro m(a) %}<{{ a }}>{% endmacro %}", 0o644)
	s.install(jinjaRecipe{}, `output = out/f
dict = !py!{'b': [1, None], 'a': '\x24{x}'}
inline = {% import "l:sub:m.in" as l %}{{ l.m(d) }} {{ d.a }} {{ s["dict"].b[0] }} {{ j[0] }} {{ re.sub("b+", "c", "abbd") }}
import-delimiter = :
import-list = rawfolder l lib
context = key d :dict
  section s foo
  json j [1.0]
  import re re`)
	s.check("out", "out dir 0755", `out/f file 0644 "<{'b': [1, None], 'a': '${x}'}> ${x} 1 1.0 acd"`)
	s.checkOwned("out/f")
}

func TestJinjaLoader(t *testing.T) {
	s := newStand(t)
	s.write("d/x.in", "x", 0o644)
	s.write("secret", "y", 0o644)
	l := &jinjaLoader{delimiter: "/", folders: map[string]bool{"d": true}, paths: map[string]string{"d": s.at("d"), "f": s.at("secret")}}
	for name, want := range map[string]bool{"d/x.in": true, "f": true, "f/": true, "f/x": false, "d/../secret": false, "d//x.in": true, "none": false, "d/none": false} {
		if got, err := l.Load(name); err != nil || (got != nil) != want {
			t.Errorf("Load(%q) = %v, %v, want found %v", name, got, err, want)
		}
	}
}
