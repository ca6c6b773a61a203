package elf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// judgeSearchPath looks at the directories of a RUNPATH or RPATH.
func (a *audit) judgeSearchPath(s *subject) {
	name, text := "RUNPATH", s.image.runpath
	if !s.image.hasRun {
		name, text = "RPATH", s.image.rpath
	}
	if text == "" {
		return
	}
	done := map[string]bool{}
	for _, dir := range strings.Split(text, ":") {
		if !done[dir] {
			done[dir] = true
			a.judgeEntry(s, name, dir)
		}
	}
}

// judgeEntry looks at one directory of a RUNPATH or RPATH.
func (a *audit) judgeEntry(s *subject, name, raw string) {
	p := s.proc
	dir := expand(raw, p.origin(p.list[0]), p.ld)
	f := Finding{File: s.path, Kind: KindRunpathUnsafe, Level: Error, Subject: raw,
		Hint: "let the linker not be told of it: it comes from -Wl,-rpath, LD_RUN_PATH or a wrapper of the compiler"}
	switch {
	case dir == "":
		f.Message = fmt.Sprintf("its %s has an empty entry: the directory in which a program is started", name)
	case !filepath.IsAbs(dir):
		f.Message = fmt.Sprintf("its %s has `%s`, which is relative to the directory in which a program is started", name, raw)
	default:
		if where, _ := a.placeOf(s.part, dir); where != placeHost {
			return
		}
		a.judgeHostDir(p, name, filepath.Clean(dir), &f)
	}
	a.add(s.part, f)
}

// judgeHostDir looks at a directory that is in no part.
func (a *audit) judgeHostDir(p *process, name, dir string, f *Finding) {
	f.Resolved, f.Kind = dir, KindRunpathHost
	real := a.follow(dir)
	isDefault := slices.ContainsFunc(p.ld.dirs, func(d string) bool { return d == dir || a.follow(d) == real })
	switch {
	case isDefault:
		f.Level = Warning
		f.Message = fmt.Sprintf("its %s has %s, which is searched anyway, but behind what follows it here", name, dir)
	case a.public(dir):
		f.Kind = KindRunpathUnsafe
		f.Message = fmt.Sprintf("its %s has %s, where anybody may put a library", name, dir)
	case !a.exists(dir):
		f.Message = fmt.Sprintf("its %s has %s, which is in no part and not there", name, dir)
	default:
		f.Message = fmt.Sprintf("its %s has %s, a directory of the host", name, dir)
	}
}

// public reports whether anybody may make a file in a directory, or the
// directory itself where it is missing.
func (a *audit) public(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(a.real(dir))
		if err == nil {
			return info.IsDir() && info.Mode().Perm()&0o002 != 0
		}
		if dir == "/" || dir == "." {
			return false
		}
	}
}

// judgeConstants looks at the names of libraries in a file that calls dlopen.
func (a *audit) judgeConstants(s *subject) {
	for _, name := range s.image.names {
		if name == s.image.soname || name == s.image.interp || name == filepath.Base(s.path) {
			continue
		}
		r := &a.reports[s.part]
		r.Dlopen = insert(r.Dlopen, name)
		a.judgeConstant(s, name)
	}
}

func (a *audit) judgeConstant(s *subject, name string) {
	base := filepath.Base(name)
	class, _ := Classify(base)
	has := func(sh *shelf) bool { return len(sh.sonames[base]) > 0 }
	if class == ClassGlibc || class == ClassRuntime && a.parts[s.part].Policy.Runtime != RuntimeOwn || a.inClosure(s.part, has) {
		return
	}
	f := Finding{File: s.path, Kind: KindDlopen, Level: Note, Subject: name}
	o := s.proc.wouldOpen(name)
	switch {
	case o == nil:
		f.Message = fmt.Sprintf("it may load %s, which is not there", name)
	case o.part >= 0:
		f.Resolved, f.Message = pathOf(o), fmt.Sprintf("it may load %s of part %s, which the part does not depend on", name, a.parts[o.part].Name)
	default:
		f.Level, f.Resolved = Warning, pathOf(o)
		f.Message = fmt.Sprintf("it may load %s, which is found only on the host: %s", name, pathOf(o))
		f.Providers = a.providersOfSoname(s.part, base)
		f.Hint = "configure the part without it, or provide it by a part"
	}
	a.add(s.part, f)
}

// wouldOpen returns what dlopen of a name by the first object gives, or nil.
func (p *process) wouldOpen(name string) *object {
	name = expand(name, p.origin(p.list[0]), p.ld)
	if m := p.loaded(name); m != nil {
		return m.object
	}
	if strings.Contains(name, "/") && !filepath.IsAbs(name) {
		return nil
	}
	o, _ := p.search(name, p.list[0])
	return o
}
