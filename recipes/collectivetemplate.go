package recipes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

func collectivetemplateSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"collectivetemplate", "collective.recipe.template"},
		Doc: `Writes a file from a template; ${name} is an option of the section.

${section:option} and ${name} are substituted when the profile is evaluated.
There is no escape: $${name} gives a dollar sign and the value. Parent
directories of output that had to be made are removed when the part is
uninstalled. The file is written again when its content would differ.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "output", Required: true, Doc: "The file to write."},
			{Name: "input", Doc: "The path of the template, or `inline:` and the template itself."},
			{Name: "inline", Doc: "The template itself."},
			{Name: "url", Doc: "The URL of the template."},
			{Name: "mode", Doc: "Mode of the output in octal, whatever the umask.", Default: "that of the input file, else 0666 less the umask"},
			{Name: "overwrite", Default: "true", Doc: "y, yes, 1 or true; anything else keeps an output that exists, and leaves it when the part is uninstalled."},
			{Name: "input-encoding", Default: "utf-8", Doc: "Encoding of the template: utf-8, ascii or latin-1."},
			{Name: "output-encoding", Default: "utf-8", Doc: "Encoding of the output: utf-8, ascii or latin-1."},
			{Name: "timeout", Default: "1.0", Doc: "Seconds to wait for the url; checked, but used by the Python recipe only."},
		},
		Plain: true, Recipe: collectivetemplateRecipe{},
	}
}

type collectivetemplateRecipe struct{}

// collectivetemplateAction writes one rendered file.
type collectivetemplateAction struct {
	place     place // of output
	output    string
	text      []byte
	mode      os.FileMode
	hasMode   bool
	overwrite bool
}

// Prepare renders the template. SPEC-recipes 11.
func (collectivetemplateRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	key, err := collectivetemplateCheck(o)
	if err != nil {
		return nil, err
	}
	a := &collectivetemplateAction{place: optionPlace(o, "output"), output: optionText(o, "output")}
	overwrite, _, set := o.Lookup("overwrite")
	a.overwrite = !set || slices.Contains(trueWords, strings.ToLower(overwrite))
	if err := collectivetemplateTimeout(o); err != nil {
		return nil, err
	}
	source, info, err := collectivetemplateSource(ctx, o, key)
	if err != nil {
		return nil, err
	}
	if info != nil {
		a.mode, a.hasMode = info.Mode()&(fs.ModePerm|specialBits), true
	}
	if mode, set, err := optionModeGiven(o, "mode"); err != nil {
		return nil, err
	} else if set {
		a.mode, a.hasMode = mode, true
	}
	if a.text, err = collectivetemplateRender(ctx, o, key, source); err != nil {
		return nil, err
	}
	return a, nil
}

// collectivetemplateTimeout checks the option that only the Python recipe
// needs.
func collectivetemplateTimeout(o parts.Options) error {
	text, _, set := o.Lookup("timeout")
	if _, err := strconv.ParseFloat(text, 64); set && err != nil {
		return optionError(o, "timeout", codeBadValue, "%q is not a number of seconds", text)
	}
	return nil
}

// trueWords are the words that most recipes take for true.
var trueWords = []string{"y", "yes", "1", "true"}

// collectivetemplateCheck returns the option that holds the template.
func collectivetemplateCheck(o parts.Options) (key string, err error) {
	has := func(key string) bool { _, _, ok := o.Lookup(key); return ok }
	input, inline, url := has("input"), has("inline"), has("url")
	switch {
	case !input && !inline && !url:
		return "", optionError(o, "input", codeMissingOption, "No input file, inline template, or URL specified.")
	case optionText(o, "output") == "":
		return "", optionError(o, "output", codeMissingOption, "No output file specified.")
	case input && (inline || url):
		return "", optionError(o, "input", codeConflict, "Too many input sources.")
	case inline:
		return "inline", nil
	case input:
		return "input", nil
	}
	return "url", nil
}

// collectivetemplateSource returns the template. info is that of an input file.
func collectivetemplateSource(ctx context.Context, o parts.Options, key string) (text string, info fs.FileInfo, err error) {
	value := optionText(o, key)
	var raw []byte
	switch key {
	case "inline":
		return trimBlanks(value), nil, nil
	case "input":
		raw, info, err = collectivetemplateInput(ctx, o, value)
		if body, ok := strings.CutPrefix(value, "inline:"); ok && errors.Is(err, fs.ErrNotExist) {
			return trimBlanks(body), nil, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, optionError(o, key, codeFile, "Input file '%s' does not exist.", value)
		}
	default:
		if !collectivetemplateURL().MatchString(value) {
			return "", nil, optionError(o, key, codeBadValue, "unknown url type: '%s'", value).
				WithHint("a path is given as input, or as a URL that begins with file:")
		}
		raw, _, err = readSource(ctx, o, key, value, nil)
	}
	if err != nil {
		return "", nil, optionPlace(o, key).wrap(err)
	}
	text, err = collectivetemplateDecode(raw, collectivetemplateEncoding(o, "input-encoding"))
	return text, info, optionPlace(o, "input-encoding").wrap(err)
}

// trimBlanks removes white space at the start of text.
func trimBlanks(text string) string { return strings.TrimLeftFunc(text, unicode.IsSpace) }

// collectivetemplateURL is the start of a URL that can be read.
var collectivetemplateURL = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^(https?|ftp|file):`) })

