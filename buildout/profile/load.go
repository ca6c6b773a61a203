package profile

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Opener reads files of profiles.
type Opener interface {
	// Open returns the text of an absolute path or a URL. option gives the
	// options of [buildout] that matter for fetching: extends-cache, newest,
	// offline. Errors wrap fs.ErrNotExist when there is no such file.
	Open(ctx context.Context, name string, option func(string) string) (*diag.Source, error)
	// Exists reports whether a path exists.
	Exists(name string) bool
}

// cleaner is an Opener whose paths may lead through symbolic links, so that
// `dir/..` need not be the directory that dir stands in.
type cleaner interface {
	// Clean returns an absolute path without `.`, `..` and `//` that leads where
	// path leads. Errors wrap fs.ErrNotExist as those of Open do.
	Clean(path string) (string, error)
}

// Assignment is one section:option=value of the command line. Option may end
// in + or -.
type Assignment struct {
	Section, Option, Value string
	At                     diag.Span
}

// Config says what to load.
type Config struct {
	Root         string // path or URL of the profile
	Dir          string // the current directory, absolute
	Home         string // for names that begin with ~/
	UserDefaults string // path of the user's default.cfg, "" for none
	Assignments  []Assignment
	Dialect      Dialect
	Executable   string // the default of [buildout] executable
	ABITag       string // ends eggs-directory when abi-tag-eggs is true
	Open         Opener
	Condition    cfg.Condition
}

// file is one profile file, parsed. It is shared by all paths that lead to it.
type file struct {
	src      *diag.Source
	sections []*cfg.Section
	errs     diag.List
	failed   error
}

