package relocate

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits of the first line of a script, "#!" included: of Linux since 5.1, and
// before.
const (
	maxFirstLine    = 255
	maxOldFirstLine = 127
)

// wrapMark is in front of the first line that a script would have if its
// interpreter could stand there. Scripts with it are those that wrap made.
const wrapMark = "# gobuild: "

// rewriteText replaces the sites of a text, and gives a script another start
// if the kernel could not read its first line.
func (m *Mover) rewriteText(r *Rewritten) error {
	content, sites := unwrap(r.Content, r.Fact.Sites)
	content, sites = m.replaceText(content, sites)
	if bytes.HasPrefix(content, []byte("#!")) {
		line, _, _ := bytes.Cut(content[2:], []byte("\n"))
		r.Fact.Script = strings.TrimSpace(string(line))
	}
	r.Content, r.Fact.Sites = content, sites
	return m.wrap(r)
}

// A firstLine is the first line of a script: spaces, the interpreter, its
// argument (the kernel passes all that follows as one).
type firstLine struct {
	interpreter string
	argument    string
	length      int // of the line, without its end
}

// readFirstLine splits the first line of a script whose interpreter is within
// a prefix. The site says how far the prefix goes: it may hold spaces.
func readFirstLine(content []byte, sites []Site) (firstLine, bool) {
	if !bytes.HasPrefix(content, []byte("#!")) || len(sites) == 0 {
		return firstLine{}, false
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	start := len(line) - len(bytes.TrimLeft(line[2:], " \t"))
	if sites[0].Offset != int64(start) || sites[0].end() > int64(len(line)) {
		return firstLine{}, false
	}
	end := int(sites[0].end())
	for end < len(line) && line[end] != ' ' && line[end] != '\t' {
		end++
	}
	return firstLine{
		interpreter: string(line[start:end]),
		argument:    strings.TrimSpace(string(line[end:])),
		length:      len(line),
	}, true
}

// fine reports whether the kernel can start the interpreter from the line.
func (l firstLine) fine() bool {
	return l.length <= maxFirstLine && !strings.ContainsAny(l.interpreter, " \t")
}

// A trick is the start of a script that both the shell and the language
// understand. It makes the shell start the interpreter with the script.
type trick struct {
	names *regexp.Regexp // of interpreters
	lines func(l firstLine) []string
}

// tricks are the languages whose scripts can begin as scripts of the shell.
// Each has two lines.
var tricks = []trick{
	{regexp.MustCompile(`^(python|pypy)[0-9.]*$`), pythonTrick},
	{regexp.MustCompile(`^perl[0-9.]*$`), perlTrick},
	{regexp.MustCompile(`^(sh|bash|dash|ash|ksh|mksh|zsh)$`), shellTrick},
	{regexp.MustCompile(`^(tclsh|wish|expect)[0-9.]*$`), tclTrick},
}

func trickOf(interpreter string) *trick {
	i := slices.IndexFunc(tricks, func(t trick) bool { return t.names.MatchString(path.Base(interpreter)) })
	if i < 0 {
		return nil
	}
	return &tricks[i]
}

// pythonTrick is a string to Python, and the word exec to the shell.
func pythonTrick(l firstLine) []string {
	return []string{`'''exec' ` + l.words(doubleQuoted) + ` "$0" "$@"`, `' '''`}
}

// perlTrick makes Perl skip everything up to the line with its name.
func perlTrick(l firstLine) []string {
	return []string{`exec ` + l.words(quoted) + ` -x "$0" "$@"`, strings.TrimSpace("#!perl " + l.argument)}
}

// shellTrick needs a sign that exec has been done: the interpreter reads the
// same lines.
func shellTrick(l firstLine) []string {
	return []string{`[ "${GOBUILD_EXEC-}" = "$$" ] || { GOBUILD_EXEC=$$; export GOBUILD_EXEC; exec ` + l.words(quoted) + ` "$0" "$@"; }`, `unset GOBUILD_EXEC`}
}

// tclTrick is a comment of two lines to Tcl.
func tclTrick(l firstLine) []string {
	return []string{`# the next line is part of this comment to Tcl \`, `exec ` + l.words(doubleQuoted) + ` "$0" "$@"`}
}

// words returns the interpreter and its argument for the shell.
func (l firstLine) words(quote func(string) string) string {
	if l.argument == "" {
		return quote(l.interpreter)
	}
	return quote(l.interpreter) + " " + quote(l.argument)
}

// quoted returns text in single quotes of the shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// doubleQuoted returns text in double quotes of the shell.
func doubleQuoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(text) + `"`
}

// coding matches a line that tells Python the encoding of a source.
var coding = regexp.MustCompile(`^[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+`)

// wrap gives a script another start if its first line is not fine.
func (m *Mover) wrap(r *Rewritten) error {
	line, ok := readFirstLine(r.Content, r.Fact.Sites)
	if !ok || line.fine() {
		return nil
	}
	if r.Fact.Strict {
		return m.wrapEnv(r, line)
	}
	t := trickOf(line.interpreter)
	if t == nil {
		return m.shebangProblem(&r.Fact, line)
	}
	head := "#!/bin/sh\n"
	rest := r.Content[min(line.length+1, len(r.Content)):]
	if second, after, _ := bytes.Cut(rest, []byte("\n")); coding.Match(second) {
		head += string(second) + "\n"
		rest = after
	}
	site := r.Fact.Sites[0]
	site.Offset += int64(len(head) + len(wrapMark))
	head += wrapMark + string(r.Content[:line.length]) + "\n" + strings.Join(t.lines(line), "\n") + "\n"
	begin := int64(len(r.Content) - len(rest))
	sites := []Site{site}
	for _, s := range r.Fact.Sites[1:] {
		if s.Offset >= begin {
			s.Offset += int64(len(head)) - begin
			sites = append(sites, s)
		}
	}
	r.Content, r.Fact.Sites, r.Fact.Script = append([]byte(head), rest...), sites, "/bin/sh"
	return nil
}

// unwrap undoes wrap.
func unwrap(content []byte, sites []Site) ([]byte, []Site) {
	if bytes.HasPrefix(content, []byte(envStart)) {
		return unwrapEnv(content, sites)
	}
	const shell = "#!/bin/sh\n"
	if !bytes.HasPrefix(content, []byte(shell)) {
		return content, sites
	}
	mark := len(shell)
	var cookie []byte
	if second, _, ok := bytes.Cut(content[mark:], []byte("\n")); ok && coding.Match(second) && !bytes.HasPrefix(second, []byte(wrapMark)) {
		cookie = content[mark : mark+len(second)+1]
		mark += len(cookie)
	}
	lines := bytes.SplitN(content[mark:], []byte("\n"), 4)
	if len(lines) < 4 || !bytes.HasPrefix(lines[0], []byte(wrapMark+"#!")) {
		return content, sites
	}
	first := lines[0][len(wrapMark):]
	start := int64(mark + len(wrapMark)) // of the first line
	head := slices.Concat(first, []byte("\n"), cookie)
	rest := lines[3]
	begin := int64(len(content) - len(rest))
	var moved []Site
	for _, s := range sites {
		switch {
		case s.Offset >= start && s.end() <= start+int64(len(first)):
			s.Offset -= start
			moved = append(moved, s)
		case s.Offset >= begin:
			s.Offset += int64(len(head)) - begin
			moved = append(moved, s)
		}
	}
	return append(head, rest...), moved
}