func collectivetemplateInput(ctx context.Context, o parts.Options, value string) ([]byte, fs.FileInfo, error) {
	if value == "" {
		return nil, nil, fs.ErrNotExist
	}
	path, err := absolutePath(ctx, o, value)
	if err != nil {
		return nil, nil, err
	}
	return readRegular(path)
}

// collectivetemplateName is a reference without a section.
var collectivetemplateName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^:]+?)\}`) })

// collectivetemplateRender makes `${name}` an option of this section and
// substitutes the whole.
func collectivetemplateRender(ctx context.Context, o parts.Options, key, text string) ([]byte, error) {
	own := "$${" + strings.ReplaceAll(o.Name(), "$", "$$") + ":$1}"
	at := optionPlace(o, key)
	text = collectivetemplateName().ReplaceAllString(text, own)
	src, within := diag.NewSource(optionText(o, key), []byte(text)), at.at
	if key != "inline" && !strings.HasPrefix(src.Name, "inline:") {
		within = diag.SpanOf(src, 0, len(text))
	}
	text, err := o.Substitute(ctx, text, within)
	if err != nil {
		return nil, templateError(err, src, at)
	}
	raw, err := collectivetemplateEncode(text, collectivetemplateEncoding(o, "output-encoding"))
	return raw, optionPlace(o, "output-encoding").wrap(err)
}

// collectivetemplateLimits are the encodings with the largest character that
// each can hold; utf-8 holds all.
var collectivetemplateLimits = map[string]rune{
	"utf-8": unicode.MaxRune, "utf8": unicode.MaxRune, "u8": unicode.MaxRune,
	"latin-1": 0xff, "latin1": 0xff, "latin": 0xff, "l1": 0xff, "iso-8859-1": 0xff, "iso8859-1": 0xff,
	"ascii": 0x7f, "us-ascii": 0x7f,
}

// collectivetemplateEncoding returns the encoding that an option names.
func collectivetemplateEncoding(o parts.Options, key string) string {
	if name, _, set := o.Lookup(key); set {
		return name
	}
	return "utf-8"
}

func collectivetemplateLimit(encoding string) (rune, error) {
	limit, ok := collectivetemplateLimits[strings.ReplaceAll(strings.ToLower(encoding), "_", "-")]
	if !ok {
		return 0, fmt.Errorf("unknown encoding %q: it must be utf-8, ascii or latin-1", encoding)
	}
	return limit, nil
}

func collectivetemplateDecode(raw []byte, encoding string) (string, error) {
	limit, err := collectivetemplateLimit(encoding)
	if err != nil {
		return "", err
	}
	if limit == unicode.MaxRune {
		if !utf8.Valid(raw) {
			return "", errors.New("the template is not valid utf-8")
		}
		return string(raw), nil
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		if runes[i] = rune(b); runes[i] > limit {
			return "", fmt.Errorf("byte %d of the template is not %s", i, encoding)
		}
	}
	return string(runes), nil
}

func collectivetemplateEncode(text, encoding string) ([]byte, error) {
	limit, err := collectivetemplateLimit(encoding)
	if err != nil || limit == unicode.MaxRune {
		return []byte(text), err
	}
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > limit {
			return nil, fmt.Errorf("%q cannot be written as %s", r, encoding)
		}
		raw = append(raw, byte(r))
	}
	return raw, nil
}

// Run writes the file. What it has to make is owned, but an output that is not
// to be overwritten.
func (a *collectivetemplateAction) Run(_ context.Context, w *parts.Work) error {
	path := workPath(w, a.output)
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && !a.overwrite {
		return nil
	}
	if err := collectivetemplateParents(w, a.output); err != nil {
		return a.place.wrap(err)
	}
	if strings.HasSuffix(a.output, "/") {
		return a.place.fail(codeFile, "Is a directory: '%s'", a.output)
	}
	if a.overwrite {
		w.Own(a.output)
	}
	mode := a.mode
	if !a.hasMode {
		mode = umasked(w, 0o666)
	}
	return a.place.wrap(writeFile(path, a.text, mode))
}

// collectivetemplateParents makes the missing parents of path and owns them,
// by names that are relative if path is.
func collectivetemplateParents(w *parts.Work, path string) error {
	dir := strings.TrimRight(path[:strings.LastIndex(path, "/")+1], "/")
	if dir == "" {
		return nil
	}
	info, err := os.Stat(workPath(w, dir))
	switch {
	case err == nil && info.IsDir():
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := collectivetemplateParents(w, dir); err != nil {
			return err
		}
		w.Own(dir)
	}
	return makeDirs(w, workPath(w, dir), nil)
}

// Refreshes says that Update writes what has changed.
func (a *collectivetemplateAction) Refreshes() bool { return true }

// Update writes the file when its content differs.
func (a *collectivetemplateAction) Update(ctx context.Context, w *parts.Work) error {
	has, err := os.ReadFile(workPath(w, a.output))
	if err == nil && bytes.Equal(has, a.text) {
		return nil
	}
	return a.Run(ctx, w)
}
