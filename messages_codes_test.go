package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// codeUses finds the codes of diagnostics in the sources of the module: the
// argument of each parameter named code, each field Code of a composite
// literal, and each field code of a table. What is no literal and no constant
// must itself be such a parameter or field.
type codeUses struct {
	t     *testing.T
	fset  *token.FileSet
	files map[string][]*ast.File // by package directory
	at    map[string][]string    // places, by code
	maker map[string]int         // "dir.Func": index of the parameter code
	other map[string]bool        // "dir.Func" of functions without one
	named map[string]string      // "dir.Const": text of string constants
}

// usedCodes returns the places of each code, by code.
func usedCodes(t *testing.T) map[string][]string {
	t.Helper()
	u := &codeUses{t: t, fset: token.NewFileSet(), files: map[string][]*ast.File{}, at: map[string][]string{},
		maker: map[string]int{}, other: map[string]bool{}, named: map[string]string{}}
	u.parse()
	u.each(u.declare)
	u.each(u.find)
	return u.at
}

// parse reads all sources that are no tests and no stand-ins for tests. The
// problems of parts/relocate have codes of their own, which parts/pack puts into
// diagnostics.
func (u *codeUses) parse() {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"testdata", "bench", "build", ".git", "parts/partstest", "parts/relocate"}, path) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(u.fset, path, nil, parser.SkipObjectResolution)
		dir := filepath.ToSlash(filepath.Dir(path))
		u.files[dir] = append(u.files[dir], f)
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
}

func (u *codeUses) each(visit func(dir string, n ast.Node)) {
	for dir, files := range u.files {
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				visit(dir, n)
				return true
			})
		}
	}
}

// declare notes functions with a parameter code, and constants.
func (u *codeUses) declare(dir string, n ast.Node) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if i := parameter(n.Type, "code"); i >= 0 {
			u.maker[dir+"."+n.Name.Name] = i
		} else {
			u.other[dir+"."+n.Name.Name] = true
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) {
				if text, ok := stringLiteral(n.Values[i]); ok {
					u.named[dir+"."+name.Name] = text
				}
			}
		}
	}
}

// parameter returns the index of a string parameter, or -1.
func parameter(f *ast.FuncType, name string) int {
	i := 0
	for _, field := range f.Params.List {
		kind, _ := field.Type.(*ast.Ident)
		for _, n := range field.Names {
			if n.Name == name && kind != nil && kind.Name == "string" {
				return i
			}
			i++
		}
	}
	return -1
}

// find notes the codes that a node holds.
func (u *codeUses) find(dir string, n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := u.callee(dir, n.Fun)
		if i, ok := u.maker[name]; ok && i < len(n.Args) {
			u.note(dir, n.Args[i], u.other[name])
		}
	case *ast.CompositeLit:
		u.literal(dir, n)
	}
}

// callee returns the key in maker of the function that a call names. Methods
// are told apart by package and name alone.
func (u *codeUses) callee(dir string, fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return dir + "." + fun.Name
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok && x.Name == "diag" {
			return "buildout/diag." + fun.Sel.Name
		}
		return dir + "." + fun.Sel.Name
	}
	return ""
}

// literal notes fields Code of diagnostics, and fields code of the rows of a
// table.
func (u *codeUses) literal(dir string, n *ast.CompositeLit) {
	if array, ok := n.Type.(*ast.ArrayType); ok {
		if row, ok := array.Elt.(*ast.StructType); ok {
			u.table(dir, n, parameter(&ast.FuncType{Params: row.Fields}, "code"))
		}
		return
	}
	if kind := typeName(n.Type); kind != "Diagnostic" && kind != "Rule" && kind != "message" {
		return
	}
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Code" {
				u.note(dir, kv.Value, false)
			}
		}
	}
}

// typeName returns the name of a type without its package. The elements of a
// diag.List have no type of their own.
func typeName(t ast.Expr) string {
	switch t := t.(type) {
	case nil:
		return "Diagnostic"
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		return t.Sel.Name
	}
	return ""
}

func (u *codeUses) table(dir string, n *ast.CompositeLit, field int) {
	for _, e := range n.Elts {
		if row, ok := e.(*ast.CompositeLit); ok && field >= 0 && field < len(row.Elts) {
			u.note(dir, row.Elts[field], false)
		}
	}
}

// note notes the code that an expression stands for. When it is unsure whether
// the expression is a code at all, what is none is passed over.
func (u *codeUses) note(dir string, e ast.Expr, unsure bool) {
	where := u.fset.Position(e.Pos()).String()
	if text, ok := stringLiteral(e); ok {
		if text != "" {
			u.at[text] = append(u.at[text], where)
		}
		return
	}
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		name = e.Sel.Name
	}
	if text, ok := u.named[dir+"."+name]; ok {
		u.at[text] = append(u.at[text], where)
		return
	}
	if !unsure && !slices.Contains([]string{"code", "Code", "rule"}, name) {
		u.t.Errorf("%s: a code must be a literal, a constant, or passed on as a parameter or field code", where)
	}
}

func stringLiteral(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
