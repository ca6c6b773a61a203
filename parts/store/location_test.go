package store

import (
	"os"
	"path/filepath"
	"testing"

	"gobuild/parts"
)

func TestLocate(t *testing.T) {
	first, second, done := t.TempDir(), t.TempDir(), t.TempDir()
	const signature = `{}`
	tail := filepath.Join("foo", Digest(signature))
	write(t, filepath.Join(done, tail, SignatureFile), signature)
	absent := filepath.Join(first, "absent")
	private := parts.Location{Path: "/parts/foo"}
	for _, c := range []struct {
		name      string
		dirs      []string
		signature string
		want      parts.Location
	}{
		{"not shared", []string{done}, "", private},
		{"no list", nil, signature, private},
		{"blank lines", []string{" ", ""}, signature, private},
		{"absent directory", []string{absent}, signature, private},
		{"first writable", []string{absent, first + "//", second}, signature, parts.Location{Path: filepath.Join(first, tail), Signature: signature}},
		{"complete wins", []string{first, " " + done + " "}, signature, parts.Location{Path: filepath.Join(done, tail), Signature: signature}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Locate(c.dirs, "/parts", "foo", c.signature); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	if entries, _ := os.ReadDir(first); len(entries) != 0 {
		t.Errorf("Locate made %v", entries)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
