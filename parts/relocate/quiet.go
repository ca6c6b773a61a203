package relocate

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// sources are the ends of the names of sources, which compilers put into
// messages (__FILE__).
var sources = []string{".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".y", ".l", ".s", ".S", ".rs", ".go", ".ml", ".f", ".f90", ".vala", ".pyx"}

// maxName is how long the rest of a path behind a prefix may be.
const maxName = 4096

// quietNames marks the sites that name a source or a build directory: these
// are for messages only, and were gone before anything moved.
func quietNames(content []byte, sites []Site) {
	for i, s := range sites {
		rest := content[s.end():min(s.end()+maxName, int64(len(content)))]
		end := bytes.IndexFunc(rest, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"':;,()`, r) })
		if end >= 0 {
			rest = rest[:end]
		}
		name := string(rest)
		if slices.Contains(sources, path.Ext(name)) || name == buildDirectory || strings.HasPrefix(name, buildDirectory+"/") {
			sites[i].Quiet = true
		}
	}
}

// buildDirectory is where a part is built, within its location.
const buildDirectory = "/.build"

// quietTerminfo marks the sites of a terminfo entry: its description.
func quietTerminfo(name string, content []byte, sites []Site) {
	if !strings.Contains("/"+name, "/terminfo/") || !bytes.HasPrefix(content, []byte("\x1a\x01")) && !bytes.HasPrefix(content, []byte("\x1e\x02")) {
		return
	}
	for i := range sites {
		sites[i].Quiet = true
	}
}

// linked reports whether a file is only read by linkers.
func (f *Fact) linked() bool {
	return strings.HasSuffix(f.Path, ".a") || strings.HasSuffix(f.Path, ".o")
}

// lenient reports whether a site may keep an old name.
func (m *Mover) lenient(f *Fact, s Site) bool {
	return s.Quiet || f.linked() || m.covered[m.facts.File(f)]
}
