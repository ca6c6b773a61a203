package relocate

import (
	"strings"
	"testing"
)

// testPrefixes are those of a buildout, a store elsewhere, and a short one.
var testPrefixes = []Prefix{
	{"/b/dir/parts/zlib", RolePart, "zlib"},
	{"/b/dir/parts/zlib2", RolePart, "zlib2"},
	{"/b/dir/parts/my part", RolePart, "my part"},
	{"/store/x/0123", RolePart, "x"},
	{"/b/dir/parts", RoleParts, "parts"},
	{"/b/dir", RoleBuildout, "buildout"},
	{"/store", RoleStore, "store"},
}

// TestFind compares what is found with marks in the text: what stands between
// « and » is a site.
func TestFind(t *testing.T) {
	both := []form{formText, formBinary}
	for _, c := range []struct {
		text  string
		forms []form
	}{
		{"«/b/dir/parts/zlib»/lib:«/b/dir/parts/zlib2»/lib", both},
		{"«/b/dir/parts/zlib»", both},
		{"«/b/dir/parts»/zlib3/lib", both},
		{"«/b/dir/parts»/zlib-1.2", both},
		{"«/b/dir»/party", both},
		{"/b/directory", both},
		{"«/b/dir/parts/zlib»\"«/b/dir/parts/zlib»'«/b/dir/parts/zlib»,«/b/dir»:«/b/dir»;", both},
		{"in «/b/dir/parts/zlib». And", both},
		{"«/b/dir/parts»/zlib.so", both},
		{"«/b/dir/parts//////zlib»/lib", both},
		{"«/b///dir//parts/zlib»//lib", both},
		{"«/b/dir/parts/my part»/lib", both},
		{"-I«/b/dir/parts/zlib»/include -L«/b/dir»/lib", both},
		{"file://«/b/dir»/x file://host«/b/dir»/x", both},
		{"prefix=«/b/dir»", both},
		{"DESTDIR/stage/b/dir/parts/zlib", []form{formText}},
		{"lib«/b/dir/parts/zlib»", both},
		{`"\n«/b/dir»"`, both},
		{"‘«/b/dir/parts/zlib»’ «/b/dir/parts/zlib»é", nil},
		{"‘«/b/dir/parts/zlib»’ «/b/dir/parts»/zlibé", both},
		{"\x00«/b/dir/parts/zlib»\x00zz/«/b/dir/parts/zlib»\x00", []form{formBinary}},
		{"«/store/x/0123»/lib «/store»/x/4567 /x/store /store2", []form{formText}},
		{"/usr/store/x -L«/store»/lib", both},
		{"«/.//////store»/lib «/./store»", both},
		{"//«/store»/lib", nil},
		{"/.", both},
		{"/b/dir", nil},
	} {
		if c.forms == nil {
			continue
		}
		plain := strings.NewReplacer("«", "", "»", "").Replace(c.text)
		for _, form := range c.forms {
			if got := mark(plain, newMatcher(testPrefixes).find([]byte(plain), form)); got != c.text {
				t.Errorf("form %d: got  %q\nwant %q", form, got, c.text)
			}
		}
	}
}

func mark(text string, sites []Site) string {
	var b strings.Builder
	at := 0
	for _, s := range sites {
		b.WriteString(text[at:s.Offset] + "«" + text[s.Offset:s.end()] + "»")
		at = int(s.end())
	}
	return b.String() + text[at:]
}

// TestFindLongest checks which prefix is taken.
func TestFindLongest(t *testing.T) {
	m := newMatcher(testPrefixes)
	for text, want := range map[string]int{
		"/b/dir/parts/zlib/x": 0, "/b/dir/parts/zlib2/x": 1, "/b/dir/parts/zlib3/x": 4, "/b/dir/bin": 5, "/store/x/0123/y": 3, "/store/y": 6,
	} {
		sites := m.find([]byte(text), formText)
		if len(sites) != 1 || sites[0].Prefix != want {
			t.Errorf("%s: %+v, want prefix %d", text, sites, want)
		}
	}
}

// TestFill checks the filling, and that it is read back in its whole width.
func TestFill(t *testing.T) {
	for _, c := range []struct {
		path  string
		width int
		want  string
	}{
		{"/n/p/zlib", 9, "/n/p/zlib"},
		{"/n/p/zlib", 14, "/n/p//////zlib"},
		{"/opt", 4, "/opt"},
		{"/opt", 5, "//opt"},
		{"/opt", 6, "/./opt"},
		{"/opt", 9, "/.////opt"},
	} {
		got := fill(c.path, c.width)
		if got != c.want {
			t.Errorf("fill(%s, %d) = %s, want %s", c.path, c.width, got, c.want)
		}
		if !reads([]byte(got), c.path) {
			t.Errorf("%s does not read as %s", got, c.path)
		}
		if c.width == 5 {
			continue // one slash in front may belong to something else
		}
		sites := newMatcher([]Prefix{{Path: c.path}}).find([]byte("\x00"+got+"/share"), formBinary)
		if len(sites) != 1 || sites[0].Width != c.width {
			t.Errorf("%s is found as %+v", got, sites)
		}
	}
}

// TestFindInPyc checks strings that have a length and no end.
func TestFindInPyc(t *testing.T) {
	m := newMatcher(testPrefixes)
	path := "/b/dir/parts/zlib"
	for text, want := range map[string]int{
		"z" + string(rune(len(path))) + path + "z\x05other": len(path),
		"\xfa\x11" + path + "\xda\x05other":                 len(path),
		"s\x11\x00\x00\x00" + path + "s\x01\x00\x00\x00x":   len(path),
		"z\x15-L " + path + "z\x05other":                    len("/b/dir/parts"),
		"z\x14-L " + path + "z\x05other":                    len(path),
	} {
		sites := m.find([]byte(text), formPyc)
		if len(sites) != 1 || sites[0].Width != want {
			t.Errorf("%q: %+v, want width %d", text, sites, want)
		}
	}
}
