package lsp

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestDiagnostics(t *testing.T) {
	const sum = "md5sum = 9855b6d802d7fe5b7bd5b196a2271655\n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"good", "[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.cmmi\nurl = http://x/y.tar.gz\n" + sum, ""},
		{"parse error", "[buildout]\nparts =\n\n[a]\nfoo\n",
			"5:1-5:4 1 syntax File contains parsing errors: not a header, an option or a continuation | indent the line to continue the value above it, or begin it with # to make it a comment\n"},
		{"condition", "[buildout]\nparts =\n[a:bad]\nx = 1\n",
			"3:4-3:7 1 bad-condition condition of a section: name 'bad' is not defined | a condition is a PEP 508 marker or a Python expression over names such as linux, python3, sys.version_info, platform.machine()\n"},
		{"unknown part", "[buildout]\nparts = a\n  bb\n[a]\nrecipe = x.y\n",
			"3:3-3:5 1 unknown-section The referenced section, 'bb', was not defined.\n" +
				"5:10-5:13 3 unknown-recipe there is no recipe \"x.y\" | `gobuild recipe list` shows the built-in recipes\n"},
		{"part without recipe", "[buildout]\nparts = a\n[a]\nx = 1\n",
			"2:9-2:10 1 missing-option Missing option: a:recipe | add `recipe = …` to section [a]\n  f.cfg:3:2-3:3 section [a] begins here\n"},
		{"all references of a value", "[buildout]\nparts = a\nx = ${aa:b} ${b:c} ${a:urk}\n[a]\nrecipe = slapos.recipe.cmmi\nurl = ${:nme}\nname = n\n" + sum,
			"3:7-3:9 1 unknown-section The referenced section, 'aa', was not defined. | did you mean \"a\"?\n" +
				"3:15-3:16 1 unknown-section The referenced section, 'b', was not defined.\n" +
				"3:24-3:27 1 unknown-option Referenced option does not exist: a urk | did you mean \"url\"?\n  f.cfg:4:2-4:3 section [a] begins here\n" +
				"6:10-6:13 1 unknown-option Referenced option does not exist: a nme | did you mean \"name\"?\n  f.cfg:4:2-4:3 section [a] begins here\n"},
		{"bad reference", "[buildout]\nparts =\nx = ${a}\n",
			"3:5-3:9 1 bad-reference The substitution, ${a}, | doesn't contain a colon. | write ${section:option}, ${:option} for an option of the same section, or $${ for the plain text\n"},
		{"protected reference", "[buildout]\nparts =\nx = $${no:where}\n", ""},
		{"circle", "[buildout]\nparts =\nx = ${:y}\ny = ${:x}\n",
			"3:5-3:10 1 circular-reference Circular reference in substitutions. | the values refer to each other: buildout:x -> buildout:y -> buildout:x\n  f.cfg:4:5-4:10 buildout:y refers to buildout:x\n"},
		{"macros", "[buildout]\nparts =\n[a]\n<= b\n  tempate\n[template]\nx = ${:need}\n[c]\n<= template\n[d]\n<= d\n",
			"4:4-4:5 2 unknown-macro No section named 'b'\n" +
				"5:3-5:10 2 unknown-macro No section named 'tempate' | did you mean \"template\"?\n" +
				"11:4-11:5 2 macro-loop Infinite extending loop 'd' | sections d use each other as macros\n"},
		{"macro that lacks what it needs where it is used", "[buildout]\nparts = c\n[t]\nx = ${:need}\n[c]\nrecipe = x.y\n<= t\n",
			"4:8-4:12 1 unknown-option Referenced option does not exist: c need\n  f.cfg:5:2-5:3 section [c] begins here\n  f.cfg:5:2-5:3 as used by section [c]\n" +
				"6:10-6:13 3 unknown-recipe there is no recipe \"x.y\" | `gobuild recipe list` shows the built-in recipes\n"},
		{"out of reach is a warning", "[buildout]\nparts =\n[a]\nx = ${b:c}\n=> d\n",
			"4:7-4:8 2 unknown-section The referenced section, 'b', was not defined.\n" +
				"5:4-5:5 2 unknown-section The referenced section, 'd', was not defined.\n"},
		{"missing file silences what follows from it", "[buildout]\nextends = no.cfg\nparts = a\nx = ${a:b}\n",
			"2:11-2:17 1 extends-missing no such file: 'DIR/no.cfg' | names in `extends` are relative to the file that lists them\n"},
		{"optional file", "[buildout]\noptional-extends = no.cfg\nparts =\n", "2:20-2:26 2 optional-extends optional-extends file not found: no.cfg\n"},
		{"recipe refuses", "[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.build:download\n",
			"3:2-3:3 1 missing-option Missing option: a:url"},
		{"recipe refuses out of reach", "[buildout]\nparts =\n[a]\nrecipe = slapos.recipe.build:download\n", ""},
		{"misspelt recipe", "[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.cmi\n",
			"4:10-4:27 2 unknown-recipe there is no recipe \"slapos.recipe.cmi\" | did you mean \"slapos.recipe.cmmi\"?\n"},
		{"lint", "[buildout]\nparts =\n[a]\nold = 1\n", "4:1-4:4 2 old-name option old is out of use\n"},
		{"boolean", "[buildout]\nparts =\noffline = maybe\n",
			"3:11-3:16 1 bad-boolean Invalid value for 'offline' option: 'maybe' | write true or false\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := start(t, "-- f.cfg --\n", nil)
			e.open("f.cfg", c.text)
			got := strings.ReplaceAll(e.diagnostics("f.cfg"), e.dir, "DIR")
			if c.name == "recipe refuses" {
				got = got[:min(len(got), len(c.want))]
			}
			same(t, c.text, got, c.want)
		})
	}
}

