package elf

import (
	"path/filepath"
	"regexp"
	"strings"
)

// logicalLines calls f with the lines of a text, those that end with a
// backslash joined, and their numbers.
func logicalLines(content string, f func(line string, number int)) {
	number, first, joined := 0, 0, ""
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if joined == "" {
			first = number
		}
		if cut, ok := strings.CutSuffix(line, "\\"); ok {
			joined += cut + " "
			continue
		}
		f(joined+line, first)
		joined = ""
	}
	if joined != "" {
		f(joined, first)
	}
}

// maxExpansion bounds what variables that hold each other can grow to.
const maxExpansion = 64 << 10

// pkgConfig reads a .pc file that is in dir.
func pkgConfig(content, dir string) (refs []ref) {
	variables := map[string]string{"pcfiledir": dir, "pc_sysrootdir": "", "pc_top_builddir": ""}
	logicalLines(content, func(line string, number int) {
		line, _, _ = strings.Cut(line, "#")
		i := strings.IndexAny(line, "=:")
		if i < 0 {
			return
		}
		name, value := strings.TrimSpace(line[:i]), expandVariables(strings.TrimSpace(line[i+1:]), variables)
		if line[i] == '=' {
			variables[name] = value
			return
		}
		switch strings.ToLower(name) {
		case "libs", "libs.private", "cflags", "cflags.private":
			refs = append(refs, flagRefs(value, number)...)
		case "requires", "requires.private":
			refs = append(refs, requires(value, number)...)
		}
	})
	return refs
}

// expandVariables replaces ${NAME}. What is not defined becomes nothing.
func expandVariables(text string, variables map[string]string) string {
	var b strings.Builder
	for b.Len() < maxExpansion {
		before, after, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			break
		}
		b.WriteString(variables[name])
		text = rest
	}
	return b.String()
}

// requires reads a list such as `zlib >= 1.2, libcrypto`.
func requires(value string, line int) (refs []ref) {
	fields := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	for i := 0; i < len(fields); i++ {
		if strings.ContainsAny(fields[i][:1], "<>=!") {
			i++ // the version behind an operator
			continue
		}
		refs = append(refs, ref{refPackage, fields[i], line})
	}
	return refs
}

// libtool reads a .la file.
func libtool(content string) (refs []ref) {
	logicalLines(content, func(line string, number int) {
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			return
		}
		value = strings.Trim(value, "'")
		switch name {
		case "dependency_libs", "inherited_linker_flags":
			refs = append(refs, flagRefs(value, number)...)
		case "libdir":
			if value != "" {
				refs = append(refs, ref{refDirectory, value, number})
			}
		}
	})
	return refs
}

// directoryVariable is an assignment of a directory in a shell script.
var directoryVariable = regexp.MustCompile(`^\s*(?:\w*prefix|libdir|includedir|\w+_(?:lib|include)dir)=["']?(/[^"'$\x60\s;]*)["']?\s*(?:;.*)?$`)

// configScript reads what a script such as xml2-config may print. Words of the
// shell can look like options, so only those are taken that are whole.
func configScript(content string) (refs []ref) {
	number := 0
	for line := range strings.Lines(content) {
		number++
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if found := directoryVariable.FindStringSubmatch(strings.TrimRight(line, "\r\n")); found != nil {
			refs = append(refs, ref{refDirectory, found[1], number})
			continue
		}
		if isTest(line) {
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`=;", r) }) {
			refs = append(refs, scriptWord(word, number)...)
		}
	}
	return refs
}

// isTest reports whether a line of a script compares and does not print.
func isTest(line string) bool {
	line = strings.TrimSpace(line)
	for _, word := range []string{"if ", "elif ", "test ", "[ ", "case ", "while "} {
		if strings.HasPrefix(line, word) {
			return true
		}
	}
	return strings.HasPrefix(line, "-") && strings.Contains(line, ")") // a pattern of case
}

var libraryOption = regexp.MustCompile(`^-l[A-Za-z0-9_][A-Za-z0-9_+.-]*$`)

// scriptWord takes a word that is an option with a fixed value.
func scriptWord(word string, line int) []ref {
	switch {
	case strings.ContainsAny(word, "$*?[](){}\\|&<>"):
	case strings.HasPrefix(word, "-L/-"), strings.HasPrefix(word, "-I/-"):
	case strings.HasPrefix(word, "-L/"):
		return []ref{{refDirectory, word[2:], line}}
	case strings.HasPrefix(word, "-I/"):
		return []ref{{refInclude, word[2:], line}}
	case libraryOption.MatchString(word):
		return []ref{{refLibrary, word[2:], line}}
	case isLibraryFile(word):
		return []ref{{refFile, word, line}}
	}
	return nil
}

// cmakeLists are the properties of cmake's targets that name libraries and
// directories.
var cmakeLists = regexp.MustCompile(`\b(INTERFACE_LINK_LIBRARIES|IMPORTED_LINK_INTERFACE_LIBRARIES\w*|INTERFACE_INCLUDE_DIRECTORIES|` +
	`INTERFACE_SYSTEM_INCLUDE_DIRECTORIES|INTERFACE_LINK_DIRECTORIES)\s+"([^"]*)"`)

// cmake reads a package file of cmake.
func cmake(content string) (refs []ref) {
	number := 0
	for line := range strings.Lines(content) {
		number++
		line, _, _ = strings.Cut(line, "#")
		if found := cmakeLists.FindStringSubmatch(line); found != nil {
			refs = append(refs, cmakeList(found[1], found[2], number)...)
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n\";()", r) }) {
			refs = append(refs, scriptWord(word, number)...)
		}
	}
	return refs
}

// cmakeList reads the value of a property.
func cmakeList(property, value string, line int) (refs []ref) {
	kind := refInclude
	switch {
	case property == "INTERFACE_LINK_DIRECTORIES":
		kind = refDirectory
	case strings.Contains(property, "LIBRARIES"):
		kind = refLibrary
	}
	for _, item := range strings.Split(value, ";") {
		item = strings.TrimSuffix(strings.TrimPrefix(item, "\\$<LINK_ONLY:"), ">")
		switch {
		case item == "" || strings.ContainsAny(item, "$<>") || strings.Contains(item, "::"):
		case isLibraryFile(item):
			refs = append(refs, ref{refFile, item, line})
		case strings.HasPrefix(item, "-"):
			refs = append(refs, flagRefs(item, line)...)
		case kind != refLibrary && filepath.IsAbs(item), kind == refLibrary && !strings.Contains(item, "/"):
			refs = append(refs, ref{kind, item, line})
		}
	}
	return refs
}

var linkerComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// linkerScript reads a library that is a text such as
// `GROUP ( /lib/libc.so.6 AS_NEEDED ( -lm ) )`.
func linkerScript(content string) (refs []ref) {
	content = linkerComment.ReplaceAllStringFunc(content, func(comment string) string {
		return strings.Repeat("\n", strings.Count(comment, "\n"))
	})
	if !strings.Contains(content, "GROUP") && !strings.Contains(content, "INPUT") && !strings.Contains(content, "SEARCH_DIR") {
		return nil
	}
	number := 0
	for line := range strings.Lines(content) {
		number++
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n(),;\"=", r) }) {
			if strings.HasPrefix(word, "/") && !isLibraryFile(word) {
				refs = append(refs, ref{refDirectory, word, number})
			} else {
				refs = append(refs, scriptWord(word, number)...)
			}
		}
	}
	return refs
}
