package recipes

import (
	"os"
	"strings"
	"testing"

	"gobuild/parts"
)

// cmdScripts makes the runner keep the scripts that commands run.
func cmdScripts(t *testing.T, s *stand) *[]string {
	t.Helper()
	var scripts []string
	s.Runner.On("cmds", func(c parts.Command) error {
		words := strings.Fields(c.Argv[len(c.Argv)-1])
		text, err := os.ReadFile(words[len(words)-1])
		scripts = append(scripts, words[0]+": "+string(text))
		return err
	})
	return &scripts
}

func TestCmd(t *testing.T) {
	for _, c := range []struct {
		lines           string
		install, update string
	}{
		{"cmds =\n  echo a\n    echo b", "", ""},
		{"on_install = True\ncmds =\n  echo a\n    echo b", "sh: echo a\necho b", ""},
		{"on_update = 1\ncmds = x\nshell = bash", "", "bash: x"},
		{"on_install = yes\ncmds = x", "", ""},
		{"on_install = true\non_update = true\ncmds =", "", ""},
	} {
		s := newStand(t)
		scripts := cmdScripts(t, s)
		a := s.install(cmdRecipe{}, c.lines)
		if got := strings.Join(*scripts, "|"); got != c.install {
			t.Errorf("%q: installation ran %q, want %q", c.lines, got, c.install)
		}
		*scripts = nil
		if err := s.update(a); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(*scripts, "|"); got != c.update {
			t.Errorf("%q: update ran %q, want %q", c.lines, got, c.update)
		}
		s.checkOwned()
	}
}

func TestCmdFails(t *testing.T) {
	s := newStand(t)
	s.Runner.Fail("cmds", 3)
	o := s.section("on_install = 1\ncmds = false")
	s.checkFails(s.prepare(cmdRecipe{}, o).Run(t.Context(), s.Work), o, "cmds", "Non zero exit code (3) while running commands.")
}

func TestCmdRemove(t *testing.T) {
	s := newStand(t)
	scripts := cmdScripts(t, s)
	for _, options := range []map[string]string{{"uninstall_cmds": "bye", "shell": "dash -e"}, {"cmds": "x"}} {
		if keep, err := (cmdRecipe{}).Remove(t.Context(), s.Work, parts.Record{Options: options}); err != nil || keep != nil {
			t.Errorf("%v, %v", keep, err)
		}
	}
	if got := strings.Join(*scripts, "|"); got != "dash: bye" {
		t.Errorf("ran %q", got)
	}
}
