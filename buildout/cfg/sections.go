package cfg

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"gobuild/buildout/diag"
)

// Assignment is one option of a section of one file.
type Assignment struct {
	// Key is the name, with ` +` or ` -` behind it when the option adds to or
	// removes from what comes from elsewhere.
	Key   string
	Value string
	KeyAt diag.Span
	// At covers the value: from its first character to the end of its last
	// line, comments within included.
	At diag.Span
}

// Section is what one file says about one section: all its headers of that
// name whose condition holds.
type Section struct {
	Name    string
	Header  diag.Span // the name in the first header
	Options []*Assignment
	index   map[string]int
	pending bool // has an option with an operator
}

// Lookup returns the assignment of key, or nil.
func (s *Section) Lookup(key string) *Assignment {
	if i, ok := s.index[key]; ok {
		return s.Options[i]
	}
	return nil
}

// Condition decides the text between the colon and the closing bracket of a
// section header.
type Condition func(expr string) (bool, error)

// Sections reads the file as the engine does, with the conditions decided, in
// the order in which sections first appear. A file with errors gives what
// could be read, and the errors.
func (f *File) Sections(holds Condition) ([]*Section, diag.List) {
	return f.read(holds, slices.Values(f.Lines))
}

// Read is Scan and Sections for those who do not need the lines.
func Read(src *diag.Source, holds Condition) ([]*Section, diag.List) {
	f := &File{Src: src, all: string(src.Text)}
	return f.read(holds, func(yield func(Line) bool) {
		for at := 0; at < len(f.all); {
			line := f.line(at)
			if !yield(line) {
				return
			}
			at = line.End
		}
	})
}

func (f *File) read(holds Condition, lines iter.Seq[Line]) ([]*Section, diag.List) {
	r := reader{file: f, holds: holds, byName: map[string]*Section{}, active: true}
	for l := range lines {
		if !r.line(&l) {
			break
		}
	}
	r.flush()
	for _, s := range r.sections {
		s.finish()
	}
	return r.sections, r.errs
}

// reader is the state of the reference's line loop.
type reader struct {
	file     *File
	holds    Condition
	sections []*Section
	byName   map[string]*Section
	current  *Section    // nil before the first header that holds
	option   *Assignment // the option that a continuation line continues
	more     []byte      // its continuation lines so far, if there are any
	block    bool        // its first line had no value
	active   bool        // the condition of the last header holds
	errs     diag.List
}

// line reads one line; false means that the file cannot be read further.
func (r *reader) line(l *Line) bool {
	switch {
	case l.Kind == Comment:
	case l.Kind <= Indented && r.current != nil && r.option != nil:
		if r.active {
			r.continuation(l)
		}
	case l.Kind == Header:
		r.header(l)
	case r.current == nil:
		if l.Kind != Blank {
			r.fail(l, "no-section-header", "File contains no section headers.").
				WithHint("put a header such as [buildout] before the first option; a first section whose condition is false does not count")
			return false
		}
	case l.Kind == Option:
		if r.active {
			r.assign(l)
		}
	case l.Kind == Blank && r.option == nil:
	default:
		r.fail(l, "syntax", "File contains parsing errors: not a header, an option or a continuation").
			WithHint("%s", hintFor(r.file.text(l.From, l.To)))
	}
	return true
}

func (r *reader) fail(l *Line, code, format string, args ...any) *diag.Diagnostic {
	d := diag.At(r.file.span(l.From, l.To), code, format, args...)
	r.errs.Add(d)
	return d
}

// hintFor guesses what a line that is none was meant to be.
func hintFor(text string) string {
	switch {
	case strings.HasPrefix(text, "["):
		return "a section header is [name] or [name:condition]; the name holds no blank and none of # [ ] : ; { }"
	case isSpace(rune(text[0])):
		return "an indented line continues an option, and no option is open here: begin the line in the first column"
	case strings.Contains(text, "="):
		return "an option is name = value; the name holds no blank and none of { } [ ] = :"
	case strings.Contains(text, ":"):
		return "use name = value; a colon does not assign"
	}
	return "indent the line to continue the value above it, or begin it with # to make it a comment"
}

func (r *reader) header(l *Line) {
	r.active = true
	if l.HasCondition {
		holds, err := r.holds(r.file.text(l.ValueFrom, l.ValueTo))
		if err != nil {
			at := r.file.span(l.ValueFrom, l.ValueTo)
			r.errs.Add(conditionError(at, err))
		}
		r.checkTail(l)
		if r.active = holds && err == nil; !r.active {
			return
		}
	}
	r.flush()
	name := r.file.text(l.NameFrom, l.NameTo)
	r.current, r.option = r.byName[name], nil
	if r.current == nil {
		r.current = &Section{Name: name, Header: r.file.span(l.NameFrom, l.NameTo), index: map[string]int{}}
		r.byName[name] = r.current
		r.sections = append(r.sections, r.current)
	}
}

