package recipes

import (
	"context"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/recipes/jinja2"
)

// jinjaLine is a line KIND NAME EXPRESSION of an option.
type jinjaLine struct {
	place
	kind, name, expression string
}

// jinjaLines reads the lines of an option.
func jinjaLines(o parts.Options, key string) ([]jinjaLine, error) {
	var list []jinjaLine
	for line := range strings.SplitSeq(optionText(o, key), "\n") {
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			continue
		}
		at := optionPlace(o, key).find(strings.TrimSpace(line))
		kind, rest := cutField(line)
		name, expression := cutField(rest)
		if expression == "" {
			return nil, at.fail(codeBadValue, "%q has too few fields: write KIND NAME EXPRESSION", strings.TrimSpace(line))
		}
		list = append(list, jinjaLine{at, kind, name, expression})
	}
	return list, nil
}

// cutField cuts the first word off a text.
func cutField(text string) (field, rest string) {
	text = strings.TrimLeft(text, " \t")
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimLeft(text[end:], " \t")
}

// readContext reads what the template sees.
func (a *jinjaAction) readContext(ctx context.Context, o parts.Options) error {
	lines, err := jinjaLines(o, "context")
	if err != nil {
		return err
	}
	a.context = map[string]jinja2.Value{}
	for _, line := range lines {
		_, twice := a.context[line.name]
		if _, builtin := a.env.Globals[line.name]; builtin || twice {
			return line.fail(codeConflict, "Duplicate context entry '%s'", line.name)
		}
		value, err := a.value(ctx, o, line)
		if err != nil {
			return line.wrap(err)
		}
		a.context[line.name] = value
	}
	return nil
}

// value evaluates a line of context.
func (a *jinjaAction) value(ctx context.Context, o parts.Options, l jinjaLine) (jinja2.Value, error) {
	if l.kind == "import" {
		return a.importModule(ctx, o, l)
	}
	return l.value(ctx, o)
}

// value evaluates a line that needs nothing but the profile.
func (l jinjaLine) value(ctx context.Context, o parts.Options) (jinja2.Value, error) {
	switch l.kind {
	case "raw":
		return jinja2.Text(l.expression), nil
	case "key":
		text, err := l.option(ctx, o)
		if err != nil {
			return nil, err
		}
		return jinjaDecode(text)
	case "section":
		return l.section(ctx, o)
	case "json":
		return l.json(l.expression)
	case "jsonkey":
		text, err := l.option(ctx, o)
		if err != nil {
			return nil, err
		}
		return l.json(text)
	}
	return nil, l.fail(codeBadValue, "there is no kind '%s'", l.kind).WithHint("write raw, key, section, json, jsonkey or import")
}

func (l jinjaLine) json(text string) (jinja2.Value, error) {
	v, err := jinja2.ParseJSON(text)
	if err != nil {
		return nil, l.fail(codeBadValue, "%s is no JSON: %v", l.name, err)
	}
	return v, nil
}

// option reads the option that an expression names.
func (l jinjaLine) option(ctx context.Context, o parts.Options) (string, error) {
	section, key, ok := strings.Cut(l.expression, ":")
	if !ok || strings.Contains(key, ":") {
		return "", l.fail(codeBadValue, "%q does not name an option: write SECTION:OPTION", l.expression)
	}
	from := o
	if section != "" {
		var err error
		if from, err = o.Section(ctx, section); err != nil {
			return "", err
		}
	}
	text, _, ok := from.Lookup(key)
	if !ok {
		return "", l.fail(codeMissingOption, "Missing option: %s:%s", from.Name(), key).
			WithHint("%s", diag.MissingOption(from.Name(), key, from.Keys()))
	}
	return text, nil
}

// section reads all options of a section.
func (l jinjaLine) section(ctx context.Context, o parts.Options) (jinja2.Value, error) {
	from, err := o.Section(ctx, l.expression)
	if err != nil {
		return nil, err
	}
	var entries []jinja2.Entry
	for _, key := range from.Keys() {
		value, err := jinjaDecode(optionText(from, key))
		if err != nil {
			return nil, err
		}
		entries = append(entries, jinja2.Entry{Key: key, Value: value})
	}
	return jinja2.FromGo(entries)
}

// jinjaDecode returns the value that an option stands for: a text, or what the
// text after `!py!` says (SPEC-engine 5).
func jinjaDecode(text string) (jinja2.Value, error) {
	repr, ok := strings.CutPrefix(text, "!py!")
	if !ok {
		return jinja2.Text(text), nil
	}
	v, err := jinja2.ParseRepr(repr)
	if err != nil {
		return nil, diag.At(diag.Span{}, codeBadValue, "%s is no value of Python: %v", text, err)
	}
	return v, nil
}

// readImports reads the templates that can be imported.
func (a *jinjaAction) readImports(ctx context.Context, o parts.Options) error {
	lines, err := jinjaLines(o, "import-list")
	if err != nil || len(lines) == 0 {
		return err
	}
	l := &jinjaLoader{delimiter: "/", folders: map[string]bool{}, paths: map[string]string{}}
	if delimiter, _, ok := o.Lookup("import-delimiter"); ok && delimiter != "" {
		l.delimiter = delimiter
	}
	for _, line := range lines {
		if l.paths[line.name] != "" {
			return line.fail(codeConflict, "Duplicate import-list entry '%s'", line.name)
		}
		path := line.expression
		kind, raw := strings.CutPrefix(line.kind, "raw")
		if kind != "file" && kind != "folder" {
			return line.fail(codeBadValue, "there is no kind '%s'", line.kind).WithHint("write rawfile, rawfolder, file or folder")
		}
		if !raw {
			if path, err = line.option(ctx, o); err != nil {
				return line.wrap(err)
			}
		}
		if l.paths[line.name], err = absolutePath(ctx, o, path); err != nil {
			return line.wrap(err)
		}
		l.folders[line.name] = kind == "folder"
	}
	a.env.Loader = l
	return nil
}
