package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/manifest"
)

// refresher is an action that takes its sources anew when it is updated.
type refresher struct{ reinstaller }

func (refresher) Refreshes() bool { return true }

// copier is the recipe of refreshers.
type copier struct{}

func (copier) Prepare(context.Context, parts.Options) (parts.Action, error) { return refresher{}, nil }

// kinds are the recipes of a stand: one that builds, one that does not, one
// that takes its sources anew, and one that builds for several directories.
func kinds(name string) (parts.Spec, bool) {
	spec := parts.Spec{Names: []string{name}, Recipe: fake{}, Open: true, Builds: name == "make"}
	if name == "copy" {
		spec.Recipe = copier{}
	}
	if name == "shared" {
		spec.Recipe, spec.Builds = sharing{}, true
	}
	return spec, name == "make" || name == "copy" || name == "fake" || name == "shared"
}

// file is one of the local files of a stand.
type file struct {
	manifest.Stat
	content string
}

// stand is a buildout directory in memory, and what is around it.
type stand struct {
	t        *testing.T
	profile  string
	files    map[string]file
	clock    int64
	lost     map[string]bool // installed paths that are gone
	compiler string
	path     string // of the manifest
	records  []parts.Record
	damage   map[string][]string // what Verify finds
	looks    map[string]int      // how often files were looked at
	reads    map[string]int
}

func newStand(t *testing.T) *stand {
	return &stand{t: t, files: map[string]file{}, lost: map[string]bool{}, compiler: "cc 1",
		path: filepath.Join(t.TempDir(), "manifest"), damage: map[string][]string{}}
}

// edit gives a file a content; the same content again is a change of its time
// only.
func (s *stand) edit(name, content string) {
	f := s.files[name]
	f.Size, f.Inode, f.content = int64(len(content)), 7, content
	s.clock++
	f.Time = s.clock
	s.files[name] = f
}

func (s *stand) stat(name string) (manifest.Stat, error) {
	s.looks[name]++
	if f, ok := s.files[name]; ok {
		return f.Stat, nil
	}
	return manifest.Stat{}, errors.New("not there")
}

func (s *stand) sum(name string) (string, error) {
	s.reads[name]++
	return "sum of " + s.files[name].content, nil
}

