package elf

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// benchTree is a part like those of a real stack: many small files, and some
// large ELF files.
func benchTree(b *testing.B) Input {
	b.Helper()
	dir := b.TempDir()
	text := strings.Repeat("text of a file that nobody runs\n", 200)
	for i := range 3000 {
		put(b, fmt.Sprintf("%s/share/%d/file%d.txt", dir, i%50, i), text, 0o644)
	}
	constants := strings.Repeat("constants of a program\x00", 20000) + "\x00libx.so.1\x00"
	for i := range 100 {
		putELF(b, fmt.Sprintf("%s/lib/lib%d.so.1", dir, i), made{soname: fmt.Sprintf("lib%d.so.1", i), runpath: "$ORIGIN",
			needed: []string{fmt.Sprintf("lib%d.so.1", (i+1)%100), "libc.so.6"}, imports: []imported{{"dlopen", "libc.so.6", "GLIBC_2.34"}}, text: constants})
	}
	return Input{Parts: []Part{{Name: "p", Roots: []string{dir}}}}
}

func BenchmarkAudit(b *testing.B) {
	in := benchTree(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Audit(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MB")
}

// BenchmarkCat reads the same files as cat does: what BenchmarkAudit is
// compared with.
func BenchmarkCat(b *testing.B) {
	dir := benchTree(b).Parts[0].Roots[0]
	buffer := make([]byte, 128<<10)
	for b.Loop() {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buffer)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
