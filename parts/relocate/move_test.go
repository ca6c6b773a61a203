package relocate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// randomContent makes a binary or a text that names prefixes, some filled.
func randomContent(r *rand.Rand, facts *Facts, binary bool) []byte {
	var b bytes.Buffer
	for range r.IntN(12) + 1 {
		prefix := facts.Prefixes[r.IntN(len(facts.Prefixes))]
		p := prefix.Path
		if binary {
			p = Site{Width: len(p) + r.IntN(30)*r.IntN(2)}.text(prefix, p)
		}
		words := []string{"x=", "-I", ":", " ", "\n", "word ", "a/b ", "é"}
		if binary {
			words = append(words, "\x00", "\x00\xff\x01", "/usr/lib\x00")
		}
		for range r.IntN(4) {
			b.WriteString(words[r.IntN(len(words))])
		}
		b.WriteString(" " + p + []string{"", "/lib", "/share/x", ":", "2", "\n"}[r.IntN(6)])
	}
	b.WriteString(" " + facts.Prefixes[0].Path + "/end ")
	if binary {
		b.WriteByte(0)
	}
	return b.Bytes()
}

// TestThereAndBack moves random files to shorter and longer directories, and
// through the canonical one, and back: the same bytes.
func TestThereAndBack(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		const from = "/build/here/it/is/long/enough"
		facts := testFacts(from)
		binary := seed%2 == 0
		content := randomContent(r, facts, binary)
		f := facts.ScanContent(0, "etc/file", content, 0o644)
		if f == nil {
			t.Fatalf("seed %d: nothing found in %q", seed, content)
		}
		facts.Files = []Fact{*f}
		to := []string{"/n", "/n/p", "/ünï", "/build/here/it/is/long/enougH"}[r.IntN(4)]
		away := [][]Move{{{from, to}}, facts.Canonical()}[r.IntN(2)]
		moved, after := through(t, facts, f, content, away)
		if left := newMatcher(facts.Prefixes).find(moved.Content, formBinary); len(left) > 0 {
			t.Errorf("seed %d: the old path is still in %q", seed, moved.Content)
		}
		if binary && len(moved.Content) != len(content) {
			t.Errorf("seed %d: %d bytes became %d", seed, len(content), len(moved.Content))
		}
		var home []Move
		for i, p := range after.Prefixes {
			home = append(home, Move{p.Path, facts.Prefixes[i].Path})
		}
		back, _ := through(t, after, &moved.Fact, moved.Content, home)
		if !bytes.Equal(back.Content, content) {
			t.Errorf("seed %d: %q\ncame back as %q", seed, content, back.Content)
		}
		if !reflect.DeepEqual(back.Fact.Sites, f.Sites) {
			t.Errorf("seed %d: sites %v came back as %v", seed, f.Sites, back.Fact.Sites)
		}
	}
}

// through rewrites content and returns the facts for the next move, read from JSON.
func through(t *testing.T, facts *Facts, f *Fact, content []byte, moves []Move) (*Rewritten, *Facts) {
	t.Helper()
	m, err := NewMover(facts, moves)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Rewrite(f, bytes.Clone(content))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(Facts{Version: Version, Prefixes: m.Prefixes(), Roots: facts.Roots, Files: []Fact{r.Fact}})
	if err != nil {
		t.Fatal(err)
	}
	var next Facts
	if err := json.Unmarshal(text, &next); err != nil {
		t.Fatal(err)
	}
	return r, &next
}

// TestFreshScan moves a binary by facts and scans the result: the filling is
// found as part of the prefix. The last slash behind a directory of parts may
// belong to what follows.
func TestFreshScan(t *testing.T) {
	facts := testFacts("/build/here/it/is/long/enough")
	for seed := range uint64(100) {
		content := randomContent(rand.New(rand.NewPCG(seed, 2)), facts, true)
		f := facts.ScanContent(0, "lib/file", content, 0o644)
		moved, after := through(t, facts, f, content, []Move{{facts.Prefixes[3].Path, "/n/p"}})
		again := after.ScanContent(0, "lib/file", moved.Content, 0o644)
		if again == nil {
			t.Fatalf("seed %d: nothing found", seed)
		}
		for i := range min(len(again.Sites), len(moved.Fact.Sites)) {
			if one, other := &again.Sites[i], moved.Fact.Sites[i]; after.Prefixes[one.Prefix].filledBehind() && one.Width == other.Width-1 {
				one.Width++
			}
		}
		if !reflect.DeepEqual(again.Sites, moved.Fact.Sites) {
			t.Fatalf("seed %d: recorded %v, found %+v in %q", seed, moved.Fact.Sites, again, moved.Content)
		}
	}
}

