package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// The limits of the style guide, in lines.
const (
	maxFunction = 60
	maxFile     = 500
)

// longer lists what may be longer, with the reason.
var longer = map[string]string{}

// TestSizes measures functions and files.
func TestSizes(t *testing.T) {
	used := map[string]bool{}
	check := func(name string, lines, limit int) {
		if lines <= limit {
			return
		}
		if _, ok := longer[name]; ok {
			used[name] = true
			return
		}
		t.Errorf("%s has %d lines, limit %d", name, lines, limit)
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		check(path, fset.File(f.Pos()).LineCount(), maxFile)
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
				from, to := fset.Position(fn.Pos()).Line, fset.Position(fn.End()).Line
				check(path+":"+fn.Name.Name, to-from+1, maxFunction)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range longer {
		if !used[name] {
			t.Errorf("%s is an exception that nothing needs any more", name)
		}
	}
}
