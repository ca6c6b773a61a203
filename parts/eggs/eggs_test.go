package eggs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The order is that of zc.buildout: what was asked for, then what the last one
// requires, breadth first, each list from its end.
func TestOrder(t *testing.T) {
	s := newStand(t)
	s.Offline = true
	s.egg("a", "1.0", "c", "d; extra == 'x'", "never; python_version < '3'")
	s.egg("b", "1.0", "d>=1", "e")
	for _, name := range []string{"c", "d", "e"} {
		s.egg(name, "1.0")
	}
	s.check("a 1.0, b 1.0, e 1.0, d 1.0, c 1.0", "a", "b", "none; sys_platform == 'win32'")
	s.write("eggs/f-1.0.egg/EGG-INFO/PKG-INFO", metadata("f", "1.0", "a[x]", "d; extra == 'y'")+"Provides-Extra: y\n")
	s.check("error: a 1.0 does not provide the extra 'x'", "f")
	s.AnyExtras = true
	s.check("f 1.0, a 1.0, c 1.0", "f")
	s.check("f 1.0, d 1.0, a 1.0, c 1.0", "f[y]")
	// a link of develop-eggs comes first in sys.path
	s.write("develop-eggs/c.egg-link", s.Dir+"/project\n.")
	s.write("project/c.egg-info/PKG-INFO", metadata("c", "0.1"))
	s.check("c 0.1, a 1.0, b 1.0, e 1.0, d 1.0", "a", "b")
}

func TestVersions(t *testing.T) {
	s := newStand(t)
	s.Offline = true
	for _, version := range []string{"1.0", "1.9", "1.10", "2.0b1"} {
		s.egg("Demo_x", version)
	}
	s.write("eggs/other-9-py3.10.egg/EGG-INFO/PKG-INFO", metadata("other", "9"))
	s.write("eggs/other-8-py3.11-win32.egg/EGG-INFO/PKG-INFO", metadata("other", "8"))
	s.write("eggs/other-7-py3.11-linux-x86_64.egg/other-7.dist-info/METADATA", metadata("other", "7"))
	s.check("Demo_x 1.10, other 7", "demo.x", "other")
	s.check("Demo_x 2.0b1", "demo-x>1.10")
	s.check("Demo_x 1.9", "demo-x!=1.10,<2")
	s.check("error: We don't have a distribution for demo-x>=3, x\nand can't install one in offline", "demo-x>=3", "x")
	s.check("error: There is a version conflict.\nWe already have: Demo_x 1.0\nbut the profile asks for 'demo-x>1'.", "demo-x<1.9", "demo-x>1")
	s.Versions["DEMO.X"] = "1.0"
	s.check("Demo_x 1.0", "demo-x")
	s.check("error: The requirement ('demo-x>1') is not allowed by your [versions] constraint (1.0)", "demo-x>1")
	s.Versions["DEMO.X"] = ">1,<1.10"
	s.check("Demo_x 1.9", "demo-x")
	s.Prereleases = true
	delete(s.Versions, "DEMO.X")
	s.check("Demo_x 2.0b1", "demo-x")
	s.PinnedOnly = true
	s.check("error: does not have a version pin", "demo-x")
	s.check("Demo_x 1.9", "demo-x==1.9")
}

