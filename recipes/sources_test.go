package recipes

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/store"
)

// sourcesCases are parts that download, by recipe.
var sourcesCases = []struct {
	name   string
	recipe parts.Recipe
	lines  string
	n      int // of requests
}{
	{"cmmi", cmmi{}, "url = http://a/x.tar\nalternate-url = http://b/x.tar\nmd5sum = @MD5@\noffline = false\n" +
		"patches = http://a/one.patch#@MD5PATCH@ local.patch http://a/two.patch", 3},
	{"cmmi without archive", cmmi{}, "path = @ROOT@/source\npatches = http://a/one.patch", 1},
	{"hexagoncmmi", hexagoncmmi{}, "url = http://a/x.tar\nmd5sum = @MD5@\npatches = local.patch", 1},
	{"hexagoncmmi without archive", hexagoncmmi{}, "path = @ROOT@/source", 0},
	{"zccmmi", zccmmi{}, "url = http://a/x.tar\npatch = http://a/one.patch\npatch-md5sum = @MD5PATCH@", 2},
	{"zccmmi with a local patch", zccmmi{}, "url = http://a/x.tar\npatch = local.patch", 1},
	{"download", downloadRecipe{}, "url = http://a/x.tar\nalternate-url = http://b/x.tar\nsha256sum = @SHA256@", 1},
	{"download elsewhere", downloadRecipe{}, "url = http://a/x.tar\ndestination = @ROOT@/there\noffline = true", 1},
	{"unpacked", unpackedRecipe{}, "url = http://a/x.tar\nmd5sum = @MD5@", 1},
	{"unpacked elsewhere", unpackedRecipe{}, "url = http://a/x.tar\ndestination = @ROOT@/there", 1},
	{"hexagondownload", hexagondownloadRecipe{}, "url = http://a/x.tar\nmd5sum = @MD5@", 1},
}

const (
	sourcesArchive = "-- top/configure --\nx\n-- top/local.patch --\ny\n"
	sourcesPatch   = "a patch"
)

// TestSources: Sources tells what Run asks for, but what is on this machine.
func TestSources(t *testing.T) {
	for _, c := range sourcesCases {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("source/configure", "x", 0o755)
			s.Fetcher.Files = map[string]string{"http://a/x.tar": sourcesArchive, "http://a/one.patch": sourcesPatch, "http://a/two.patch": sourcesPatch}
			lines := strings.NewReplacer("@MD5@", sumOf([]byte(sourcesArchive), "md5"), "@SHA256@", sumOf([]byte(sourcesArchive), "sha256"),
				"@MD5PATCH@", sumOf([]byte(sourcesPatch), "md5")).Replace(c.lines)
			a := s.prepare(c.recipe, s.section(lines))
			told := a.(parts.Sourcer).Sources()
			if len(told) != c.n {
				t.Errorf("told of %d: %+v", len(told), told)
			}
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			var asked []parts.FetchRequest
			for _, r := range s.Fetcher.Requests() {
				if strings.HasPrefix(r.URL, "http") {
					asked = append(asked, r)
				}
			}
			if len(told)+len(asked) > 0 && !reflect.DeepEqual(told, asked) {
				t.Errorf("told of\n%+v\nasked\n%+v", told, asked)
			}
		})
	}
}

// TestSourcesOfCompletePart: a shared part that is there needs nothing.
func TestSourcesOfCompletePart(t *testing.T) {
	location := filepath.Join(t.TempDir(), "foo", "digest")
	frame := store.Frame{Location: parts.Location{Path: location, Signature: "{}"}}
	r := parts.FetchRequest{URL: "http://a/x"}
	z := &zccmmiAction{request: r, shared: true, options: optionSnapshot{values: map[string]string{"location": location}}}
	all := []parts.Sourcer{
		&cmmiAction{frame: frame, archive: &sourceArchive{request: r}},
		&downloadAction{frame: frame, request: r}, &unpackedAction{frame: frame, request: r}, z,
	}
	check := func(when string, n int) {
		t.Helper()
		for _, s := range all {
			if got := s.Sources(); len(got) != n {
				t.Errorf("%s: %T has %+v", when, s, got)
			}
		}
	}
	check("missing", 1)
	for _, dir := range []string{location, filepath.Dir(zccmmiUnfinished(location))} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(zccmmiUnfinished(location), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	check("unfinished", 1)
	if err := os.WriteFile(filepath.Join(location, store.SignatureFile), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(zccmmiUnfinished(location)); err != nil {
		t.Fatal(err)
	}
	check("complete", 0)
}