// TestCanonicalEqual builds the same in two directories of one length: the
// archives are equal.
func TestCanonicalEqual(t *testing.T) {
	var all []string
	for _, dir := range []string{"/first/place", "/other/where"} {
		facts := testFacts(dir)
		var one []string
		for name, content := range map[string]string{"a": "text " + dir + "/parts/tool", "b": "\x00" + dir + "/parts/tool/x\x00", "c": "\x00" + dir + "\x00"} {
			f := facts.ScanContent(0, name, []byte(content), 0o644)
			r, after := through(t, facts, f, []byte(content), facts.Canonical())
			one = append(one, fmt.Sprintf("%q %+v %v", r.Content, r.Fact, after.Prefixes))
		}
		all = append(all, strings.Join(sorted(one), "\n"))
	}
	if all[0] != all[1] {
		t.Errorf("different archives:\n%s\n%s", all[0], all[1])
	}
	if !strings.Contains(all[0], "tool") {
		t.Error("the name of the part is not in the archive")
	}
}

func sorted(all []string) []string {
	for i := range all {
		for j := range all[:i] {
			if all[i] < all[j] {
				all[i], all[j] = all[j], all[i]
			}
		}
	}
	return all
}

// TestNoRoom checks what is said about a path that is too long.
func TestNoRoom(t *testing.T) {
	facts := testFacts("/b")
	f := facts.ScanContent(0, "lib/x", []byte("\x00/b/parts/tool/lib\x00"), 0o644)
	facts.Files = []Fact{*f}
	moves := []Move{{"/b", "/longer"}}
	problems := facts.Check(moves)
	if len(problems) != 1 || problems[0].Code != CodeWidth || problems[0].Level != Error || problems[0].File != "/b/parts/tool/lib/x" {
		t.Errorf("problems %v", problems)
	}
	m, err := NewMover(facts, moves)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Rewrite(f, []byte("\x00/b/parts/tool/lib\x00")); err == nil {
		t.Error("the file was rewritten")
	}
}

// TestChangedContent refuses content that is not what was scanned.
func TestChangedContent(t *testing.T) {
	facts := testFacts("/b")
	f := facts.ScanContent(0, "lib/x", []byte("\x00/b/parts/tool/lib\x00"), 0o644)
	m, err := NewMover(facts, []Move{{"/b", "/c"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "\x00/b/parts", "\x00/b/parts/toll/lib\x00"} {
		_, err := m.Rewrite(f, []byte(content))
		if p, ok := err.(Problem); !ok || p.Code != CodeChanged {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestWrongMoves(t *testing.T) {
	facts := testFacts("/b")
	for _, moves := range [][]Move{
		{{"/b", "/c\n"}}, {{"/b", "c"}}, {{"/b", "/"}}, {{"/b", "/c/../d"}}, {{"/b", "/c//d"}}, {{"/b", "/c/"}}, {{"/b", ""}},
		{{"/b", "/c"}, {"/b", "/d"}}, {{"/b/parts/tool", "/c"}, {"/b/parts/other", "/c"}},
	} {
		if problems := facts.Check(moves); len(problems) == 0 || problems[0].Code != CodeMove {
			t.Errorf("%v: %v", moves, problems)
		}
		if _, err := NewMover(facts, moves); err == nil {
			t.Errorf("%v: no error", moves)
		}
	}
}

func TestCharacters(t *testing.T) {
	for _, c := range []struct {
		name, content, to string
		want              int
	}{
		{"Makefile", "P=/b/parts/tool", "/a#b", 1},
		{"Makefile", "P=/b/parts/tool", "/a'b", 0},
		{"x.py", "P='/b/parts/tool'", "/a'b", 1},
		{"x.conf", "P='/b/parts/tool'", "/a'b", 0},
		{"lib/x.la", "libdir='/b/parts/tool'", "/a b", 1},
		{"x.conf", "P='/b/parts/tool'", "/a:b", 1},
		{"bin/x", "#!/bin/sh\nP=/b/parts/tool", "/a$b", 1},
		{"x.json", `"/b/parts/tool"`, "/ünï", 0},
	} {
		facts := testFacts("/b")
		facts.Files = []Fact{*facts.ScanContent(0, c.name, []byte(c.content), 0o644)}
		if problems := facts.Check([]Move{{"/b", c.to}}); len(problems) != c.want {
			t.Errorf("%s to %s: %v", c.name, c.to, problems)
		}
	}
}

// TestNotes checks what is found and left alone.
func TestNotes(t *testing.T) {
	facts := testFacts("/b/dir")
	wide := func(s string, step int) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteByte(s[i])
			b.WriteString(strings.Repeat("\x00", step-1))
		}
		return b.String()
	}
	for _, c := range []struct {
		name, content, code string
		level               Level
	}{
		{"x", wide("see /b/dir/parts/tool/x", 2), CodeEncoding, Warning},
		{"x", "\x00" + wide("see /b/dir/parts/tool/x", 2), CodeEncoding, Warning},
		{"x", wide("see /b/dir/parts/tool/x", 4), CodeEncoding, Warning},
		{"x.json", `{"p": "\/b\/dir\/parts\/tool"}`, CodeEncoding, Warning},
	} {
		f := facts.ScanContent(0, c.name, []byte(c.content), 0o644)
		if f == nil || len(f.Notes) != 1 || f.Notes[0].Code != c.code || f.Notes[0].Level != c.level {
			t.Errorf("%q: %+v", c.content, f)
		}
	}
	if f := facts.ScanContent(0, "x", []byte("nothing here"), fs.FileMode(0o644)); f != nil {
		t.Errorf("a file without prefixes has the fact %+v", f)
	}
}