func TestDiagnosticsOfDependency(t *testing.T) {
	// base.cfg belongs to software.cfg, which takes away what base.cfg needs.
	c := start(t, "-- base.cfg --\n[zlib]\nx = ${:prefix}/1\n-- software.cfg --\n[buildout]\nextends = base.cfg\nparts = zlib\n[zlib]\nrecipe =\n", nil)
	c.open("base.cfg", "")
	same(t, "base.cfg", c.diagnostics("base.cfg"),
		"2:8-2:14 1 unknown-option Referenced option does not exist: zlib prefix\n  base.cfg:1:2-1:6 section [zlib] begins here\n")
}

func TestDiagnosticsAfterDelay(t *testing.T) {
	c := start(t, stack, map[string]any{"initializationOptions": map[string]any{"gobuild": map[string]any{"delay": 1}}})
	c.open("software.cfg", "")
	same(t, "at first", c.diagnostics("software.cfg"), "")
	for version, text := range []string{"[", "[b", "[buildout]\nparts = no\n"} {
		c.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": c.uri("software.cfg"), "version": version + 2},
			"contentChanges": []any{map[string]any{"text": text}}})
	}
	for {
		p := c.published("software.cfg")
		if *p.Version == 4 {
			if len(p.Diagnostics) != 1 || p.Diagnostics[0].Code != "unknown-section" {
				t.Errorf("got %+v", p)
			}
			return
		}
	}
}

