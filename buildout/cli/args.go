package cli

import (
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// commandLine is the command line with its assignments taken out. Flags and
// section:option=value words may mix; the first other word is the command
// (SPEC-engine 7).
type commandLine struct {
	assignments []profile.Assignment
	rest        []string // for cobra
	words       int      // of the arguments stand before the command
	source      *diag.Source
}

// valueFlags are the flags whose value is the next word.
var valueFlags = []string{"-c", "-t", "-j", "--config", "--timeout", "--jobs", "--dialect", "--color", "--message-format", "--silence",
	"--mem", "--trace", "--junit"}

// longFlags are the long names of the letters that take a value.
var longFlags = map[byte]string{'c': "--config", 't': "--timeout", 'j': "--jobs"}

// split takes the assignments out of args.
func split(args []string) (commandLine, error) {
	line := commandLine{source: diag.NewSource("<command line>", []byte(strings.Join(args, " ")))}
	offset := 0
	for i := 0; i < len(args); i++ {
		word := args[i]
		switch {
		case word == "--", word != "" && word[0] != '-' && !strings.Contains(word, "="):
			line.rest, line.words = append(line.rest, args[i:]...), i
			return line, nil
		case strings.HasPrefix(word, "-"):
			if !takesValue(word) || i+1 == len(args) {
				line.rest = append(line.rest, word)
				break
			}
			i++
			line.rest = append(line.rest, attach(word, args[i])...)
			offset += len(word) + 1
			word = args[i]
		default:
			if err := line.assign(word, offset); err != nil {
				return line, err
			}
		}
		offset += len(word) + 1
	}
	line.words = len(args)
	return line, nil
}

// takesValue reports whether the value of the flag word is the next word. In a
// bundle such as -vUc only the last letter can take one.
func takesValue(word string) bool {
	if strings.HasPrefix(word, "--") {
		for _, f := range valueFlags {
			if word == f {
				return true
			}
		}
		return false
	}
	at := strings.IndexAny(word[1:], "ctj")
	return at >= 0 && at == len(word)-2
}

// attach joins a flag word and its value, so that no reader behind takes the
// value for the command.
func attach(word, value string) []string {
	if strings.HasPrefix(word, "--") {
		return []string{word + "=" + value}
	}
	last := len(word) - 1
	joined := "-" + word[last:] + "=" + value
	if value == "" { // cobra takes the = for the value
		joined = longFlags[word[last]] + "="
	}
	if last == 1 {
		return []string{joined}
	}
	return []string{word[:last], joined}
}

// assign reads [section:]option=value.
func (line *commandLine) assign(word string, offset int) error {
	key, value, _ := strings.Cut(word, "=")
	section, option := "buildout", key
	switch names := strings.Split(key, ":"); len(names) {
	case 1:
	case 2:
		section, option = names[0], names[1]
	default:
		return usage("Invalid option: %s (an assignment is section:option=value)", word)
	}
	at := offset + len(key) + 1
	line.assignments = append(line.assignments, profile.Assignment{
		Section: cfg.Trim(section), Option: cfg.Trim(option), Value: cfg.Trim(value),
		At: diag.SpanOf(line.source, at, at+len(value)),
	})
	return nil
}

// checkNames refuses words behind the command that are assignments.
func checkNames(names []string) error {
	for _, n := range names {
		if strings.Contains(n, "=") {
			return withHint(usage("%q is not the name of a part", n), "assignments come before the command: gobuild "+n+" …")
		}
	}
	return nil
}
