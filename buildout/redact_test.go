package buildout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

	"gobuild/buildout/event"
)

// TestRedactorPieces writes secrets in pieces of all sizes.
func TestRedactorPieces(t *testing.T) {
	text := "a s3cr3tWord and s3cr3tWordLong, s3cr3 and s3cr3tWor\n"
	want := "a ******** and ********, s3cr3 and s3cr3tWor\n"
	for size := 1; size <= len(text); size++ {
		r := redactor{secrets: []string{"s3cr3tWordLong", "s3cr3tWord"}}
		var got strings.Builder
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			got.Write(r.pass([]byte(rest[:n])))
			rest = rest[n:]
		}
		got.Write(r.rest())
		shown := strings.ReplaceAll(got.String(), concealed+"Long", concealed) // a longer one is taken for the shorter first
		if shown != want {
			t.Errorf("in pieces of %d: %q", size, shown)
		}
	}
}

// TestRedactorLosesNothing checks texts without secrets.
func TestRedactorLosesNothing(t *testing.T) {
	same := func(pieces [][]byte) bool {
		r := redactor{secrets: []string{"\x00\x01secret"}}
		var in, out []byte
		for _, p := range pieces {
			in = append(in, p...)
			out = append(out, r.pass(p)...)
		}
		return string(in) == string(append(out, r.rest()...))
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestLogWithoutSecrets(t *testing.T) {
	l := newPartLog(filepath.Join(t.TempDir(), "a.log"))
	l.secrets.secrets = []string{"s3cr3tWord"}
	var seen []event.Event
	sink := l.watch(sinkFunc(func(e event.Event) { seen = append(seen, e) }))
	l.Write([]byte("the password is s3cr3"))
	l.Write([]byte("tWord\nand s3cr"))
	sink.Emit(event.Event{Text: "s3cr3tWord", Error: "x s3cr3tWord"})
	if got := l.excerpt(); strings.Contains(got, "s3cr3tWord") || !strings.HasSuffix(got, "the password is ********\nand s3cr") {
		t.Errorf("excerpt %q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(l.path); err != nil || string(text) != "the password is ********\nand s3cr" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if seen[0].Text != concealed || seen[0].Error != "x "+concealed {
		t.Errorf("event %+v", seen[0])
	}
}
