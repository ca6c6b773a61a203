package eggs

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts/pep"
)

// maxMetadata limits what is read of one file of metadata.
const maxMetadata = 16 << 20

func canonical(name string) string { return pep.Canonical(name) }

// readDist reads the metadata of a distribution: info is a directory .dist-info,
// .egg-info or EGG-INFO, or a file .egg-info.
func readDist(info string) (*Dist, error) {
	d := &Dist{EntryPoints: map[string][]EntryPoint{}, Scripts: map[string]string{}}
	text, err := readInfo(info)
	if err != nil {
		return nil, err
	}
	fields := headers(text)
	d.Name, d.Version = first(fields["name"]), first(fields["version"])
	if d.Name == "" || d.Version == "" {
		return nil, errors.New(info + ": no name and version in the metadata")
	}
	d.Requires, d.Extras = fields["requires-dist"], fields["provides-extra"]
	if text, err := os.ReadFile(filepath.Join(info, "requires.txt")); err == nil && len(d.Requires) == 0 {
		d.Requires, d.Extras = eggRequires(string(text))
	}
	if text, err := os.ReadFile(filepath.Join(info, "entry_points.txt")); err == nil {
		d.EntryPoints = entryPoints(string(text))
	}
	if text, err := os.ReadFile(filepath.Join(info, "namespace_packages.txt")); err == nil {
		d.namespaces = strings.Fields(string(text))
	}
	d.readScripts(filepath.Join(info, "scripts"))
	return d, nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (d *Dist) readScripts(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(strings.ToLower(e.Name()), ".exe") {
			d.Scripts[e.Name()] = filepath.Join(dir, e.Name())
		}
	}
}

// readInfo reads the file with the headers.
func readInfo(info string) ([]byte, error) {
	if stat, err := os.Stat(info); err != nil || !stat.IsDir() {
		return readLimited(info)
	}
	for _, name := range []string{"METADATA", "PKG-INFO"} {
		text, err := readLimited(filepath.Join(info, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: filepath.Join(info, "METADATA"), Err: fs.ErrNotExist}
}

func readLimited(path string) ([]byte, error) {
	stat, err := os.Stat(path)
	if err == nil && (stat.Size() > maxMetadata || !stat.Mode().IsRegular()) {
		err = errors.New(path + ": not a file of metadata")
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// headers reads the headers of a message, up to the first blank line, by their
// names in lower case.
func headers(text []byte) map[string][]string {
	fields := map[string][]string{}
	last := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxMetadata)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if list := fields[last]; len(list) > 0 {
				list[len(list)-1] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if last = strings.ToLower(strings.TrimSpace(name)); ok {
			fields[last] = append(fields[last], strings.TrimSpace(value))
		}
	}
	return fields
}

// eggRequires reads requires.txt, where a section [EXTRA:MARKER] says when its
// requirements count, as requirements with markers.
func eggRequires(text string) (requires, extras []string) {
	marker := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			extra, condition, _ := strings.Cut(strings.Trim(line, "[]"), ":")
			marker = condition
			if extra != "" {
				if !slices.Contains(extras, extra) {
					extras = append(extras, extra)
				}
				marker = `extra == "` + extra + `"`
				if condition != "" {
					marker = "(" + condition + ") and " + marker
				}
			}
		case marker != "":
			requires = append(requires, line+" ; "+marker)
		default:
			requires = append(requires, line)
		}
	}
	return requires, extras
}

// entryPoints reads entry_points.txt.
func entryPoints(text string) map[string][]EntryPoint {
	groups := map[string][]EntryPoint{}
	group := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			group = strings.TrimSpace(strings.Trim(line, "[]"))
		default:
			name, value, ok := strings.Cut(line, "=")
			value, _, _ = strings.Cut(value, "[")
			module, attr, _ := strings.Cut(value, ":")
			if ok && group != "" {
				groups[group] = append(groups[group], EntryPoint{strings.TrimSpace(name), strings.TrimSpace(module), strings.TrimSpace(attr)})
			}
		}
	}
	return groups
}

// infoIn returns the metadata within a directory: of the distribution key, or of
// the only one when key is "".
func infoIn(dir, key string) string {
	if info := filepath.Join(dir, "EGG-INFO"); isFile(filepath.Join(info, "PKG-INFO")) || isFile(filepath.Join(info, "METADATA")) {
		return info
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if ext != ".dist-info" && ext != ".egg-info" {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(e.Name(), ext), "-")
		if key == "" || canonical(name) == key {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// PthPaths returns the directories that the .pth files of a directory name.
func PthPaths(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(globQuote(dir), "*.pth"))
	var paths []string
	for _, file := range files {
		text, err := readLimited(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || strings.HasPrefix(line, "import ") {
				continue
			}
			if !filepath.IsAbs(line) {
				line = filepath.Join(dir, line)
			}
			if !slices.Contains(paths, line) {
				paths = append(paths, filepath.Clean(line))
			}
		}
	}
	return paths
}

// globQuote makes a path stand for itself in a pattern.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
