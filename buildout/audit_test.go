package buildout

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/elf"
)

func TestParseAllow(t *testing.T) {
	for line, want := range map[string]string{
		"shebang /usr/bin/perl  a tool  of developers": "shebang|/usr/bin/perl|a tool of developers|",
		"*\t* all of it": "*|*|all of it|",
		"shebang perl":   `shebang|perl||"shebang perl" has no reason`,
		"shebang":        `shebang|||"shebang" names no file or library`,
		"shebng a b c":   `shebng|a|b c|"shebng" is no kind of finding`,
		"":               `|||"" is no kind of finding`,
	} {
		a, err := ParseAllow(line)
		got := strings.Join([]string{a.Kind, a.Pattern, a.Reason, ""}, "|")
		if err != nil {
			got += err.Error()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", line, got, want)
		}
	}
}

func FuzzParseAllow(f *testing.F) {
	f.Add("shebang perl a tool")
	f.Add("* \x00 \u2028")
	f.Fuzz(func(t *testing.T, line string) {
		a, err := ParseAllow(line)
		if err != nil {
			return
		}
		if again, err := ParseAllow(a.Kind + " " + a.Pattern + " " + a.Reason); err != nil || again != a {
			t.Errorf("%q: %+v, then %+v (%v)", line, a, again, err)
		}
	})
}

// TestAuditCodes checks that each kind of findings has a code.
func TestAuditCodes(t *testing.T) {
	for _, k := range elf.Kinds {
		if !slices.ContainsFunc(auditCodes, func(c struct{ kind, code string }) bool { return c.kind == k.Kind }) {
			t.Errorf("kind %s has no code", k.Kind)
		}
	}
	for _, c := range auditCodes {
		if !slices.Contains(auditKinds(), c.kind) {
			t.Errorf("%s is no kind", c.kind)
		}
	}
}

func TestUsuals(t *testing.T) {
	for i, u := range usuals {
		if i > 0 && strings.ToLower(usuals[i-1].library) >= strings.ToLower(u.library) {
			t.Errorf("%s is out of order, or twice there", u.library)
		}
	}
	for soname, want := range map[string]string{"libcrypt.so.1": "libxcrypt", "libtinfo.so.6": "ncurses", "libz.so.1": "zlib", "libssl.so.3": "openssl",
		"libdb-5.3.so": "", "libzz.so.1": "", "libpython3.so": "python"} {
		if u, _ := usualOf(soname); u.software != want {
			t.Errorf("%s is of %q, want %q", soname, u.software, want)
		}
	}
}

