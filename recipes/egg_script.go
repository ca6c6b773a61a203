package recipes

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/eggs"
	"gobuild/parts/pep"
	"gobuild/parts/run"
)

// eggScriptOptions are the options of scripts.
var eggScriptOptions = []parts.OptionSpec{
	{Name: "scripts", Doc: "Words `name` or `name=newname`: the scripts to make. Default: all console scripts of the listed eggs. Blank: none, nor an interpreter."},
	{Name: "interpreter", Doc: "Name of a script that is a Python with the eggs."},
	{Name: "entry-points", Doc: "Words `name=module:attribute`: scripts that the eggs do not declare."},
	{Name: "initialization", Doc: "Python code that runs before the module of a script is imported."},
	{Name: "arguments", Doc: "Python code of the arguments with which a script calls its function."},
	{Name: "extra-paths", Doc: "Paths, one on each line, that come after the eggs in sys.path."},
	{Name: "relative-paths", Default: "false", Doc: "true: scripts find eggs and directories of the buildout relative to themselves. Default: that of [buildout]."},
	{Name: "dependent-scripts", Default: "false", Doc: "true: make the scripts of eggs that the listed ones need, too."},
	{Name: "bin-directory", Computed: true, Doc: "That of [buildout]."},
	{Name: "_b", Computed: true, Doc: "The same."},
	{Name: "buildout-directory", Computed: true, Doc: "The buildout directory, if paths are relative."},
}

// eggScripts says which scripts are made.
type eggScripts struct {
	place       place
	none        bool              // scripts is blank
	names       map[string]string // nil for all
	order       []string          // of names
	points      []eggs.EntryPoint // beside those of the eggs
	bin         string
	interpreter string
	initial     string
	arguments   string
	extra       []string
	relativeTo  string // "" for absolute paths
	dependent   bool
}

// eggPoint is NAME=MODULE:ATTRIBUTE.
var eggPoint = regexp.MustCompile(`^([^=]+)=(\w+(?:\.\w+)*):(\w+(?:\.\w+)*)$`)

func newEggScripts(o, buildout parts.Options) (*eggScripts, error) {
	s := &eggScripts{
		place: optionPlace(o, "scripts"), bin: optionText(buildout, "bin-directory"), interpreter: optionText(o, "interpreter"),
		initial: optionText(o, "initialization"), arguments: optionText(o, "arguments"),
	}
	o.Set("bin-directory", s.bin)
	o.Set("_b", s.bin)
	directory := optionText(buildout, "directory")
	for _, path := range optionLines(o, "extra-paths") {
		s.extra = append(s.extra, cookbookJoin(directory, path))
	}
	if len(s.extra) > 0 {
		o.Set("extra-paths", strings.Join(s.extra, "\n"))
	}
	relative, err := eggRelative(o, buildout)
	if err != nil {
		return nil, err
	}
	if relative {
		o.Set("buildout-directory", directory)
		s.relativeTo = directory
	}
	s.readNames(o)
	for _, word := range optionWords(o, "entry-points") {
		m := eggPoint.FindStringSubmatch(word)
		if m == nil {
			return nil, optionError(o, "entry-points", codeBadValue, "Invalid entry point: %q is not name=module:attribute", word)
		}
		s.points = append(s.points, eggs.EntryPoint{Name: m[1], Module: m[2], Attr: m[3]})
	}
	s.dependent, err = eggBool(o, "dependent-scripts")
	return s, err
}

func (s *eggScripts) readNames(o parts.Options) {
	value, _, set := o.Lookup("scripts")
	if s.none = set && value == ""; !set || s.none {
		return
	}
	s.names = map[string]string{}
	for _, word := range strings.Fields(value) {
		name, to, renamed := strings.Cut(word, "=")
		if !renamed {
			to = name
		}
		if _, twice := s.names[name]; !twice {
			s.order = append(s.order, name)
		}
		s.names[name] = to
	}
}

func eggRelative(o, buildout parts.Options) (bool, error) {
	if _, _, ok := o.Lookup("relative-paths"); ok {
		return optionBool(o, "relative-paths", false)
	}
	return optionBool(buildout, "relative-paths", false)
}

// eggBool reads a boolean that may be blank.
func eggBool(o parts.Options, key string) (bool, error) {
	if optionText(o, key) == "" {
		return false, nil
	}
	return optionBool(o, key, false)
}

// write makes the scripts of the eggs that were asked for.
func (s *eggScripts) write(ctx context.Context, w *parts.Work, a *eggAction, dists []eggs.Dist) error {
	if s.none {
		return nil
	}
	python, err := a.python.executable(ctx, w)
	if err != nil {
		return err
	}
	m := &eggMaker{eggScripts: s, w: w, python: python, path: s.path(dists)}
	var points []eggs.EntryPoint
	var own []eggs.Dist
	for _, d := range s.sources(a.requirements, dists) {
		points = append(points, d.EntryPoints["console_scripts"]...)
		own = append(own, d)
	}
	points = append(points, s.points...)
	if err := m.entries(points); err != nil {
		return err
	}
	if err := m.own(own); err != nil {
		return err
	}
	m.unknown(points, own)
	if s.interpreter == "" {
		return nil
	}
	return m.put("interpreter", s.interpreter, m.interpreterText)
}

