package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/recipes/bridge"
	"gobuild/recipes/jinja2"
)

// codeTemplate is the code of errors in templates.
const codeTemplate = "template"

func jinjaSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"jinja", "slapos.recipe.template:jinja2"},
		Doc: `Writes a file from a Jinja2 template.

The language is that of Jinja2 3.1, with values that print as Python's; a name
that is not defined is an error. Templates have Python's built-in functions, and
what context gives them: lines KIND NAME EXPRESSION, where KIND is

  raw      the text
  key      the option SECTION:OPTION; :OPTION is one of this section
  section  all options of a section, as a dict
  json     the text, which is JSON
  jsonkey  the option, which is JSON
  import   a module of Python: that of gobuild itself, else that of the Python which
           runs recipes

Other templates are imported by the names that import-list gives them: lines
KIND NAME EXPRESSION, where KIND is rawfile or rawfolder with a path, or file or
folder with SECTION:OPTION.

The template is read when the part is installed, so that another part may have
written it.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "output", Doc: "The file to write. Without it rendered and template are read."},
			{Name: "inline", Doc: "The template. Exactly one of inline and url must be set."},
			{Name: "url", Doc: "The path or URL of the template."},
			{Name: "md5sum", Doc: "MD5 of the template of url. With it the output is left alone by later runs."},
			{Name: "mode", Doc: "Mode of the output in octal, whatever the umask.", Default: "0666 less the umask; 0777 when the text starts with #! and the path of a program"},
			{Name: "context", Doc: "Lines KIND NAME EXPRESSION: what the template sees."},
			{Name: "import-list", Doc: "Lines KIND NAME EXPRESSION: the templates that can be imported."},
			{Name: "import-delimiter", Default: "/", Doc: "What separates the name of a folder from that of a file in it."},
			{Name: "extensions", Doc: "Extensions of the language, separated by blanks: jinja2.ext.do, jinja2.ext.loopcontrols."},
			{Name: "once", Doc: "A file: when it exists nothing is rendered; else it is made after the output, which then belongs to nobody."},
			{Name: "update", Default: "false", Doc: "true or false: render again at each run, even with md5sum."},
			{Name: "encoding", Default: "utf-8", Doc: "Only utf-8 is known."},
			{Name: "rendered", Doc: "The old name of output."},
			{Name: "template", Doc: "The old form of url, or of inline: inline: and the text."},
		},
		Plain: true, Recipe: jinjaRecipe{},
	}
}

type jinjaRecipe struct{}

// jinjaAction renders one template.
type jinjaAction struct {
	output  place
	path    string
	source  place // of inline, url or template
	inline  bool
	text    string // of inline; else the URL
	sums    []parts.Checksum
	mode    os.FileMode
	hasMode bool
	once    string
	fixed   bool // later runs leave the output alone
	context map[string]jinja2.Value
	env     *jinja2.Environment
	python  *bridge.Objects // of modules that gobuild has not; nil without any
}

// Prepare reads the options and the context. SPEC-recipes 8.
func (jinjaRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	a := &jinjaAction{once: optionText(o, "once"), env: &jinja2.Environment{Undefined: jinja2.Strict}}
	if err := a.readOptions(o); err != nil {
		return nil, err
	}
	if err := a.readTemplate(o); err != nil {
		return nil, err
	}
	if err := a.readImports(ctx, o); err != nil {
		return nil, err
	}
	a.env.Globals = jinja2.PythonBuiltins()
	return a, a.readContext(ctx, o)
}

func (a *jinjaAction) readOptions(o parts.Options) (err error) {
	if a.sums, err = optionSums(o, "md5sum"); err != nil {
		return err
	}
	if a.mode, a.hasMode, err = optionMode(o, "mode"); err != nil {
		return err
	}
	update, err := optionBool(o, "update", false)
	if err != nil {
		return err
	}
	a.fixed = len(a.sums) > 0 && !update
	if encoding := optionText(o, "encoding"); encoding != "" && !strings.EqualFold(strings.ReplaceAll(encoding, "-", ""), "utf8") {
		return optionError(o, "encoding", codeBadValue, "the encoding %q is not known: templates are utf-8", encoding)
	}
	for _, name := range optionWords(o, "extensions") {
		switch name {
		case "jinja2.ext.do":
			a.env.Do = true
		case "jinja2.ext.loopcontrols":
			a.env.LoopControls = true
		case "jinja2.ext.with_", "jinja2.ext.autoescape": // part of the language
		default:
			return optionPlace(o, "extensions").find(name).fail(codeBadValue, "the extension %s is not known", name).
				WithHint("there are jinja2.ext.do and jinja2.ext.loopcontrols")
		}
	}
	return nil
}

// readTemplate finds out what is rendered, and where to.
func (a *jinjaAction) readTemplate(o parts.Options) (err error) {
	key, inline, url := "output", optionText(o, "inline"), optionText(o, "url")
	if _, _, ok := o.Lookup("output"); !ok {
		if key = "rendered"; optionText(o, key) == "" {
			_, err = requirePath(o, "output")
			return err
		}
		template, err := requireOption(o, "template")
		if err != nil {
			return err
		}
		a.source = optionPlace(o, "template")
		if a.text, a.inline = strings.CutPrefix(template, "inline:"); a.inline {
			a.text = strings.TrimLeft(a.text, "\r\n")
		}
	} else if err := a.chooseTemplate(o, inline, url); err != nil {
		return err
	}
	a.output = optionPlace(o, key)
	a.path, err = requirePath(o, key)
	return err
}

func (a *jinjaAction) chooseTemplate(o parts.Options, inline, url string) error {
	switch {
	case url != "" && inline != "":
		return optionError(o, "inline", codeConflict, "options 'inline' & 'url' conflict")
	case inline != "" && len(a.sums) > 0:
		return optionError(o, "md5sum", codeConflict, "options 'inline' & 'md5sum' conflict")
	case inline != "":
		a.source, a.text, a.inline = optionPlace(o, "inline"), inline, true
		update, _ := optionBool(o, "update", false)
		a.fixed = !update
	case url != "":
		a.source, a.text = optionPlace(o, "url"), url
	default:
		return optionError(o, "url", codeMissingOption, "one of the options 'inline' 'url' is required")
	}
	return nil
}

// Run renders the template and writes the file.
func (a *jinjaAction) Run(ctx context.Context, w *parts.Work) error {
	if a.python != nil {
		a.python.Serve(w)
	}
	if a.once == "" {
		return a.render(ctx, w)
	}
	once := workPath(w, a.once)
	if _, err := os.Lstat(once); err == nil {
		return nil
	}
	unowned := *w
	unowned.Own = func(string) {}
	if err := a.render(ctx, &unowned); err != nil {
		return err
	}
	f, err := os.OpenFile(once, os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return a.output.wrap(err)
	}
	return f.Close()
}

func (a *jinjaAction) render(ctx context.Context, w *parts.Work) error {
	name, text, err := a.read(ctx, w)
	if err != nil {
		return a.source.wrap(err)
	}
	template, err := a.env.Parse(name, text)
	var out strings.Builder
	if err == nil {
		err = template.Render(ctx, &out, a.context)
	}
	if err != nil {
		return a.templateError(ctx, w, err)
	}
	done := templateAction{place: a.output, output: a.path, text: []byte(out.String()), mode: a.mode, hasMode: a.hasMode}
	return done.Run(ctx, w)
}

// read returns the text of the template and its name in messages.
func (a *jinjaAction) read(ctx context.Context, w *parts.Work) (name, text string, err error) {
	if a.inline {
		return "<inline>", a.text, nil
	}
	got, err := w.Fetch.Fetch(ctx, parts.FetchRequest{URL: a.text, Sums: a.sums, At: a.source.at})
	if err != nil {
		return "", "", err
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	content, _, err := readRegular(got.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", diag.At(diag.Span{}, codeFile, "No such file or directory: '%s'", a.text)
	}
	return a.text, string(content), err
}

// templateError points to the line of the template, and to the option that names
// it.
func (a *jinjaAction) templateError(ctx context.Context, w *parts.Work, err error) error {
	var e *jinja2.Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return err
	}
	told := e.Diagnostic("")
	d := a.source.fail(codeTemplate, "%s", told.Msg)
	d.Path, d.Related, d.Trail, d.Err = []string{w.Part}, told.Related, told.Trail, err
	if told.At.IsValid() {
		d.At = told.At
		return d.WithRelated(a.source.at, "the template is named here")
	}
	return d
}

// Update renders a template again that may have changed since.
func (a *jinjaAction) Update(ctx context.Context, w *parts.Work) error {
	if a.fixed {
		return nil
	}
	return a.Run(ctx, w)
}

// Refreshes reports whether Update renders the template again.
func (a *jinjaAction) Refreshes() bool { return !a.fixed }

// jinjaLoader finds the templates of import-list.
type jinjaLoader struct {
	delimiter string
	folders   map[string]bool   // by alias: whether it is a folder
	paths     map[string]string // by alias, absolute
}

// Load reads a template: ALIAS, ALIAS and the delimiter, or a file of a folder.
func (l *jinjaLoader) Load(name string) (*jinja2.Source, error) {
	alias, rest, _ := strings.Cut(name, l.delimiter)
	path, ok := l.paths[alias]
	if !ok || rest != "" && !l.folders[alias] {
		return nil, nil
	}
	if l.folders[alias] {
		below := filepath.Join(strings.Split(rest, l.delimiter)...)
		if !filepath.IsLocal(below) {
			return nil, nil
		}
		path = filepath.Join(path, below)
	}
	text, _, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &jinja2.Source{Name: path, Text: string(text)}, err
}
