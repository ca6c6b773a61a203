package elf

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// run audits parts whose files are below dir/NAME.
func run(t *testing.T, in Input) *Report {
	t.Helper()
	r, err := Audit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func summaries(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Part+": "+summary(f))
	}
	return all
}

func expect(t *testing.T, r *Report, want ...string) {
	t.Helper()
	if got := summaries(r); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func loaderPath() string {
	m, _ := machineOf(native())
	return m.loaders[0]
}

func TestReport(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	putELF(t, dir+"/a/lib/liba.so.1", made{soname: "liba.so.1"})
	putELF(t, dir+"/b/bin/prog", made{interp: loaderPath(), runpath: dir + "/a/lib", needed: []string{"liba.so.1", "libc.so.6", "libm.so.6", "libstdc++.so.6"},
		imports: []imported{{"printf", "libc.so.6", "GLIBC_2.4"}, {"qsort_r", "libc.so.6", "GLIBC_2.8"}, {"cbrt", "libm.so.6", "GLIBC_2.5"},
			{"_Znwm", "libstdc++.so.6", "GLIBCXX_3.4"}, {"_Zx", "libstdc++.so.6", "GLIBCXX_3.4.30"}, {"dlopen", "", ""}},
		text: "\x00libm.so.6\x00nolib.sox\x00.so\x00%s.so\x00liba.so.1\x00x libm.so.9\x00"})
	put(t, dir+"/b/share/text", "text", 0o644)
	r := run(t, Input{Parts: []Part{{Name: "b", Roots: []string{dir + "/b"}, Needs: []string{"a"}}, {Name: "a", Roots: []string{dir + "/a"}}}, Root: root})
	expect(t, r)
	want := PartReport{Part: "b", Files: 2, ELF: 1, Glibc: "2.8", GlibcFile: dir + "/b/bin/prog", GlibcSymbol: "qsort_r",
		Libraries: []string{"libc.so.6", "libm.so.6"}, Runtime: []string{"libstdc++.so.6"}, RuntimeVersions: []string{"GLIBCXX_3.4.30"},
		Uses: []string{"a"}, Dlopen: []string{"liba.so.1", "libm.so.6"}}
	if !reflect.DeepEqual(r.Parts[0], want) {
		t.Errorf("got  %+v\nwant %+v", r.Parts[0], want)
	}
	if r.Parts[1].Part != "a" || r.Glibc != "2.8" {
		t.Errorf("parts %+v, glibc %s", r.Parts, r.Glibc)
	}
}

// TestMember is a library that works with the programs of its own part only.
func TestMember(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	putELF(t, dir+"/lib/private/libdeep.so.1", made{soname: "libdeep.so.1"})
	putELF(t, dir+"/lib/lib/libtop.so.1", made{soname: "libtop.so.1", needed: []string{"libdeep.so.1"}})
	putELF(t, dir+"/lib/bin/own", made{interp: loaderPath(), rpath: dir + "/lib/lib:" + dir + "/lib/private", needed: []string{"libtop.so.1"}})
	putELF(t, dir+"/user/bin/prog", made{interp: loaderPath(), runpath: dir + "/lib/lib", needed: []string{"libtop.so.1"}})
	lib := Part{Name: "lib", Roots: []string{dir + "/lib"}}
	user := Part{Name: "user", Roots: []string{dir + "/user"}, Needs: []string{"lib"}}
	expect(t, run(t, Input{Parts: []Part{lib, user}, Root: root}), "lib: note needed-loaded libdeep.so.1", "user: error needed-missing libdeep.so.1")
	expect(t, run(t, Input{Parts: []Part{user}, Known: []Part{lib}, Root: root}), "user: warning needed-missing libdeep.so.1")
	lib.Policy.Allow = []Allow{{"needed-missing", "libdeep*", "known"}}
	expect(t, run(t, Input{Parts: []Part{user}, Known: []Part{lib}, Root: root}))
}

// TestPlugin is a module for a program of a part that is not audited.
func TestPlugin(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	putELF(t, dir+"/python/bin/python", made{interp: loaderPath(), runpath: dir + "/python/lib", needed: []string{"libpy.so.1"}, imports: []imported{{"dlopen", "", ""}}})
	putELF(t, dir+"/python/lib/libpy.so.1", made{soname: "libpy.so.1"})
	putELF(t, dir+"/egg/egg.so", made{needed: []string{"libpy.so.1", "libleak.so.1"}})
	python := Part{Name: "python", Roots: []string{dir + "/python"}}
	egg := Part{Name: "egg", Roots: []string{dir + "/egg"}, Needs: []string{"python"}}
	r := run(t, Input{Parts: []Part{egg}, Known: []Part{python}, Root: root})
	expect(t, r, "egg: error needed-host libleak.so.1", "egg: note needed-loaded libpy.so.1")
	if !strings.Contains(r.Findings[1].Message, dir+"/python/bin/python") {
		t.Errorf("the note does not name the program: %+v", r.Findings[1])
	}
	egg.Needs = nil
	r = run(t, Input{Parts: []Part{egg}, Known: []Part{python}, Root: root})
	expect(t, r, "egg: error needed-host libleak.so.1", "egg: error needed-missing libpy.so.1")
	if f := r.Findings[1]; !slices.Equal(f.Providers, []string{"python"}) || !strings.Contains(f.Hint, "${python:location}") {
		t.Errorf("the part that has it is not named: %+v", f)
	}
}

func TestHardLinks(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	putELF(t, dir+"/a/bin/x", made{interp: loaderPath(), needed: []string{"libleak.so.1"}})
	for _, path := range []string{"/a/bin/y", "/b"} {
		if err := os.Link(dir+"/a/bin/x", dir+path); err != nil {
			t.Skip(err)
		}
	}
	r := run(t, Input{Parts: []Part{{Name: "a", Roots: []string{dir + "/a", dir + "/a/bin"}}, {Name: "b", Roots: []string{dir + "/b"}}}, Root: root})
	expect(t, r, "a: error needed-host libleak.so.1", "b: error needed-host libleak.so.1")
	if r.Parts[0].Files != 2 || r.Parts[0].ELF != 1 || r.Findings[0].File != dir+"/a/bin/x" {
		t.Errorf("%+v %+v", r.Parts, r.Findings)
	}
}

func TestNested(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	put(t, dir+"/a/inner/x", "#!/usr/bin/perl\n", 0o755)
	r := run(t, Input{Parts: []Part{{Name: "a", Roots: []string{dir + "/a"}}}, Known: []Part{{Name: "b", Roots: []string{dir + "/a/inner"}}}, Root: root})
	expect(t, r)
}

func TestGroups(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	for _, name := range []string{"a", "b", "c"} {
		putELF(t, dir+"/p/"+name+".so", made{noRelro: true})
	}
	p := Part{Name: "p", Roots: []string{dir + "/p"}, Policy: Policy{Allow: []Allow{{KindRelro, "b.so", "tests it"}}}}
	r := run(t, Input{Parts: []Part{p}, Root: root})
	expect(t, r, "p: warning relro", "p: note relro")
	if f := r.Findings[0]; !slices.Equal(f.Files, []string{dir + "/p/a.so", dir + "/p/c.so"}) || !strings.HasSuffix(f.Message, "(2 files)") {
		t.Errorf("%+v", f)
	}
	if f := r.Findings[1]; f.Allowed != "tests it" || f.Files != nil {
		t.Errorf("%+v", f)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	put(t, dir+"/p/x", "secret", 0)
	expect(t, run(t, Input{Parts: []Part{{Name: "p", Roots: []string{dir + "/p", dir + "/gone"}}}}), "p: warning unreadable")
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	put(t, dir+"/x", "text", 0o644)
	if _, err := Audit(ctx, Input{Parts: []Part{{Name: "p", Roots: []string{dir}}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		p    Policy
		want string
	}{
		{Policy{}, ""},
		{Policy{Runtime: RuntimeOwn, MaxGlibc: "2.17"}, ""},
		{Policy{Runtime: "any"}, "part p: runtime is `any`: it is one of allow, own and static"},
		{Policy{MaxGlibc: "two"}, "part p: max-glibc is `two`: it is a version of glibc such as 2.17"},
		{Policy{MaxGlibc: "2."}, "part p: max-glibc is `2.`: it is a version of glibc such as 2.17"},
	} {
		_, err := Audit(context.Background(), Input{Parts: []Part{{Name: "p", Policy: c.p}}})
		if got := errText(err); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.p, got, c.want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAllow(t *testing.T) {
	p := Part{Name: "p", Roots: []string{"/parts/p/"}}
	f := Finding{File: "/parts/p/lib/x.so", Kind: KindNeededHost, Level: Error, Subject: "libz.so.1", Resolved: "/lib/libz.so.1"}
	for _, c := range []struct {
		kind, pattern string
		want          bool
	}{
		{KindNeededHost, "libz.so.1", true}, {"*", "libz.*", true}, {KindShebang, "libz.so.1", false}, {KindNeededHost, "libz", false},
		{KindNeededHost, "/lib/*", true}, {KindNeededHost, "lib/x.so", true}, {KindNeededHost, "x.so", true}, {KindNeededHost, "?.so", true},
		{KindNeededHost, "/parts/*", true}, {KindNeededHost, "lib/?", false}, {KindNeededHost, "*", true},
	} {
		p.Policy.Allow = []Allow{{c.kind, c.pattern, "why"}}
		g := f
		p.allow(&g)
		if got := g.Allowed == "why" && g.Level == Note; got != c.want {
			t.Errorf("%s %s: %v, want %v", c.kind, c.pattern, got, c.want)
		}
	}
}

func TestLevelText(t *testing.T) {
	b, err := json.Marshal(Finding{Level: Warning})
	if err != nil || !strings.Contains(string(b), `"level":"warning"`) {
		t.Errorf("%s, %v", b, err)
	}
	var f Finding
	if err := json.Unmarshal([]byte(`{"level":"error"}`), &f); err != nil || f.Level != Error {
		t.Errorf("%v, %v", f.Level, err)
	}
	if err := json.Unmarshal([]byte(`{"level":"bad"}`), &f); err == nil {
		t.Error("a level that is none was read")
	}
}

func TestIndex(t *testing.T) {
	dir := t.TempDir()
	putELF(t, dir+"/a/lib/libz.so", made{soname: "libz.so.1"})
	link(t, "libz.so.1.2", dir+"/b/lib/libz.so.1")
	x, err := NewIndex(context.Background(), []Part{{Name: "b", Roots: []string{dir + "/b"}}, {Name: "a", Roots: []string{dir + "/a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Providers("libz.so.1"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
	if got := x.Providers("libz.so"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}

func TestClassify(t *testing.T) {
	for soname, want := range map[string]Class{
		"libc.so.6": ClassGlibc, "ld-linux-x86-64.so.2": ClassGlibc, "ld-linux-riscv64-lp64d.so.1": ClassGlibc, "libnss_dns.so.2": ClassGlibc,
		"libc.so": ClassOther, "libcrypt.so.1": ClassOther, "libnsl.so.1": ClassOther, "libnss_sss.so.2": ClassOther, "libz.so.1": ClassOther,
		"libstdc++.so.6": ClassRuntime, "libasan.so.8": ClassRuntime, "libunwind.so.1": ClassRuntime, "libunwind.so.8": ClassOther, "x.so": ClassOther,
	} {
		if got, reason := Classify(soname); got != want || want != ClassOther && reason == "" {
			t.Errorf("%s: got %d (%s), want %d", soname, got, reason, want)
		}
	}
}

// TestMachines has a loader and its class for each machine of Go that glibc
// runs on.
func TestMachines(t *testing.T) {
	for arch, m := range natives {
		kind, ok := machineOf(&m)
		if !ok || kind.arch != arch || !strings.HasPrefix(kind.loaders[0], "/lib") {
			t.Errorf("%s: %+v, %v", arch, kind, ok)
		}
		for _, l := range kind.loaders {
			if class, _ := Classify(l[strings.LastIndex(l, "/")+1:]); class != ClassGlibc {
				t.Errorf("%s: %s is not glibc's", arch, l)
			}
		}
		file := made{machine: m.machine, narrow: m.class == elf.ELFCLASS32, big: !m.little, flags: m.flags, soname: "libx.so", needed: []string{"liby.so"},
			imports: []imported{{"dlopen", "libc.so.6", "GLIBC_2.9"}, {"__stack_chk_fail", "", ""}}}
		got := readBytes(makeELF(file))
		if got.problem != "" || got.soname != "libx.so" || !slices.Equal(got.needed, file.needed) || !got.dlopen || !got.protects || !got.relro ||
			len(got.versions) != 1 || got.versions[0].name != "GLIBC_2.9" || !slices.Equal(got.versions[0].symbols, []string{"dlopen"}) {
			t.Errorf("%s: %+v", arch, got)
		}
	}
}