func TestSettings(t *testing.T) {
	c := start(t, "-- a.cfg --\n[a]\nold = 1\n", map[string]any{"initializationOptions": map[string]any{"gobuild.lint": false, "profiles": 7, "dialect": "x"}})
	m := c.notification("window/showMessage", func(reply) bool { return true })
	if !strings.Contains(string(m.Params), "profiles, dialect") {
		t.Errorf("got %s", m.Params)
	}
	c.open("a.cfg", "")
	same(t, "without lint", c.diagnostics("a.cfg"), "")
	c.notify("workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"gobuild": map[string]any{"lint": true}}})
	same(t, "with lint", c.diagnostics("a.cfg"), "2:1-2:4 2 old-name option old is out of use\n")
}

// TestRemoteProfile checks that a URL in extends is looked for in caches only.
func TestRemoteProfile(t *testing.T) {
	c := start(t, "-- a.cfg --\n[buildout]\nextends = http://127.0.0.1:1/x.cfg\n", nil)
	c.open("a.cfg", "")
	if got := c.diagnostics("a.cfg"); !strings.HasPrefix(got, "2:11-2:35 1 extends-missing") {
		t.Errorf("got %s", got)
	}
}

func TestRoots(t *testing.T) {
	const archive = `
-- far/software.cfg --
[buildout]
extends = ../lib/mid.cfg
-- lib/mid.cfg --
[buildout]
extends = leaf.cfg
-- lib/software-b.cfg --
[buildout]
extends = mid.cfg
-- lib/leaf.cfg --
[x]
-- lib/alone.cfg --
[x]
`
	for _, c := range []struct {
		profiles []string
		name     string
		want     string
	}{
		{nil, "lib/leaf.cfg", "lib/software-b.cfg"},
		{nil, "lib/alone.cfg", "lib/alone.cfg"},
		{nil, "lib/software-b.cfg", "lib/software-b.cfg"},
		{[]string{"far/*.cfg"}, "lib/leaf.cfg", "far/software.cfg"},
		{[]string{"far/software.cfg", "lib/mid.cfg"}, "lib/leaf.cfg", "lib/mid.cfg"},
		{[]string{"far/software.cfg"}, "lib/alone.cfg", "lib/alone.cfg"},
		{[]string{"[", "none.cfg"}, "lib/alone.cfg", "lib/alone.cfg"},
	} {
		dir := t.TempDir()
		unpack(t, dir, archive)
		s := newServer(testConfig(dir), nil)
		s.options.Profiles = c.profiles
		s.setFolders([]folder{{"file://" + dir}})
		if got, _ := filepath.Rel(dir, s.root(filepath.Join(dir, c.name))); got != c.want {
			t.Errorf("%v: root of %s is %s, want %s", c.profiles, c.name, got, c.want)
		}
	}
}

// TestReload checks that a profile is read again only when a file of it has
// changed, and that only this file is.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	unpack(t, dir, stack)
	s := newServer(testConfig(dir), nil)
	path := filepath.Join(dir, "software.cfg")
	first := s.snapshot(t.Context(), path)
	s.files.refresh()
	if s.snapshot(t.Context(), path) != first {
		t.Error("a profile was read again although nothing has changed")
	}
	if err := os.WriteFile(filepath.Join(dir, "base.cfg"), []byte("[other]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.files.refresh()
	second := s.snapshot(t.Context(), path)
	if second == first || second.profile.Sections["other"] == nil {
		t.Error("a changed file was not read")
	}
	if first.disk.opened[path] != second.disk.opened[path] {
		t.Error("an unchanged file was read again")
	}
	for i := range 2 * maxSnapshots {
		s.pace.clock++
		s.snapshot(t.Context(), filepath.Join(dir, "none"+string(rune('a'+i))))
	}
	if len(s.snapshots) > maxSnapshots {
		t.Errorf("%d profiles are kept", len(s.snapshots))
	}
}

func TestLimits(t *testing.T) {
	var values, macros strings.Builder
	values.WriteString("[buildout]\nparts =\n[a0]\nx = 0123456789\n")
	macros.WriteString("[buildout]\nparts =\n[a0]\nx = 1\n")
	for i := range 60 {
		name, below := "a"+strconv.Itoa(i+1), "a"+strconv.Itoa(i)
		values.WriteString("[" + name + "]\nx = ${" + below + ":x}${" + below + ":x}\n")
		macros.WriteString("[" + name + "]\n<= " + below + "\n  " + below + "\n")
	}
	deep := "[buildout]\nparts =\n[a]\nx0 = 1\n"
	for i := range 5000 {
		deep += "x" + strconv.Itoa(i+1) + " = ${:x" + strconv.Itoa(i) + "}\n"
	}
	for name, text := range map[string]string{"values": values.String(), "macros": macros.String(), "deep": deep} {
		c := start(t, "-- f.cfg --\n", nil)
		c.open("f.cfg", text)
		if got := c.diagnostics("f.cfg"); !strings.Contains(got, "too-large") {
			t.Errorf("%s: got %.300s", name, got)
		}
	}
}
