package elf

import (
	"bytes"
	"strings"
)

// maxShebang is how much of the first line of a script the kernel reads.
const maxShebang = 255

// AllowedInterpreters are the programs of the host that scripts may ask for.
var AllowedInterpreters = []struct{ Path, Reason string }{
	{"/bin/sh", "POSIX: system(3) and popen(3) of glibc run it, so no machine that runs programs does without"},
	{"/usr/bin/env sh", "the same shell, looked up"},
}

// shebang reads the first line of a script.
func shebang(head []byte) []ref {
	line, _, ended := bytes.Cut(head[2:], []byte("\n"))
	if !ended && len(head) > maxShebang || len(line) > maxShebang-2 {
		return []ref{{refBroken, "its first line is longer than the 255 bytes that the kernel reads", 1}}
	}
	words := strings.Fields(string(line))
	switch {
	case len(words) == 0:
		return []ref{{refBroken, "its first line names no interpreter", 1}}
	case strings.HasSuffix(string(line), "\r"):
		return []ref{{refBroken, "its first line ends with a carriage return, which becomes part of the name of the interpreter", 1}}
	case !strings.HasPrefix(words[0], "/"):
		return []ref{{refBroken, "its interpreter `" + words[0] + "` is relative to the directory in which it is started", 1}}
	case words[0] == "/bin/sh":
		return nil
	case words[0] == "/usr/bin/env" || words[0] == "/bin/env":
		return searched(words)
	}
	return []ref{{refInterpreter, words[0], 1}}
}

// searched finds the program in the arguments of env.
func searched(words []string) []ref {
	for _, word := range words[1:] {
		word = strings.TrimPrefix(word, "-S")
		switch {
		case word == "" || word == "-i" || word == "--split-string" || strings.Contains(word, "="):
		case strings.HasPrefix(word, "--split-string="):
		case word == "sh" && words[0] == "/usr/bin/env":
			return nil
		case strings.HasPrefix(word, "/"):
			return []ref{{refInterpreter, word, 1}}
		case strings.HasPrefix(word, "-"):
		default:
			return []ref{{refSearched, word, 1}}
		}
	}
	return []ref{{refInterpreter, words[0], 1}}
}