// sources are the distributions whose scripts are made.
func (s *eggScripts) sources(requirements []string, dists []eggs.Dist) []eggs.Dist {
	var list []eggs.Dist
	add := func(d eggs.Dist) {
		if !slices.ContainsFunc(list, func(l eggs.Dist) bool { return l.Key() == d.Key() }) {
			list = append(list, d)
		}
	}
	for _, text := range requirements {
		r, err := pep.ParseRequirement(text)
		i := slices.IndexFunc(dists, func(d eggs.Dist) bool { return err == nil && d.Key() == r.Key() })
		if i >= 0 {
			add(dists[i])
		}
	}
	for _, d := range dists {
		if s.dependent && d.Key() != "setuptools" {
			add(d)
		}
	}
	return list
}

// path is what comes into sys.path, each path once.
func (s *eggScripts) path(dists []eggs.Dist) []string {
	var path []string
	for _, d := range dists {
		path = append(path, d.Location)
	}
	for _, location := range slices.Clone(path) {
		path = append(path, eggs.PthPaths(location)...)
	}
	path = append(path, s.extra...)
	var once []string
	for _, p := range path {
		if p = eggRealPath(p); !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	return once
}

// eggRealPath resolves the links of a path, of which the end may be missing.
func eggRealPath(path string) string {
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	dir, name := filepath.Split(path)
	if dir = filepath.Clean(dir); dir == path {
		return path
	}
	return filepath.Join(eggRealPath(dir), name)
}

// eggMaker writes the scripts of one part.
type eggMaker struct {
	*eggScripts
	w      *parts.Work
	python string
	path   []string
}

// target is the name of the script for an entry point; ok is false when it is not
// made.
func (m *eggMaker) target(name string) (string, bool) {
	if m.names == nil {
		return name, true
	}
	to, ok := m.names[name]
	return to, ok
}

func (m *eggMaker) entries(points []eggs.EntryPoint) error {
	for _, e := range points {
		to, ok := m.target(e.Name)
		if !ok {
			continue
		}
		err := m.put("script", to, func(path eggPath) string {
			return eggHead(m.python) + path.setup + "\nimport sys\nsys.path[0:0] = " + path.list + "\n" + m.code() + "\nimport " + e.Module +
				"\n\nif __name__ == '__main__':\n    sys.exit(" + e.Module + "." + e.Attr + "(" + m.arguments + "))\n"
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// code is the initialization between blank lines.
func (m *eggMaker) code() string {
	if m.initial == "" {
		return ""
	}
	return "\n" + m.initial + "\n"
}

// own makes the scripts that distributions have themselves.
func (m *eggMaker) own(dists []eggs.Dist) error {
	for _, d := range dists {
		for _, name := range slices.Sorted(eggKeys(d.Scripts)) {
			to, ok := m.target(name)
			if !ok {
				continue
			}
			text, err := os.ReadFile(d.Scripts[name])
			if err != nil {
				return err
			}
			if err := m.put("script", to, func(path eggPath) string { return m.ownText(string(text), d.Scripts[name], path) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func eggKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// ownText is a script of a distribution with its path: before its first import.
// A program that is not Python is called.
func (m *eggMaker) ownText(text, at string, path eggPath) string {
	first, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "#!") || !strings.Contains(first, "python") {
		return "#!/bin/sh\nexec " + run.Quote(at) + ` "$@"` + "\n"
	}
	before, after := eggFirstImport(rest)
	return eggHead(m.python) + before + "\n" + path.setup + "\nimport sys\nsys.path[0:0] = " + path.list + "\n" + m.code() + "\n\n" + after
}

// eggFirstImport cuts a script before its first import, but for those of
// __future__.
func eggFirstImport(text string) (before, after string) {
	at := 0
	for line := range strings.Lines(text) {
		if (strings.HasPrefix(line, "import") || strings.HasPrefix(line, "from")) && strings.Contains(line, "import") && !strings.Contains(line, "__future__") {
			return text[:at], text[at:]
		}
		at += len(line)
	}
	return text, ""
}

// unknown warns of names that no egg has a script for.
func (m *eggMaker) unknown(points []eggs.EntryPoint, own []eggs.Dist) {
	for _, name := range m.order {
		known := slices.ContainsFunc(points, func(e eggs.EntryPoint) bool { return e.Name == name })
		for _, d := range own {
			known = known || d.Scripts[name] != ""
		}
		if known {
			continue
		}
		text := "Could not generate script '" + name + "' as it is not defined in the egg entry points."
		if to := m.names[name]; to != name {
			text = "Could not generate script '" + name + "' as script '" + to + "' is not defined in the egg entry points."
		}
		m.w.Say(event.Warning, text)
	}
}

// put writes a script whose text depends on how it finds the eggs.
func (m *eggMaker) put(kind, name string, text func(eggPath) string) error {
	script := cookbookJoin(m.bin, name)
	path := workPath(m.w, script)
	content := []byte(text(newEggPath(path, m.path, m.relativeTo)))
	m.w.Own(script)
	_, same := fileHolds(path, content)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return m.place.wrap(err)
	}
	if err := placeFile(path, content, umasked(m.w, 0o777)); err != nil {
		return m.place.wrap(err)
	}
	if !same {
		m.w.Say(event.Info, "Generated "+kind+" '"+script+"'.")
	}
	return nil
}
