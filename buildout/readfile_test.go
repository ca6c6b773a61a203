package buildout

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestReadFile compares readFile with os.ReadFile.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "short": "x", "long": string(bytes.Repeat([]byte("0123456789"), 100_000))} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := readFile(path); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(text))
		}
	}
	for _, path := range []string{filepath.Join(dir, "none"), dir} {
		_, err := readFile(path)
		_, want := os.ReadFile(path)
		if err == nil || err.Error() != want.Error() || errors.Is(err, fs.ErrNotExist) != errors.Is(want, fs.ErrNotExist) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	// A file whose size is not known before.
	if got, err := readFile("/proc/self/status"); err == nil && !bytes.Contains(got, []byte("Name:")) {
		t.Errorf("/proc/self/status: %q", got)
	}
}
