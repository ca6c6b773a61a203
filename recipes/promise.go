package recipes

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gobuild/parts"
	"gobuild/parts/eggs"
	"gobuild/parts/literal"
	"gobuild/parts/promise"
)

func promiseSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"promise-plugin", "slapos.cookbook:promise.plugin"},
		Doc: `Writes a Python module with a promise: a class that checks something, and its configuration.

` + "`gobuild promise run`" + ` checks the promises of an instance. It knows the most used ones of
slapos.toolbox itself; so these need neither Python nor eggs, and it is no error if
their eggs are not installed: when slapgrid runs such a promise, it asks gobuild. All others are run by Python from the eggs in
eggs-directory and develop-eggs-directory; nothing is downloaded for them.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "eggs", Required: true, Doc: "The eggs that the promise needs, one on each line."},
			{Name: "module", Doc: "The module that has the class. Required without file."},
			{Name: "file", Doc: "The Python file that has the class. Required without module."},
			{Name: "class", Default: "RunPromise", Doc: "The class."},
			{Name: "output", Required: true, Doc: "The module to write. Its directory must exist."},
			{Name: "mode", Default: "0644", Doc: "Its mode, in octal."},
			{Name: "config-*", Doc: "The configuration: NAME of config-NAME, and its value."},
			{Name: "eggs-directory", Computed: true, Doc: "That of the buildout."},
			{Name: "develop-eggs-directory", Computed: true, Doc: "That of the buildout."},
		},
		After: eggWorkshop, Recipe: promiseRecipe{},
	}
}

type promiseRecipe struct{}

// promiseAction writes one module.
type promiseAction struct {
	file    cookbookWrite
	eggs    place // of the option
	request eggs.Request
	known   bool // no Python is needed
	config  string
	content string
}

// Prepare reads the options. SPEC-recipes 13.2.
func (promiseRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"eggs-directory", "develop-eggs-directory"} {
		o.Set(key, optionText(buildout, key))
	}
	a := &promiseAction{config: promiseConfig(o)}
	if a.content, a.known, err = promiseContent(o); err != nil {
		return nil, err
	}
	if _, err := requireAll(o, "eggs", "output"); err != nil {
		return nil, err
	}
	a.eggs = optionPlace(o, "eggs")
	if a.request, err = promiseEggs(ctx, o, buildout); err != nil {
		return nil, err
	}
	mode, set, err := optionMode(o, "mode")
	if err != nil {
		return nil, err
	}
	if !set {
		mode = 0o644
	}
	a.file = cookbookWrite{at: optionPlace(o, "output"), path: optionText(o, "output"), mode: mode}
	return a, nil
}

// promiseContent is the code that gets the class.
func promiseContent(o parts.Options) (code string, known bool, err error) {
	module, file, class := optionText(o, "module"), optionText(o, "file"), optionText(o, "class")
	if class == "RunPromise" {
		class = ""
	}
	if class != "" && !isPythonName(class) {
		return "", false, optionError(o, "class", codeBadValue, "%s is not a valid class name", literal.Quote(class))
	}
	if (module == "") == (file == "") {
		key := "module"
		if module == "" {
			key = "file"
		}
		return "", false, optionError(o, key, codeConflict, "Either 'module' or 'file' is required but not both")
	}
	if module == "" {
		code = "with open(" + literal.Quote(file) + ") as promise_file:\n" +
			"    exec(compile(promise_file.read(), " + literal.Quote(file) + ", 'exec'))"
		if class != "" {
			code += "\n\nRunPromise = " + class
		}
		return code, false, nil
	}
	if !slices.ContainsFunc(strings.Split(module, "."), func(name string) bool { return !isPythonName(name) }) {
		if class == "" {
			return "from " + module + " import RunPromise", promise.IsKnown(module, "RunPromise"), nil
		}
		return "from " + module + " import " + class + " as RunPromise", false, nil
	}
	return "", false, optionError(o, "module", codeBadValue, "%s is not a valid module name", literal.Quote(module))
}

// isPythonName reports whether text is a name in Python.
func isPythonName(text string) bool {
	const keywords = " False None True and as assert async await break class continue def del elif else except finally for from " +
		"global if import in is lambda nonlocal not or pass raise return try while with yield "
	for i, c := range text {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return text != "" && !strings.Contains(keywords, " "+text+" ")
}

// promiseConfig is the configuration as Python code.
func promiseConfig(o parts.Options) string {
	var items []string
	for _, key := range o.Keys() {
		name, ok := strings.CutPrefix(key, "config-")
		if !ok {
			continue
		}
		value, marked := strings.CutPrefix(optionText(o, key), pythonMark)
		if !marked {
			value = literal.Quote(value)
		}
		items = append(items, "\n    "+literal.Quote(name)+": "+value+",")
	}
	if len(items) == 0 {
		return "{}"
	}
	return "{" + strings.Join(items, "") + "\n}"
}

// Run writes the module.
func (a *promiseAction) Run(ctx context.Context, w *parts.Work) error {
	paths, err := a.paths(ctx, w)
	if err != nil {
		return a.eggs.wrap(err)
	}
	content := a.content
	if a.known {
		content = fmt.Sprintf(promiseKnown, strings.Fields(a.content)[1], a.content, literal.Quote(w.Launcher))
	}
	text := "# This script is auto generated by gobuild, do not edit!\nimport sys\nsys.path[0:0] = " + paths +
		"\n\nextra_config_dict = " + a.config + "\n\n" + promiseClean + "\n" + content + "\n"
	f := a.file
	f.text = text
	return cookbookAction{f}.Run(ctx, w)
}

// Update writes the module again where it differs.
func (a *promiseAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// promiseClean makes Python import the packages of the eggs of the promise, where
// the program that runs it has imported others of the same name.
const promiseClean = `# Packages of the same name that were imported from elsewhere are in the way.
for name in [name for name in sys.modules if 'slapos' in name or 'pkg_resources' in name]:
    del sys.modules[name]
`

// promiseKnown is the code for a check that gobuild knows: what slapgrid runs when
// the eggs of the check are not there. It is a format for the module, the line that
// imports the class, and the path of gobuild.
//
//go:embed promise_known.py
var promiseKnown string
