package pure

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts/run"
)

// dropped are the variables of the run that parts do not get: they name
// directories in which something of the host would be found.
const dropped = "CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD LD_RUN_PATH GCC_EXEC_PREFIX " +
	"COMPILER_PATH PKG_CONFIG_PATH PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR ACLOCAL_PATH CONFIG_SITE CMAKE_PREFIX_PATH CMAKE_INCLUDE_PATH " +
	"CMAKE_LIBRARY_PATH CMAKE_PROGRAM_PATH CMAKE_TOOLCHAIN_FILE PYTHONPATH PYTHONHOME PYTHONUSERBASE PERL5LIB PERLLIB PERL_LOCAL_LIB_ROOT " +
	"PERL_MM_OPT PERL_MB_OPT RUBYLIB GEM_HOME GEM_PATH NODE_PATH LUA_PATH LUA_CPATH TCLLIBPATH GOPATH GOROOT CARGO_HOME JAVA_HOME CLASSPATH " +
	"GI_TYPELIB_PATH XDG_DATA_DIRS XDG_DATA_HOME XDG_CONFIG_DIRS XDG_CONFIG_HOME XDG_CACHE_HOME MANPATH INFOPATH VIRTUAL_ENV CONDA_PREFIX BASH_ENV ENV"

// Environ returns env as parts get it: with a PATH and a HOME of their own, and
// without variables that lead to the host.
func Environ(env []string, path, home string) []string {
	drop := strings.Fields(dropped)
	kept := slices.DeleteFunc(slices.Clone(env), func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return slices.Contains(drop, name)
	})
	return run.MergeEnv(kept, map[string]string{"PATH": path, "HOME": home})
}

// WithoutPackages returns env for a part that could see the packages of the host:
// programs that look for them are told an empty directory.
func WithoutPackages(env []string, empty string) []string {
	return run.MergeEnv(env, map[string]string{"PKG_CONFIG_LIBDIR": empty, "ACLOCAL_PATH": empty})
}

// Link makes the directory dir anew, with a link to each program.
func (v *View) Link(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, path := range v.Programs {
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// Shows reports whether a program of the host is there in the view.
func (v *View) Shows(program string) bool {
	dir := filepath.Dir(program)
	if slices.Contains(programDirs, dir) || slices.ContainsFunc(ownDirs, func(own string) bool { return below(dir, own) }) {
		return v.Programs[filepath.Base(program)] != ""
	}
	return true
}
