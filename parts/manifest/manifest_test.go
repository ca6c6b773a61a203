package manifest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// saved is the manifest at path with some entries, on disk.
func saved(t *testing.T, path string, entries ...Entry) *File {
	t.Helper()
	f := Load(path)
	for _, e := range entries {
		f.Put(e)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func full(part string) Entry {
	return Entry{Part: part, Digest: "1f", Key: "k-" + part, Toolchain: "t1", Needs: []Need{{"a", "k1"}, {"b\t\\t\n", "k2"}},
		Inputs: []Input{{"/in\tput\\n\n", Stat{1, -2, 3}, "sum"}, {"", Stat{}, ""}}}
}

func TestEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "manifest")
	entries := []Entry{full("x"), full(""), full("odd\tname\n\\"), {Part: "bare"}}
	saved(t, path, entries...)
	f := Load(path)
	for _, e := range entries {
		if got, ok := f.Get(e.Part); !ok || !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, %v\nwant %+v", got, ok, e)
		}
	}
	if _, ok := f.Get("other"); ok {
		t.Error("an entry that nobody has put")
	}
}

func TestNeed(t *testing.T) {
	e := Entry{Needs: []Need{{"a", "1"}, {"c", "3"}}}
	for part, want := range map[string]string{"a": "1", "b": "", "c": "3", "": "", "d": ""} {
		if got, ok := e.Need(part); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", part, got, ok)
		}
	}
}

func TestNewestCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest")
	saved(t, path, Entry{Part: "a", Key: "1"}, Entry{Part: "b", Key: "1"})
	f := saved(t, path, Entry{Part: "a", Key: "2"})
	f.Drop("b")
	f.Drop("unknown")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = Load(path)
	a, _ := f.Get("a")
	if _, ok := f.Get("b"); ok || a.Key != "2" {
		t.Errorf("a is %+v; b is there: %v", a, ok)
	}
}

// TestNothingNew checks that a run that finds everything as it was writes
// nothing.
func TestNothingNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest")
	saved(t, path, full("a"))
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	saved(t, path, full("a"))
	after, _ := os.Stat(path)
	if !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Error("the file was written")
	}
	none := filepath.Join(t.TempDir(), "manifest")
	saved(t, none)
	if _, err := os.Stat(none); err == nil {
		t.Error("an empty manifest was written")
	}
}

// TestTorn cuts a file at each byte: every whole line counts, and the next run
// goes on behind them.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest")
	saved(t, path, full("a"), full("b"))
	text := read(t, path)
	for cut := len(fileHead); cut <= len(text); cut++ {
		write(t, path, text[:cut])
		whole := strings.Count(text[:cut], "\n") - 1
		f := saved(t, path, full("c"))
		if f.unknown {
			t.Fatalf("cut at %d: unknown", cut)
		}
		f = Load(path)
		for i, part := range []string{"a", "b", "c"} {
			if _, ok := f.Get(part); ok != (i < whole || part == "c") {
				t.Errorf("cut at %d: %s is there: %v", cut, part, ok)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest")
	saved(t, path, full("a"), full("b"))
	good := read(t, path)
	for name, text := range map[string]string{
		"empty":           "",
		"foreign":         "something else\n",
		"other version":   strings.Replace(good, "manifest 1", "manifest 2", 1),
		"cut head":        fileHead[:5],
		"changed":         strings.Replace(good, "k-a", "k-A", 1),
		"first line gone": fileHead + "x" + good[len(fileHead):],
		"zeros":           good + strings.Repeat("\x00", 100) + "\n",
		"no fields":       fileHead + line("p"),
		"upper case sum":  fileHead + "p\ta\tABCDEF01\n",
	} {
		t.Run(name, func(t *testing.T) {
			write(t, path, text)
			if _, ok := Load(path).Get("b"); ok {
				t.Error("an entry counts")
			}
			saved(t, path, full("c"))
			if _, ok := Load(path).Get("c"); !ok {
				t.Error("it is not replaced")
			}
		})
	}
}

func TestMalformedEntries(t *testing.T) {
	for _, fields := range [][]string{
		{"p", "a"}, {"p", "a", "d", "k", "t"}, {"p", "a", "d", "k", "t", "x"}, {"p", "a", "d", "k", "t", "-1"},
		{"p", "a", "d", "k", "t", "2", "n", "k"}, {"p", "a", "d", "k", "t", "999999999999"}, {"p", "a", "d", "k", "t", "0", "path", "1", "2"},
		{"p", "a", "d", "k", "t", "0", "path", "1", "99999999999999999999", "3", "sum"},
		{"p", "a", "d", "k", "t", "0", "path", "", "2", "3", "sum"},
	} {
		path := filepath.Join(t.TempDir(), "manifest")
		write(t, path, fileHead+line(fields...))
		if e, ok := Load(path).Get("a"); ok {
			t.Errorf("%q: %+v", fields, e)
		}
	}
}

// TestCompaction checks that the file stays within a factor of what counts.
func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest")
	for i := range 2000 {
		f := saved(t, path, Entry{Part: fmt.Sprint("p", i%5), Key: strings.Repeat(fmt.Sprint(i%10), 32)})
		if f.size > smallFile+1000 {
			t.Fatalf("%d bytes after %d entries", f.size, i)
		}
	}
	f := Load(path)
	for i := range 5 {
		if e, _ := f.Get(fmt.Sprint("p", i)); e.Key != strings.Repeat(fmt.Sprint((1995+i)%10), 32) {
			t.Errorf("p%d has %s", i, e.Key)
		}
	}
}

// TestFileTakenAway checks that a file that goes away or is cut in the middle of
// a run is written whole.
func TestFileTakenAway(t *testing.T) {
	for _, harm := range []func(path string) error{
		os.Remove,
		func(path string) error { return os.Truncate(path, 3) },
	} {
		path := filepath.Join(t.TempDir(), "manifest")
		saved(t, path, full("a"))
		f := Load(path)
		if err := harm(path); err != nil {
			t.Fatal(err)
		}
		f.Put(full("b"))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f = Load(path)
		for _, part := range []string{"a", "b"} {
			if _, ok := f.Get(part); !ok {
				t.Errorf("%s is lost", part)
			}
		}
	}
}

// TestFailedWrite checks that what could not be written is written later.
func TestFailedWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	write(t, dir, "") // a file is in the way
	f := Load(filepath.Join(dir, "manifest"))
	f.Put(full("a"))
	if err := f.Flush(); err == nil {
		t.Fatal("no error")
	}
	os.Remove(dir)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, ok := Load(f.path).Get("a"); !ok {
		t.Error("it is lost")
	}
}

