package buildout

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
)

func testJournal(t *testing.T) *journal {
	t.Helper()
	return &journal{path: filepath.Join(t.TempDir(), "sub", "journal"), state: "/b/.installed.cfg"}
}

// readTimeless is readJournal without the times of runs.
func readTimeless(path string) ([]line, error) {
	lines, err := readJournal(path)
	for i, l := range lines {
		if l[0] == "state" {
			lines[i] = l[:2]
		}
	}
	return lines, err
}

// The lines of these tests: texts may hold anything.
var oddLines = []line{
	{"made", "a", "/b/x"}, {"aside", "a b", "/b/é\n\"q\"", "/b/\xff\x00", ""}, {"done", " "}, {"stage", "", "\\", "\t", "x", "12"},
}

func TestJournal(t *testing.T) {
	l := testJournal(t)
	if lines, err := readJournal(l.path); err != nil || lines != nil {
		t.Errorf("no file: %q, %v", lines, err)
	}
	if err := errors.Join(l.write(), l.note()); err != nil || exists(l.path) == false {
		t.Errorf("a journal that is begun: %v", err)
	}
	for _, line := range oddLines {
		if err := l.note(line); err != nil {
			t.Fatal(err)
		}
	}
	want := slices.Concat([]line{{"state", "/b/.installed.cfg"}}, oddLines)
	if got, err := readTimeless(l.path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	// A second run goes on behind a torn line.
	l.close()
	text, _ := os.ReadFile(l.path)
	os.WriteFile(l.path, append(text, "deadbeef made \"b\" \"/b/y"...), 0o666)
	if err := l.write(line{"done", "a"}); err != nil {
		t.Fatal(err)
	}
	want = append(want, line{"state", "/b/.installed.cfg"}, line{"done", "a"})
	if got, err := readTimeless(l.path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("behind a torn line: %q, %v", got, err)
	}
	if err := l.replace([]line{{"failed", "a", "/b/x"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := readTimeless(l.path); err != nil || !reflect.DeepEqual(got, []line{{"failed", "a", "/b/x"}}) {
		t.Errorf("replaced: %q, %v", got, err)
	}
	if err := l.replace(nil); err != nil || exists(l.path) {
		t.Errorf("deleted: %v", err)
	}
}

// Any cut and any damaged byte costs no more than the line that it is in.
func TestJournalDamaged(t *testing.T) {
	l := testJournal(t)
	if err := l.write(oddLines...); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(l.path)
	for n := range text {
		if err := os.WriteFile(l.path, text[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := readJournal(l.path)
		if whole := max(strings.Count(string(text[:n]), "\n")-1, 0); err != nil || len(got) < whole || len(got) > whole+1 {
			t.Errorf("cut at %d: %q, %v", n, got, err)
		}
		damaged := slices.Clone(text)
		damaged[n] ^= 0x20
		if err := os.WriteFile(l.path, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := readJournal(l.path); err == nil && len(got) < len(oddLines)-1 {
			t.Errorf("damaged at %d: %q", n, got)
		}
	}
}

func TestJournalVersion(t *testing.T) {
	path := t.TempDir() + "/journal"
	for text, bad := range map[string]bool{"gobuild journal 2\n": true, "gobuild journal 10\nx": true, "gobuild journal 1\n": false, "gobuild jour": false, "\x00\x00\n": false, "": false} {
		os.WriteFile(path, []byte(text), 0o666)
		_, err := readJournal(path)
		var d *diag.Diagnostic
		if errors.As(err, &d) != bad || bad && d.Code != "journal-version" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// After a failed write nothing more is written.
func TestJournalFails(t *testing.T) {
	broken := errors.New("broken")
	l := testJournal(t)
	l.disk = &disk.Disk{Fault: func(op, _ string) error {
		if op == "write" {
			return broken
		}
		return nil
	}}
	err := l.note(line{"done", "a"})
	var lost *StateError
	if !errors.As(err, &lost) || !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	l.disk = nil
	if again := l.write(line{"done", "b"}); again != err {
		t.Errorf("later: %v", again)
	}
	if lines, err := readJournal(l.path); err != nil || len(lines) != 0 {
		t.Errorf("%q, %v", lines, err)
	}
}

// FuzzJournalLine checks that a line is read as it was written, and that no
// text makes trouble.
func FuzzJournalLine(f *testing.F) {
	for _, l := range oddLines {
		f.Add(l.text())
	}
	f.Add("00000000 done \"a")
	f.Fuzz(func(t *testing.T, text string) {
		if l, ok := parseLine(strings.TrimSuffix(text, "\n")); ok && len(l) > 1 {
			if again, ok := parseLine(strings.TrimSuffix(l.text(), "\n")); !ok || !reflect.DeepEqual(again, l) {
				t.Errorf("%q becomes %q", l, again)
			}
		}
		l := line{"word", text, text}
		if again, ok := parseLine(strings.TrimSuffix(l.text(), "\n")); !ok || !reflect.DeepEqual(again, l) {
			t.Errorf("%q becomes %q", l, again)
		}
	})
}

func TestIsTemporary(t *testing.T) {
	known := map[string]bool{"p": true, "p04": true, "a.conf": true}
	for name, want := range map[string]bool{
		".p123456": true, ".p04123456": true, ".p041234567890123456789": true, ".a.conf999999999": true,
		"p123456": false, ".p": false, ".p12345": false, ".q123456": false, ".p123456x": false, ".": false, "": false, ".123456": false, ".px123456": false,
	} {
		if isTemporary(name, known) != want {
			t.Errorf("%s: not %v", name, want)
		}
	}
}