// TestAuditGroups checks what is put together, and in which order.
func TestAuditGroups(t *testing.T) {
	root := t.TempDir()
	zlib := filepath.Join(root, "zlib")
	if err := os.MkdirAll(filepath.Join(zlib, "lib64"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(zlib, "lib64", "libz.so.1"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	r := grouper{map[string][]string{"tcl": {root + "/tcl"}, "zlib": {zlib}}, func(part string) string { return "${" + part + ":location}" }}
	leak := func(file string) elf.Finding {
		return elf.Finding{Part: "tcl", File: root + "/tcl/" + file, Kind: elf.KindNeededHost, Level: elf.Error, Subject: "libz.so.1",
			Resolved: "/lib/libz.so.1", Message: "it needs libz.so.1", Providers: []string{"zlib"}}
	}
	groups := r.group([]elf.Finding{
		{Part: "tcl", File: root + "/tcl/bin/x", Kind: elf.KindShebang, Level: elf.Warning, Subject: "perl", Message: "it is a script", Line: 1},
		leak("lib/a"), leak("lib/b"), leak("lib/c"), leak("lib/d"), leak("lib/e"),
		{Part: "tcl", File: root + "/tcl/bin/y", Kind: elf.KindShebang, Level: elf.Note, Subject: "perl", Message: "it is a script", Allowed: "so be it"},
		{Part: "bash", File: "/elsewhere", Kind: elf.KindRelro, Level: elf.Warning, Message: "no relro", Files: []string{"/elsewhere", "/other"}},
	})
	var got []string
	for _, g := range groups {
		got = append(got, g.Part+": "+g.String())
	}
	want := []string{
		"bash: warning relro: /elsewhere, /other: no relro",
		"tcl: error needed-host: lib/a, lib/b, lib/c and 2 more: it needs libz.so.1",
		"tcl: warning shebang: bin/x:1: it is a script",
		"tcl: note shebang: bin/y: it is a script (allowed: so be it)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	hint := "zlib provides it: add to the environment of [tcl]: LDFLAGS=-L${zlib:location}/lib64 -Wl,-rpath=${zlib:location}/lib64; if it must be so: audit-allow = needed-host libz.so.1 REASON"
	if groups[1].Hint != hint {
		t.Errorf("hint is %s\nwant    %s", groups[1].Hint, hint)
	}
	if text := warningText(groups); text != "shebang (1)" {
		t.Errorf("a run warns of %q", text)
	}
}

// TestAuditNote checks that a note is read again as it was written, and counts
// for its record only.
func TestAuditNote(t *testing.T) {
	e := &Engine{Base: &profile.Base{Directory: t.TempDir()}}
	r := parts.Record{Part: "a/b", Options: map[string]string{"recipe": "cmmi"}, Paths: []string{"/p"}}
	n := notedOf(r, auditPolicy{Mode: AuditError}, elf.PartReport{Part: "a/b", ELF: 2},
		[]elf.Finding{{Part: "a/b", File: "/p/x\n<", Kind: elf.KindShebang, Level: elf.Warning, Message: "m"}})
	n.Accepted = n.Policy
	if err := e.writeNote("a/b", n); err != nil {
		t.Fatal(err)
	}
	if got := e.auditNote(r, true); !reflect.DeepEqual(got, n) {
		t.Errorf("got %+v\nwant %+v", got, n)
	}
	if got := e.auditNote(r, false); got == nil || got.findings != nil {
		t.Errorf("without findings: %+v", got)
	}
	r.Options["other"] = "1"
	if got := e.auditNote(r, false); got != nil {
		t.Error("the note of another record counts")
	}
	delete(r.Options, "other")
	for _, text := range []string{"", "{}\n", "{\"version\":2}\n", "[", "{"} {
		if err := os.WriteFile(e.notePath("a/b"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if e.auditNote(r, true) != nil {
			t.Errorf("%q counts as a note", text)
		}
	}
}

// TestPolicyText checks that policies are the same when they demand the same.
func TestPolicyText(t *testing.T) {
	base := auditPolicy{Mode: AuditError}
	same := auditPolicy{Mode: AuditError, Policy: elf.Policy{Runtime: elf.RuntimeAllow}, lines: []allowLine{{"a", diag.Span{}}}}
	if base.text() != same.text() {
		t.Errorf("%s and %s", base.text(), same.text())
	}
	for _, p := range []auditPolicy{{Mode: AuditWarn}, {Mode: AuditError, Policy: elf.Policy{MaxGlibc: "2.17"}},
		{Mode: AuditError, Policy: elf.Policy{Runtime: elf.RuntimeOwn}}, {Mode: AuditError, Policy: elf.Policy{Allow: []elf.Allow{{Kind: "*", Pattern: "*", Reason: "r"}}}}} {
		if p.text() == base.text() {
			t.Errorf("%s is that of nothing", p.text())
		}
	}
}

func TestNewestGlibc(t *testing.T) {
	list := []AuditedPart{{PartReport: elf.PartReport{Glibc: "2.9"}}, {}, {PartReport: elf.PartReport{Glibc: "2.34"}}, {PartReport: elf.PartReport{Glibc: "2.2.5"}}}
	if got := highest(list); got != "2.34" {
		t.Errorf("got %s", got)
	}
	if got := highest(nil); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}

func TestUnnumbered(t *testing.T) {
	list := numbered([]elf.Allow{{Reason: "a"}, {Reason: "b 7"}})
	for i, want := range []string{"a", "b 7"} {
		if text, line, ok := unnumbered(list[i].Reason); text != want || line != i || !ok {
			t.Errorf("got %q %d %v", text, line, ok)
		}
	}
	if text, _, ok := unnumbered("plain"); text != "plain" || ok {
		t.Errorf("got %q %v", text, ok)
	}
}
