package buildout

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/run"
)

// listener is a Runner that notes environments.
type listener struct {
	envs [][]string
}

func (l *listener) Run(_ context.Context, c parts.Command) error {
	l.envs = append(l.envs, c.Env)
	return errors.New("that is all")
}

func (l *listener) Environ() []string { return []string{"PATH=/nowhere"} }

// fakeCompiler makes a program that says it is this version of gcc, and counts
// how often it was asked.
func fakeCompiler(t *testing.T, version string) (dir string, asked func() int) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\necho >> " + dir + "/asked\ncase $1 in -dumpmachine) echo m-linux;; -dumpversion) echo " + version + ";; " +
		"-dumpspecs) printf '*asm:\\n%%{m}\\n\\n*cc1:\\n\\n\\n*link:\\n--eh\\n\\n';; esac\n"
	if err := os.WriteFile(filepath.Join(dir, "gcc"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, func() int {
		text, _ := os.ReadFile(dir + "/asked")
		return strings.Count(string(text), "\n")
	}
}

func specs(t *testing.T, m *pathMapper, version string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.home, "m-linux", version, "specs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestPathMapper(t *testing.T) {
	dir, asked := fakeCompiler(t, "12")
	under, home := &listener{}, t.TempDir()+"/gcc"
	m := &pathMapper{Runner: under, home: home, stay: []string{"/srv/site", "/srv/site/parts/a"}, compilers: &compilers{}}
	env := []string{"PATH=" + dir + ":/bin", "LIBRARY_PATH=/own"}
	for _, where := range []string{"/srv/site", "/srv", "/srv/site/parts/a", "", "rel"} { // no sources
		if err := m.Run(t.Context(), parts.Command{Dir: where, Env: env}); err == nil {
			t.Error("the error is lost")
		}
	}
	if got := under.envs[4]; !slices.Equal(got, env) {
		t.Errorf("without sources: %q", got)
	}
	for _, where := range []string{"/srv/site/parts/a/.build", "/srv/site/parts/a/.build/x-1", "/srv/site/parts/a/.build"} {
		m.Run(t.Context(), parts.Command{Dir: where, Env: env})
	}
	want := "\n*asm:\n%{m} --debug-prefix-map=/srv/site/parts/a/.build=. --debug-prefix-map=/srv/site/parts/a/.build/x-1=.\n\n" +
		"*cc1:\n -ffile-prefix-map=/srv/site/parts/a/.build=. -ffile-prefix-map=/srv/site/parts/a/.build/x-1=.\n\n*link:\n--eh\n\n"
	if got := specs(t, m, "12"); got != want {
		t.Errorf("specs: got %q, want %q", got, want)
	}
	got, _ := run.LookupEnv(under.envs[7], "LIBRARY_PATH")
	if got != "/own:"+home {
		t.Errorf("LIBRARY_PATH is %q", got)
	}
	if n := asked(); n != 3 {
		t.Errorf("the compiler was asked %d times", n)
	}
	m.Run(t.Context(), parts.Command{Dir: "/x", Env: nil}) // no compiler in PATH
	if got, _ := run.LookupEnv(under.envs[8], "LIBRARY_PATH"); got != home {
		t.Errorf("LIBRARY_PATH of the environment of the runner is %q", got)
	}
}

// Old compilers, names that specs cannot hold, and wrappers.
func TestPathMapperLimits(t *testing.T) {
	for _, c := range []struct{ version, dir, cc, want string }{
		{"4.9", "/src", "", ""},
		{"7.5.0", "/src", "", "-fdebug-prefix-map=/src=."},
		{"8.1.0", "/src", "", "-ffile-prefix-map=/src=."},
		{"12", "/with space", "", ""},
		{"12", "/100%", "", ""},
		{"12", "/täst", "", "-ffile-prefix-map=/täst=."},
		{"new", "/src", "", ""},
		{"../../x", "/src", "", ""},
		{"12", "/src", "ccache gcc -m64", "-ffile-prefix-map=/src=."},
		{"12", "/src", "none", "-ffile-prefix-map=/src=."},
	} {
		dir, _ := fakeCompiler(t, c.version)
		under := &listener{}
		m := &pathMapper{Runner: under, home: t.TempDir() + "/gcc", compilers: &compilers{}}
		env := []string{"CC=" + c.cc, "PATH=" + dir}
		m.Run(t.Context(), parts.Command{Dir: c.dir, Env: env})
		text := ""
		filepath.WalkDir(m.home, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Name() == "specs" {
				b, _ := os.ReadFile(path)
				text += string(b)
			}
			return nil
		})
		if !strings.Contains(text, c.want) || c.want == "" && text != "" {
			t.Errorf("%v: specs are %q", c, text)
		}
		if _, set := run.LookupEnv(under.envs[0], "LIBRARY_PATH"); set != (c.want != "") {
			t.Errorf("%v: environment %q", c, under.envs[0])
		}
	}
}

