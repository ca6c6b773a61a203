package lsp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefinition(t *testing.T) {
	for _, c := range []struct{ name, file, needle, want string }{
		{"section of a reference", "software.cfg", "${zl§ib:location}", "base.cfg:10:2-10:6\n"},
		{"option of a reference", "software.cfg", "${zlib:ver§sion}", "software.cfg:16:1-16:8\n"},
		{"end of an option", "software.cfg", "${zlib:version§}", "software.cfg:16:1-16:8\n"},
		{"option that the recipe sets", "software.cfg", "${zlib:loc§ation}", "base.cfg:5:1-5:7\n"},
		{"option of the same section", "software.cfg", "${:u§rl}", "software.cfg:7:1-7:4\n"},
		{"option of a macro, from who uses it", "base.cfg", "${:na§me}", "base.cfg:12:1-12:5\n"},
		{"file", "software.cfg", "extends = ba§se.cfg", "base.cfg:1:1-1:1\n"},
		{"macro", "base.cfg", "<= temp§late", "base.cfg:4:2-4:10\n"},
		{"part", "base.cfg", "parts = zl§ib", "base.cfg:10:2-10:6\n"},
		{"header", "software.cfg", "[zl§ib]", "base.cfg:10:2-10:6\n"},
		{"setting that overrides", "software.cfg", "\nver§sion = 1.3.2", "base.cfg:13:1-13:8\n"},
		{"setting that is overridden", "base.cfg", "ver§sion = 1.0", "base.cfg:8:1-8:8\n"},
		{"setting in a macro", "base.cfg", "ver§sion = 1.3.1", "software.cfg:16:1-16:8\n"},
		{"recipe", "software.cfg", "slapos.rec§ipe.cmmi", ""},
		{"value", "software.cfg", "= 1.3§.2", ""},
	} {
		e := start(t, stack, nil)
		e.open("base.cfg", "")
		e.open("software.cfg", "")
		var list []location
		e.into("textDocument/definition", e.place(c.file, e.find(c.file, c.needle)), &list)
		same(t, c.name, e.placesText(list), c.want)
	}
}

func TestDefinitionUnderFalseCondition(t *testing.T) {
	c := start(t, "-- f.cfg --\n", nil)
	at := c.open("f.cfg", "[buildout]\nparts = w§in\n[win:windows]\nx = 1\n")
	var list []location
	c.into("textDocument/definition", c.place("f.cfg", at), &list)
	same(t, "definition", c.placesText(list), "f.cfg:3:2-3:5\n")
}

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		name, file, needle string
		declaration        bool
		want               string
	}{
		{"section", "base.cfg", "[zl§ib]", true,
			"base.cfg:2:9-2:13\nbase.cfg:10:2-10:6\nsoftware.cfg:10:17-10:21\nsoftware.cfg:11:15-11:19\nsoftware.cfg:15:2-15:6\n"},
		{"section without headers", "software.cfg", "${zl§ib:version}", false,
			"base.cfg:2:9-2:13\nsoftware.cfg:10:17-10:21\nsoftware.cfg:11:15-11:19\n"},
		{"macro", "base.cfg", "[temp§late]", false, "base.cfg:11:4-11:12\n"},
		{"option", "software.cfg", "${zlib:ver§sion}", true,
			"base.cfg:6:43-6:50\nbase.cfg:8:1-8:8\nbase.cfg:13:1-13:8\nsoftware.cfg:11:20-11:27\nsoftware.cfg:16:1-16:8\n"},
		{"option of a macro", "base.cfg", "ver§sion = 1.0", false, "base.cfg:6:43-6:50\nsoftware.cfg:11:20-11:27\n"},
		{"nothing", "base.cfg", "1.3§.1", true, ""},
	} {
		e := start(t, stack, nil)
		e.open("base.cfg", "")
		e.open("software.cfg", "")
		p := e.place(c.file, e.find(c.file, c.needle))
		p["context"] = map[string]any{"includeDeclaration": c.declaration}
		var list []location
		e.into("textDocument/references", p, &list)
		same(t, c.name, e.placesText(list), c.want)
	}
}

func TestReferencesInConfiguredProfiles(t *testing.T) {
	c := start(t, stack+"-- other.cfg --\n[buildout]\nextends = base.cfg\nparts =\nx = ${zlib:version}\n",
		map[string]any{"initializationOptions": map[string]any{"profiles": []string{"software.cfg", "other.cfg"}}})
	c.open("base.cfg", "")
	p := c.place("base.cfg", c.find("base.cfg", "[zl§ib]"))
	p["context"] = map[string]any{"includeDeclaration": false}
	var list []location
	c.into("textDocument/references", p, &list)
	same(t, "references", c.placesText(list), "base.cfg:2:9-2:13\nother.cfg:4:7-4:11\nsoftware.cfg:10:17-10:21\nsoftware.cfg:11:15-11:19\n")
}