func TestInstall(t *testing.T) {
	s := newStand(t)
	s.wheel("Demo_X-1.0-py3-none-any.whl", map[string]string{
		"demo/__init__.py": "", "ns/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n", "ns/mod/__init__.py": "x = 1\n",
		"Demo_X-1.0.dist-info/METADATA": metadata("Demo-X", "1.0"), "Demo_X-1.0.data/scripts/tool": "#!python\nprint(1)\n",
		"Demo_X-1.0.data/purelib/extra.py": "", "Demo_X-1.0.data/headers/x.h": "", "Demo_X-1.0.dist-info/entry_points.txt": "[console_scripts]\nrun = demo : main [x]\n",
	})
	s.wheel("demo_x-2.0-cp310-cp310-manylinux_2_17_x86_64.whl", nil)
	s.wheel("demo_x-0.9-cp311-cp311-manylinux_2_17_x86_64.whl", nil)
	s.check("Demo-X 1.0", "demo.x")
	dir := filepath.Join(s.EggsDirectory, "Demo_X-1.0-py3.11-linux-x86_64.egg")
	var got []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, strings.TrimPrefix(path, dir+"/"))
		}
		return nil
	})
	want := []string{"Demo_X-1.0-py3.11-linux-x86_64.dist-info/METADATA", "Demo_X-1.0-py3.11-linux-x86_64.dist-info/entry_points.txt",
		"Demo_X-1.0-py3.11-linux-x86_64.dist-info/scripts/tool", "demo/__init__.py", "extra.py", "include/x.h", "ns/mod/__init__.py"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the egg has\n%q, not\n%q", got, want)
	}
	dists, _ := Ensure(t.Context(), s.Request)
	if e := dists[0].EntryPoints["console_scripts"]; len(e) != 1 || e[0] != (EntryPoint{"run", "demo", "main"}) || dists[0].Scripts["tool"] == "" {
		t.Errorf("read as %+v", dists[0])
	}
	if left, _ := filepath.Glob(s.EggsDirectory + "/.gobuild-*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if o := readOrigins(s.State)[filepath.Base(dir)]; o.File != "Demo_X-1.0-py3-none-any.whl" || len(o.SHA256) != 64 {
		t.Errorf("recorded as %+v", o)
	}
	s.check("error: Couldn't find a distribution for 'nothing'.", "nothing")
	s.check("error: Couldn't find a distribution for 'demo-x>=2'.", "demo-x>=2")
}

