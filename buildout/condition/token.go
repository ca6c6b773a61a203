package condition

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/syntax"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenNumber
	tokenString
	tokenOperator
)

// token is a lexical element of a Python expression.
type token struct {
	kind  tokenKind
	text  string
	at    int          // offset in the text
	value any          // of a number or string
	class syntax.Token // INT, FLOAT, STRING or BYTES
}

// operators of Python, a longer one before its beginning.
var operators = []string{
	"...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", ":=",
	"+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=",
}

// keywords of Python that are no names.
var keywords = map[string]bool{
	"False": true, "None": true, "True": true, "and": true, "as": true, "assert": true, "async": true,
	"await": true, "break": true, "class": true, "continue": true, "def": true, "del": true, "elif": true,
	"else": true, "except": true, "finally": true, "for": true, "from": true, "global": true, "if": true,
	"import": true, "in": true, "is": true, "lambda": true, "nonlocal": true, "not": true, "or": true,
	"pass": true, "raise": true, "return": true, "try": true, "while": true, "with": true, "yield": true,
}

// tokenize splits text into tokens; the last one is tokenEnd.
func tokenize(text string) ([]token, *Error) {
	var tokens []token
	for at := 0; ; {
		for at < len(text) && strings.IndexByte(" \t\f\r\n", text[at]) >= 0 {
			at++
		}
		if at == len(text) {
			return append(tokens, token{at: at}), nil
		}
		t, next, err := nextToken(text, at)
		if err != nil {
			return nil, err
		}
		t.at = at
		tokens = append(tokens, t)
		at = next
	}
}

func nextToken(text string, at int) (token, int, *Error) {
	rest := text[at:]
	if n := prefixLength(rest); n >= 0 {
		return stringToken(text, at, n)
	}
	if n := nameLength(rest); n > 0 {
		return token{kind: tokenName, text: rest[:n]}, at + n, nil
	}
	if isDigit(rest[0]) || rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]) {
		return numberToken(text, at)
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			return token{kind: tokenOperator, text: op}, at + len(op), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, 0, syntaxError(at, "unexpected character "+strconv.QuoteRune(r))
}

func nameLength(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// prefixLength returns the length of the letters before a quote, or -1 when no
// string begins here.
func prefixLength(s string) int {
	n := 0
	for n < len(s) && n < 3 && strings.IndexByte("rRbBuUfF", s[n]) >= 0 {
		n++
	}
	if n < len(s) && (s[n] == '\'' || s[n] == '"') {
		return n
	}
	return -1
}

// stringToken reads a string whose quote stands n bytes behind at.
func stringToken(text string, at, n int) (token, int, *Error) {
	prefix := strings.ToLower(text[at : at+n])
	switch prefix {
	case "", "r", "u", "b", "br", "rb":
	case "f", "fr", "rf":
		return token{}, 0, &Error{Offset: at, Kind: Unsupported, Msg: "f-strings are not supported in conditions"}
	default:
		return token{}, 0, syntaxError(at, "string prefix "+quote(prefix))
	}
	quotes := text[at+n : at+n+1]
	if strings.HasPrefix(text[at+n:], strings.Repeat(quotes, 3)) {
		quotes = strings.Repeat(quotes, 3)
	}
	from := at + n + len(quotes)
	to := closingQuote(text, from, quotes)
	if to < 0 {
		return token{}, 0, syntaxError(at, "unterminated string")
	}
	t := token{kind: tokenString, class: syntax.STRING, text: text[at : to+len(quotes)]}
	body := text[from:to]
	if strings.Contains(prefix, "b") {
		t.class = syntax.BYTES
		if strings.ContainsFunc(body, func(r rune) bool { return r > unicode.MaxASCII }) {
			return token{}, 0, syntaxError(at, "bytes may hold ASCII characters only")
		}
	}
	value := body
	if !strings.Contains(prefix, "r") {
		var err *Error
		decode := decodeString
		if t.class == syntax.BYTES {
			decode = decodeBytes
		}
		if value, err = decode(body, from); err != nil {
			return token{}, 0, err
		}
	}
	t.value = value
	return t, to + len(quotes), nil
}

// closingQuote returns the offset of the quotes that end a string, or -1.
func closingQuote(text string, from int, quotes string) int {
	for i := from; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], quotes):
			return i
		case len(quotes) == 1 && (text[i] == '\n' || text[i] == '\r'):
			return -1
		}
	}
	return -1
}

// decodeString replaces the escapes of a string; at is the offset of s.
func decodeString(s string, at int) (string, *Error) { return decodeEscapes(s, at, true) }

// decodeBytes replaces the escapes of a bytes literal.
func decodeBytes(s string, at int) (string, *Error) { return decodeEscapes(s, at, false) }

// escapes of one letter.
var escapes = map[byte]string{
	'\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\n': "",
}

