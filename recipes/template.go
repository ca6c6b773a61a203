package recipes

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

func templateSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"template", "slapos.recipe.template"},
		Doc: `Writes a file from a text in which references of the profile are substituted.

The text of inline is the value of the option. The text of url is read when the
profile is evaluated; ${section:option} is substituted in it, ${:option} is an
option of this section, and $$ is a dollar sign.

A file that has the right content is not written again. Missing parent
directories of output are made; they stay when the part is uninstalled. A link
at output is replaced, unless it leads to a file with the right content. The
file of a url without md5sum is written anew at each run if it differs.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "output", Required: true, Doc: "The file to write."},
			{Name: "inline", Doc: "The text. Exactly one of inline and url must be set."},
			{Name: "url", Doc: "The path or URL of the text."},
			{Name: "md5sum", Doc: "MD5 of the text of url. With it the output is left alone by later runs."},
			{Name: "mode", Doc: "Mode of the output in octal, whatever the umask.", Default: "0666 less the umask; 0777 when the text starts with #! and the path of a program"},
		},
		Plain: true, Recipe: templateRecipe{},
	}
}

type templateRecipe struct{}

// templateAction writes one rendered file.
type templateAction struct {
	place   place // of output
	output  string
	text    []byte
	mode    os.FileMode
	hasMode bool
	fixed   bool // later runs leave the output alone
}

// Prepare renders the text. SPEC-recipes 4.
func (templateRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	sums, err := optionSums(o, "md5sum")
	if err != nil {
		return nil, err
	}
	a := &templateAction{}
	if a.mode, a.hasMode, err = optionMode(o, "mode"); err != nil {
		return nil, err
	}
	if a.output, err = requirePath(o, "output"); err != nil {
		return nil, err
	}
	a.place = optionPlace(o, "output")
	inline, url := optionText(o, "inline"), optionText(o, "url")
	switch {
	case url != "" && inline != "":
		return nil, optionError(o, "inline", codeConflict, "options 'inline' & 'url' conflict")
	case inline != "" && len(sums) > 0:
		return nil, optionError(o, "md5sum", codeConflict, "options 'inline' & 'md5sum' conflict")
	case inline != "":
		a.text, a.fixed = []byte(inline), true
		return a, nil
	case url == "":
		return nil, optionError(o, "url", codeMissingOption, "one of the options 'inline' 'url' is required")
	}
	a.fixed = len(sums) > 0
	if a.text, err = templateRender(ctx, o, url, sums); err != nil {
		return nil, err
	}
	return a, nil
}

// templateRender reads a text and substitutes it in pieces, so that `$$` is a
// dollar sign.
func templateRender(ctx context.Context, o parts.Options, url string, sums []parts.Checksum) ([]byte, error) {
	text, _, err := readSource(ctx, o, "url", url, sums)
	if err != nil {
		return nil, err
	}
	at := optionPlace(o, "url")
	src := diag.NewSource(url, text)
	pieces := strings.Split(string(text), "$$")
	offset := 0
	for i, piece := range pieces {
		within := diag.SpanOf(src, offset, offset+len(piece))
		if pieces[i], err = o.Substitute(ctx, piece, within); err != nil {
			return nil, templateError(err, src, at)
		}
		offset += len(piece) + len("$$")
	}
	return []byte(strings.Join(pieces, "$")), nil
}

// templateError names the option that holds the template with an error in it.
func templateError(err error, src *diag.Source, option place) error {
	for _, d := range diag.All(err) {
		if d.At.From.Src == src {
			d.WithRelated(option.at, "the template is named here")
		}
	}
	return option.wrap(err)
}

// Run writes the file unless it is there.
func (a *templateAction) Run(_ context.Context, w *parts.Work) error {
	if strings.HasSuffix(a.output, "/") {
		return templateNoName(w, a.place, a.output)
	}
	w.Own(a.output)
	path, mode := workPath(w, a.output), a.fileMode(w)
	if err := makeDirs(w, filepath.Dir(path), nil); err != nil {
		return a.place.wrap(err)
	}
	return a.place.wrap(placeFile(path, a.text, mode))
}

// templateNoName makes an output that ends with a slash, and tells that it is
// a directory.
func templateNoName(w *parts.Work, at place, output string) error {
	if err := makeDirs(w, workPath(w, output), nil); err != nil {
		return at.wrap(err)
	}
	return at.fail(codeFile, "Is a directory: '%s'", output)
}

// Update renders a text again that may have changed since.
func (a *templateAction) Update(ctx context.Context, w *parts.Work) error {
	if a.fixed {
		return nil
	}
	return a.Run(ctx, w)
}

// Refreshes reports whether Update renders the text again.
func (a *templateAction) Refreshes() bool { return !a.fixed }

func (a *templateAction) fileMode(w *parts.Work) os.FileMode {
	switch {
	case a.hasMode:
		return a.mode
	case isProgram(w, a.text):
		return umasked(w, 0o777)
	}
	return umasked(w, 0o666)
}

// isProgram reports whether text starts with a #! line whose first word is an
// executable file, which may be relative to the buildout directory.
func isProgram(w *parts.Work, text []byte) bool {
	const executable = 1 // X_OK of access(2)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	rest, ok := bytes.CutPrefix(line, []byte("#!"))
	words := bytes.Fields(rest)
	return ok && len(words) > 0 && syscall.Access(workPath(w, string(words[0])), executable) == nil
}