// checkTail reports white space behind the bracket of a condition that is none
// for Python: the reference hands the bracket and what follows to it.
func (r *reader) checkTail(l *Line) {
	tail := r.file.text(l.Tail+1, l.To)
	for i, c := range tail {
		if c == '#' || c == ';' {
			return
		}
		if c != ' ' && c != '\t' && c != '\f' {
			at := l.Tail + 1 + i
			_, n := utf8.DecodeRuneInString(tail[i:])
			r.errs.Add(diag.At(r.file.span(at, at+n), "bad-condition", "condition of a section: invalid character %U behind it", c).
				WithHint("only blanks and a comment may follow the bracket"))
			return
		}
	}
}

// conditionError places the error of a condition; an error that knows its
// offset within the expression narrows the place.
func conditionError(at diag.Span, err error) *diag.Diagnostic {
	if o, ok := err.(interface{ At() int }); ok && o.At() >= 0 && at.From.Offset+o.At() < at.To.Offset {
		at.From.Offset += o.At()
	}
	return diag.At(at, "bad-condition", "condition of a section: %v", err).WithCause(err).
		WithHint("a condition is a PEP 508 marker or a Python expression over names such as linux, python3, sys.version_info, platform.machine()")
}

func (r *reader) continuation(l *Line) {
	text := r.file.text(l.From, l.To)
	if r.block {
		text = trimRight(text)
	} else if text = trim(text); text == "" {
		return
	}
	if len(r.more) == 0 {
		r.more = append(r.more[:0], r.option.Value...)
	}
	r.more = append(append(r.more, '\n'), text...)
	r.option.At.To.Offset = l.To
}

// flush gives the current option the lines that continue it.
func (r *reader) flush() {
	if len(r.more) > 0 {
		r.option.Value = string(r.more)
		r.more = r.more[:0]
	}
}

func (r *reader) assign(l *Line) {
	key := r.file.text(l.NameFrom, l.NameTo)
	if key == "=>" {
		key = "<part-dependencies>"
	}
	r.flush()
	value := r.file.text(l.ValueFrom, l.ValueTo)
	keyAt, at := r.file.span(l.NameFrom, l.NameTo), r.file.span(l.ValueFrom, l.ValueTo)
	r.block = value == ""
	pending := strings.HasSuffix(key, "+") || strings.HasSuffix(key, "-")
	if pending && strings.Trim(key, "+- ") == "" {
		r.fail(l, "option-without-name", "option %q has no name", key).
			WithHint("write name += value to add lines, name -= value to remove lines")
	}
	if old := r.current.Lookup(key); old != nil && pending {
		// A second `x +=` in one file adds to the first.
		old.Value = trimRight(old.Value)
		if value != "" {
			old.Value += "\n" + value
		}
		old.At.To.Offset = at.To.Offset
		r.option = old
		return
	}
	if !pending && r.current.pending {
		r.current.drop(key + " +")
		r.current.drop(key + " -")
	}
	r.current.pending = r.current.pending || pending
	r.option = r.current.put(&Assignment{Key: key, Value: value, KeyAt: keyAt, At: at})
}

func (s *Section) put(a *Assignment) *Assignment {
	if i, ok := s.index[a.Key]; ok {
		s.Options[i] = a
		return a
	}
	s.index[a.Key] = len(s.Options)
	s.Options = append(s.Options, a)
	return a
}

// drop removes an option; its place stays empty until settle.
func (s *Section) drop(key string) {
	if i, ok := s.index[key]; ok {
		s.Options[i] = nil
		delete(s.index, key)
	}
}

// settle closes the places of options that were dropped.
func (s *Section) settle() {
	if len(s.index) == len(s.Options) {
		return
	}
	s.Options = slices.DeleteFunc(s.Options, func(a *Assignment) bool { return a == nil })
	for i, a := range s.Options {
		s.index[a.Key] = i
	}
}

// finish gives the values their final form and writes every operator with
// exactly one blank: `x+` and `x  +` are `x +`.
func (s *Section) finish() {
	s.settle()
	for _, a := range s.Options {
		a.Value = finish(a.Value)
	}
	if s.pending {
		s.respace()
		s.settle()
	}
}

func (s *Section) respace() {
	for _, a := range slices.Clone(s.Options) {
		key := spaced(a.Key)
		if key == a.Key {
			continue
		}
		s.drop(a.Key)
		if old := s.Lookup(key); old != nil {
			old.Value += "\n" + a.Value
			continue
		}
		a.Key = key
		s.put(a)
	}
}

// spaced returns key with exactly one blank before its operator.
func spaced(key string) string {
	n := len(key) - 1
	if n < 1 || key[n] != '+' && key[n] != '-' {
		return key
	}
	name := trimRight(key[:n])
	if key[len(name):n] == " " {
		return key
	}
	return name + " " + key[n:]
}
