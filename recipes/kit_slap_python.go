package recipes

import (
	"strings"

	"gobuild/parts/literal"
)

// Values of options that are no strings travel as a text: this mark and a Python
// literal (SPEC-engine 5).
const pythonMark = "!py!"

// pythonOption is the text of an option with this value.
func pythonOption(value any) string {
	if text, ok := value.(string); ok && !strings.HasPrefix(text, pythonMark) {
		return strings.ReplaceAll(text, "${", "$${")
	}
	return pythonMark + pythonEscape(literal.Repr(value))
}

// pythonEscape writes the characters of a literal that have a meaning in
// profiles in another way.
func pythonEscape(literal string) string {
	return strings.NewReplacer("$", `\x24`, ";", `\x3b`).Replace(literal)
}

// pythonValue is the value that the text of an option stands for: the text
// itself unless it is marked.
func pythonValue(text string) (any, error) {
	marked, ok := strings.CutPrefix(text, pythonMark)
	if !ok {
		return text, nil
	}
	return literal.Parse(marked)
}
