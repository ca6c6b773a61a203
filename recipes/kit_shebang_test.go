package recipes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFixShebangs(t *testing.T) {
	s := newStand(t)
	long := "#!/" + strings.Repeat("x", 200) + "/sh -e\n"
	s.write("foo/bin/long", long, 0o751)
	s.write("foo/bin/no-end", "#!/bin/sh", 0o755)
	s.write("foo/bin/fits", "#!"+strings.Repeat("x", 125)+"\n", 0o755)
	s.write("foo/bin/binary", strings.Repeat("\x00", 300), 0o755)
	s.write("foo/share/long", long, 0o755)
	s.write("outside/long", long, 0o755)
	for link, to := range map[string]string{"foo/bin/link": "long", "foo/sbin": "../outside"} {
		if err := os.Symlink(to, s.at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time nothing is left to do
		if err := fixShebangs(s.at("foo")); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, name := range []string{"bin/long", "bin/long.shebang", "bin/no-end", "bin/no-end.shebang", "bin/fits", "share/long"} {
		text, err := os.ReadFile(s.at("foo/" + name))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(text)
	}
	for name, want := range map[string]string{
		"bin/long": shebangLauncher, "bin/long.shebang": long,
		"bin/no-end": shebangLauncher, "bin/no-end.shebang": "#!/bin/sh", "share/long": long,
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	if info, _ := os.Stat(s.at("foo/bin/long")); info.Mode().Perm() != 0o751 {
		t.Errorf("mode of the launcher: %v", info.Mode())
	}
	s.check("outside", "outside dir 0755", `outside/long file 0755 "`+strings.ReplaceAll(long, "\n", `\n`)+`"`)
	if entries, _ := os.ReadDir(s.at("foo/bin")); len(entries) != 7 {
		t.Errorf("bin has %v", entries)
	}
}

func TestFixShebangsNothing(t *testing.T) {
	s := newStand(t)
	s.write("foo/bin", "a file", 0o644)
	if err := fixShebangs(s.at("foo")); err != nil {
		t.Error(err)
	}
}

// The launcher runs scripts as the kernel would.
func TestShebangLauncher(t *testing.T) {
	s := newStand(t)
	interpreter := s.at(strings.Repeat("deep/", 30) + "sh")
	if err := os.MkdirAll(filepath.Dir(interpreter), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/sh", interpreter); err != nil {
		t.Fatal(err)
	}
	for name, first := range map[string]string{
		"plain": "#!" + interpreter, "blank": "#! " + interpreter, "argument": "#!" + interpreter + " -e",
	} {
		s.write("foo/bin/"+name, first+"\nprintf '<%s>' \"$@\"; false; echo go on\n", 0o755)
	}
	if err := fixShebangs(s.at("foo")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"plain": "<a b><c$>go on\n", "blank": "<a b><c$>go on\n", "argument": "<a b><c$>",
	} {
		got, err := exec.CommandContext(t.Context(), s.at("foo/bin/"+name), "a b", "c$").Output()
		if string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}
