package pure

import (
	"debug/elf"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// programs finds what can be run: basic programs and compilers in the directories
// of the system, and compilers and tools wherever PATH leads.
func (b *builder) programs() {
	tools := b.toolNames()
	dirs := b.searchDirs()
	var inside []string
	for _, dir := range slices.Concat(dirs, programDirs) {
		isSystem := slices.Contains(programDirs, dir)
		real, err := b.resolve(dir)
		if err != nil || b.bins[real] != nil {
			if err == nil && isSystem && !slices.Contains(inside, dir) {
				inside = append(inside, dir)
			}
			continue
		}
		var found []string
		for _, e := range b.entries(real) {
			name := e.Name()
			if (isSystem && isBasic(name) || isCompiler(name) || tools[name]) && b.isProgram(real+"/"+name) {
				found = append(found, name)
			}
		}
		if !isSystem && len(found) == 0 {
			continue
		}
		inside = append(inside, dir)
		b.runnable(dir, real, found)
	}
	b.namedTools()
	b.view.Path = strings.Join(inside, ":")
}

// searchDirs returns the elements of PATH that are searched.
func (b *builder) searchDirs() (dirs []string) {
	isPart := func(dir string) bool {
		return slices.ContainsFunc(b.Parts, func(parts string) bool {
			real, err := b.resolve(parts)
			return err == nil && below(dir, real) && !slices.Contains(programDirs, dir)
		})
	}
	for _, dir := range filepath.SplitList(b.Path) {
		real, err := b.resolve(dir)
		if !filepath.IsAbs(dir) || err != nil || slices.Contains(dirs, filepath.Clean(dir)) {
			continue
		}
		if !isPart(real) {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	return dirs
}

// toolNames are the names of the programs that are asked for.
func (b *builder) toolNames() map[string]bool {
	names := map[string]bool{}
	for _, tool := range slices.Concat(b.Tools, b.Compilers) {
		names[filepath.Base(tool)] = true
	}
	return names
}

// runnable makes a layer over a directory of programs, and notes what they lead
// to.
func (b *builder) runnable(dir, real string, found []string) {
	l := b.cover(real, func(*layer) {})
	if l != nil {
		b.bins[real] = l
	}
	for _, name := range found {
		if b.view.Programs[name] == "" {
			b.view.Programs[name] = dir + "/" + name
		}
		b.showProgram(real + "/" + name)
	}
}

// showProgram shows a program in its layer, with the links that lead to it.
func (b *builder) showProgram(path string) {
	for _, p := range b.chain(path) {
		dir, name := filepath.Split(p)
		dir = filepath.Clean(dir)
		if l := b.bins[dir]; l != nil {
			if text := b.link(p); text != "" {
				l.add(link, name, text)
			} else {
				l.add(bound, name, "")
			}
		}
		b.home(p)
	}
}

// home notes the installation that a program below ownDirs belongs to.
func (b *builder) home(program string) {
	for _, own := range ownDirs {
		real, err := b.resolve(own)
		if err != nil || !below(program, real) {
			continue
		}
		home := filepath.Dir(program)
		if base := filepath.Base(home); base == "bin" || base == "sbin" {
			home = filepath.Dir(home)
		}
		if !slices.Contains(b.homes, home) {
			b.homes = append(b.homes, home)
		}
	}
}

// namedTools notes the tools that are given by their paths, and those that there
// are none of.
func (b *builder) namedTools() {
	for i, tool := range slices.Concat(b.Tools, b.Compilers) {
		switch name := filepath.Base(tool); {
		case name != tool && filepath.IsAbs(tool) && b.isProgram(tool):
			b.view.Programs[name] = tool
			b.showProgram(tool)
		case i < len(b.Tools) && (name != tool || b.view.Programs[name] == ""):
			b.view.Missing = append(b.view.Missing, tool)
		}
	}
}

// needed returns the names of the libraries that the programs are linked with.
// There are some that have no version in their names.
func (b *builder) needed() map[string]bool {
	needed := map[string]bool{}
	var queue []string
	for _, name := range slices.Sorted(maps.Keys(b.view.Programs)) {
		queue = append(queue, b.view.Programs[name])
	}
	var dirs []string
	for _, dir := range libraryDirs {
		for name := range b.names(dir) {
			if isMachine(name) {
				dirs = append(dirs, dir+"/"+name)
			}
		}
		dirs = append(dirs, dir)
	}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		for _, name := range b.imports(path) {
			if needed[name] {
				continue
			}
			needed[name] = true
			for _, dir := range dirs {
				if _, err := b.resolve(dir + "/" + name); err == nil {
					queue = append(queue, dir+"/"+name)
					break
				}
			}
		}
	}
	return needed
}

// imports returns the libraries that an ELF file is linked with.
func (b *builder) imports(path string) []string {
	real, err := b.resolve(path)
	if err != nil {
		return nil
	}
	f, err := os.Open(b.root + real)
	if err != nil {
		return nil
	}
	defer f.Close()
	e, err := elf.NewFile(f)
	if err != nil {
		return nil
	}
	names, _ := e.ImportedLibraries()
	return names
}
