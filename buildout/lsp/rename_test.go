package lsp

import "testing"

// other is a third file of the profile.
const other = "-- other.cfg --\n[buildout]\nextends = software.cfg\n[zlib:windows]\nversion = 9\n[more]\n=> zlib\n<=\n  template\n  zlib\nenvironment-section = zlib\ny = ${more:version}\n"

// renames are a place, the new name, and the files that change or the error.
var renames = []struct{ name, file, needle, to, want string }{
	{"section in all files", "software.cfg", "${zl§ib:version}", "z", `-- base.cfg --
[buildout]
parts = z

[template]
recipe = slapos.recipe.cmmi
url = https://example.invalid/${:name}-${:version}.tar.gz
md5sum = 9855b6d802d7fe5b7bd5b196a2271655
version = 1.0

[z]
<= template
name = zlib
version = 1.3.1
-- software.cfg --
[buildout]
extends = base.cfg
parts += app

[app]
recipe = slapos.recipe.cmmi
url = https://example.invalid/app.tar.gz
md5sum = 9855b6d802d7fe5b7bd5b196a2271655
configure-options =
  --with-zlib=${z:location}
  --version=${z:version}
environment =
  NAME=${:url}

[z]
version = 1.3.2
-- other.cfg --
[buildout]
extends = software.cfg
[z:windows]
version = 9
[more]
=> z
<=
  template
  z
environment-section = z
y = ${more:version}
`},
	{"option with its macros", "base.cfg", "na§me = zlib", "title", `-- base.cfg --
[buildout]
parts = zlib

[template]
recipe = slapos.recipe.cmmi
url = https://example.invalid/${:title}-${:version}.tar.gz
md5sum = 9855b6d802d7fe5b7bd5b196a2271655
version = 1.0

[zlib]
<= template
title = zlib
version = 1.3.1
`},
	{"name that exists", "software.cfg", "[a§pp]", "zlib", "error: section [zlib] exists already: DIR/other.cfg:3:2"},
	{"name of the engine's", "software.cfg", "[a§pp]", "versions", "error: section [versions] exists already: by the engine"},
	{"illegal name", "software.cfg", "[a§pp]", "a b", `error: "a b" is not a legal name: letters, digits and - . _ are`},
	{"empty name", "software.cfg", "[a§pp]", "", `error: "" is not a legal name: letters, digits and - . _ are`},
	{"buildout", "software.cfg", "[build§out]", "x", "error: [buildout] and its options have the names that the engine knows"},
	{"option of a recipe", "software.cfg", "configure-op§tions =", "x", `error: option "configure-options" is one of the recipe of section [app]`},
	{"computed option", "software.cfg", "${zlib:loc§ation}", "x", "error: option zlib:location is not set in a file of this profile"},
	{"recipe", "software.cfg", "rec§ipe =", "x", `error: option "recipe" has the name that the engine knows`},
	{"option name that exists", "base.cfg", "na§me = zlib", "url", `error: section [more] has an option "url" already`},
	{"file", "software.cfg", "bas§e.cfg", "x", "error: only sections and options can be renamed"},
}

func TestRename(t *testing.T) {
	for _, c := range renames {
		e := start(t, stack+other, map[string]any{"initializationOptions": map[string]any{"profiles": []string{"other.cfg"}}})
		e.open(c.file, "")
		p := e.place(c.file, e.find(c.file, c.needle))
		p["newName"] = c.to
		m := e.request("textDocument/rename", p)
		var w workspaceEdit
		got := ""
		if m.Error != nil {
			got = "error: " + replaceDir(m.Error.Message, e.dir)
		} else {
			decode(t, m.Result, &w)
			got = e.changed(w)
		}
		same(t, c.name, got, c.want)
	}
}

func TestRenameDocumentChanges(t *testing.T) {
	c := start(t, stack, map[string]any{"capabilities": map[string]any{"workspace": map[string]any{
		"workspaceEdit": map[string]any{"documentChanges": true}}}})
	c.open("software.cfg", "")
	p := c.place("software.cfg", c.find("software.cfg", "[a§pp]"))
	p["newName"] = "b"
	var w workspaceEdit
	c.into("textDocument/rename", p, &w)
	if len(w.Changes) > 0 || len(w.DocumentChanges) != 1 || w.DocumentChanges[0].Document.Version == nil {
		t.Errorf("got %+v", w)
	}
}

func TestPrepareRename(t *testing.T) {
	c := start(t, stack, nil)
	c.open("software.cfg", "")
	var p prepared
	c.into("textDocument/prepareRename", c.place("software.cfg", c.find("software.cfg", "${zl§ib:version}")), &p)
	same(t, "range", rangeText(p.Range)+" "+p.Placeholder, "11:15-11:19 zlib")
	if m := c.request("textDocument/prepareRename", c.place("software.cfg", c.find("software.cfg", "1.3§.2"))); m.Error == nil || m.Error.Code != codeRequestFailed {
		t.Errorf("on nothing: %+v", m)
	}
}
