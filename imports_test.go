package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is the direction of dependencies (docs/architecture.md): for each
// package of gobuild those of its own that it may import. A package that is
// not listed here may not exist.
var allowed = map[string][]string{
	".":                  {"buildout/cli", "recipes"},
	"bench/instances":    {},
	"bench/reliability":  {},
	"buildout":           {"buildout/cfg", "buildout/diag", "buildout/event", "buildout/history", "buildout/plan", "buildout/profile", "buildout/sched", "parts", "parts/bom", "parts/compare", "parts/disk", "parts/eggs", "parts/elf", "parts/fetch", "parts/jobs", "parts/manifest", "parts/pack", "parts/relocate", "parts/pure", "parts/run", "parts/state", "parts/store"},
	"buildout/cfg":       {"buildout/diag"},
	"buildout/cli":       {"buildout", "buildout/cfg", "buildout/condition", "buildout/coverage", "buildout/diag", "buildout/event", "buildout/explain", "buildout/history", "buildout/lint", "buildout/lsp", "buildout/plan", "buildout/profile", "buildout/settings", "buildout/ui", "parts", "parts/authority", "parts/bom", "parts/compare", "parts/disk", "parts/elf", "parts/fetch", "parts/jobs", "parts/mariadb", "parts/pack", "parts/promise", "parts/pure", "parts/run", "parts/schema", "parts/service", "parts/slap", "parts/state", "parts/supervise"},
	"buildout/condition": {"parts/literal", "parts/pep"},
	"buildout/coverage":  {"buildout/cfg", "buildout/diag", "buildout/profile", "parts"},
	"buildout/diag":      {},
	"buildout/event":     {},
	"buildout/explain":   {"buildout/cfg", "buildout/diag", "buildout/plan", "buildout/profile"},
	"buildout/history":   {"buildout/diag", "buildout/event", "buildout/plan", "parts", "parts/disk", "parts/manifest", "parts/state", "parts/store"},
	"buildout/lint":      {"buildout/cfg", "buildout/condition", "buildout/diag", "buildout/plan", "buildout/profile", "parts"},
	"buildout/lsp":       {"buildout/cfg", "buildout/diag", "buildout/plan", "buildout/profile", "parts", "parts/store"},
	"buildout/plan":      {"buildout/cfg", "buildout/diag", "buildout/event", "buildout/profile", "parts", "parts/literal", "parts/manifest"},
	"buildout/profile":   {"buildout/cfg", "buildout/diag"},
	"bench/simulate":     {"buildout/sched"},
	"buildout/sched":     {},
	"buildout/settings":  {"buildout/diag"},
	"buildout/ui":        {"buildout/diag", "buildout/event"},
	"parts":              {"buildout/diag", "buildout/event"},
	"parts/authority":    {},
	"parts/bom":          {"parts", "parts/fetch", "parts/manifest"},
	"parts/fetch":        {"buildout/diag", "buildout/event", "parts"},
	"parts/manifest":     {"parts"},
	"parts/jobs":         {"parts/run"},
	"parts/mariadb":      {"buildout/diag"},
	"parts/partstest":    {"buildout/diag", "buildout/event", "parts", "parts/run", "parts/store"},
	"parts/relocate":     {},
	"parts/literal":      {},
	"parts/pep":          {"parts/literal"},
	"parts/eggs":         {"buildout/diag", "parts", "parts/literal", "parts/pep", "parts/run"},
	"parts/pack":         {"buildout/diag", "parts", "parts/disk", "parts/manifest", "parts/relocate", "parts/state"},
	"parts/promise":      {"parts", "parts/literal", "parts/run"},
	"parts/pure":         {"parts/run"},
	"parts/run":          {"buildout/diag", "buildout/event", "parts"},
	"parts/compare":      {},
	"parts/disk":         {},
	"parts/elf":          {},
	"parts/schema":       {"parts/literal", "parts/slap"},
	"parts/slap":         {"buildout/diag"},
	"parts/supervise":    {"buildout/diag"},
	"parts/state":        {"buildout/diag", "buildout/event", "parts", "parts/disk"},
	"parts/service":      {"buildout/diag", "buildout/event", "parts", "parts/run"},
	"parts/store":        {"buildout/diag", "buildout/event", "parts", "parts/disk"},
	"recipes":            {"buildout/diag", "buildout/event", "parts", "parts/authority", "parts/eggs", "parts/fetch", "parts/jobs", "parts/literal", "parts/mariadb", "parts/pep", "parts/promise", "parts/run", "parts/schema", "parts/service", "parts/slap", "parts/store", "recipes/bridge", "recipes/jinja2"},
	"recipes/bridge":     {"buildout/diag", "buildout/event", "parts", "parts/eggs", "parts/run"},
	"recipes/jinja2":     {"buildout/diag", "parts/literal"},
}