func TestHighlights(t *testing.T) {
	c := start(t, stack, nil)
	c.open("software.cfg", "")
	var list []documentHighlight
	c.into("textDocument/documentHighlight", c.place("software.cfg", c.find("software.cfg", "${zl§ib:version}")), &list)
	got := ""
	for _, h := range list {
		got += fmt.Sprintf("%s %d\n", rangeText(h.Range), h.Kind)
	}
	same(t, "highlights", got, "15:2-15:6 3\n10:17-10:21 2\n11:15-11:19 2\n")
}

func TestHover(t *testing.T) {
	for _, c := range []struct{ name, needle, want string }{
		{"value and history", "${zlib:ver§sion}",
			"**zlib:version**\n\n```ini\n1.3.2\n```\n\nHistory:\n\n" +
				"- set [base.cfg:8](URI/base.cfg#L8) in [template] `1.0`\n" +
				"- override [base.cfg:13](URI/base.cfg#L13) `1.3.1`\n" +
				"- override [software.cfg:18](URI/software.cfg#L18) `1.3.2`"},
		{"computed option", "${zlib:loc§ation}",
			"**zlib:location**\n\n```ini\nDIR/parts/zlib\n```\n\nSet by the recipe.\n\nRecipe slapos.recipe.cmmi: "},
		{"substitution", "configure-opt§ions =",
			"**app:configure-options**\n\n```ini\n--with-zlib=DIR/parts/zlib\n--version=1.3.2\n```\n\nBefore substitution:\n\n" +
				"```ini\n--with-zlib=${zlib:location}\n--version=${zlib:version}\n```\n\nHistory:\n\n" +
				"- set [software.cfg:9](URI/software.cfg#L9) `--with-zlib=${zlib:location} …`\n\nRecipe slapos.recipe.cmmi: "},
		{"default", "${buildout:off§line}", "**buildout:offline**\n\n```ini\nfalse\n```\n\nHistory:\n\n- set (default) `false`"},
		{"section", "[zl§ib]", "**[zlib]** recipe slapos.recipe.cmmi\n\nUses template\n\n- [software.cfg:17](URI/software.cfg#L17)\n- [base.cfg:10](URI/base.cfg#L10)\n\n"},
		{"file", "extends = ba§se.cfg", "DIR/base.cfg"},
		{"recipe", "recipe = slapos.rec§ipe.cmmi", "**cmmi, slapos.recipe.cmmi"},
		{"unknown option", "${zlib:n§o}", "null"},
		{"nothing", "1.3§.2", "null"},
	} {
		e := start(t, stack, nil)
		content, err := os.ReadFile(filepath.Join(e.dir, "software.cfg"))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(content), "NAME=${:url}\n", "NAME=${:url}\noff = ${buildout:offline}\nno = ${zlib:no}\n", 1)
		before, after, _ := strings.Cut(c.needle, mark)
		if !strings.Contains(text, before+after) {
			t.Fatalf("%s: no %q", c.name, before+after)
		}
		at := e.open("software.cfg", strings.Replace(text, before+after, c.needle, 1))
		var h hover
		got := string(e.result("textDocument/hover", e.place("software.cfg", at)))
		if got != "null" {
			decode(t, []byte(got), &h)
			got = strings.NewReplacer("file://"+e.dir, "URI", plain(e.dir), "DIR", e.dir, "DIR").Replace(h.Contents.Value)
		}
		same(t, c.name, got[:min(len(got), len(c.want))], c.want)
	}
}

func TestHoverHostileText(t *testing.T) {
	c := start(t, "-- f.cfg --\n", map[string]any{"capabilities": map[string]any{"textDocument": map[string]any{
		"hover": map[string]any{"contentFormat": []string{"plaintext"}}}}})
	at := c.open("f.cfg", "[a]\n§x =\n  ```\n  ````"+strings.Repeat("\n  y", 100)+"\n")
	var h hover
	c.into("textDocument/hover", c.place("f.cfg", at), &h)
	if h.Contents.Kind != "plaintext" || !strings.Contains(h.Contents.Value, "`````ini\n") || !strings.Contains(h.Contents.Value, "… 62 more lines") {
		t.Errorf("got %+v", h)
	}
}

func TestDocumentLinks(t *testing.T) {
	c := start(t, stack, nil)
	c.open("software.cfg", "[buildout]\nextends =\n  base.cfg\n  none.cfg\n  http://x/y.cfg\n")
	var list []documentLink
	c.into("textDocument/documentLink", c.document("software.cfg"), &list)
	got := ""
	for _, l := range list {
		got += rangeText(l.Range) + " " + strings.TrimPrefix(l.Target, "file://"+c.dir) + "\n"
	}
	same(t, "links", got, "3:3-3:11 /base.cfg\n5:3-5:17 http://x/y.cfg\n")
}