// TestRandomHistories compares files with a plain map.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(30) {
		path := filepath.Join(t.TempDir(), "manifest")
		random, model := rand.New(rand.NewPCG(seed, 1)), map[string]string{}
		f := Load(path)
		for range 200 {
			part, key := fmt.Sprint("p\t", random.IntN(9)), fmt.Sprint(random.IntN(4))
			switch random.IntN(6) {
			case 0:
				f.Drop(part)
				delete(model, part)
			case 1:
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				f = Load(path)
			default:
				f.Put(Entry{Part: part, Key: key})
				model[part] = key
			}
		}
		got := map[string]string{}
		for name := range f.lines {
			part := unescape(strings.TrimPrefix(name, "p\t"))
			e, _ := f.Get(part)
			got[part] = e.Key
		}
		if !maps.Equal(got, model) {
			t.Errorf("seed %d: %v, want %v", seed, got, model)
		}
	}
}

func TestDigest(t *testing.T) {
	base := func() parts.Record {
		return parts.Record{Part: "p", Options: map[string]string{"a": "1", "b": "2"}, Paths: []string{"/x", "/y"}, Signature: "s"}
	}
	for name, change := range map[string]func(*parts.Record){
		"option":         func(r *parts.Record) { r.Options["a"] = "2" },
		"values swapped": func(r *parts.Record) { r.Options["a"], r.Options["b"] = "2", "1" },
		"new option":     func(r *parts.Record) { r.Options["c"] = "" },
		"name and value": func(r *parts.Record) { delete(r.Options, "a"); r.Options["a1"] = "" },
		"path":           func(r *parts.Record) { r.Paths[1] = "/z" },
		"order of paths": func(r *parts.Record) { slices.Reverse(r.Paths) },
		"fewer paths":    func(r *parts.Record) { r.Paths = r.Paths[:1] },
		"signature":      func(r *parts.Record) { r.Signature = "t" },
	} {
		r := base()
		if change(&r); Digest(r) == Digest(base()) {
			t.Errorf("%s: the same digest", name)
		}
	}
	same := base()
	same.Paths = append(same.Paths, "")
	if Digest(same) != Digest(base()) {
		t.Error("an empty path, which is not recorded, counts")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(fileHead + line("p", "a", "d", "k", "t", "1", "n", "k", "path", "1", "2", "3", "sum") + line("d", "a")))
	f.Add([]byte(fileHead + line("c", "/cc", "/gcc", "1", "2", "gcc 1") + line("v", "id", "gcc 1") + "p\ttorn"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "manifest")
		write(t, path, string(text))
		m := Load(path)
		before := maps.Clone(m.lines)
		for name := range before {
			m.Get(unescape(strings.TrimPrefix(name, "p\t")))
		}
		m.Put(full("new"))
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		before[entryLine+"\tnew"] = m.lines[entryLine+"\tnew"]
		if after := Load(path); after.unknown || !maps.Equal(after.lines, before) {
			t.Errorf("read back %q, want %q", after.lines, before)
		}
	})
}

// BenchmarkLoad reads 10,000 entries and takes each of them.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "manifest")
	f := Load(path)
	key := strings.Repeat("0", 32)
	for i := range 10000 {
		e := Entry{Part: fmt.Sprint("part", i), Digest: key[:16], Key: key, Toolchain: key}
		for n := range 5 {
			e.Needs = append(e.Needs, Need{fmt.Sprint("part", n), key})
		}
		e.Inputs = []Input{{"/some/where/file.patch", Stat{1000, 1e18, 123456}, key + key}}
		f.Put(e)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f := Load(path)
		for i := range 10000 {
			if _, ok := f.Get(fmt.Sprint("part", i)); !ok {
				b.Fatal("lost")
			}
		}
	}
}
