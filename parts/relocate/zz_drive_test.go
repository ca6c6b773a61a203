package relocate

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDrive(t *testing.T) {
	from, to, out := os.Getenv("RFROM"), os.Getenv("RTO"), os.Getenv("ROUT")
	if from == "" {
		t.Skip()
	}
	des, _ := os.ReadDir(from)
	in := Input{Prefixes: []Prefix{{from, RoleParts, "parts"}, {filepath.Dir(from), RoleBuildout, "buildout"}}}
	moves := []Move{{from, to}}
	for _, d := range des {
		if d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			in.Roots = append(in.Roots, Root{from + "/" + d.Name(), d.Name()})
			moves = append(moves, Move{from + "/" + d.Name(), to + "/" + d.Name()})
		}
	}
	moves = append(moves, Move{filepath.Dir(from), filepath.Dir(to)})
	start := time.Now()
	facts, err := Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("scan", time.Since(start), len(facts.Files))
	kinds := map[Kind]int{}
	for _, f := range facts.Files {
		kinds[f.Kind]++
	}
	j, _ := json.Marshal(facts)
	fmt.Println(kinds, "json", len(j))
	for i := range facts.Roots {
		var n []string
		for _, r := range facts.References(i) {
			n = append(n, facts.Prefixes[r].Name)
		}
		fmt.Println(facts.Prefixes[i].Name, n)
	}
	for _, p := range facts.Check(moves) {
		fmt.Println(p.Level, p.Code, p)
	}
	if os.Getenv("RLONG") != "" {
		fmt.Println(string(j))
	}
	if out == "" {
		return
	}
	m, err := NewMover(facts, moves)
	if err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	for i := 0; i < facts.Roots; i++ {
		root := facts.Prefixes[i]
		filepath.WalkDir(root.Path, func(p string, d fs.DirEntry, err error) error {
			rel := strings.TrimPrefix(strings.TrimPrefix(p, root.Path), "/")
			dst := join(out+"/"+root.Name, rel)
			if d.IsDir() {
				return os.MkdirAll(dst, 0o755)
			}
			var content []byte
			if d.Type() == fs.ModeSymlink {
				s, _ := os.Readlink(p)
				content = []byte(s)
			} else {
				content, _ = os.ReadFile(p)
			}
			if f := facts.Find(i, rel); f != nil {
				r, err := m.Rewrite(f, content)
				if err != nil {
					fmt.Println("ERR", err)
				} else {
					content = r.Content
				}
			}
			if d.Type() == fs.ModeSymlink {
				return os.Symlink(string(content), dst)
			}
			in, _ := d.Info()
			os.WriteFile(dst, content, 0o755)
			os.Chtimes(dst, in.ModTime(), in.ModTime())
			return os.Chmod(dst, in.Mode())
		})
	}
	fmt.Println("rewrite", time.Since(start))
}
