package elf

import (
	"context"
	"debug/elf"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// subject is an ELF file of a part that is audited.
type subject struct {
	*seen
	object *object
	proc   *process // nil for a file that needs no loader
}

// judgeObjects looks at all ELF files: first each alone, then what they find,
// then what they find by those that load them.
func (a *audit) judgeObjects(ctx context.Context) error {
	for _, s := range a.seen {
		if s.image != nil {
			a.reports[s.part].ELF++
			a.subject(s)
		}
	}
	for _, s := range a.subjects {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.image.dynamic && s.image.loadable() {
			s.proc = a.start(s.object)
			for _, m := range s.proc.list[1:] {
				a.users[m.image] = append(a.users[m.image], s.proc)
			}
		}
	}
	for _, s := range a.subjects {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.proc != nil {
			a.judgeNeeds(s)
			a.judgeVersions(s)
			a.judgeSearchPath(s)
			a.judgeConstants(s)
		}
		a.judgeLoader(s)
		a.judgeHardening(s)
	}
	a.judgeProcesses()
	return nil
}

// subject takes an ELF file that was read.
func (a *audit) subject(s *seen) {
	if s.image.problem != "" {
		a.add(s.part, Finding{File: s.path, Kind: KindMalformed, Level: Warning, Message: "as an ELF file it makes no sense: " + s.image.problem})
	}
	if s.id != (fileID{}) {
		a.images[s.id] = s.image
	}
	o := &object{image: s.image, path: s.path, id: s.id, part: s.part}
	a.objects[s.path] = o
	if s.image.kind == elf.ET_EXEC || s.image.kind == elf.ET_DYN {
		a.subjects = append(a.subjects, &subject{seen: s, object: o})
	}
}

// verdict says what is wrong with what a name was resolved to, for a part; nil
// is nothing.
func (a *audit) verdict(part int, f found, l *loader) *Finding {
	class, _ := Classify(f.name)
	policy := a.parts[part].Policy.Runtime
	if class == ClassRuntime && policy == RuntimeStatic {
		return &Finding{Kind: KindRuntime, Level: Error, Subject: f.name, Resolved: pathOf(f.to),
			Message: fmt.Sprintf("it needs %s, and `runtime = static` excludes shared compiler runtimes", f.name),
			Hint:    "link with -static-libgcc and -static-libstdc++"}
	}
	switch {
	case f.to == nil:
		return a.missing(part, f, class, l)
	case f.to.part >= 0 && a.needs[part][f.to.part], class == ClassGlibc && f.to.part < 0:
		return nil
	case f.to.part >= 0:
		name := a.parts[f.to.part].Name
		return &Finding{Kind: KindUndeclared, Level: Warning, Subject: f.name, Resolved: pathOf(f.to), Providers: []string{name},
			Message: fmt.Sprintf("it needs %s of part %s, which the part does not depend on", f.name, name),
			Hint:    fmt.Sprintf("refer to ${%s:location} in the section of part %s", name, a.parts[part].Name)}
	case class == ClassRuntime && policy != RuntimeOwn:
		return nil
	case class == ClassRuntime:
		return &Finding{Kind: KindRuntime, Level: Error, Subject: f.name, Resolved: pathOf(f.to),
			Message: fmt.Sprintf("it needs %s of the host, and `runtime = own` demands one of a part: %s", f.name, pathOf(f.to))}
	}
	return &Finding{Kind: KindNeededHost, Level: Error, Subject: f.name, Resolved: pathOf(f.to),
		Message: fmt.Sprintf("it needs %s, which resolves to the host's %s", f.name, pathOf(f.to))}
}

// missing is the finding on a name that resolves to nothing.
func (a *audit) missing(part int, f found, class Class, l *loader) *Finding {
	if f.optional || class == ClassGlibc && !l.present {
		return nil
	}
	return &Finding{Kind: KindNeededMissing, Level: Error, Subject: f.name,
		Message: fmt.Sprintf("it needs %s, which is not found: %s", f.name, f.problem)}
}

// pathOf is the path of an object for people.
func pathOf(o *object) string {
	if o == nil {
		return ""
	}
	return filepath.Clean(o.path)
}

// settlement is what was said about a name that a library does not find alone.
type settlement int

const (
	settledReported settlement = iota + 1 // there is a finding, or it is allowed
	settledLoaded                         // those that load it find it
)

// judgeNeeds looks at what an object finds.
func (a *audit) judgeNeeds(s *subject) {
	a.count(s)
	for _, f := range s.proc.list[0].finds {
		finding := a.verdict(s.part, f, s.proc.ld)
		if finding == nil {
			continue
		}
		how := settledReported
		if !s.image.program() && finding.Kind != KindUndeclared {
			if by := a.savedBy(s, f.name); by != "" {
				how = settledLoaded
				*finding = Finding{Kind: KindNeededLoaded, Level: Note, Subject: f.name, Resolved: finding.Resolved,
					Message: fmt.Sprintf("it finds %s only because %s loads it", f.name, by)}
			}
		}
		if a.settled[s.image] == nil {
			a.settled[s.image] = map[string]settlement{}
		}
		a.settled[s.image][f.name] = how
		if finding.Level > Note && finding.Kind != KindUndeclared {
			a.advise(s.part, finding)
		}
		finding.File = s.path
		a.add(s.part, *finding)
	}
}

// advise says where a needed library could come from.
func (a *audit) advise(part int, f *Finding) {
	f.Providers = a.providersOfSoname(part, f.Subject)
	if f.Hint == "" {
		f.Hint = a.hint(part, f.Providers, f.Subject)
	}
	if _, reason := Classify(f.Subject); reason != "" && f.Kind != KindRuntime {
		f.Message += " (" + reason + ")"
	}
}

// count notes in the report of a part which libraries its files need.
func (a *audit) count(s *subject) {
	r := &a.reports[s.part]
	for _, f := range s.proc.list[0].finds {
		switch class, _ := Classify(f.name); {
		case f.to != nil && f.to.part >= 0 && f.to.part != s.part:
			r.Uses = insert(r.Uses, a.parts[f.to.part].Name)
		case f.to != nil && f.to.part == s.part:
		case class == ClassGlibc:
			r.Libraries = insert(r.Libraries, f.name)
		}
		if class, _ := Classify(f.name); class == ClassRuntime {
			r.Runtime = insert(r.Runtime, f.name)
		}
	}
}

// insert adds a word to a sorted list, once.
func insert(list []string, word string) []string {
	i, there := slices.BinarySearch(list, word)
	if there {
		return list
	}
	return slices.Insert(list, i, word)
}

// savedBy returns what loads a library so that it finds a name that it would
// not find alone, or "". Where programs of its part load it, all of them must
// find it; where only libraries do, these; and a library that nothing is linked
// with may be loaded by a program of its part or of the parts that it needs.
func (a *audit) savedBy(s *subject, name string) string {
	var programs, libraries []*process
	for _, p := range a.users[s.image] {
		switch main := p.list[0]; {
		case main.part != s.part:
		case main.program():
			programs = append(programs, p)
		default:
			libraries = append(libraries, p)
		}
	}
	if len(programs) > 0 {
		return a.allFind(s, programs, name)
	}
	if by := a.allFind(s, libraries, name); by != "" {
		return by
	}
	for _, p := range a.loadersOf(s.part) {
		q, m := p.withPlugin(s.object)
		if a.finds(s.part, q, m, name) {
			return p.list[0].path
		}
	}
	return ""
}

// allFind returns the first of some processes if a library finds a name in all
// of them.
func (a *audit) allFind(s *subject, list []*process, name string) string {
	for _, p := range list {
		if m := p.byID(s.object); m == nil || !a.finds(s.part, p, m, name) {
			return ""
		}
	}
	if len(list) == 0 {
		return ""
	}
	return list[0].list[0].path
}

// finds reports whether an object of a process finds a name as a part may.
func (a *audit) finds(part int, p *process, m *mapped, name string) bool {
	for _, f := range m.finds {
		if f.name == name {
			return a.verdict(part, f, p.ld) == nil
		}
	}
	return false
}

// judgeProcesses looks at libraries of other parts in programs: a library that
// works in the programs of its own part may not work in this one.
func (a *audit) judgeProcesses() {
	for _, s := range a.subjects {
		if s.proc == nil || !s.image.program() {
			continue
		}
		for _, m := range s.proc.list[1:] {
			if m.part >= 0 && m.part != s.part {
				a.judgeMember(s, m)
			}
		}
	}
}

func (a *audit) judgeMember(s *subject, m *mapped) {
	for _, f := range m.finds {
		finding := a.verdict(s.part, f, s.proc.ld)
		if finding == nil || finding.Kind == KindUndeclared || a.settled[m.image][f.name] == settledReported {
			continue
		}
		// What is wrong with a part that is not audited now was said when it was.
		if m.part >= a.audited {
			finding.Level = Warning
			copied := *finding
			copied.File = m.path
			if a.parts[m.part].allow(&copied); copied.Allowed != "" {
				continue
			}
		}
		name := a.parts[m.part].Name
		finding.Message = fmt.Sprintf("%s of part %s, which it loads: %s", filepath.Base(m.path), name, finding.Message)
		a.advise(s.part, finding)
		finding.File = s.path
		a.add(s.part, *finding)
	}
}

// loadersOf returns the programs of a part, and of those that it needs, that
// call dlopen.
func (a *audit) loadersOf(part int) (list []*process) {
	list = append(list, a.programsOf(part)...)
	for _, n := range slices.Sorted(maps.Keys(a.needs[part])) {
		if n != part {
			list = append(list, a.programsOf(n)...)
		}
	}
	return list
}

// programsOf returns the programs of one part that call dlopen, or have a
// library that does.
func (a *audit) programsOf(part int) []*process {
	if a.programs[part] != nil {
		return a.programs[part]
	}
	list := []*process{}
	if part < a.audited {
		for _, s := range a.subjects {
			if s.part == part && s.proc != nil && s.image.program() && opens(s.proc) {
				list = append(list, s.proc)
			}
		}
	} else {
		shelved := a.shelf(part).programs
		for _, name := range slices.Sorted(maps.Keys(shelved)) {
			o := a.open(shelved[name])
			if o == nil || !o.loadable() || !o.dynamic || !o.program() || o.part != part {
				continue
			}
			if p := a.start(o); opens(p) {
				list = append(list, p)
			}
		}
	}
	a.programs[part] = list
	return list
}

// opens reports whether something in a process calls dlopen. Libraries of the
// host are not asked.
func opens(p *process) bool {
	return slices.ContainsFunc(p.list, func(m *mapped) bool { return m.dlopen && m.part >= 0 })
}

// judgeLoader looks at the interpreter of a program.
func (a *audit) judgeLoader(s *subject) {
	m := s.image
	kind, known := machineOf(m)
	if m.problem == "" && m.dynamic && (!known || !a.loaderOf(m).present) {
		arch := kind.arch
		if !known {
			arch = m.machine.String()
		}
		a.add(s.part, Finding{File: s.path, Kind: KindForeign, Level: Note, Subject: arch, Message: "it is for " + arch + ", for which this machine has no loader"})
	}
	if m.interp == "" || known && kind.standard(m.interp) {
		return
	}
	f := Finding{File: s.path, Kind: KindInterpreter, Level: Error, Subject: m.interp}
	switch p, other := a.placeOf(s.part, m.interp); {
	case p == placeOther:
		a.undeclared(s.seen, 0, m.interp, "", other)
		return
	case p == placeOwn && a.exists(m.interp):
		return
	case p == placeOwn:
		f.Message = "its interpreter is not there: " + m.interp
	case strings.Contains(m.interp, "/ld-musl-"):
		f.Message = "its interpreter is that of musl, not of glibc: " + m.interp
	case known:
		f.Message = fmt.Sprintf("its interpreter is %s; that of glibc for %s is %s", m.interp, kind.arch, kind.loaders[0])
	default:
		f.Message = fmt.Sprintf("its interpreter is %s, and glibc has none for %s", m.interp, m.machine)
	}
	if a.exists(m.interp) {
		f.Resolved = m.interp
	}
	f.Hint = "build the program with the compiler of this machine, without -Wl,--dynamic-linker"
	a.add(s.part, f)
}
