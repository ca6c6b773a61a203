package bom

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	// maxFiles is how many licence files of a source are kept.
	maxFiles = 64
	// maxText is the size of the largest text that is kept.
	maxText = 512 << 10
	// maxEntries is how much of a directory is looked at.
	maxEntries = 10000
)

// licenseNames begin the names of licence files, in lower case.
var licenseNames = []string{"copying", "copyright", "license", "licence", "licensing", "notice", "unlicense", "patents"}

// codeEndings are those of files that are no texts, whatever their name.
var codeEndings = append([]string{".sh", ".html", ".htm", ".in", ".am", ".m4", ".pdf", ".png", ".svg", ".json", ".xml", ".yml", ".yaml",
	".cmake", ".o", ".gz", ".class", ".ts", ".cs", ".swift", ".tcl", ".lua", ".bat", ".po", ".mo", ".template"}, sourceEndings...)

// foreign are directories that hold what others have written.
var foreign = []string{"deps", "vendor", "third_party", "third-party", "thirdparty", "3rdparty", "external", "externals", "extern",
	"bundled", "contrib", "subprojects"}

// bundles are directories that may hold libraries by others, each in a
// directory.
var bundles = append([]string{"modules", "ext", "lib", "libs", "src"}, foreign...)

// aside are directories whose licences are not those of what is built.
var aside = []string{"test", "tests", "testsuite", "testdata", "t", "doc", "docs", "example", "examples", "sample", "samples", "m4",
	"build-aux", "debian", "cmake", "autom4te.cache", "node_modules", "benchmarks", "fuzz"}

func isAside(dir string) bool {
	return strings.HasPrefix(dir, ".") || slices.Contains(aside, strings.ToLower(dir))
}

func isForeign(dir string) bool { return slices.Contains(foreign, strings.ToLower(dir)) }

func isBundle(dir string) bool { return slices.Contains(bundles, strings.ToLower(dir)) }

// isLicenseName reports whether a file of this name is a licence file.
func isLicenseName(name string) bool {
	lower := strings.ToLower(name)
	if slices.Contains(codeEndings, path.Ext(lower)) {
		return false
	}
	return slices.ContainsFunc(licenseNames, func(begin string) bool {
		rest, ok := strings.CutPrefix(lower, begin)
		return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])) || isShort(rest))
	})
}

// isShort reports whether what follows the word in a name belongs to it:
// COPYING3, COPYINGv2, NOTICES, COPYRIGHTS.
func isShort(rest string) bool {
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "s"), "v")
	rest, _, _ = strings.Cut(rest, ".")
	return len(rest) <= 3 && strings.Trim(rest, "0123456789") == ""
}

// finder looks for licence files in an unpacked source.
type finder struct {
	root      *os.Root
	found     []LicenseFile
	texts     map[string][]byte // by sum
	truncated bool
}

// find looks at the top, at LICENSES and debian, one level below the top, and
// below directories that hold bundled libraries.
func (f *finder) find() {
	f.directory(".", false)
	f.all("LICENSES")
	f.file("debian/copyright", false)
	for _, sub := range readDir(f.root, ".") {
		if !sub.IsDir() || isAside(sub.Name()) || sub.Name() == "LICENSES" {
			continue
		}
		f.directory(sub.Name(), true)
		if !isBundle(sub.Name()) {
			continue
		}
		for _, library := range readDir(f.root, sub.Name()) {
			if library.IsDir() && !isAside(library.Name()) {
				f.directory(path.Join(sub.Name(), library.Name()), true)
			}
		}
	}
}

// directory takes the licence files of a directory.
func (f *finder) directory(dir string, bundled bool) {
	for _, e := range readDir(f.root, dir) {
		if e.Type().IsRegular() && isLicenseName(e.Name()) {
			f.file(path.Join(dir, e.Name()), bundled)
		}
	}
}

// all takes all files of a directory, as REUSE has them.
func (f *finder) all(dir string) {
	for _, e := range readDir(f.root, dir) {
		if e.Type().IsRegular() {
			f.file(path.Join(dir, e.Name()), false)
		}
	}
}

// file takes a regular file. A link is none: it may lead anywhere.
func (f *finder) file(name string, bundled bool) {
	info, err := f.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return
	}
	if len(f.found) >= maxFiles || info.Size() > maxText {
		f.truncated = true
		return
	}
	text, err := readAll(f.root, name)
	if err != nil {
		return
	}
	l := LicenseFile{Path: name, SHA256: sumOf(text), Size: int64(len(text)), Bundled: bundled}
	f.found = append(f.found, l)
	f.texts[l.SHA256] = text
}

func readAll(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxText))
}

// readDir returns the entries of a directory, sorted. What is no directory, or
// cannot be read, has none.
func readDir(root *os.Root, dir string) []fs.DirEntry {
	info, err := root.Lstat(dir)
	if err != nil || !info.IsDir() {
		return nil
	}
	file, err := root.Open(dir)
	if err != nil {
		return nil
	}
	defer file.Close()
	entries, err := file.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}