func TestDocumentSymbols(t *testing.T) {
	c := start(t, stack, nil)
	c.open("base.cfg", "[buildout]\nparts =\n  a\n  b\n# c\n\n[a:linux]\nrecipe = r\n<= b\n")
	var tree []documentSymbol
	c.into("textDocument/documentSymbol", c.document("base.cfg"), &tree)
	got := ""
	for _, s := range tree {
		got += fmt.Sprintf("%s %q %s %s\n", s.Name, s.Detail, rangeText(s.Range), rangeText(s.Selection))
		for _, o := range s.Children {
			got += fmt.Sprintf("  %s %q %s %s\n", o.Name, o.Detail, rangeText(o.Range), rangeText(o.Selection))
		}
	}
	same(t, "symbols", got, `buildout "" 1:1-5:4 1:2-1:10
  parts "a …" 2:1-4:4 2:1-2:6
a "r" 7:1-9:5 7:2-7:3
  recipe "r" 8:1-8:11 8:1-8:7
  < "b" 9:1-9:5 9:1-9:2
`)
	c = start(t, stack, map[string]any{"capabilities": map[string]any{}})
	c.open("base.cfg", "[a]\nx = 1\n")
	var flat []symbolInformation
	c.into("textDocument/documentSymbol", c.document("base.cfg"), &flat)
	if len(flat) != 2 || flat[1].Name != "x" || flat[1].Container != "a" || flat[1].Location.URI != c.uri("base.cfg") {
		t.Errorf("flat symbols: %+v", flat)
	}
}

func TestWorkspaceSymbols(t *testing.T) {
	c := start(t, stack, map[string]any{"initializationOptions": map[string]any{"profiles": []string{"software.cfg"}}})
	for query, want := range map[string]string{
		"zb": "base.cfg:10:2-10:6\nsoftware.cfg:15:2-15:6\n", "TEMP": "base.cfg:4:2-4:10\n", "xyz": "",
	} {
		var list []symbolInformation
		c.into("workspace/symbol", map[string]any{"query": query}, &list)
		got := ""
		for _, s := range strings.Split("base.cfg software.cfg", " ") {
			for _, l := range list {
				if l.Location.URI == c.uri(s) {
					got += c.placeText(l.Location) + "\n"
				}
			}
		}
		same(t, query, got, want)
	}
}

func TestFoldingRanges(t *testing.T) {
	c := start(t, stack, nil)
	c.open("base.cfg", "# a\n# b\n[x]\ny =\n  1\n  2\n\n[z]\n# c\n; d\n")
	var list []foldingRange
	c.into("textDocument/foldingRange", c.document("base.cfg"), &list)
	same(t, "folding", fmt.Sprint(list), "[{2 5 region} {3 5 } {7 9 region} {0 1 comment} {8 9 comment}]")
}

func TestFormatting(t *testing.T) {
	c := start(t, stack, nil)
	c.open("base.cfg", "[x]\ny=1\n[z]\n\nq   = 2\n")
	var list []textEdit
	c.into("textDocument/formatting", c.document("base.cfg"), &list)
	text := []byte("[x]\ny=1\n[z]\n\nq   = 2\n")
	same(t, "formatted", string(apply(text, list)), "[x]\ny = 1\n\n[z]\n\nq = 2\n")
	if list[0].Range.Start.Line != 1 {
		t.Errorf("the edit begins at %v", list[0].Range.Start)
	}
	c.open("base.cfg", "[x]\ny = 1\n")
	same(t, "nothing to do", string(c.result("textDocument/formatting", c.document("base.cfg"))), "[]")
	c.open("base.cfg", "[x]\ny= 1\ngarbage\n")
	same(t, "syntax error", string(c.result("textDocument/formatting", c.document("base.cfg"))), "[]")
}

func TestCodeActions(t *testing.T) {
	c := start(t, stack, nil)
	const text = "[buildout]\nparts = app\nx = ${ap:url}\n[app]\nrecipe = x.y\nurl = 1\nold = 2\n"
	c.open("software.cfg", text)
	actions := func(line int, only ...string) string {
		p := c.document("software.cfg")
		p["range"] = extent{position{line, 0}, position{line, 99}}
		p["context"] = map[string]any{"diagnostics": []any{}, "only": only}
		var list []codeAction
		c.into("textDocument/codeAction", p, &list)
		got := ""
		for _, a := range list {
			got += fmt.Sprintf("%s %s: %q\n", a.Kind, a.Title, apply([]byte(text), a.Edit.Changes[c.uri("software.cfg")]))
		}
		return got
	}
	suggested := strings.Replace(text, "ap:", "app:", 1)
	fixed := strings.Replace(text, "old", "new", 1)
	same(t, "did you mean", actions(2, "quickfix"), fmt.Sprintf("quickfix Change to \"app\": %q\n", suggested))
	same(t, "lint", actions(6), fmt.Sprintf("quickfix Call it new: %q\nsource.fixAll Fix all that lint can fix (1): %q\n", fixed, fixed))
	same(t, "fix all", actions(0, "source"), fmt.Sprintf("source.fixAll Fix all that lint can fix (1): %q\n", fixed))
	same(t, "other kinds", actions(6, "refactor"), "")
}
