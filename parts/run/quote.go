package run

import "strings"

// SyntaxError is an error of Split. Its text is that of Python's shlex.
type SyntaxError string

// The errors of Split.
const (
	NoClosingQuotation SyntaxError = "No closing quotation"
	NoEscapedCharacter SyntaxError = "No escaped character"
)

// Error returns the text.
func (e SyntaxError) Error() string { return string(e) }

// Quote returns word as a POSIX shell reads it back. It does what Python's
// shlex.quote does, byte for byte.
func Quote(word string) string {
	if word == "" {
		return "''"
	}
	if !strings.ContainsFunc(word, unsafe) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
}

func unsafe(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("_@%+=:,./-", r)
}

// Join returns the quoted words of argv with a space between them.
func Join(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = Quote(word)
	}
	return strings.Join(words, " ")
}

// Shell returns the command line that runs script in a shell.
func Shell(script string) []string { return []string{"/bin/sh", "-c", script} }

// Split returns the words of text as Python's shlex.split(text) does: quotes
// and backslashes are those of a POSIX shell, but a backslash before a line end
// keeps the line end, and nothing else is special, not even #. An error is a
// SyntaxError.
func Split(text string) ([]string, error) {
	s := splitter{text: text}
	for s.at < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.emit()
	return s.words, nil
}

// splitter reads a text byte by byte: all that is special is ASCII.
type splitter struct {
	text  string
	at    int
	words []string
	word  strings.Builder
	begun bool // there is a word, perhaps an empty one in quotes
}

// step reads a blank, a quoted text, an escaped character or a character.
func (s *splitter) step() error {
	c := s.text[s.at]
	s.at++
	switch c {
	case ' ', '\t', '\r', '\n':
		s.emit()
		return nil
	case '\'':
		return s.single()
	case '"':
		return s.double()
	case '\\':
		if s.at == len(s.text) {
			return NoEscapedCharacter
		}
		c = s.text[s.at]
		s.at++
	}
	s.add(c)
	return nil
}

func (s *splitter) add(c byte) {
	s.word.WriteByte(c)
	s.begun = true
}

func (s *splitter) emit() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}

func (s *splitter) single() error {
	end := strings.IndexByte(s.text[s.at:], '\'')
	if end < 0 {
		return NoClosingQuotation
	}
	s.word.WriteString(s.text[s.at : s.at+end])
	s.at += end + 1
	s.begun = true
	return nil
}

// double reads up to the closing quote. A backslash escapes itself and the
// quote, and stays before anything else.
func (s *splitter) double() error {
	s.begun = true
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch c {
		case '"':
			return nil
		case '\\':
			if s.at == len(s.text) {
				return NoEscapedCharacter
			}
			if next := s.text[s.at]; next == '"' || next == '\\' {
				s.at++
				c = next
			}
		}
		s.word.WriteByte(c)
	}
	return NoClosingQuotation
}
