package elf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// judgeMode looks at the permissions of a file or directory.
func (a *audit) judgeMode(s *seen) {
	switch mode := s.mode; {
	case mode.Perm()&0o002 == 0 || !mode.IsRegular() && !mode.IsDir():
	case mode&fs.ModeSticky != 0:
		a.add(s.part, Finding{File: s.path, Kind: KindWorldWritable, Level: Warning, Subject: mode.String(),
			Message: "anybody may make files in this directory"})
	default:
		a.add(s.part, Finding{File: s.path, Kind: KindWorldWritable, Level: Error, Subject: mode.String(),
			Message: "anybody may write to it", Hint: "take the permission away at the end of the build: chmod o-w"})
	}
	if s.mode.IsRegular() && s.mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
		a.add(s.part, Finding{File: s.path, Kind: KindSetuid, Level: Error, Subject: s.mode.String(),
			Message: "it runs with the rights of its owner or group", Hint: "take the bit away at the end of the build: chmod ug-s"})
	}
}

// judgeFile says what is wrong with a file that is not ELF, or could not be
// read.
func (a *audit) judgeFile(s *seen) {
	switch {
	case s.err != nil:
		a.add(s.part, Finding{File: s.path, Kind: KindUnreadable, Level: Warning, Message: "it cannot be read: " + pathless(s.err)})
	case s.link != "":
		a.judgeLink(s)
	case s.text != nil && s.text.kind == KindArchive:
		a.add(s.part, Finding{File: s.path, Kind: KindArchive, Level: Note,
			Message: "a static library: what it needs is known where it is linked"})
	case s.text != nil:
		for _, r := range s.text.refs {
			a.judgeRef(s, r)
		}
	}
}

// linkTargets are what symbolic links may lead to on any machine.
var linkTargets = map[string]bool{"/dev/null": true, "/dev/stdin": true, "/dev/stdout": true, "/dev/stderr": true, "/dev/zero": true}

// judgeLink looks at where a symbolic link leads.
func (a *audit) judgeLink(s *seen) {
	f := Finding{File: s.path, Kind: KindSymlink, Level: Warning, Subject: s.link}
	if _, err := os.Stat(s.path); err != nil {
		if linkTargets[s.link] {
			return
		}
		f.Message = "it leads to nothing"
		if !errors.Is(err, fs.ErrNotExist) {
			f.Message = "it leads to nothing: " + pathless(err)
		}
		a.add(s.part, f)
		return
	}
	real := a.follow(s.path)
	switch p, other := a.placeOf(s.part, s.path); {
	case p == placeOwn || linkTargets[s.link]:
		return
	case p == placeOther:
		a.undeclared(s, 0, s.link, real, other)
		return
	}
	f.Resolved, f.Message = real, "it leads to the host: "+real
	f.Hint = "let it lead to a file of a part, or leave it out"
	a.add(s.part, f)
}

// undeclared is a finding on a part that a part does not need.
func (a *audit) undeclared(s *seen, line int, subject, resolved string, other int) {
	name := a.parts[other].Name
	a.add(s.part, Finding{File: s.path, Kind: KindUndeclared, Level: Warning, Line: line, Subject: subject, Resolved: resolved,
		Message: fmt.Sprintf("%s is in part %s, which the part does not depend on", subject, name), Providers: []string{name},
		Hint: fmt.Sprintf("refer to ${%s:location} in the section of part %s", name, a.parts[s.part].Name)})
}

// judgeRef says what is wrong with a reference of a text file.
func (a *audit) judgeRef(s *seen, r ref) {
	switch r.kind {
	case refDirectory, refInclude:
		a.judgeDirectory(s, r)
	case refFile:
		a.judgeLibraryFile(s, r)
	case refLibrary:
		a.judgeOption(s, r)
	case refPackage:
		a.judgePackage(s, r)
	case refInterpreter:
		a.judgeInterpreter(s, r)
	case refSearched:
		a.judgeSearched(s, r)
	case refBroken:
		a.add(s.part, Finding{File: s.path, Kind: KindShebang, Level: Warning, Line: r.line, Message: r.value})
	}
}

// judgeDirectory looks at -L, -I and their like.
func (a *audit) judgeDirectory(s *seen, r ref) {
	if !filepath.IsAbs(r.value) || filepath.Clean(r.value) == "/" {
		return // relative to what is built by it
	}
	dir := filepath.Clean(r.value)
	switch p, other := a.placeOf(s.part, dir); p {
	case placeOther:
		a.undeclared(s, r.line, dir, "", other)
	case placeHost:
		what := "libraries"
		if r.kind == refInclude {
			what = "headers"
		}
		f := Finding{File: s.path, Kind: s.text.kind, Level: Warning, Line: r.line, Subject: dir,
			Message: fmt.Sprintf("it names a directory of the host for %s: %s", what, dir), Hint: "take the directory out at the end of the build"}
		if !a.exists(dir) {
			f.Message = fmt.Sprintf("it names a directory for %s that is in no part and not there: %s", what, dir)
		}
		a.add(s.part, f)
	}
}