// home names the packages that alone may import a module.
var home = map[string][]string{
	"github.com/spf13/cobra":               {"buildout/cli"},
	"github.com/spf13/pflag":               {"buildout/cli"},
	"github.com/hashicorp/go-getter":       {"parts/fetch"},
	"github.com/schollz/progressbar":       {"buildout/ui"},
	"gopkg.in/ini.v1":                      {"buildout/settings"},
	"go.starlark.net":                      {"buildout/condition", "recipes/jinja2"},
	"github.com/gofrs/flock":               {"parts/store"},
	"golang.org/x/sys":                     {"parts/disk", "parts/pure"},
	"github.com/klauspost/compress":        {"parts/fetch", "parts/bom", "parts/pack", "parts/relocate"},
	"github.com/ulikunitz/xz":              {"parts/fetch", "parts/relocate"},
	"github.com/sorairolake/lzip-go":       {"parts/fetch"},
	"github.com/google/renameio":           {"recipes"},
	"github.com/GehirnInc/crypt":           {"recipes"},
	"golang.org/x/crypto":                  {"recipes"},
	"golang.org/x/term":                    {"buildout/ui"},
	"github.com/CycloneDX/cyclonedx-go":    {"parts/bom"},
	"github.com/spdx/tools-golang":         {"parts/bom"},
	"github.com/google/licenseclassifier":  {"parts/bom"},
	"github.com/package-url/packageurl-go": {"parts/bom"},
	"github.com/rogpeppe/go-internal":      {}, // tests only
}

// TestImports parses the files itself: a test that asked the go command would
// stay cached after a violation elsewhere.
func TestImports(t *testing.T) {
	for path, imports := range sourceImports(t) {
		pkg := filepath.ToSlash(filepath.Dir(path))
		known, ok := allowed[pkg]
		if !ok {
			t.Errorf("%s: package %s is not in the table of imports_test.go", path, pkg)
			continue
		}
		for _, i := range imports {
			checkImport(t, path, pkg, i, known)
		}
	}
}

func checkImport(t *testing.T, path, pkg, imported string, known []string) {
	t.Helper()
	if own, ok := strings.CutPrefix(imported, "gobuild/"); ok && !slices.Contains(known, own) {
		t.Errorf("%s: package %s may not import %s", path, pkg, own)
	}
	for module, homes := range home {
		if (imported == module || strings.HasPrefix(imported, module+"/")) && !slices.Contains(homes, pkg) {
			t.Errorf("%s: package %s may not import %s", path, pkg, imported)
		}
	}
	if strings.Contains(imported, ".") && !strings.HasPrefix(imported, "gobuild/") && !hasHome(imported) {
		t.Errorf("%s: module of %s is not in the table of imports_test.go", path, imported)
	}
}

func hasHome(imported string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(home)), func(module string) bool {
		return imported == module || strings.HasPrefix(imported, module+"/")
	})
}

// sourceImports returns the imports of all files that are no tests.
func sourceImports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		all[path] = []string{}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			all[path] = append(all[path], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