// A place where nothing can be written costs nothing but the mapping.
func TestPathMapperUnwritable(t *testing.T) {
	dir, _ := fakeCompiler(t, "12")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{file + "/gcc", t.TempDir() + "/a:b"} {
		under := &listener{}
		m := &pathMapper{Runner: under, home: home, compilers: &compilers{}}
		m.Run(t.Context(), parts.Command{Dir: "/src", Env: []string{"PATH=" + dir}})
		if !slices.Equal(under.envs[0], []string{"PATH=" + dir}) {
			t.Errorf("%s: environment %q", home, under.envs[0])
		}
	}
}

func TestFiller(t *testing.T) {
	for width, want := range map[int]string{2: "ra", 5: "rebua", 8: "rebuilda", 12: "rebuild____a"} {
		if got := filler(width, "a"); got != want {
			t.Errorf("%d: got %q, want %q", width, got, want)
		}
	}
}

func TestNamesPath(t *testing.T) {
	for text, want := range map[string]bool{"": false, "/a/b": true, "x=/a/b/c": true, "/a/bc /a/b-1": false, "/a/bc /a/b:": true, "'/a/b'": true} {
		if got := namesPath(text, "/a/b"); got != want {
			t.Errorf("%q: got %t", text, got)
		}
	}
}

// With the file gcc calls the same programs in the same way, but for what is
// mapped: it has to have all of gcc's own specs.
func TestPathMapperChangesNothingElse(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("this machine has no gcc")
	}
	home, source := t.TempDir()+"/gcc", t.TempDir()
	m := &pathMapper{Runner: &listener{}, home: home, compilers: &compilers{}}
	m.Run(t.Context(), parts.Command{Dir: "/sources", Env: []string{"PATH=" + os.Getenv("PATH")}})
	if len(m.written) == 0 {
		t.Skip("no file for this compiler")
	}
	for _, name := range []string{"a.c", "a.cc", "a.S"} {
		if err := os.WriteFile(filepath.Join(source, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	calls := func(libraryPath string, args []string) string {
		c := exec.CommandContext(t.Context(), gcc, append([]string{"-###", "-o", "out"}, args...)...)
		c.Dir, c.Env = source, []string{"PATH=" + os.Getenv("PATH"), "LIBRARY_PATH=" + libraryPath}
		out, _ := c.CombinedOutput()
		_, told, _ := strings.Cut(string(out), "COLLECT_GCC=") // from where on it is about the programs
		var words []string
		for _, word := range strings.Fields(told) {
			if !strings.Contains(word, libraryPath) && !strings.Contains(word, "/tmp/cc") && !strings.Contains(word, "prefix-map=/sources=.") {
				words = append(words, word)
			}
		}
		return strings.Join(words, "\n")
	}
	other := t.TempDir()
	for _, args := range [][]string{
		{"a.c"}, {"-g", "-c", "a.c"}, {"-shared", "-fPIC", "a.c"}, {"-static", "a.c"}, {"-shared-libgcc", "a.cc"}, {"-flto", "a.c"},
		{"-pthread", "-fopenmp", "a.cc"}, {"-E", "a.c"}, {"-c", "-g", "a.S"}, {"-nostdlib", "-r", "a.c"}, {"-fsanitize=address", "a.c"},
	} {
		if without, with := calls(other, args), calls(home, args); without != with {
			a, b := strings.Fields(without), strings.Fields(with)
			i := 0
			for i < min(len(a), len(b)) && a[i] == b[i] {
				i++
			}
			t.Errorf("%q:\nwithout %q\nwith    %q", args, a[i:], b[i:])
		}
	}
}
