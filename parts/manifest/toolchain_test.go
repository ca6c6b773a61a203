package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compiler writes a program that answers as GCC does. Each answer is noted in
// the file asked beside it.
func compiler(t *testing.T, path, version string) {
	t.Helper()
	os.MkdirAll(filepath.Dir(path), 0o777)
	script := `#!/bin/sh
echo "$@" >> "${0%/*}/asked"
case $1 in
-dumpfullversion) echo ` + version + `;;
-dumpmachine) echo machine;;
*) echo unknown; exit 1;;
esac
`
	replaceProgram(t, path, script)
}

func replaceProgram(t *testing.T, path, script string) {
	t.Helper()
	os.Remove(path)
	if err := os.WriteFile(path, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
}

func asked(path string) int {
	text, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "asked"))
	return strings.Count(string(text), "\n")
}

func TestToolchain(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "manifest")
	environ := []string{"PATH=/nonexistent:relative:" + dir + "/bin"}
	gcc := dir + "/bin/gcc"
	compiler(t, gcc, "12")
	os.Symlink("gcc", dir+"/bin/cc")
	compiler(t, dir+"/bin/g++", "12")
	replaceProgram(t, dir+"/bin/ld", "#!/bin/sh\n[ \"$1\" = --version ] && echo Linker 2.40 && echo more\n")
	find := func() Toolchain {
		f := Load(path)
		found := f.Toolchain(t.Context(), environ)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if text := f.ToolchainText(found.ID); text != found.Text {
			t.Errorf("the id stands for %q, not %q", text, found.Text)
		}
		return found
	}
	first := find()
	if want := "gcc 12 machine, g++ 12 machine, Linker 2.40"; first.Text != want || len(first.ID) != idDigits {
		t.Errorf("got %+v, want %s", first, want)
	}
	times := asked(gcc)
	if again := find(); again != first || asked(gcc) != times {
		t.Errorf("%+v; compilers were started: %v", again, asked(gcc) != times)
	}
	compiler(t, gcc, "12")
	old(t, gcc)
	if again := find(); again != first || asked(gcc) == times {
		t.Errorf("%+v; compilers were started: %v", again, asked(gcc) != times)
	}
	compiler(t, gcc, "13")
	if other := find(); other.ID == first.ID || !strings.HasPrefix(other.Text, "gcc 13 ") {
		t.Errorf("%+v after an upgrade", other)
	}
	if text := Load(path).ToolchainText(first.ID); text != first.Text {
		t.Errorf("the old versions are %q now", text)
	}
}

func TestToolchainOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	compiler(t, dir+"/bin/gcc", "12")
	compiler(t, dir+"/bin/mine", "1")
	compiler(t, dir+"/bin/mine++", "2")
	compiler(t, dir+"/wrap/ccache", "none")
	os.Symlink("ccache", dir+"/wrap/gcc")
	replaceProgram(t, dir+"/bin/broken", "#!/bin/sh\nexit 1\n")
	os.WriteFile(dir+"/bin/data", nil, 0o666)
	for _, c := range []struct {
		name, want string
		environ    []string
	}{
		{"PATH", "gcc 12 machine", []string{"PATH=" + dir + "/bin"}},
		{"variables", "mine 1 machine, mine++ 2 machine", []string{"PATH=" + dir + "/bin", "CC=other", "CC=mine -m64", "CXX=" + dir + "/bin/mine++"}},
		{"wrapper in CC", "mine 1 machine", []string{"PATH=" + dir + "/bin", "CC=ccache mine"}},
		{"wrapper in PATH", "gcc 12 machine", []string{"PATH=" + dir + "/wrap:" + dir + "/bin"}},
		{"none", "", []string{"PATH=/nonexistent"}},
		{"no PATH", "", nil},
		{"a compiler that fails", "", []string{"PATH=" + dir + "/bin", "CC=broken", "CXX=data"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Load(dir+"/manifest").Toolchain(t.Context(), c.environ)
			if got.Text != c.want || (got.ID == "") != (c.want == "") {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}
