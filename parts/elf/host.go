package elf

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// programDirs are where a shell looks for programs when nobody told it.
var programDirs = []string{"/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"}

// linkNames are the libraries that come with the C library and the compiler, as
// they are given to -l.
var linkNames = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`c m pthread dl rt resolv util anl mvec BrokenLocale thread_db c_nonshared pthread_nonshared g mcheck
		gcc gcc_s gcc_eh stdc++ stdc++fs stdc++exp supc++ atomic gomp quadmath gfortran ssp ssp_nonshared itm objc gnat
		asan hwasan lsan tsan ubsan c++ c++abi c++experimental omp`) {
		names[n] = true
	}
	return names
}()

// fromCompiler reports whether -lNAME is a library of glibc or the compiler.
// What is linked with it in the end is seen in the ELF files.
func fromCompiler(name string) bool { return linkNames[name] }

// linkName is the name by which -l asks for a file: z for libz.so.1.
func linkName(file string) string {
	name := strings.TrimPrefix(file, "lib")
	if stem, _, ok := strings.Cut(name, ".so"); ok {
		return stem
	}
	return strings.TrimSuffix(strings.TrimSuffix(name, ".a"), ".la")
}

// hostDirs returns where the host has its libraries, for the linker.
func (a *audit) hostDirs() []string {
	l := a.loaderOf(native())
	dirs := append(slices.Clone(l.dirs), "/usr/local/lib")
	for _, entries := range l.cache.entries {
		for _, e := range entries {
			if dir := filepath.Dir(e.path); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return append(dirs, l.cache.dirs...)
}

// hostLibrary returns where the host has a library that -lNAME finds, or could
// find if its development files were there. "" is nowhere.
func (a *audit) hostLibrary(name string) string {
	if a.linkDirs == nil {
		a.linkDirs = a.hostDirs()
		slices.Sort(a.linkDirs)
		a.linkDirs = slices.Compact(a.linkDirs)
	}
	for _, pattern := range []string{".so", ".a", ".so.*"} {
		for _, dir := range a.linkDirs {
			if strings.ContainsAny(name, `*?[\/`) {
				return ""
			}
			found, err := filepath.Glob(a.real(dir + "/lib" + name + pattern))
			if err == nil && len(found) > 0 {
				return strings.TrimPrefix(found[0], a.root)
			}
		}
	}
	return ""
}

// hostPackage returns where the host has a .pc file, or "".
func (a *audit) hostPackage(name string) string {
	if strings.Contains(name, "/") {
		return ""
	}
	dirs := []string{"/usr/share/pkgconfig", "/usr/local/share/pkgconfig"}
	for _, dir := range a.loaderOf(native()).dirs {
		dirs = append(dirs, dir+"/pkgconfig")
	}
	for _, dir := range append(dirs, "/usr/local/lib/pkgconfig") {
		if path := dir + "/" + name + ".pc"; a.exists(path) {
			return path
		}
	}
	return ""
}

// providersOf returns the parts that have a library for -lNAME, but for one.
func (a *audit) providersOf(but int, name string) []string {
	return a.providers(but, func(sh *shelf) bool { return sh.links[name] != "" })
}

// providersOfSoname returns the parts that have a soname, but for one.
func (a *audit) providersOfSoname(but int, soname string) []string {
	return a.providers(but, func(sh *shelf) bool { return len(sh.sonames[soname]) > 0 })
}

// providersOfProgram returns the parts that have a program, but for one.
func (a *audit) providersOfProgram(but int, name string) []string {
	return a.providers(but, func(sh *shelf) bool { return sh.programs[name] != "" })
}

// hint says what to do about a library that providers have.
func (a *audit) hint(part int, providers []string, name string) string {
	if len(providers) == 0 {
		return fmt.Sprintf("build %s as a part of its own and refer to it, or configure part %s without it", name, a.parts[part].Name)
	}
	first := providers[0]
	for _, p := range providers {
		if slices.Contains(a.parts[part].Needs, p) {
			return fmt.Sprintf("part %s has %s: let the linker find it with -L${%s:location}/lib -Wl,-rpath=${%s:location}/lib", p, name, p, p)
		}
	}
	return fmt.Sprintf("part %s has %s: refer to it in part %s with -L${%s:location}/lib -Wl,-rpath=${%s:location}/lib",
		first, name, a.parts[part].Name, first, first)
}
