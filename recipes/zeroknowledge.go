package recipes

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/literal"
)

func zeroknowledgeReadSpec() parts.Spec {
	spec := zeroknowledgeSpec("zeroknowledge-read", "slapos.cookbook:zero-knowledge.read", zeroknowledgeReadRecipe{})
	spec.Doc = `Reads values that the user has changed in an INI file: each becomes an option of the part.

All sections of the file are read, the last one that has a name counts. A file that
does not exist leaves the options as they are.`
	return spec
}

func zeroknowledgeWriteSpec() parts.Spec {
	spec := zeroknowledgeSpec("zeroknowledge-write", "slapos.cookbook:zero-knowledge.write", zeroknowledgeWriteRecipe{})
	spec.Doc = `Writes its options into an INI file where the user may change them, in the section of its name.

What the file has already is left as it is. The file stays when the part is removed.`
	return spec
}

func zeroknowledgeSpec(short, name string, r parts.Recipe) parts.Spec {
	return parts.Spec{
		Names: []string{short, name}, Open: true, Recipe: r,
		Options: []parts.OptionSpec{
			{Name: "filename", Doc: "The file, in the buildout directory."},
			{Name: "file-path", Doc: "The path of the file. Required without filename."},
		},
	}
}

// zeroknowledgePath returns the path of the file and the option that names it.
func zeroknowledgePath(ctx context.Context, o parts.Options) (path, key string, err error) {
	name, path := strings.TrimSpace(optionText(o, "filename")), strings.TrimSpace(optionText(o, "file-path"))
	switch {
	case name != "":
		return inBuildout(ctx, o, name), "filename", nil
	case path != "":
		return inBuildout(ctx, o, path), "file-path", nil
	}
	at := place{o.Header(), []string{o.Name()}}
	return "", "", at.fail(codeMissingOption, `You have to provide the parameter either "filename" or "file-path"`)
}

type zeroknowledgeReadRecipe struct{}

// Prepare reads the file. SPEC-recipes 13.2.
func (zeroknowledgeReadRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, key, err := zeroknowledgePath(ctx, o)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nothing{}, nil
	}
	if err != nil {
		return nil, optionPlace(o, key).wrap(err)
	}
	file, err := parseIni(string(text))
	if err != nil {
		return nil, zeroknowledgeFailed(o, key, path, err)
	}
	for _, section := range file.sections {
		values, err := file.values(section)
		if err != nil {
			return nil, zeroknowledgeFailed(o, key, path, err)
		}
		for _, v := range values {
			o.Set(v.key, v.value)
		}
	}
	return nothing{}, nil
}

// zeroknowledgeFailed says what is wrong in the file.
func zeroknowledgeFailed(o parts.Options, key, path string, err error) *diag.Diagnostic {
	return optionError(o, key, codeFile, "%s: %v", path, err)
}

type zeroknowledgeWriteRecipe struct{}

// zeroknowledgeAction adds to the file.
type zeroknowledgeAction struct {
	at      place
	path    string
	section iniSection
}

// Prepare reads the options. SPEC-recipes 13.2.
func (zeroknowledgeWriteRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, key, err := zeroknowledgePath(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &zeroknowledgeAction{at: optionPlace(o, key), path: path, section: iniSection{name: o.Name()}}
	for _, name := range inProfileOrder(o, cookbookData(o, key)) {
		value := optionText(o, name)
		if !iniIsValue(value) {
			return nil, optionError(o, name, codeBadValue, "invalid interpolation syntax in %s", literal.Quote(value)).WithHint("write %%%% for a percent sign")
		}
		a.section.set(strings.ToLower(name), value)
	}
	return a, nil
}

// inProfileOrder sorts options as they stand in the profile; those of other files
// come after those of the first, by name.
func inProfileOrder(o parts.Options, keys []string) []string {
	place := func(key string) (string, int) {
		_, at, _ := o.Lookup(key)
		if !at.IsValid() {
			return "", 0
		}
		return at.From.Src.Name, at.From.Offset
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		fileA, offsetA := place(a)
		fileB, offsetB := place(b)
		return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(offsetA, offsetB), cmp.Compare(a, b))
	})
	return keys
}

// Run adds what is missing.
func (a *zeroknowledgeAction) Run(_ context.Context, w *parts.Work) error {
	path := workPath(w, a.path)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return a.at.wrap(err)
	}
	file, err := parseIni(string(text))
	if err != nil {
		return a.at.fail(codeFile, "%s: %v", path, err)
	}
	if !file.add(a.section) {
		return nil
	}
	mode := umasked(w, 0o666)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return a.at.wrap(writeFile(path, []byte(file.text()), mode))
}

// Update does the same.
func (a *zeroknowledgeAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
