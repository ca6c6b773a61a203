package recipes

import (
	"path/filepath"
	"strings"

	"gobuild/parts/literal"
)

// eggHead is the first line of a script.
func eggHead(python string) string { return "#!" + python + "\n" }

// eggPath is how a script finds its eggs.
type eggPath struct {
	setup string // code that must run before
	list  string // the list of paths, as Python
}

// newEggPath writes paths down for a script: relative to the directory common,
// or absolute when it is "".
func newEggPath(script string, path []string, common string) eggPath {
	var words []string
	for _, p := range path {
		if common == "" {
			words = append(words, literal.Quote(p))
		} else {
			words = append(words, eggRelativePath(p, script, common))
		}
	}
	list := "[\n  " + strings.Join(words, ",\n  ") + ",\n  ]"
	if len(words) == 0 {
		list = "[\n  ]"
	}
	if common == "" {
		return eggPath{list: list}
	}
	setup := "\nimport os\n\njoin = os.path.join\nbase = os.path.dirname(os.path.abspath(os.path.realpath(__file__)))\n"
	return eggPath{setup + strings.Repeat("base = os.path.dirname(base)\n", eggDepth(common, script)), list}
}

// eggDepth is how many directories are between a script and common.
func eggDepth(common, script string) int {
	depth := 0
	for dir := filepath.Dir(script); dir != common && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		depth++
	}
	return depth
}

// eggRelativePath is a path as Python: below common it is relative to it.
func eggRelativePath(path, script, common string) string {
	if path == common {
		return "base"
	}
	inCommon := func(p string) bool { return strings.HasPrefix(p, common+"/") }
	if !inCommon(path) || !inCommon(script) {
		return literal.Quote(path)
	}
	rel, err := filepath.Rel(common, path)
	if err != nil {
		return literal.Quote(path)
	}
	return "join(base, " + literal.Quote(rel) + ")"
}
