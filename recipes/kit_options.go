package recipes

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Codes of the diagnostics that the readers of options make.
const (
	codeBadBoolean    = "bad-boolean"
	codeBadMode       = "bad-mode"
	codeMissingOption = "missing-option"
)

// optionText returns the value of an option, or "" when it is missing.
func optionText(o parts.Options, key string) string {
	value, _, _ := o.Lookup(key)
	return value
}

// optionBool reads a boolean that is exactly true or false (SPEC-recipes 1.1).
func optionBool(o parts.Options, key string, def bool) (bool, error) {
	value, _, ok := o.Lookup(key)
	switch {
	case !ok:
		return def, nil
	case value == "true":
		return true, nil
	case value == "false":
		return false, nil
	}
	d := optionError(o, key, codeBadBoolean, "%q is not a boolean: it must be true or false", value)
	return false, hintBool(d, value)
}

// hintBool tells the exact word for a value that other tools take as boolean.
func hintBool(d *diag.Diagnostic, value string) *diag.Diagnostic {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "yes", "y", "on", "1":
		return d.WithHint("write true")
	case "false", "no", "n", "off", "0":
		return d.WithHint("write false")
	}
	return d
}

// optionBoolWords reads a boolean that is one of the words yes or no, in any
// case. A missing or blank option is def. With no words in no, all that is not
// in yes is false.
func optionBoolWords(o parts.Options, key string, def bool, yes, no []string) (bool, error) {
	value := strings.ToLower(strings.TrimSpace(optionText(o, key)))
	switch {
	case value == "":
		return def, nil
	case slices.Contains(yes, value):
		return true, nil
	case len(no) == 0 || slices.Contains(no, value):
		return false, nil
	}
	words := strings.Join(append(slices.Clone(yes), no...), ", ")
	return false, optionError(o, key, codeBadBoolean, "%q is not a boolean: it must be one of %s", value, words)
}

// optionLines returns the lines of an option, stripped, without blank ones.
func optionLines(o parts.Options, key string) []string {
	var lines []string
	for line := range strings.Lines(optionText(o, key)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// optionWords returns the blank-separated words of an option.
func optionWords(o parts.Options, key string) []string {
	return strings.Fields(optionText(o, key))
}

// optionMode reads a file mode written in octal, as Python reads it: with an
// optional sign and 0o, and with underscores between digits. Bits above those
// of a mode, such as the type of a file, do not count. set is false when the
// option is missing or blank.
func optionMode(o parts.Options, key string) (mode os.FileMode, set bool, err error) {
	text := strings.TrimSpace(optionText(o, key))
	if text == "" {
		return 0, false, nil
	}
	bits, ok := parseOctal(text)
	if !ok {
		return 0, false, optionError(o, key, codeBadMode, "%q is not a file mode: it must be octal digits such as 0644", text)
	}
	return modeOfBits(bits), true, nil
}

// optionModeGiven is optionMode for the recipes to which a blank mode is none.
func optionModeGiven(o parts.Options, key string) (mode os.FileMode, set bool, err error) {
	if value, _, ok := o.Lookup(key); ok && strings.TrimSpace(value) == "" {
		return 0, false, optionError(o, key, codeBadMode, "the mode is blank: it must be octal digits such as 0644")
	}
	return optionMode(o, key)
}

// parseOctal reads a number that is not negative.
func parseOctal(text string) (uint32, bool) {
	text = strings.TrimPrefix(text, "+")
	if rest, ok := strings.CutPrefix(strings.ToLower(text), "0o"); ok {
		text = strings.TrimPrefix(rest, "_")
	}
	if strings.HasSuffix(text, "_") || strings.HasPrefix(text, "_") || strings.Contains(text, "__") {
		return 0, false
	}
	bits, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 8, 31)
	return uint32(bits), err == nil
}

// modeOfBits turns the bits of chmod(2) into an os.FileMode.
func modeOfBits(bits uint32) os.FileMode {
	mode := os.FileMode(bits & 0o777)
	if bits&0o4000 != 0 {
		mode |= os.ModeSetuid
	}
	if bits&0o2000 != 0 {
		mode |= os.ModeSetgid
	}
	if bits&0o1000 != 0 {
		mode |= os.ModeSticky
	}
	return mode
}

// optionError returns a diagnostic at an option, or at the header of the
// section when the option is missing.
func optionError(o parts.Options, key, code, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{Code: code, At: optionAt(o, key), Path: []string{o.Name(), key}, Msg: fmt.Sprintf(format, args...)}
}

// optionAt is the place of an option, or of the header of the section when the
// option is missing.
func optionAt(o parts.Options, key string) diag.Span {
	_, at, ok := o.Lookup(key)
	if !ok || !at.IsValid() {
		return o.Header()
	}
	return at
}

// requireOption returns the value of an option that must be there.
func requireOption(o parts.Options, key string) (string, error) {
	value, _, ok := o.Lookup(key)
	if ok {
		return value, nil
	}
	d := &diag.Diagnostic{Code: codeMissingOption, At: o.Header(), Path: []string{o.Name()}}
	d.Msg = fmt.Sprintf("Missing option: %s:%s", o.Name(), key)
	d.Hint = diag.MissingOption(o.Name(), key, o.Keys())
	return "", d
}

// requirePath returns the value of an option that must name a file.
func requirePath(o parts.Options, key string) (string, error) {
	value, err := requireOption(o, key)
	if err == nil && value == "" {
		return "", optionError(o, key, codeBadValue, "the path is blank")
	}
	return value, err
}
