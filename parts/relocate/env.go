package relocate

import (
	"bytes"
	"fmt"
	"strings"
)

// envStart is the start of a first line that lets env split it: an interpreter
// in quotes may have spaces in its path.
const envStart = `#!/usr/bin/env -S "`

// strictPython reports whether a Python script cannot begin with a string for
// the shell: its own first string must stay the first, because the script
// reads it, or because only it may stand in front of a future statement.
func strictPython(content []byte) bool {
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	name, _, _ := bytes.Cut(bytes.TrimLeft(line[2:], " \t"), []byte(" "))
	t := trickOf(string(bytes.TrimSpace(name)))
	if t != &tricks[0] || !bytes.Contains(rest, []byte("__doc__")) && !bytes.Contains(rest, []byte("__future__")) {
		return false
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return bytes.ContainsAny(line[:min(2, len(line))], `"'`)
		}
	}
	return false
}

// wrapEnv lets env start the interpreter of a script whose second line must
// stay the second.
func (m *Mover) wrapEnv(r *Rewritten, l firstLine) error {
	text := l.throughEnv()
	if !text.fine() {
		return m.shebangProblem(&r.Fact, l)
	}
	head := envStart + l.interpreter + `"`
	if l.argument != "" {
		head += ` "` + l.argument + `"`
	}
	sites := r.Fact.Sites
	sites[0].Offset = int64(len(envStart))
	for i := range sites[1:] {
		sites[i+1].Offset += int64(len(head) - l.length)
	}
	r.Content, r.Fact.Script = append([]byte(head), r.Content[l.length:]...), head[len("#!"):]
	return nil
}

// throughEnv returns the line as env needs it. It is fine if it is short
// enough and needs no escapes.
func (l firstLine) throughEnv() firstLine {
	out := firstLine{length: len(envStart) + len(l.interpreter) + 1}
	if l.argument != "" {
		out.length += len(l.argument) + 3
	}
	if strings.ContainsAny(l.interpreter+l.argument, "\"\\$") {
		out.interpreter = " " // not fine
	}
	return out
}

// unwrapEnv undoes wrapEnv.
func unwrapEnv(content []byte, sites []Site) ([]byte, []Site) {
	line, _, _ := bytes.Cut(content, []byte("\n"))
	if !bytes.HasPrefix(line, []byte(envStart)) {
		return content, sites
	}
	interpreter, argument, ok := bytes.Cut(line[len(envStart):], []byte(`"`))
	if !ok || len(sites) == 0 || sites[0].Offset != int64(len(envStart)) {
		return content, sites
	}
	head := "#!" + string(interpreter)
	if argument = bytes.Trim(argument, `" `); len(argument) > 0 {
		head += " " + string(argument)
	}
	sites[0].Offset = int64(len("#!"))
	for i := range sites[1:] {
		sites[i+1].Offset += int64(len(head) - len(line))
	}
	return append([]byte(head), content[len(line):]...), sites
}

func (m *Mover) shebangProblem(f *Fact, l firstLine) Problem {
	why := "has a space in it"
	if !strings.ContainsAny(l.interpreter, " \t") {
		why = fmt.Sprintf("makes the first line %d bytes long, and Linux reads %d", l.length, maxFirstLine)
	}
	what := "only scripts of sh, Python, Perl and Tcl can be started in another way"
	if f.Strict {
		what = "the script cannot be started through sh, because its first string must stay the first"
	}
	return m.problem(f, CodeShebang, Error, "choose a shorter path without spaces",
		"the script names %s as its interpreter, which %s; %s", l.interpreter, why, what)
}