// judgeLibraryFile looks at a library that is named by its path.
func (a *audit) judgeLibraryFile(s *seen, r ref) {
	path := filepath.Clean(r.value)
	f := Finding{File: s.path, Kind: s.text.kind, Level: Warning, Line: r.line, Subject: path}
	switch p, other := a.placeOf(s.part, path); p {
	case placeOther:
		a.undeclared(s, r.line, path, "", other)
		return
	case placeOwn:
		if a.exists(path) {
			return
		}
		f.Message = "it names a library that is not there: " + path
	case placeHost:
		if fromCompiler(linkName(filepath.Base(path))) {
			return
		}
		f.Resolved, f.Message = path, "it names a library of the host: "+path
		f.Providers = a.providersOf(s.part, linkName(filepath.Base(path)))
		f.Hint = a.hint(s.part, f.Providers, linkName(filepath.Base(path)))
	}
	a.add(s.part, f)
}

// judgeOption looks at -lz.
func (a *audit) judgeOption(s *seen, r ref) {
	name := r.value
	if file, ok := strings.CutPrefix(name, ":"); ok {
		name = linkName(file)
	}
	has := func(sh *shelf) bool { return sh.links[name] != "" }
	if fromCompiler(name) || a.inClosure(s.part, has) {
		return
	}
	option := "-l" + r.value
	f := Finding{File: s.path, Kind: s.text.kind, Level: Warning, Line: r.line, Subject: option,
		Resolved: a.hostLibrary(name), Providers: a.providersOf(s.part, name)}
	f.Hint = a.hint(s.part, f.Providers, name)
	switch {
	case f.Resolved != "":
		f.Message = fmt.Sprintf("it asks for %s, which only the host provides: %s", option, f.Resolved)
	case len(f.Providers) > 0:
		f.Message = fmt.Sprintf("it asks for %s, which no part provides that the part depends on", option)
	case s.text.kind == KindConfigScript:
		return // another word of the shell
	default:
		f.Message = fmt.Sprintf("it asks for %s, which nothing provides", option)
	}
	a.add(s.part, f)
}

// judgePackage looks at the packages that a .pc file requires.
func (a *audit) judgePackage(s *seen, r ref) {
	has := func(sh *shelf) bool { return sh.packages[r.value] != "" }
	if a.inClosure(s.part, has) {
		return
	}
	f := Finding{File: s.path, Kind: s.text.kind, Level: Warning, Line: r.line, Subject: r.value,
		Resolved: a.hostPackage(r.value), Providers: a.providers(s.part, has)}
	switch {
	case f.Resolved != "":
		f.Message = fmt.Sprintf("it requires %s.pc, which only the host provides: %s", r.value, f.Resolved)
	case len(f.Providers) > 0:
		f.Message = fmt.Sprintf("it requires %s.pc, which no part provides that the part depends on", r.value)
	default:
		f.Message = fmt.Sprintf("it requires %s.pc, which nothing provides", r.value)
	}
	f.Hint = a.hint(s.part, f.Providers, r.value)
	a.add(s.part, f)
}

// judgeInterpreter looks at the program of #!.
func (a *audit) judgeInterpreter(s *seen, r ref) {
	f := Finding{File: s.path, Kind: KindShebang, Level: Warning, Line: r.line, Subject: r.value}
	there := a.exists(r.value)
	switch p, other := a.placeOf(s.part, r.value); {
	case p == placeOther:
		a.undeclared(s, r.line, r.value, "", other)
		return
	case p == placeOwn && there:
		return
	case !there:
		f.Message = "its interpreter is not there: " + r.value
	default:
		f.Resolved, f.Message = r.value, "its interpreter is a program of the host: "+r.value
	}
	f.Providers = a.providersOfProgram(s.part, filepath.Base(r.value))
	f.Hint = "let it begin with an interpreter of a part, or with #!/bin/sh"
	a.add(s.part, f)
}

// judgeSearched looks at a program that env looks up.
func (a *audit) judgeSearched(s *seen, r ref) {
	f := Finding{File: s.path, Kind: KindShebang, Level: Warning, Line: r.line, Subject: "env " + r.value,
		Hint: "let it begin with the path of an interpreter of a part, or with #!/bin/sh"}
	own := ""
	a.inClosure(s.part, func(sh *shelf) bool { own = sh.programs[r.value]; return own != "" })
	if own != "" {
		f.Level, f.Resolved = Note, own
		f.Message = fmt.Sprintf("its interpreter %s is the first one in PATH, which may be another one than %s", r.value, own)
		a.add(s.part, f)
		return
	}
	f.Message = fmt.Sprintf("its interpreter %s is looked up in PATH, and no part provides it that the part depends on", r.value)
	for _, dir := range programDirs {
		if path := dir + "/" + r.value; a.exists(path) {
			f.Resolved = path
			f.Message = fmt.Sprintf("its interpreter %s is a program of the host: %s", r.value, path)
			break
		}
	}
	f.Providers = a.providersOfProgram(s.part, r.value)
	a.add(s.part, f)
}
