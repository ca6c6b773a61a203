package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"gobuild/buildout"
	"gobuild/buildout/coverage"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// maxDepth is how far rendered profiles are followed that render others.
const maxDepth = 6

// rehearsal is what is rendered for one profile, in a scratch directory.
type rehearsal struct {
	*surveyor
	dir     string
	origins map[string]origin // by path in dir
	// software is the directory of the profile itself.
	software string
}

// origin is what a rendered file was made from: a template, or an option.
type origin struct {
	file string
	line int // 0: as the lines of the template say
}

// rehearse renders the templates of a profile and looks at what they give.
func (v *surveyor) rehearse(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp("", "gobuild-coverage-")
	if err != nil {
		return withStatus(StatusState, err)
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return withStatus(StatusState, err)
	}
	r := rehearsal{surveyor: v, dir: dir, origins: map[string]origin{}}
	return r.run(ctx, path, 0)
}

// run rehearses one profile and all that it renders.
func (r *rehearsal) run(ctx context.Context, path string, depth int) error {
	dir := filepath.Join(r.dir, strconv.Itoa(depth)+"-"+strconv.Itoa(len(r.origins)))
	if err := r.directory(dir, path); err != nil {
		return withStatus(StatusState, err)
	}
	e, err := r.open(ctx, path, dir)
	if err == nil {
		err = e.Inspect(ctx, true)
	}
	if err != nil {
		r.miss(path, err)
		return ctx.Err() // it needs what is not there
	}
	written := e.Rehearse(ctx, dir)
	for _, w := range written {
		if r.origins[w.Path] = r.origin(w); w.Err != nil {
			r.miss(w.Path, w.Err)
		}
	}
	for _, d := range e.Problems() {
		r.miss(path, d)
	}
	for _, w := range written {
		if err := r.look(ctx, w, depth+1); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// directory makes the directory of a rehearsed profile. That of an instance has a
// link to its software, as under SlapOS.
func (r *rehearsal) directory(dir, path string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if r.software == "" {
		r.software = dir
		return os.WriteFile(filepath.Join(dir, "buildout.cfg"), []byte("[buildout]\nextends = "+path+"\n"), 0o600)
	}
	return os.Symlink(r.software, filepath.Join(dir, "software_release"))
}

// miss tells, if somebody wants to know, what could not be rendered.
func (r *rehearsal) miss(path string, err error) {
	if from, ok := r.origins[path]; ok {
		path = from.file
	}
	if r.flags.verbose > 0 {
		fmt.Fprintf(r.Stderr, "%s: not rendered: %s\n", (&printer{dir: r.Dir}).file(path), diag.All(err)[0].Msg)
	}
}

// open opens a profile in a directory of the rehearsal.
func (r *rehearsal) open(ctx context.Context, path, dir string) (*buildout.Engine, error) {
	c := r.config
	c.Profile = path
	c.Assignments = append(c.Assignments[:len(c.Assignments):len(c.Assignments)],
		assign("directory", dir), assign("offline", "true"), assign("shared-part-list", ""), assign("installed", ""))
	return buildout.Open(ctx, c)
}

// assign is an option of [buildout] that is laid over a profile.
func assign(option, value string) profile.Assignment {
	src := diag.NewSource("<coverage>", []byte("buildout:"+option+"="+value))
	return profile.Assignment{Section: "buildout", Option: option, Value: value, At: diag.SpanOf(src, 0, len(src.Text))}
}

// origin says what a file was made from, through copies.
func (r *rehearsal) origin(w buildout.Rehearsed) origin {
	if w.Source == "" {
		line, _ := w.At.From.LineColumn()
		return r.source(w.At.From.Src.Name, line)
	}
	return r.source(w.Source, 0)
}

func (r *rehearsal) source(path string, line int) origin {
	if known, ok := r.origins[path]; ok {
		return known
	}
	return origin{path, line}
}

// look reads what was rendered, if it is a profile, and goes on with it.
func (r *rehearsal) look(ctx context.Context, w buildout.Rehearsed, depth int) error {
	from := r.origins[w.Path]
	text, err := readTemplate(w.Path)
	if err != nil || depth > maxDepth || !recipeLine().Match(text) || coverage.IsTemplate(text) || from.file == w.Source && isCopy(text, from.file) {
		return nil
	}
	e, err := r.open(ctx, w.Path, r.dir)
	if err != nil {
		return ctx.Err()
	}
	r.add(coverage.OfProfile(e.Profile, r.Recipes, coverage.Rendered))
	return r.run(ctx, w.Path, depth)
}

// isCopy reports whether a file has a text.
func isCopy(text []byte, path string) bool {
	old, err := readTemplate(path)
	return err == nil && string(old) == string(text)
}

// add takes the sections of rendered profiles, as those of the templates that
// they were made from.
func (r *rehearsal) add(list []coverage.Section) {
	for _, s := range list {
		r.macros.Add(s.Section, s.Recipe)
		from, ok := r.origins[s.File]
		if !ok {
			s.Seen = coverage.InProfile
		} else if s.File, s.Line = from.file, from.line; s.Line == 0 {
			s.Line = r.lineOf(from.file, s.Section)
		}
		r.found = append(r.found, s)
	}
}

// lineOf returns the line of a template that the header of a section is on, or
// the first.
func (r *rehearsal) lineOf(path, section string) int {
	text, err := readTemplate(path)
	if err != nil {
		return 1
	}
	at := coverage.ReadText(diag.NewSource(path, text)).Header(section)
	if !at.IsValid() {
		return 1
	}
	line, _ := at.From.LineColumn()
	return line
}
