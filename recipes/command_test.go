package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
)

func TestCommand(t *testing.T) {
	s := newStand(t)
	a := s.install(commandRecipe{}, "command =\n  false\n  echo hi\nupdate-command = up")
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	var got []string
	for _, c := range s.Runner.Commands() {
		got = append(got, strings.Join(c.Argv, "|"))
		if c.Dir != s.Work.Dir || c.Stdin != nil {
			t.Errorf("command runs in %q with stdin %v", c.Dir, c.Stdin)
		}
	}
	if want := []string{"/bin/sh|-c|false\necho hi", "/bin/sh|-c|up"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.Events.Messages(), []string{"info: Running 'false\necho hi'", "info: Running up"}; !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
}

func TestCommandWithoutUpdate(t *testing.T) {
	s := newStand(t)
	a := s.prepare(commandRecipe{}, s.section("command = x\nupdate-command ="))
	if err := s.update(a); err != nil || len(s.Runner.Commands()) > 0 {
		t.Errorf("update ran %q, %v", s.Runner.Lines(), err)
	}
}

func TestCommandFails(t *testing.T) {
	for _, c := range []struct{ stop, msg string }{
		{"", ""}, {"stop-on-error = No", ""}, {"stop-on-error = off", ""}, {"stop-on-error = false", ""},
		{"stop-on-error = Yes", "Non zero exit code (3) while running command."},
		{"stop-on-error = on", "Non zero exit code (3) while running command."},
		{"stop-on-error = true", "Non zero exit code (3) while running command."},
	} {
		s := newStand(t)
		s.Runner.Fail("boom", 3)
		o := s.section("command = boom\nupdate-command = boom\n" + c.stop)
		a := s.prepare(commandRecipe{}, o)
		for key, err := range map[string]error{"command": a.Run(t.Context(), s.Work), "update-command": s.update(a)} {
			if c.msg == "" {
				if err != nil {
					t.Errorf("%q: got %v", c.stop, err)
				}
				continue
			}
			s.checkFails(err, o, key, c.msg)
			var exit *parts.ExitError
			if !errors.As(err, &exit) {
				t.Error("the end of the command is lost")
			}
		}
	}
}

func TestCommandEnds(t *testing.T) {
	s := newStand(t)
	s.Runner.On("killed", func(parts.Command) error { return &parts.ExitError{Signal: "SIGKILL", Code: -1} })
	o := s.section("command = killed\nstop-on-error = true")
	s.checkFails(s.prepare(commandRecipe{}, o).Run(t.Context(), s.Work), o, "command", "Non zero exit code (-9) while running command.")
	s.Runner.On("killed", func(parts.Command) error { return &parts.ExitError{Signal: "signal 40", Code: -1} })
	s.checkFails(s.prepare(commandRecipe{}, o).Run(t.Context(), s.Work), o, "command", "Non zero exit code (signal 40) while running command.")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.prepare(commandRecipe{}, s.section("command = x")).Run(ctx, s.Work)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled command gives %v", err)
	}
	s.Runner.On("nosh", func(parts.Command) error { return &parts.ExitError{Err: errors.New("no shell")} })
	if err := s.prepare(commandRecipe{}, s.section("command = nosh")).Run(t.Context(), s.Work); err == nil {
		t.Error("a command that cannot be started was ignored")
	}
}

func TestCommandLocation(t *testing.T) {
	s := newStand(t)
	s.write("old", "", 0o644)
	s.Runner.Fail("boom", 1)
	err := s.prepare(commandRecipe{}, s.section("command = boom\nstop-on-error = true\nlocation = @ROOT@/new @ROOT@/old")).Run(t.Context(), s.Work)
	if err == nil {
		t.Fatal("no error")
	}
	s.checkOwned("@ROOT@/new")
	s.install(commandRecipe{}, "command = x\nlocation =\n  @ROOT@/new\n  @ROOT@/old")
	s.checkOwned("@ROOT@/new", "@ROOT@/old")
}

func TestCommandRefused(t *testing.T) {
	checkRefused(t, commandRecipe{}, []prepareCase{
		{"none", "location = x", "command", "No command specified"},
		{"blank", "command =", "command", "No command specified"},
		{"stop", "command = true\nstop-on-error = maybe", "stop-on-error",
			"Invalid value 'maybe' for 'stop_on_error', use 'yes', 'on', 'true', 'no', 'off' or false."},
	})
}
