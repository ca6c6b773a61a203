package lsp

import (
	"slices"
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	const head = "[buildout]\nextends = base.cfg\nparts = app\n[data]\nkey = 1\n[app]\nrecipe = slapos.recipe.cmmi\nurl = x\n"
	for _, c := range []struct {
		name, text string
		has, hasNo string // labels
		line       string // the line after the first of has is taken
	}{
		{"sections", "x = ${z§", "zlib template data app buildout", "version", "x = ${zlib"},
		{"sections before a brace", "x = ${§}", "data app", "", "x = ${data}"},
		{"sections before more", "x = ${zl§ib:version}", "zlib", "", "x = ${zlib:version}"},
		{"options with those of macros and of the recipe", "x = ${zlib:§}", "location version name url md5sum", "configure-options", "x = ${zlib:location}"},
		{"options of the same section", "x = ${:u§", "url recipe location", "name", "x = ${:url"},
		{"second reference of a line", "x = ${a:b} ${data:§", "key", "url", "x = ${a:b} ${data:key"},
		{"continuation line", "x =\n  ${data:§", "key", "", "  ${data:key"},
		{"not after $$", "x = $${§", "", "zlib", ""},
		{"not in a comment", "# ${§", "", "zlib", ""},
		{"not in a plain value", "x = §", "", "zlib url", ""},
		{"macros", "<= te§", "template data", "", "<= template"},
		{"macros on the next line", "<= data\n  te§", "template", "", "  template"},
		{"dependencies", "=> zl§", "zlib", "", "=> zlib"},
		{"options of the recipe", "conf§", "configure-options md5sum make-options < environment", "location url recipe", "configure-options = "},
		{"option that has a value", "conf§ = 1", "configure-options", "", "configure-options = 1"},
		{"recipes", "[q]\nrecipe = sla§", "slapos.recipe.cmmi slapos.recipe.build:download cmmi", "zlib", "recipe = slapos.recipe.cmmi"},
		{"header", "[zl§", "zlib", "version", "[zlib"},
		{"first option of a section", "[q]\n§", "recipe <", "url", "recipe = "},
		{"override", "[zlib]\nv§", "version name configure-options", "location", "version = "},
		{"parts", "[buildout]\nparts += §", "zlib app data", "", "parts += zlib"},
		{"parts on the next line", "[buildout]\nparts =\n  z§", "zlib", "", "  zlib"},
		{"options of buildout", "[buildout]\n§", "versions offline shared-part-list", "url", "versions = "},
		{"files", "[buildout]\nextends = §", "base.cfg sub/", "software.cfg note.txt .hidden.cfg", "extends = base.cfg"},
		{"files below", "[buildout]\nextends =\n  sub/in§", "inner.cfg", "base.cfg", "  sub/inner.cfg"},
		{"hidden files", "[buildout]\nextends = .§", ".hidden.cfg", "note.txt", "extends = .hidden.cfg"},
		{"files at a URL", "[buildout]\nextends = http://x/§", "", "base.cfg", ""},
	} {
		e := start(t, stack+"-- sub/inner.cfg --\n-- note.txt --\n-- .hidden.cfg --\n", nil)
		text := head + c.text + "\n"
		at := e.open("software.cfg", text)
		var list completionList
		e.into("textDocument/completion", e.place("software.cfg", at), &list)
		var labels []string
		for _, item := range list.Items {
			labels = append(labels, item.Label)
		}
		for _, want := range strings.Fields(c.has) {
			if !slices.Contains(labels, want) {
				t.Errorf("%s: no %q in %q", c.name, want, labels)
			}
		}
		for _, bad := range strings.Fields(c.hasNo) {
			if slices.Contains(labels, bad) {
				t.Errorf("%s: %q in %q", c.name, bad, labels)
			}
		}
		if i := slices.Index(labels, strings.Split(c.has, " ")[0]); i >= 0 {
			clean, _ := cursor(text)
			result := string(apply([]byte(clean), []textEdit{*list.Items[i].TextEdit}))
			same(t, c.name, strings.Split(result, "\n")[at.Line], c.line)
		}
	}
}

// TestCompletionOrder checks that parts come before other sections where parts
// are listed.
func TestCompletionOrder(t *testing.T) {
	c := start(t, stack, nil)
	at := c.open("software.cfg", "[buildout]\nextends = base.cfg\nparts = §\n[a]\nx = 1\n")
	var list completionList
	c.into("textDocument/completion", c.place("software.cfg", at), &list)
	slices.SortFunc(list.Items, func(a, b completionItem) int { return strings.Compare(a.SortText, b.SortText) })
	var labels []string
	for _, item := range list.Items {
		labels = append(labels, item.Label)
	}
	same(t, "order", strings.Join(labels, " "), "template zlib a buildout versions")
}
