package jinja2

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gobuild/parts/literal"
)

type tokenKind int

const (
	tokenEOF tokenKind = iota
	tokenData
	tokenVariableBegin
	tokenVariableEnd
	tokenBlockBegin
	tokenBlockEnd
	tokenName
	tokenString
	tokenInteger
	tokenFloat
	tokenOperator
)

// token is a piece of a template. text is the content of strings and data, and
// the spelling of all else.
type token struct {
	kind tokenKind
	at   int
	text string
}

// describe names t in messages.
func (t token) describe() string {
	switch t.kind {
	case tokenName, tokenOperator:
		return t.text
	}
	return t.kind.String()
}

func (k tokenKind) String() string {
	return [...]string{"end of template", "template data / text", "begin of print statement", "end of print statement",
		"begin of statement block", "end of statement block", "name", "string", "integer", "float", "operator"}[k]
}

// normalizeNewlines makes all line ends of text "\n".
func normalizeNewlines(text string) string {
	if !strings.Contains(text, "\r") {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// lexer turns the text of a template into tokens.
type lexer struct {
	t      *Template
	env    *Environment
	marks  Delimiters
	src    string
	pos    int
	tokens []token
	// lineStart says that the last tag, or nothing yet, ended with a newline.
	lineStart bool
	brackets  []byte // open ones, within a tag
}

func (e *Environment) marks() Delimiters {
	d := e.Delimiters
	for _, m := range []struct {
		field   *string
		usually string
	}{{&d.BlockStart, "{%"}, {&d.BlockEnd, "%}"}, {&d.VariableStart, "{{"}, {&d.VariableEnd, "}}"}, {&d.CommentStart, "{#"}, {&d.CommentEnd, "#}"}} {
		if *m.field == "" {
			*m.field = m.usually
		}
	}
	return d
}

func lex(t *Template, src string) ([]token, error) {
	if !t.env.KeepTrailingNewline {
		src = strings.TrimSuffix(src, "\n")
	}
	l := &lexer{t: t, env: t.env, marks: t.env.marks(), src: src, lineStart: true}
	for l.pos < len(l.src) {
		if err := l.root(); err != nil {
			return nil, err
		}
	}
	l.tokens = append(l.tokens, token{tokenEOF, len(src), ""})
	return l.tokens, nil
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return l.t.placed(at, errorf(SyntaxError, format, args...))
}

// opening returns where the next tag begins, and by which mark.
func (l *lexer) opening() (at int, mark string, kind tokenKind) {
	at = len(l.src)
	for _, c := range []struct {
		mark string
		kind tokenKind
	}{{l.marks.CommentStart, tokenData}, {l.marks.BlockStart, tokenBlockBegin}, {l.marks.VariableStart, tokenVariableBegin}} {
		limit := min(len(l.src), at+len(c.mark))
		i := strings.Index(l.src[l.pos:limit], c.mark)
		if i < 0 || l.pos+i == at && len(c.mark) <= len(mark) {
			continue
		}
		at, mark, kind = l.pos+i, c.mark, c.kind
	}
	return at, mark, kind
}

// root reads text up to a tag, and the tag.
func (l *lexer) root() error {
	at, mark, kind := l.opening()
	data, start := l.src[l.pos:at], l.pos
	if mark == "" {
		l.data(start, data)
		l.pos = at
		return nil
	}
	after := at + len(mark)
	sign := byte(0)
	if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
		sign = l.src[after]
		after++
	}
	l.data(start, l.strip(data, sign, kind == tokenVariableBegin))
	if kind == tokenData {
		return l.comment(at, after)
	}
	if end, ok := l.rawTag(after, "raw"); ok && kind == tokenBlockBegin {
		return l.raw(end)
	}
	l.tokens = append(l.tokens, token{kind, at, mark})
	l.pos = after
	return l.tag(kind)
}

func (l *lexer) data(at int, text string) {
	if text != "" {
		l.tokens = append(l.tokens, token{tokenData, at, text})
	}
}

// strip takes the blanks from the end of data that the tag after it takes away.
func (l *lexer) strip(data string, sign byte, variable bool) string {
	switch {
	case sign == '-':
		return strings.TrimRightFunc(data, isSpace)
	case sign == '+' || !l.env.LstripBlocks || variable:
		return data
	}
	line := strings.LastIndexByte(data, '\n') + 1
	if (line > 0 || l.lineStart) && strings.TrimFunc(data[line:], isSpace) == "" {
		return data[:line]
	}
	return data
}

// closing reports the end of a tag with the given mark at pos, and the position
// after it and what it takes away.
func (l *lexer) closing(pos int, mark string, block bool) (after int, ok bool) {
	rest := l.src[pos:]
	if text, ok := strings.CutPrefix(rest, "-"+mark); ok {
		return len(l.src) - len(strings.TrimLeftFunc(text, isSpace)), true
	}
	if block && strings.HasPrefix(rest, "+"+mark) {
		return pos + 1 + len(mark), true
	}
	if !strings.HasPrefix(rest, mark) {
		return 0, false
	}
	after = pos + len(mark)
	if block && l.env.TrimBlocks && after < len(l.src) && l.src[after] == '\n' {
		after++
	}
	return after, true
}

// moved notes that a tag ends at after.
func (l *lexer) moved(after int) {
	l.lineStart = l.src[after-1] == '\n'
	l.pos = after
}

func (l *lexer) comment(at, from int) error {
	for i := from; i < len(l.src); i++ {
		if after, ok := l.closing(i, l.marks.CommentEnd, true); ok {
			l.moved(after)
			return nil
		}
	}
	return l.fail(at, "Missing end of comment tag")
}

// rawTag reports whether `raw` or `endraw` stands at from, and where that tag ends.
func (l *lexer) rawTag(from int, word string) (after int, ok bool) {
	rest := strings.TrimLeftFunc(l.src[from:], isSpace)
	rest, ok = strings.CutPrefix(rest, word)
	if !ok {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	pos := len(l.src) - len(rest)
	if word == "raw" { // neither + nor trim_blocks count here
		if strings.HasPrefix(rest, l.marks.BlockEnd) {
			return pos + len(l.marks.BlockEnd), true
		}
		if strings.HasPrefix(rest, "+") {
			return 0, false
		}
	}
	return l.closing(pos, l.marks.BlockEnd, true)
}

// raw reads up to endraw.
func (l *lexer) raw(from int) error {
	l.lineStart = l.src[from-1] == '\n'
	for pos := from; ; {
		i := strings.Index(l.src[pos:], l.marks.BlockStart)
		if i < 0 {
			return l.fail(from, "Missing end of raw directive")
		}
		at := pos + i
		after := at + len(l.marks.BlockStart)
		sign := byte(0)
		if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
			sign = l.src[after]
			after++
		}
		if end, ok := l.rawTag(after, "endraw"); ok {
			l.data(from, l.strip(l.src[from:at], sign, false))
			l.moved(end)
			return nil
		}
		pos = at + len(l.marks.BlockStart)
	}
}

// tag reads the tokens of a tag and its end.
func (l *lexer) tag(kind tokenKind) error {
	mark, end, block := l.marks.BlockEnd, tokenBlockEnd, true
	if kind == tokenVariableBegin {
		mark, end, block = l.marks.VariableEnd, tokenVariableEnd, false
	}
	l.brackets = l.brackets[:0]
	for l.pos < len(l.src) {
		if len(l.brackets) == 0 {
			if after, ok := l.closing(l.pos, mark, block); ok {
				l.tokens = append(l.tokens, token{end, l.pos, mark})
				l.moved(after)
				return nil
			}
		}
		if err := l.inner(); err != nil {
			return err
		}
	}
	return nil
}

// operators are sorted so that longer ones come first.
var operators = []string{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// inner reads one token within a tag.
func (l *lexer) inner() error {
	rest := l.src[l.pos:]
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case isSpace(r):
		l.pos = len(l.src) - len(strings.TrimLeftFunc(rest, isSpace))
		return nil
	case r >= '0' && r <= '9':
		return l.number(rest)
	case isWord(r):
		return l.name(rest)
	case r == '"' || r == '\'':
		return l.text(rest)
	}
	i := slices.IndexFunc(operators, func(op string) bool { return strings.HasPrefix(rest, op) })
	if i < 0 {
		return l.fail(l.pos, "unexpected char %s at %d", literal.Quote(string(r)), utf8.RuneCountInString(l.src[:l.pos]))
	}
	if err := l.balance(operators[i]); err != nil {
		return err
	}
	l.add(tokenOperator, operators[i])
	return nil
}

func (l *lexer) add(kind tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind, l.pos, text})
	l.pos += len(text)
}

