//go:build ignore

// Gen_corpus writes corpus.tar.zst: the licence texts of the module
// github.com/google/licenseclassifier/v2, and those of the directory texts that
// it does not have. Run it by `go generate`, with the program zstd in PATH.
package main

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const module = "github.com/google/licenseclassifier/v2"

func main() {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	check(err)
	root := strings.TrimSpace(string(dir))
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	// The licence of the collection goes with it.
	add(w, "LICENSE", filepath.Join(root, "LICENSE"))
	assets := os.DirFS(filepath.Join(root, "assets"))
	check(fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.Count(name, "/") == 2 && !d.IsDir() {
			add(w, name, filepath.Join(root, "assets", name))
		}
		return err
	}))
	own, err := filepath.Glob("texts/*.txt")
	check(err)
	for _, name := range own {
		add(w, path.Join("License", strings.TrimSuffix(filepath.Base(name), ".txt"), "text.txt"), name)
	}
	check(w.Close())
	pack := exec.Command("zstd", "-q", "--ultra", "-22", "--long=24", "-c")
	pack.Stdin = &out
	packed, err := pack.Output()
	check(err)
	check(os.WriteFile("corpus.tar.zst", packed, 0o666))
}

func add(w *tar.Writer, name, file string) {
	text, err := os.ReadFile(file)
	check(err)
	check(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}))
	_, err = w.Write(text)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