// plan plans a run of the named parts, or of all.
func (s *stand) plan(m *manifest.File, named ...string) *Graph {
	s.t.Helper()
	p, err := profile.Load(s.t.Context(), profile.Config{Root: "buildout.cfg", Dir: "/p", Dialect: profile.Auto, Open: text(s.profile),
		Condition: func(string) (bool, error) { return true, nil }})
	if err != nil {
		s.t.Fatal(err)
	}
	s.looks, s.reads = map[string]int{}, map[string]int{}
	ev := &profile.Evaluator{Profile: p}
	planner := &Planner{Evaluator: ev, Recipe: kinds, Exists: func(path string) bool { return !s.lost[path] }, Stat: s.stat, Sum: s.sum,
		Locate: func(part string, _ map[string]string, _ bool) parts.Location {
			return parts.Location{Path: "/" + part, Signature: "{}"}
		},
		Toolchain: func() manifest.Toolchain { return manifest.Toolchain{ID: s.compiler, Text: "compiler " + s.compiler} }}
	make := planner.Attach()
	if _, err := ev.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	g, err := make(s.t.Context(), Input{Records: s.records, Named: named, Manifest: m,
		Verify: func(part string, _ parts.Record) []string { return s.damage[part] }})
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

// look plans without doing it.
func (s *stand) look(named ...string) *Graph {
	s.t.Helper()
	return s.plan(manifest.Load(s.path), named...)
}

// run plans and does it, as the engine does.
func (s *stand) run(named ...string) *Graph {
	s.t.Helper()
	m := manifest.Load(s.path)
	g := s.plan(m, named...)
	for _, n := range g.Removed {
		s.drop(n.Part)
		if n.Decision == Remove {
			m.Drop(n.Part)
		}
	}
	for _, n := range g.Parts {
		r := parts.Record{Part: n.Part, Options: n.Options, Paths: []string{"of " + n.Part}, Signature: n.Signature}
		used := s.used(n)
		if n.Decision != Update {
			delete(s.lost, "of "+n.Part)
			delete(s.damage, n.Part)
		}
		s.drop(n.Part)
		s.records = append(s.records, r)
		if n.Decision != Update || n.Stale || len(used) > 0 {
			m.Put(n.Entry(r, used))
		}
	}
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	return g
}

// used is what a part would tell by Used: the words of its option file.
func (s *stand) used(n *Node) []manifest.Input {
	if n.Decision == Update && !refreshes(n.Action) {
		return nil
	}
	var used []manifest.Input
	for _, name := range strings.Fields(n.Options["file"]) {
		if f, ok := s.files[name]; ok {
			used = append(used, manifest.Input{Path: name, Stat: f.Stat, Sum: "sum of " + f.content})
		}
	}
	return used
}

func (s *stand) drop(part string) {
	s.records = slices.DeleteFunc(s.records, func(r parts.Record) bool { return r.Part == part })
}

// changes is what a graph does but keeping.
func changes(g *Graph) string {
	var list []string
	for _, n := range g.Parts {
		if n.Decision != Update {
			list = append(list, string(n.Decision)+" "+n.Part)
		}
	}
	return strings.Join(list, ", ")
}

// settled checks that another run would do nothing.
func (s *stand) settled() {
	s.t.Helper()
	g := s.look()
	if got := changes(g); got != "" {
		s.t.Errorf("the next run would %s: %v", got, messages(g))
	}
	for _, n := range g.Parts {
		if n.Stale {
			s.t.Errorf("the entry of %s is stale after a run", n.Part)
		}
	}
}

// messages is why the parts of a graph are installed again, a line each.
func messages(g *Graph) []string {
	var list []string
	for _, n := range g.Parts {
		for _, r := range n.Reasons {
			line := n.Part + ": " + r.Msg
			if chain, because, _ := r.Chain(); chain != nil {
				line += " [" + because + ": " + strings.Join(chain, " -> ") + "]"
			}
			if r.Old != r.New {
				line += fmt.Sprintf(" %q -> %q", r.Old, r.New)
			}
			list = append(list, line)
		}
	}
	return list
}

const standProfile = `[buildout]
parts = curl leaf
[zlib]
recipe = make
file = zlib.tar
v = 1
[openssl]
recipe = make
x = ${zlib:recipe}
[data]
recipe = copy
file = data.txt
[curl]
recipe = make
x = ${openssl:recipe} ${data:recipe}
[leaf]
recipe = fake
file = leaf.txt
x = ${curl:recipe}
`

// built is a stand in which all is installed and settled.
func built(t *testing.T) *stand {
	s := newStand(t)
	s.profile = standProfile
	for _, name := range []string{"zlib.tar", "data.txt", "leaf.txt"} {
		s.edit(name, "1")
	}
	s.run()
	s.settled()
	return s
}

// worldChange is something that happens to a stand in which all is installed,
// and why parts are installed anew then.
type worldChange struct {
	name   string
	change func(s *stand)
	want   []string
}

const anew = ", which it needs, is installed anew ["

// worldChanges are the changes of TestWorldReasons.
var worldChanges = []worldChange{
	{"nothing", func(*stand) {}, nil},
	{"comments and blank lines", func(s *stand) { s.profile = "# hello\n" + strings.ReplaceAll(s.profile, "\n[", "\n\n# x\n[") }, nil},
	{"order of sections and options", func(s *stand) {
		sections := strings.Split(s.profile, "\n[")
		slices.Reverse(sections[1:])
		s.profile = strings.ReplaceAll(strings.Join(sections, "\n["), "file = zlib.tar\nv = 1", "v=1\nfile   =  zlib.tar")
	}, nil},
	{"touched file", func(s *stand) { s.edit("zlib.tar", "1") }, nil},
	{"file that is gone", func(s *stand) { delete(s.files, "zlib.tar") }, nil},
	{"option", func(s *stand) { s.profile = strings.Replace(s.profile, "v = 1", "v = 2", 1) }, []string{
		`zlib: option v changed "1" -> "2"`,
		"openssl: zlib" + anew + "option v changed: zlib -> openssl]",
		"curl: openssl" + anew + "option v changed: zlib -> openssl -> curl]"}},
	{"local file", func(s *stand) { s.edit("zlib.tar", "2") }, []string{
		`zlib: file zlib.tar changed "sha256 sum of 1" -> "sha256 sum of 2"`,
		"openssl: zlib" + anew + "file zlib.tar changed: zlib -> openssl]",
		"curl: openssl" + anew + "file zlib.tar changed: zlib -> openssl -> curl]"}},
	{"local file of a recipe that does not build", func(s *stand) { s.edit("leaf.txt", "2") }, []string{
		`leaf: file leaf.txt changed "sha256 sum of 1" -> "sha256 sum of 2"`}},
	{"local file that is taken anew", func(s *stand) { s.edit("data.txt", "2") }, []string{
		"curl: data, which it needs, changes [file data.txt changed: data -> curl]"}},
	{"compiler", func(s *stand) { s.compiler = "cc 2" }, []string{
		`zlib: the compilers changed "" -> "compiler cc 2"`,
		`openssl: the compilers changed "" -> "compiler cc 2"`, "openssl: zlib" + anew + "the compilers changed: zlib -> openssl]",
		`curl: the compilers changed "" -> "compiler cc 2"`, "curl: openssl" + anew + "the compilers changed: openssl -> curl]"}},
	{"no compiler any more", func(s *stand) { s.compiler = "" }, nil},
	{"compiler that does not matter", func(s *stand) {
		s.compiler = "cc 2"
		s.profile = strings.Replace(s.profile, "[buildout]", "[buildout]\ntoolchain-check = false", 1)
	}, nil},
	{"missing files", func(s *stand) { s.lost["of zlib"] = true }, []string{"zlib: installed path of zlib is missing"}},
	{"damaged files", func(s *stand) { s.damage["zlib"] = []string{"file x was changed", "file y is missing"} }, []string{
		"zlib: file x was changed", "zlib: file y is missing"}},
	{"damaged files that are taken anew", func(s *stand) { s.damage["data"] = []string{"file x was changed"} }, nil},
	{"lost part", func(s *stand) { s.drop("zlib") }, []string{"zlib: it is not installed"}},
	{"lost part with a changed file", func(s *stand) { s.drop("zlib"); s.edit("zlib.tar", "2") }, []string{
		"zlib: it is not installed", "openssl: zlib" + anew + "it is not installed: zlib -> openssl]",
		"curl: openssl" + anew + "it is not installed: zlib -> openssl -> curl]"}},
	{"installed by another tool", func(s *stand) {
		s.records[0].Signature = "eggs"
		s.edit("zlib.tar", "2")
		s.compiler = "cc 2"
	}, []string{
		`openssl: the compilers changed "" -> "compiler cc 2"`,
		`curl: the compilers changed "" -> "compiler cc 2"`, "curl: openssl" + anew + "the compilers changed: openssl -> curl]"}},
	{"named part done before", func(s *stand) {
		s.edit("zlib.tar", "2")
		s.run("zlib")
	}, []string{"openssl: zlib, which it needs, was installed anew since [: zlib -> openssl]",
		"curl: openssl" + anew + ": zlib -> openssl -> curl]"}},
}

func TestWorldReasons(t *testing.T) {
	for _, c := range worldChanges {
		t.Run(c.name, func(t *testing.T) {
			s := built(t)
			c.change(s)
			if got := messages(s.look()); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			s.run()
			s.settled()
		})
	}
}

// TestPlaces checks that reasons point into the profile.
func TestPlaces(t *testing.T) {
	s := built(t)
	s.edit("zlib.tar", "2")
	g := s.look()
	for part, want := range map[string]string{"zlib": "zlib.tar", "openssl": "zlib.tar", "curl": "zlib.tar"} {
		n := g.Parts[slices.IndexFunc(g.Parts, func(n *Node) bool { return n.Part == part })]
		if _, _, at := n.Reasons[0].Chain(); at.Text() != want {
			t.Errorf("%s: the reason points to %q, want %q", part, at.Text(), want)
		}
	}
}

// TestLooks checks that a run with nothing to do looks at each file once and
// reads none, and reads a file that was touched once.
func TestLooks(t *testing.T) {
	s := newStand(t)
	s.profile = "[buildout]\nparts = a b c\n[a]\nrecipe = make\nfile = x y\n[b]\nrecipe = make\nfile = x\n[c]\nrecipe = make\nfile = x\n"
	s.edit("x", "1")
	s.edit("y", "1")
	s.run()
	s.look()
	if want := map[string]int{"x": 1, "y": 1}; !maps.Equal(s.looks, want) || len(s.reads) != 0 {
		t.Errorf("looked at %v, want %v; read %v", s.looks, want, s.reads)
	}
	s.edit("x", "1")
	s.look()
	if want := map[string]int{"x": 1, "y": 1}; !maps.Equal(s.looks, want) || s.reads["x"] != 1 || s.reads["y"] != 0 {
		t.Errorf("looked at %v, want %v; read %v", s.looks, want, s.reads)
	}
	s.run()
	s.settled()
	if len(s.reads) != 0 {
		t.Errorf("read %v after the new times were noted", s.reads)
	}
}

// TestTakenOver checks that nothing is rebuilt of which nothing is known, and
// that later changes are seen.
func TestTakenOver(t *testing.T) {
	for _, harm := range []func(s *stand){
		func(s *stand) { s.path += "2" },
		func(s *stand) {
			for i := range s.records {
				s.records[i].Signature = "eggs"
			}
		},
	} {
		s := built(t)
		harm(s)
		s.compiler = "cc 2"
		if got := changes(s.run()); got != "" {
			t.Errorf("%s: of these parts nothing is known", got)
		}
		s.settled()
		s.compiler = "cc 3"
		if got, want := changes(s.look()), "reinstall zlib, reinstall openssl, reinstall curl"; got != want {
			t.Errorf("got %q, want %q: the compiler changed since the part was taken over", got, want)
		}
	}
}

// TestIgnoredToolchain checks that the answer of a run that does not look at
// the compilers is not taken for one that did.
func TestIgnoredToolchain(t *testing.T) {
	s := built(t)
	with := s.profile
	s.profile = strings.Replace(with, "[buildout]", "[buildout]\ntoolchain-check = false", 1)
	s.profile = strings.Replace(s.profile, "v = 1", "v = 2", 1)
	s.compiler = "cc 2"
	s.run()
	s.settled()
	s.profile = strings.Replace(with, "v = 1", "v = 2", 1)
	if got := changes(s.run()); got != "" {
		t.Errorf("%s: built without looking at the compilers", got)
	}
	s.settled()
	s.profile = with + "[buildout]\ntoolchain-check = maybe\n"
	p, err := profile.Load(t.Context(), profile.Config{Root: "buildout.cfg", Dir: "/p", Dialect: profile.Auto, Open: text(s.profile),
		Condition: func(string) (bool, error) { return true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{Planner: &Planner{Evaluator: &profile.Evaluator{Profile: p}}}
	if list := b.checkOption(); len(list) != 1 || list[0].Code != "bad-boolean" || list[0].At.Text() != "maybe" {
		t.Errorf("got %v", list)
	}
}

// sharing is the recipe of parts in a shared directory.
type sharing struct{}

func (sharing) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	_, err := o.Location(true)
	return reinstaller(false), err
}

// TestShared checks that what other directories use as well is not built anew
// for reasons that its place does not show.
func TestShared(t *testing.T) {
	s := built(t)
	s.profile = "[buildout]\nparts = app\n[base]\nrecipe = shared\nfile = zlib.tar\n[app]\nrecipe = make\nx = ${base:recipe}\n"
	s.run()
	s.settled()
	s.edit("zlib.tar", "2")
	s.compiler = "cc 2"
	if got := changes(s.look()); got != "reinstall app" {
		t.Errorf("got %q", got)
	}
}

// TestLongChain checks that a long way is shortened, and that its length costs
// no more.
func TestLongChain(t *testing.T) {
	s := newStand(t)
	var b strings.Builder
	b.WriteString("[buildout]\nparts = p3000\n[p0]\nrecipe = make\nv = 1\n")
	for i := 1; i <= 3000; i++ {
		fmt.Fprintf(&b, "[p%d]\nrecipe = make\nx = ${p%d:recipe}\n", i, i-1)
	}
	s.profile = b.String()
	s.run()
	s.profile = strings.Replace(s.profile, "v = 1", "v = 2", 1)
	g := s.look()
	last := g.Parts[len(g.Parts)-1]
	chain, because, _ := last.Reasons[0].Chain()
	if got, want := strings.Join(chain, " "), "p0 … p2994 p2995 p2996 p2997 p2998 p2999 p3000"; got != want || because != "option v changed" {
		t.Errorf("got %s (%s), want %s", got, because, want)
	}
}