// balance keeps the stack of open brackets.
func (l *lexer) balance(op string) error {
	switch op {
	case "(", "[", "{":
		l.brackets = append(l.brackets, map[string]byte{"(": ')', "[": ']', "{": '}'}[op])
	case ")", "]", "}":
		if len(l.brackets) == 0 {
			return l.fail(l.pos, "unexpected '%s'", op)
		}
		want := l.brackets[len(l.brackets)-1]
		if want != op[0] {
			return l.fail(l.pos, "unexpected '%s', expected '%c'", op, want)
		}
		l.brackets = l.brackets[:len(l.brackets)-1]
	}
	return nil
}

func (l *lexer) name(rest string) error {
	name := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) }); i >= 0 {
		name = rest[:i]
	}
	r, _ := utf8.DecodeRuneInString(name)
	if r != '_' && !unicode.IsLetter(r) && !unicode.Is(unicode.Nl, r) {
		return l.fail(l.pos, "Invalid character in identifier")
	}
	l.add(tokenName, name)
	return nil
}

// text reads a string literal. Its token has the value.
func (l *lexer) text(rest string) error {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			value, err := unescape(rest[1:i])
			if err != nil {
				return l.t.placed(l.pos, err)
			}
			l.tokens = append(l.tokens, token{tokenString, l.pos, value})
			l.pos += i + 1
			return nil
		}
	}
	return l.fail(l.pos, "unexpected char %s at %d", literal.Quote(rest[:1]), utf8.RuneCountInString(l.src[:l.pos]))
}

// isWord is \w of Python.
func isWord(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r))
}

// isSpace is what Python's str.isspace and \s take for blank.
func isSpace(r rune) bool {
	switch {
	case r == ' ' || r >= '\t' && r <= '\r' || r >= 0x1c && r <= 0x1f:
		return true
	case r < utf8.RuneSelf:
		return false
	}
	return unicode.IsSpace(r)
}