func (f *file) section(name string) *cfg.Section {
	for _, s := range f.sections {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// entry is a name in an extends list, with the place where it stands.
type entry struct {
	name string
	at   diag.Span
}

// loader reads the files of one profile, each once.
type loader struct {
	Config
	ctx     context.Context
	files   map[string]*file // by absolute path or URL
	order   []*diag.Source
	errs    diag.List
	seen    map[*file]bool // files whose errors were reported
	profile *Profile
	fetch   *Section // [buildout] as far as it matters for fetching
}

// Load reads the profile and merges its files (SPEC-engine 2 and 3). The error
// is a diag.List with all errors of all files.
func Load(ctx context.Context, c Config) (*Profile, error) {
	l := &loader{Config: c, ctx: ctx, files: map[string]*file{}, seen: map[*file]bool{}}
	if !IsURL(l.Root) {
		l.Root = filepath.Join(l.Dir, l.Root)
		if filepath.IsAbs(c.Root) {
			l.Root = filepath.Clean(c.Root)
		}
		if f := l.file(l.Root); errors.Is(f.failed, fs.ErrNotExist) {
			return nil, diag.List{diag.At(diag.Span{}, "no-profile", "Couldn't open %s", l.Root).
				WithHint("name a profile with -c FILE, or make one with `gobuild init`")}
		}
	}
	p := &Profile{Root: l.Root, Directory: l.directory(), abiTag: l.ABITag, condition: l.Condition}
	l.profile = p
	l.fetchOptions()
	p.Dialect, p.DialectSign = l.chooseDialect()
	if p.Dialect == SlapOS {
		p.Sections = l.linear()
	} else {
		p.Sections = l.tree()
	}
	p.Files = l.order
	if err := l.errs.Sorted().Err(); err != nil {
		return p, err
	}
	return p, l.complete()
}

func (l *loader) directory() string {
	if IsURL(l.Root) {
		return l.Dir
	}
	return filepath.Dir(l.Root)
}

// file returns the file called name, read and parsed on first use. A path is
// absolute and clean.
func (l *loader) file(name string) *file {
	if f := l.files[name]; f != nil {
		return f
	}
	f := &file{}
	l.files[name] = f
	f.src, f.failed = l.Open.Open(l.ctx, name, l.option)
	if f.failed == nil {
		l.order = append(l.order, f.src)
		f.sections, f.errs = cfg.Read(f.src, l.Condition)
		f.errs = append(f.errs, notUTF8(f.src)...)
	}
	return f
}

// notUTF8 is the error of a text that is not UTF-8, at its first bad byte.
func notUTF8(src *diag.Source) diag.List {
	if utf8.Valid(src.Text) {
		return nil
	}
	at := 0
	for at < len(src.Text) {
		r, n := utf8.DecodeRune(src.Text[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	return diag.List{diag.At(diag.SpanOf(src, at, at+1), "not-utf8", "the text is not UTF-8: byte 0x%02x", src.Text[at]).
		WithHint("convert the file to UTF-8")}
}

// option returns an option of [buildout] that matters while files are read.
func (l *loader) option(name string) string {
	if v := l.fetch.Options[name]; v != nil {
		return v.Text
	}
	return ""
}

// fetchOptions finds what the command line, the profile's own file, and the
// user defaults say about fetching; what they extend does not count.
func (l *loader) fetchOptions() {
	l.fetch = l.defaults()
	override := l.commandLine()["buildout"]
	if override != nil {
		updateSection(l.fetch, override)
	}
	for _, root := range []string{l.UserDefaults, l.Root} {
		if root == "" || IsURL(root) {
			continue
		}
		f := l.file(root)
		l.checkFetch()
		if s := f.section("buildout"); s != nil {
			updateSection(l.fetch, contentOf(s, root))
		}
		if override != nil {
			updateSection(l.fetch, override)
		}
		if len(f.entries("extends")) > 0 {
			l.checkFetch()
		}
	}
	l.errs = append(l.errs, diag.All(l.absolute(l.fetch, "extends-cache"))...)
}

// checkFetch reports what the reference refuses before it opens a file.
func (l *loader) checkFetch() {
	if v := l.fetch.Options["newest"]; v != nil && v.Text != "true" && v.Text != "false" {
		l.errs.Add(badBool(v.At(), "newest", v.Text))
	}
	cache := l.fetch.Options["extends-cache"]
	if cache == nil {
		return
	}
	if _, reference, found := strings.Cut(cache.Text, "${"); found && strings.Contains(reference, "}") {
		l.errs.Add(diag.At(cache.At(), "extends-cache-reference",
			"extends-cache '%s' may not contain ${section:variable} to expand.", cache.Text).
			WithHint("profiles are read before values are substituted: write the path itself"))
	}
}

// open returns the file called name, reporting its errors once; path is where
// it is. nil means that it cannot be read.
func (l *loader) open(name, path string, at diag.Span) *file {
	f := l.file(path)
	if l.seen[f] {
		if f.failed != nil {
			return nil
		}
		return f
	}
	l.seen[f] = true
	l.errs = append(l.errs, f.errs...)
	if f.failed != nil {
		l.errs.Add(openError(name, at, f.failed))
		return nil
	}
	if b := f.section("buildout"); b != nil && b.Lookup("extended-by") != nil {
		l.errs.Add(diag.At(b.Lookup("extended-by").KeyAt, "extended-by",
			"No-longer supported \"extended-by\" option found in %s.", name).
			WithHint("list this file in the `extends` of the other one"))
	}
	return f
}

func openError(name string, at diag.Span, err error) *diag.Diagnostic {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		if !d.At.IsValid() {
			d.At = at
		}
		return d
	}
	if errors.Is(err, fs.ErrNotExist) {
		return diag.At(at, "extends-missing", "no such file: '%s'", name).WithCause(err).
			WithHint("names in `extends` are relative to the file that lists them")
	}
	var path *fs.PathError
	reason := err
	if errors.As(err, &path) {
		reason = path.Err
	}
	return diag.At(at, "extends-unreadable", "cannot read '%s': %v", name, reason).WithCause(err)
}

// entries returns the names listed in an option of [buildout] of a file.
func (f *file) entries(option string) []entry {
	b := f.section("buildout")
	if b == nil || b.Lookup(option) == nil {
		return nil
	}
	a := b.Lookup(option)
	return entriesOf(a.Value, a.At)
}

func entriesOf(value string, at diag.Span) []entry {
	var list []entry
	from := at.From.Offset
	text := at.Text()
	for _, name := range cfg.Fields(value) {
		e := entry{name, at}
		if i := strings.Index(text, name); i >= 0 && at.IsValid() {
			e.at = diag.SpanOf(at.From.Src, from+i, from+i+len(name))
			text, from = text[i+len(name):], from+i+len(name)
		}
		list = append(list, e)
	}
	return list
}

// content returns the sections of f under the name that its values carry as
// their source.
func (l *loader) content(f *file, name string) sections {
	result := make(sections, len(f.sections))
	for _, s := range f.sections {
		t := contentOf(s, name)
		if l.profile.Dialect == SlapOS && refersToBase(s) {
			t.Options[baseLocation] = newValue(baseOf(name), name, s.Header, s.Header)
		}
		result[s.Name] = t
	}
	return result
}

// contentOf returns a section of the file called name, without the options
// that only steer loading.
func contentOf(s *cfg.Section, name string) *Section {
	t := &Section{Name: s.Name, Header: s.Header, Options: make(map[string]*Value, len(s.Options))}
	for _, a := range s.Options {
		if s.Name == "buildout" && (a.Key == "extends" || a.Key == "optional-extends") {
			continue
		}
		t.Options[a.Key] = newValue(a.Value, name, a.At, a.KeyAt)
		t.pending = t.pending || isPending(a.Key)
	}
	return t
}

func refersToBase(s *cfg.Section) bool {
	for _, a := range s.Options {
		if strings.Contains(a.Value, "${:"+baseLocation+"}") {
			return true
		}
	}
	return false
}

// recursive reports a file that includes itself.
func (l *loader) recursive(e entry, open []string, name string) {
	quoted := make([]string, len(open))
	for i, o := range open {
		quoted[i] = "'" + o + "'"
	}
	l.errs.Add(diag.At(e.at, "extends-cycle", "Recursive file include [%s] %s", strings.Join(quoted, ", "), name).
		WithHint("the files above extend each other; take this entry out of `extends`"))
}