// Wheels that try to leave their directory, or are none.
func TestHostileWheels(t *testing.T) {
	info := metadata("evil", "1.0")
	for name, files := range map[string]map[string]string{
		"leads out":       {"../escaped": "x", "evil-1.0.dist-info/METADATA": info},
		"leads out of it": {"evil-1.0.data/scripts/../../../../escaped": "x", "evil-1.0.dist-info/METADATA": info},
		"no metadata":     {"x.py": ""},
		"are none":        {"evil-1.0.dist-info/METADATA": "Name: ../evil\nVersion: 1.0\n"},
	} {
		s := newStand(t)
		s.wheel("evil-1.0-py3-none-any.whl", files)
		s.check("error: "+name, "evil")
		if left, _ := filepath.Glob(filepath.Join(s.Dir, "escaped")); len(left) > 0 {
			t.Errorf("%s: it has escaped", name)
		}
		if left, _ := os.ReadDir(s.EggsDirectory); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func TestIndex(t *testing.T) {
	s := newStand(t)
	s.wheel("demo-1.0-py3-none-any.whl", map[string]string{"demo-1.0.dist-info/METADATA": metadata("demo", "1.0")})
	s.wheel("demo-1.5-py3-none-any.whl", map[string]string{"demo-1.5.dist-info/METADATA": metadata("demo", "1.5")})
	s.FindLinks = nil
	s.write("index/demo/index.html", `<!DOCTYPE html><!-- <a href="no-9.whl"> --><body>
<a href="../../links/demo-3.0-py3-none-any.whl" data-requires-python="&gt;=3.12">demo-3.0</a>
<a data-yanked='bad' href='../../links/demo-1.5-py3-none-any.whl'>demo-1.5</a><a name=x>
<A HREF=../../links/demo-1.0-py3-none-any.whl#sha256=00>demo-1.0</A>`)
	s.check("error: sha256", "demo") // the checksum of the page is verified
	s.write("index/demo/index.html", `<a href="../../links/demo-1.0-py3-none-any.whl">x</a> <a data-yanked href="../../links/demo-1.5-py3-none-any.whl">x</a>`)
	s.check("demo 1.0", "demo")
	s.Newest = true
	s.check("demo 1.0", "demo")
	s.check("demo 1.5", "demo==1.5") // yanked, but asked for
	s.Index, s.AllowHosts = "https://index.example.org/simple", []string{"*.example.com"}
	s.Newest = false
	s.check("demo 1.5", "demo")
	s.check("error: allow-hosts does not have the host", "nothing")
}

func TestPick(t *testing.T) {
	w := &workingSet{python: &Python{Full: "3.11.7", Tags: []string{"cp311-cp311-linux_x86_64", "py3-none-any"}}}
	pick := func(names ...string) string {
		r, err := w.parse("demo-x", "")
		if err != nil {
			t.Fatal(err)
		}
		var offers []artifact
		for _, name := range names {
			if a, ok := w.parseArtifact(name, "demo-x"); ok {
				offers = append(offers, a)
			}
		}
		if a := w.pick(r, offers); a != nil {
			return a.file
		}
		return ""
	}
	for want, names := range map[string][]string{
		"demo_x-2.tar.gz":                       {"demo_x-2.tar.gz", "demo_x-2.zip", "demo_x-1-py3-none-any.whl", "demo-3.tar.gz", "demo_x-3.rpm"},
		"demo.x-2-py3-none-any.whl":             {"demo_x-2.tar.gz", "demo.x-2-py3-none-any.whl"},
		"demo_x-2-cp311-cp311-linux_x86_64.whl": {"demo_x-2-py2.py3-none-any.whl", "demo_x-2-cp311-cp311-linux_x86_64.whl", "demo_x-2-cp312-cp312-linux_x86_64.whl"},
		"demo-x-1.0.tar.gz":                     {"demo-x-1.0.tar.gz", "demo-x-2.0a1.tar.gz", "demo-x-extra-3.0.tar.gz"},
		"demo_x-2-1-py2.py3-none-any.whl":       {"demo_x-2-1-py2.py3-none-any.whl"},
		"":                                      {"demo_x-2-cp310-cp310-linux_x86_64.whl", "demo_x.whl", "demo_x-.tar.gz"},
	} {
		if got := pick(names...); got != want {
			t.Errorf("of %q %q was chosen", names, got)
		}
	}
	w.SourceFirst = true
	if got := pick("demo_x-2-cp311-cp311-linux_x86_64.whl", "demo_x-2.tar.gz"); got != "demo_x-2.tar.gz" {
		t.Errorf("got %s", got)
	}
	if got := pick("demo_x-2-py3-none-any.whl", "demo_x-2.tar.gz"); got != "demo_x-2-py3-none-any.whl" {
		t.Errorf("got %s", got)
	}
}

func TestPins(t *testing.T) {
	sum := strings.Repeat("0f", 32)
	for text, want := range map[string]pin{
		"1.0": {exact: "1.0"}, " == 1.0 ": {exact: "1.0"}, "1.0:whl": {exact: "1.0", wheel: true},
		"1.0#sha256=" + sum: {exact: "1.0", sums: []string{sum}},
	} {
		if got, err := parsePin("demo", text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v: %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "x", "1.0:egg", "1.0#md5=0", "1.0#sha256=00", ">=", "1.0 2.0"} {
		if p, err := parsePin("demo", bad); err == nil {
			t.Errorf("%q is read as %+v", bad, p)
		}
	}
}

func TestBuildSystem(t *testing.T) {
	s := newStand(t)
	for text, want := range map[string]buildSystem{
		"": {[]string{"setuptools>=40.8.0"}, legacyBackend, nil},
		"[build-system] # x\nrequires = [ # y\n 'a>=1', \"b[c]\\\"\", # ']'\n]\nbuild-backend=\"b.c:d\"\nbackend-path = ['.']\n[x]\nrequires=['no']": {[]string{"a>=1", `b[c]"`}, "b.c:d", []string{"."}},
		"[project]\nname = '''\n[build-system]\nrequires = ['no']\n'''\nx = {a = ['[build-system]']}\n[build-system]\nrequires = []":                 {[]string{}, legacyBackend, nil},
	} {
		s.write("p/pyproject.toml", text)
		got := readBuildSystem(filepath.Join(s.Dir, "p"))
		if len(got.requires) == 0 {
			got.requires = []string{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as %+v, want %+v", text, got, want)
		}
	}
}

func TestSetupSection(t *testing.T) {
	for before, want := range map[string]string{
		"":         "[build_ext]\nrpath = /a\n",
		"[x]\ny=1": "[x]\ny=1\n[build_ext]\nrpath = /a\n",
		"[build_ext]\nrpath=\n  /old\n  /too\nkeep: 1\n[z]\nrpath=5": "[build_ext]\nrpath = /a\nkeep: 1\n[z]\nrpath=5",
	} {
		if got := withSection(before, "build_ext", []Option{{"rpath", "/a"}}); got != want {
			t.Errorf("%q becomes\n%q, not\n%q", before, got, want)
		}
	}
}

func TestEggMetadata(t *testing.T) {
	s := newStand(t)
	s.Offline = true
	s.write("eggs/old-1.0-py3.11.egg/EGG-INFO/PKG-INFO", "Name: old\nVersion: 1.0\nSummary: a\n  b\n\nName: not me\n")
	s.write("eggs/old-1.0-py3.11.egg/EGG-INFO/requires.txt", "a\n\n[:python_version < \"3\"]\nb\n\n[x:python_version >= \"3\"]\nc>=1\n")
	s.egg("a", "1")
	s.egg("c", "1")
	s.check("old 1.0, a 1", "old")
	s.check("old 1.0, c 1, a 1", "old[x]")
}

func TestPatchVersion(t *testing.T) {
	p := &Patch{Files: []string{"a", "b"}}
	for version, want := range map[string]string{"1.0": "1.0+SlapOSPatched002", "1.0+slapospatched002": "1.0+SlapOSPatched002", "1.0+SlapOSPatched001": ""} {
		if got, err := p.version("demo", version); got != want || (err == nil) != (want != "") {
			t.Errorf("%s becomes %q: %v", version, got, err)
		}
	}
}

func TestPipConfig(t *testing.T) {
	s := newStand(t)
	s.write("pip.conf", "[global]\nindex-url = https://a/simple\n[install]\nextra_index_url =\n    https://b\n    https://c\n[list]\nfind-links = no\n")
	c := pipConfig([]string{"HOME=" + s.Dir, "PIP_CONFIG_FILE=" + s.Dir + "/pip.conf", "PIP_FIND_LINKS=/x /y"}, "/nowhere")
	if !reflect.DeepEqual(c, pipSettings{[]string{"https://a/simple", "https://b", "https://c"}, []string{"/x", "/y"}}) {
		t.Errorf("read as %+v", c)
	}
	if c := pipConfig([]string{"PIP_NO_INDEX=1", "PIP_CONFIG_FILE=/dev/null"}, "/nowhere"); len(c.indexes) > 0 {
		t.Errorf("no-index leaves %q", c.indexes)
	}
}

func FuzzAnchors(f *testing.F) {
	for _, seed := range []string{`<a href="x.whl#sha256=0" data-yanked>`, "<a href='x", "<!-- ", "<a  = = >", "<base href=/x/><a href=y>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		for _, a := range anchors(page, "https://h/simple/demo/") {
			_ = fileOf(a.href)
		}
	})
}

func FuzzBuildSystem(f *testing.F) {
	for _, seed := range []string{"[build-system]\nrequires=['a',\"b\"]", "[a\n[[b]]\nx=[[", "x='''", "\"a=b\"=[{}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { tomlTable(text, "build-system") })
}

func FuzzMetadata(f *testing.F) {
	f.Add("Name: x\n y\n\n", "[a:b]\nc\n", "[g]\na=b:c [d]")
	f.Fuzz(func(t *testing.T, head, requires, points string) {
		headers([]byte(head))
		eggRequires(requires)
		entryPoints(points)
	})
}