func decodeEscapes(s string, at int, unicodeText bool) (string, *Error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		if i+1 == len(s) {
			return "", syntaxError(at+i, "backslash before the end of the string")
		}
		if text, ok := escapes[s[i+1]]; ok {
			b.WriteString(text)
			i += 2
			continue
		}
		r, n, err := decodeNumeric(s[i:], unicodeText)
		if err != "" {
			kind := "SyntaxError"
			if strings.HasPrefix(err, `\N`) {
				kind = Unsupported
			}
			return "", &Error{Offset: at + i, Kind: kind, Msg: "invalid syntax: " + err}
		}
		switch {
		case n == 0: // an unknown escape stands for itself
			b.WriteByte('\\')
			n = 1
		case unicodeText:
			b.WriteRune(r)
		default:
			b.WriteByte(byte(r))
		}
		i += n
	}
	return b.String(), nil
}

// decodeNumeric reads \ooo, \xhh, \uhhhh or \Uhhhhhhhh at the start of s. n is
// 0 when no such escape stands there.
func decodeNumeric(s string, unicodeText bool) (r rune, n int, err string) {
	width := 0
	switch c := s[1]; {
	case c >= '0' && c <= '7':
		n = 1
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			r = r*8 + rune(s[n]-'0')
			n++
		}
		return r, n, ""
	case c == 'x':
		width = 2
	case c == 'u' && unicodeText:
		width = 4
	case c == 'U' && unicodeText:
		width = 8
	case c == 'N' && unicodeText:
		return 0, 0, `\N{...} is not supported in conditions`
	default:
		return 0, 0, ""
	}
	if len(s) < 2+width {
		return 0, 0, "truncated escape"
	}
	code, parseErr := strconv.ParseUint(s[2:2+width], 16, 32)
	if parseErr != nil || code > unicode.MaxRune {
		return 0, 0, "invalid escape"
	}
	return rune(code), 2 + width, ""
}

// numberToken reads an integer or a float.
func numberToken(text string, at int) (token, int, *Error) {
	rest := text[at:]
	n, class := numberLength(rest)
	t := token{kind: tokenNumber, text: rest[:n], class: class}
	digits := strings.ReplaceAll(t.text, "_", "")
	bad := syntaxError(at, "number "+t.text)
	if !underscoresFit(t.text) {
		return t, 0, bad
	}
	if class == syntax.FLOAT {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil && !strings.Contains(err.Error(), "out of range") {
			return t, 0, bad
		}
		t.value = f
	} else {
		i, ok := new(big.Int).SetString(digits, 0)
		zeros := strings.TrimLeft(digits, "0") == ""
		octal := len(digits) > 1 && digits[0] == '0' && isDigit(digits[1])
		if !ok && !zeros || octal && !zeros || len(digits) > 4300 {
			return t, 0, bad
		}
		if zeros {
			i = new(big.Int)
		}
		t.value = i
		if i.IsInt64() {
			t.value = i.Int64()
		}
	}
	return t, at + n, numberEnd(text, at+n)
}

// numberEnd complains about a name that follows a number without a blank,
// unless it is an operator, as in `1or 2`.
func numberEnd(text string, at int) *Error {
	word := text[at : at+nameLength(text[at:])]
	for op := range map[string]bool{"and": true, "else": true, "for": true, "if": true, "in": true, "is": true, "not": true, "or": true} {
		if strings.HasPrefix(word, op) {
			return nil
		}
	}
	if word == "j" || word == "J" {
		return &Error{Offset: at, Kind: Unsupported, Msg: "complex numbers are not supported in conditions"}
	}
	if word != "" {
		return syntaxError(at, "invalid decimal literal")
	}
	return nil
}

// underscoresFit reports whether each underscore stands between digits.
func underscoresFit(s string) bool {
	for i := range len(s) {
		if s[i] != '_' {
			continue
		}
		based := i == 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0
		if i+1 == len(s) || !isHex(s[i+1]) || !based && !isHex(s[i-1]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func numberLength(s string) (int, syntax.Token) {
	span := func(from int, set string) int {
		for from < len(s) && strings.IndexByte(set, s[from]) >= 0 {
			from++
		}
		return from
	}
	const decimal = "0123456789_"
	if len(s) > 1 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			return span(2, decimal+"abcdefABCDEF"), syntax.INT
		case 'o':
			return span(2, "01234567_"), syntax.INT
		case 'b':
			return span(2, "01_"), syntax.INT
		}
	}
	n, class := span(0, decimal), syntax.INT
	if n < len(s) && s[n] == '.' {
		n, class = span(n+1, decimal), syntax.FLOAT
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		sign := n + 1
		if sign < len(s) && (s[sign] == '+' || s[sign] == '-') {
			sign++
		}
		if sign < len(s) && isDigit(s[sign]) {
			n, class = span(sign, decimal), syntax.FLOAT
		}
	}
	return n, class
}
