package pure

import (
	"fmt"
	"strings"
)

// Mode is how far the host is kept from a part.
type Mode string

// The modes.
const (
	Off         Mode = ""            // not at all
	Namespaces  Mode = "true"        // what is not declared cannot be seen
	Environment Mode = "environment" // what is not declared is not named, and what was found is told
)

// Modes are the values of the option `pure` of [buildout].
var Modes = []string{"true", "environment", "false"}

// ParseMode reads the value of the option in [buildout], or of --pure.
func ParseMode(text string) (Mode, error) {
	switch text {
	case "", "false":
		return Off, nil
	case string(Namespaces), string(Environment):
		return Mode(text), nil
	}
	return Off, fmt.Errorf("%q is none of %s", text, strings.Join(Modes, ", "))
}

// ParsePart reads the value of the option in a part, where the mode of all parts
// is all: `false REASON` takes the part out.
func ParsePart(text string, all Mode) (Mode, error) {
	word, reason, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case word == "":
		return all, nil
	case word == "false" && strings.TrimSpace(reason) == "":
		return all, fmt.Errorf("pure = false has no reason")
	case word == "false":
		return Off, nil
	}
	return all, fmt.Errorf("%q is not `false REASON`", text)
}
