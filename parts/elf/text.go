package elf

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// text is what a file that is not ELF says about other files.
type text struct {
	kind string // of findings, or "" when it is only counted
	refs []ref
}

// refKind is what a reference is to.
type refKind int

const (
	refDirectory   refKind = iota // -L, libdir=
	refInclude                    // -I
	refLibrary                    // -lz: the value is z
	refFile                       // a library by its path
	refPackage                    // another .pc file
	refInterpreter                // the program of #!
	refSearched                   // a program that env looks up
	refBroken                     // what is wrong with #!
)

// ref is a reference to something that may be the host's.
type ref struct {
	kind  refKind
	value string
	line  int
}

// maxText is how much of a text file is read.
const maxText = 1 << 20

// textKind says by the name of a file what it may be, or "".
func textKind(path string) string {
	name := filepath.Base(path)
	switch {
	case strings.HasSuffix(name, ".pc"):
		return KindPkgConfig
	case strings.HasSuffix(name, ".la"):
		return KindLibtool
	case strings.HasSuffix(name, ".a"):
		return KindArchive
	case isCmake(path):
		return KindCmake
	case strings.HasSuffix(name, "-config") || strings.Contains(name, "-config-"):
		return KindConfigScript
	case strings.HasSuffix(name, ".so") || strings.Contains(name, ".so."):
		return KindLinkerScript
	}
	return ""
}

// isCmake reports whether a file is one by which cmake finds what is installed.
// The modules of cmake itself, which look around in the host, are elsewhere.
func isCmake(path string) bool {
	return strings.HasSuffix(path, ".cmake") && strings.Contains(path, "/cmake/") && !strings.Contains(path, "/Modules/")
}

// readText reads what is needed of a file that is not ELF. nil means that there
// is nothing to say about it.
func (r *reader) readText(f *os.File, path string, mode fs.FileMode, head []byte) (*text, error) {
	script := bytes.HasPrefix(head, []byte("#!"))
	kind := textKind(path)
	t := &text{}
	if script && mode&0o111 != 0 {
		t.kind, t.refs = KindShebang, shebang(head)
	}
	switch {
	case kind == KindArchive && (bytes.HasPrefix(head, []byte("!<arch>\n")) || bytes.HasPrefix(head, []byte("!<thin>\n"))):
		return &text{kind: kind}, nil
	case kind == "" || kind == KindArchive || kind == KindConfigScript && !script || bytes.IndexByte(head, 0) >= 0:
		if len(t.refs) == 0 {
			return nil, nil
		}
		return t, nil
	}
	content, err := r.whole(f)
	if err != nil {
		return nil, err
	}
	refs := parseText(kind, path, content)
	if len(refs) == 0 && len(t.refs) == 0 {
		return nil, nil
	}
	return &text{kind: kind, refs: append(t.refs, refs...)}, nil
}

// whole reads a text file up to maxText bytes.
func (r *reader) whole(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	r.r, r.size = f, info.Size()
	b, err := r.fill(&r.more, 0, uint64(min(info.Size(), maxText)))
	return string(b), err
}

// parseText collects the references of a text file.
func parseText(kind, path, content string) []ref {
	switch kind {
	case KindPkgConfig:
		return pkgConfig(content, filepath.Dir(path))
	case KindLibtool:
		return libtool(content)
	case KindConfigScript:
		return configScript(content)
	case KindCmake:
		return cmake(content)
	case KindLinkerScript:
		return linkerScript(content)
	}
	return nil
}

// flagRefs collects the references of options for compiler and linker.
func flagRefs(flags string, line int) (refs []ref) {
	add := func(kind refKind, value string) {
		if value != "" {
			refs = append(refs, ref{kind, value, line})
		}
	}
	words := shellWords(flags)
	for i := 0; i < len(words); i++ {
		word := words[i]
		next := func(option string) string {
			if word == option && i+1 < len(words) {
				i++
				return words[i]
			}
			return word[len(option):]
		}
		switch {
		case strings.HasPrefix(word, "-L"):
			add(refDirectory, next("-L"))
		case strings.HasPrefix(word, "-I"):
			add(refInclude, next("-I"))
		case strings.HasPrefix(word, "-isystem"):
			add(refInclude, next("-isystem"))
		case strings.HasPrefix(word, "-l"):
			add(refLibrary, next("-l"))
		case strings.HasPrefix(word, "-R/"):
			add(refDirectory, word[2:])
		case strings.HasPrefix(word, "-Wl,"):
			linkerRefs(word, add)
		case isLibraryFile(word):
			add(refFile, word)
		}
	}
	return refs
}

// linkerRefs takes the directories of -Wl,-rpath,DIR.
func linkerRefs(word string, add func(refKind, string)) {
	parts := strings.Split(word, ",")
	for i, part := range parts {
		for _, option := range []string{"-rpath=", "--rpath=", "-R"} {
			if dirs, ok := strings.CutPrefix(part, option); ok {
				addDirs(dirs, add)
			}
		}
		if (part == "-rpath" || part == "--rpath" || part == "-R") && i+1 < len(parts) {
			addDirs(parts[i+1], add)
		}
	}
}

func addDirs(list string, add func(refKind, string)) {
	for _, dir := range strings.Split(list, ":") {
		add(refDirectory, dir)
	}
}

// isLibraryFile reports whether a word is the absolute path of a library.
func isLibraryFile(word string) bool {
	if !strings.HasPrefix(word, "/") || strings.ContainsAny(word, "$`*%") {
		return false
	}
	name := filepath.Base(word)
	return strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.") || strings.HasSuffix(name, ".a") || strings.HasSuffix(name, ".la")
}

// shellWords splits a text as a shell does, without expanding anything.
func shellWords(s string) (words []string) {
	var word []byte
	inWord, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(s) && quote != '\'':
			i++
			word, inWord = append(word, s[i]), true
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			if inWord {
				words = append(words, string(word))
			}
			word, inWord = word[:0], false
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words
}
