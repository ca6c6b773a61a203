package recipes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/google/renameio/v2"

	"gobuild/parts"
)

// The modes that the recipes of slapos.cookbook give to what they write
// (SPEC-recipes 13.0). The umask does not apply.
const (
	cookbookFile   = 0o600
	cookbookScript = 0o700
)

// cookbookTrue are the words for true in options of slapos.cookbook.
var cookbookTrue = []string{"y", "yes", "1", "true"}

// cookbookRecord are the options that the engine gives every section: recipes
// that take all options of theirs as data leave them out.
var cookbookRecord = []string{"recipe", "_profile_base_location_", "_buildout_section_name_", "<part-dependencies>"}

// cookbookData returns the names of the options that are data.
func cookbookData(o parts.Options, but ...string) []string {
	return slices.DeleteFunc(o.Keys(), func(key string) bool {
		return slices.Contains(cookbookRecord, key) || slices.Contains(but, key)
	})
}

// cookbookWrite is a file that a recipe writes at its installation and again at
// every update.
type cookbookWrite struct {
	at   place // of the option that names it
	path string
	text string
	mode os.FileMode
	// plain says that the file is written as a new one with mode 0666 less the
	// umask: its recipe does not ask for a mode.
	plain bool
	// asGiven says that the path is recorded as the profile writes it, as those of
	// plain ones are; others are recorded as absolute paths.
	asGiven bool
	// program says that the file is a script that others may run: 0777 less the
	// umask.
	program bool
	// launch are the words behind `gobuild` in a script that runs it; nil means
	// text.
	launch []string
}

// cookbookAction writes files.
type cookbookAction []cookbookWrite

// Run writes the files. Their directories must exist.
func (a cookbookAction) Run(_ context.Context, w *parts.Work) error {
	for _, f := range a {
		if err := f.write(w); err != nil {
			return f.at.wrap(err)
		}
	}
	return nil
}

// Update writes the files again where they differ.
func (a cookbookAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

func (f cookbookWrite) write(w *parts.Work) error {
	path := workPath(w, f.path)
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mode, owned := f.mode, path
	if f.plain || f.asGiven {
		owned = f.path
	}
	w.Own(owned)
	if f.launch != nil {
		f.text = cookbookExec(append([]string{w.Launcher}, f.launch...)...)
	}
	switch {
	case f.program:
		mode = umasked(w, 0o777)
	case f.plain:
		mode = umasked(w, 0o666)
		if info, same := fileHolds(path, []byte(f.text)); same {
			mode = info.Mode().Perm()
		}
	}
	return placeFile(path, []byte(f.text), mode)
}

// cookbookLink is a link that a recipe makes. What is no link is not replaced.
type cookbookLink struct {
	at           place // of the option that names it
	path, target string
}

// make makes the link anew.
func (l cookbookLink) make(w *parts.Work) error {
	path := workPath(w, l.path)
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().Type() != fs.ModeSymlink:
		return l.at.fail(codeFile, "'%s' file should be a symbolic link.", l.path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return l.at.wrap(err)
	}
	w.Own(l.path)
	if old, err := os.Readlink(path); err == nil && old == l.target {
		return nil
	}
	return l.at.wrap(renameio.Symlink(l.target, path))
}

// cookbookExec is the script that runs a program with fixed words, as the
// recipe wrapper writes it.
func cookbookExec(words ...string) string { return wrapperScript{words: words}.text("") }

// requireAll returns the values of options that must be there.
func requireAll(o parts.Options, keys ...string) (map[string]string, error) {
	values := map[string]string{}
	for _, key := range keys {
		value, err := requireOption(o, key)
		if err != nil {
			return nil, err
		}
		values[key] = value
	}
	return values, nil
}

// cookbookJoin is the path of name in dir, as Python joins them.
func cookbookJoin(dir, name string) string {
	if strings.HasPrefix(name, "/") || dir == "" {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// nothing is an action without work: the recipe only computes options.
type nothing struct{}

// Run does nothing.
func (nothing) Run(context.Context, *parts.Work) error { return nil }

// inBuildout returns a path that Prepare looks at: a relative one counts from
// the buildout directory.
func inBuildout(ctx context.Context, o parts.Options, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if buildout, err := o.Section(ctx, "buildout"); err == nil {
		return filepath.Join(optionText(buildout, "directory"), path)
	}
	return path
}

// lastComponent is what stands behind the last slash.
func lastComponent(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// jsonObject is a JSON object as Python writes it with an indentation of 2 and
// sorted names.
func jsonObject(values map[string]string) string {
	if len(values) == 0 {
		return "{}"
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, "  "+jsonString(key)+": "+jsonString(values[key]))
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}

// jsonString is a JSON string as Python writes it: in ASCII.
func jsonString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		if named := strings.IndexRune("\"\\\n\r\t\b\f", c); named >= 0 {
			b.WriteString(`\` + `"\nrtbf`[named:named+1])
			continue
		}
		if c >= ' ' && c < 0x7f {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// recordedOption is the value of an option of a part in the record of an earlier
// run, or "".
func recordedOption(o parts.Options, part, key string) string {
	if p, ok := o.(parts.Profile); ok {
		r, _ := p.Recorded(part)
		return r.Options[key]
	}
	return ""
}

// claim reserves something for a section in this run.
func claim(o parts.Options, what string) bool {
	p, ok := o.(parts.Profile)
	return !ok || p.Claim(what)
}

// optionInt reads a whole number.
func optionInt(o parts.Options, key string, def int) (int, error) {
	text, _, ok := o.Lookup(key)
	if !ok {
		return def, nil
	}
	if value, err := pythonValue(text); err == nil { // templates write numbers so
		text = pythonStr(value)
	}
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(text), "_", ""))
	if err != nil {
		return 0, optionError(o, key, codeBadValue, "%q is no whole number", text)
	}
	return n, nil
}

// pythonObject is a JSON object as Python writes it in one line, with sorted
// names.
func pythonObject(values map[string]string) string {
	var items []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		items = append(items, jsonString(key)+": "+jsonString(values[key]))
	}
	return "{" + strings.Join(items, ", ") + "}"
}
