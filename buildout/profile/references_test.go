package profile

import (
	"context"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func loaded(t testing.TB, text string) *Profile {
	t.Helper()
	p, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Home: "/h", Dialect: SlapOS,
		Open: memory{"buildout.cfg": text}, Condition: func(string) (bool, error) { return true, nil }})
	if err != nil {
		t.Skip(err)
	}
	return p
}

func TestReferences(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"several", "x = ${a:b} ${:c} ${a:b}", "${a:b}@2:5 ${:c}@2:12 ${a:b}@2:18"},
		{"escaped", "x = $${a:b} ${a:c} $$$${a:d}", "${a:c}@2:13"},
		{"lines", "x =\n  ${a:b}\n# ${a:comment} ${a:c}\n  ${a:c}", "${a:b}@3:3 ${a:c}@5:3"},
		{"added", "x = ${a:b}\nx += ${a:c}", "${a:b}@2:5 ${a:c}@3:6"},
		{"removed", "x = ${a:b}\n  ${a:c}\nx -= ${a:b}", "${a:c}@3:3"},
		{"malformed", "x = ${a} ${a:b:c} ${a/b:c} ${a:", ""},
		{"open", "x = ${a:b ${c:d}", ""},
	}
	for _, test := range tests {
		p := loaded(t, "[s]\n"+test.text+"\n[buildout]\nparts =\n")
		var got []string
		for _, r := range p.Value("s", "x").References() {
			got = append(got, r.Text+"@"+strings.TrimPrefix(diag.Place(r.At.From), "/p/buildout.cfg:"))
			if r.At.Text() != r.Text {
				t.Errorf("%s: the place of %s holds %q", test.name, r.Text, r.At.Text())
			}
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: got %q, want %q", test.name, s, test.want)
		}
	}
}

func TestWordsAndLines(t *testing.T) {
	p := loaded(t, "[buildout]\nparts = zlib-ng zlib\n  # one\n  two two\nparts -= three\n")
	v := p.Value("buildout", "parts")
	var words, lines []string
	for _, w := range v.Words() {
		words = append(words, w.Text+"@"+strings.TrimPrefix(diag.Place(w.At.From), "/p/buildout.cfg:"))
	}
	for _, l := range v.Lines() {
		lines = append(lines, l.Text)
	}
	if want := []string{"zlib-ng@2:9", "zlib@2:17", "#@3:3", "one@3:5", "two@4:3", "two@4:7"}; !slices.Equal(words, want) {
		t.Errorf("words %q, want %q", words, want)
	}
	if want := []string{"zlib-ng zlib", "# one", "two two"}; !slices.Equal(lines, want) {
		t.Errorf("lines %q, want %q", lines, want)
	}
}

func TestHollow(t *testing.T) {
	p := loaded(t, "[buildout]\nparts =\n[a]\nx = ${b:location}\n[b]\nrecipe = r\n[c]\nx = ${b:location}\n")
	ctx := context.Background()
	ev := &Evaluator{Profile: p, Prepare: func(_ context.Context, e *Evaluated) error { e.Hollow(); return nil }}
	e, err := ev.Section(ctx, "a", diag.Span{})
	if err != nil {
		t.Fatal(err)
	}
	if v, _, _ := e.Get(ctx, "x"); v != "@{b:location}" || !slices.Equal(ev.Holes(), []string{"b:location"}) {
		t.Errorf("x = %q, holes %q", v, ev.Holes())
	}
	ev = &Evaluator{Profile: p, Prepare: func(context.Context, *Evaluated) error { return nil }}
	if _, err := ev.Section(ctx, "c", diag.Span{}); err == nil {
		t.Error("a prepared section has an option that it does not have")
	}
}

// FuzzReferences checks places: where the text of a place is that of its
// setting alone, it is the reference.
func FuzzReferences(f *testing.F) {
	f.Add("x = ${a:b} $${c:d}\n  ${:e}\nx += ${f:g}\n")
	f.Add("x =\n# ${a:b}\n  ${a:b}\n\n  ${c:d}\nx -= ${a:b}")
	f.Fuzz(func(t *testing.T, text string) {
		p := loaded(t, "[s]\n"+text)
		for _, s := range p.Sections {
			for _, v := range s.Options {
				for _, r := range v.References() {
					if !strings.Contains(v.Text, r.Text) || !strings.Contains(r.At.Text(), r.Text) && r.At.IsValid() && !strings.Contains(r.At.Text(), "\r") {
						t.Errorf("reference %q at %q of %q", r.Text, r.At.Text(), v.Text)
					}
				}
			}
		}
	})
}
