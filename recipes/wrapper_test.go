package recipes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"gobuild/parts"
)

func TestWrapperSimple(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"plain", "command-line = /bin/echo hi", "exec /bin/echo hi \"$@\"\n"},
		{"quoting", `command-line = /bin/echo "a b" 'c d' it\'s "q\"q" $HOME \\ "" x=y;z * ~`,
			"exec /bin/echo 'a b' 'c d' 'it'\"'\"'s' 'q\"q' \\\n\t'$HOME' '\\' '' 'x=y;z' '*' '~' \"$@\"\n"},
		{"long", "command-line = /bin/echo --first-long-option=value-number-one --second-long-option=value --third-long-option --fourth=4 --fifth=5 --sixth=6",
			"exec /bin/echo --first-long-option=value-number-one \\\n\t--second-long-option=value --third-long-option \\\n\t--fourth=4 --fifth=5 --sixth=6 \"$@\"\n"},
		{"comment", "command-line = /bin/echo a # b", "exec /bin/echo a '#' b \"$@\"\n"},
		{"searched", "command-line = echo", "exec echo \"$@\"\n"},
		{"signals", "command-line = /bin/echo\nsig-ign = RTMIN+1", "trap '' RTMIN+1\nexec /bin/echo \"$@\"\n"},
		{"environment", "command-line = /bin/env\nenvironment =\n  B = two words\n  A=1=2\n\n  A =3\n  E=",
			"export A=3\nexport B='two words'\nexport E=''\nexec /bin/env \"$@\"\n"},
		{"off", "command-line = /bin/echo\nreserve-cpu = no\npidfile =\nwait-for-files =\nredirect-stdout =", "exec /bin/echo \"$@\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.Work.Umask = 0o077
			s.write("w", "old", 0o444)
			s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\n"+c.lines)
			s.check("w", fmt.Sprintf("w file 0700 %q", "#!/bin/sh -e\n"+c.want))
			s.checkOwned("@ROOT@/w")
		})
	}
}

// TestWrapperLaunched: what only gobuild can do is done by gobuild.
func TestWrapperLaunched(t *testing.T) {
	const base = "command-line = /bin/echo \"a b\"\n"
	for _, c := range []struct{ name, lines, want string }{
		{"tmpfs", base + "private-tmpfs =\n  100m /tmp/x y\n  10% z", "exec /opt/gobuild exec '--private-tmpfs=100m /tmp/x y' \\\n" +
			"\t'--private-tmpfs=10%% z' -- /bin/echo 'a b' \\\n\t\"$@\"\n"},
		{"redirect", base + "redirect-stdout = out\nredirect-stderr = it's\nredirect-signal = RTMIN+1\nenvironment = A=1", "export A=1\n" +
			"exec /opt/gobuild exec --redirect-signal=RTMIN+1 \\\n\t--redirect-stdout=out '--redirect-stderr=it'\"'\"'s' \\\n\t-- /bin/echo 'a b' \"$@\"\n"},
		{"all", base + "sig-ign = HUP\npidfile = p\nreserve-cpu = yes\nwait-for-files = a b\nprivate-tmpfs = 1m /x\nredirect-stderr = e",
			"exec /opt/gobuild exec --sig-ign=HUP --pidfile=p \\\n\t--reserve-cpu --wait-for=a --wait-for=b \\\n" +
				"\t'--private-tmpfs=1m /x' --redirect-stderr=e \\\n\t-- /bin/echo 'a b' \"$@\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\n"+c.lines)
			s.check("w", fmt.Sprintf("w file 0755 %q", "#!/bin/sh -e\n"+strings.ReplaceAll(c.want, "%%", "%")))
		})
	}
}

func TestWrapperHashFiles(t *testing.T) {
	s := newStand(t)
	s.write("gen.txt", "content", 0o644)
	o := s.section("wrapper-path = @ROOT@/w\ncommand-line = /bin/echo\nhash-files = @ROOT@/gen.txt")
	a := s.prepare(wrapperRecipe{}, o)
	s.checkSet(o, map[string]string{})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.checkOwned("@ROOT@/w-1cb30d150e032341306ec1fe817c53cf")
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.write("gen.txt", "changed", 0o644)
	sum, err := wrapperDigest([]string{s.at("gen.txt")})
	if err != nil {
		t.Fatal(err)
	}
	s.checkFails(s.update(a), o, "wrapper-path", "unstable wrapper path ('@ROOT@/w-"+sum+"')")
	os.Remove(s.at("gen.txt"))
	s.checkFails(s.update(a), o, "hash-files", "No such file or directory: '@ROOT@/gen.txt'")
}

// A script follows the files that other parts make, and only those.
func TestWrapperHashFilesOfParts(t *testing.T) {
	for _, follows := range []bool{true, false} {
		s := newStand(t)
		s.write("gen.txt", "content", 0o644)
		s.write("mine.txt", "content", 0o644)
		o := s.section("wrapper-path = w\ncommand-line = /bin/echo\nhash-files = @ROOT@/gen.txt")
		if !follows {
			o = s.section("wrapper-path = w\ncommand-line = /bin/echo\nhash-files = @ROOT@/gen.txt @ROOT@/mine.txt")
		}
		if err := s.prepare(wrapperRecipe{}, o).Run(t.Context(), s.Work); err != nil {
			t.Fatal(err)
		}
		first := s.Owned()
		o.Records = map[string]parts.Record{"foo": {Paths: first}, "sec": {Paths: []string{"gen.txt"}}}
		s.write("gen.txt", "changed", 0o644)
		err := s.update(s.prepare(wrapperRecipe{}, o))
		if !follows {
			if err == nil || len(s.Owned()) != 1 || s.Owned()[0] != first[0] {
				t.Errorf("a file of nobody: %v, owned %q", err, s.Owned())
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		second := s.Owned()
		if len(second) != 1 || second[0] == first[0] {
			t.Errorf("owned %q after %q", second, first)
		}
		if _, err := os.Lstat(first[0]); err == nil {
			t.Error("the old script is there")
		}
		if info, err := os.Stat(second[0]); err != nil || info.Mode() != 0o700 {
			t.Errorf("new script: %v, %v", info, err)
		}
	}
}

func TestWrapperPaths(t *testing.T) {
	for path, want := range map[string]string{"w": "@ROOT@/w", "./out/w": "@ROOT@/out/w", "@ROOT@/out//w": "@ROOT@/out/w"} {
		s := newStand(t)
		s.write("out/.k", "", 0o644)
		s.install(wrapperRecipe{}, "wrapper-path = "+path+"\ncommand-line = /bin/echo")
		s.checkOwned(want)
	}
	s := newStand(t)
	o := s.section("wrapper-path = @ROOT@/out/\ncommand-line = /bin/echo")
	err := s.prepare(wrapperRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "wrapper-path", "Is a directory: '@ROOT@/out/'")
}

func TestWrapperScriptMode(t *testing.T) {
	s := newStand(t)
	s.Work.Umask = 0o002
	s.install(wrapperRecipe{}, "wrapper-path = w\ncommand-line = /bin/echo\nwait-for-files = /f")
	if info, err := os.Stat(s.at("w")); err != nil || info.Mode() != 0o775 {
		t.Errorf("mode %v, %v, want 0775", info.Mode(), err)
	}
}

func TestWrapperHashExistingFiles(t *testing.T) {
	s := newStand(t)
	s.write("h.txt", "one", 0o644)
	o := s.section("wrapper-path = w\ncommand-line = /bin/echo\nhash-existing-files = h.txt")
	a := s.prepare(wrapperRecipe{}, o)
	s.checkSet(o, map[string]string{"__hash_files__": "529960531d36e27f781f9ac0a5ac54a6"})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.checkOwned("@ROOT@/w-529960531d36e27f781f9ac0a5ac54a6")
}

func TestWrapperSetsEggDirectories(t *testing.T) {
	s := newStand(t)
	o := s.section("wrapper-path = w\ncommand-line = /bin/echo")
	o.Sections["buildout"] = map[string]string{"eggs-directory": "/eggs", "develop-eggs-directory": "/develop"}
	s.prepare(wrapperRecipe{}, o)
	s.checkSet(o, map[string]string{"_d": "/develop", "_e": "/eggs"})
}

func TestWrapperRefused(t *testing.T) {
	const base = "wrapper-path = w\ncommand-line = /bin/echo\n"
	checkRefused(t, wrapperRecipe{}, []prepareCase{
		{"no command", "wrapper-path = w", "command-line", "Missing option: foo:command-line"},
		{"no path", "command-line = x", "wrapper-path", "Missing option: foo:wrapper-path"},
		{"blank", "wrapper-path = w\ncommand-line =", "command-line", "the command is blank"},
		{"open quote", "wrapper-path = w\ncommand-line = a 'b", "command-line", "No closing quotation"},
		{"environment", base + "environment = NOPE", "environment", `"NOPE" is not NAME=VALUE`},
		{"environment name", base + "environment = A-B=1", "environment", `"A-B=1" is not NAME=VALUE`},
		{"redirect-signal", base + "redirect-signal = HUP", "redirect-signal", "redirect-signal without redirecting any output makes no sense"},
		{"redirect-signal name", base + "redirect-stdout = o\nredirect-signal = SIGHUP", "redirect-signal", "invalid signal value: SIGHUP"},
		{"sig-ign", base + "sig-ign = KILL", "sig-ign", "invalid signal value: KILL"},
		{"sig-ign with redirect", base + "sig-ign = SEGV\nredirect-stderr = e", "sig-ign",
			"signal SEGV cannot be caught, so it cannot open the redirected files again"},
		{"tmpfs", base + "private-tmpfs =\n  1m /x\n  /y", "private-tmpfs", `failed to split "/y" into size and path`},
		{"tmpfs size", base + "private-tmpfs = 1m,mode=777 /x", "private-tmpfs", `"1m,mode=777" is not a size`},
		{"no path of program", "wrapper-path = w\ncommand-line = echo\npidfile = p", "command-line",
			`"echo" is not a path: with wait-for-files, pidfile, private-tmpfs, reserve-cpu or redirect-* the program is not searched in PATH`},
		{"no path of program, launched", "wrapper-path = w\ncommand-line = echo\nredirect-stdout = o", "command-line",
			`"echo" is not a path: with wait-for-files, pidfile, private-tmpfs, reserve-cpu or redirect-* the program is not searched in PATH`},
		{"existing", base + "hash-existing-files = @ROOT@/none", "hash-existing-files", "No such file or directory: '@ROOT@/none'"},
		{"outside", base + "hash-files = /bin/sh @ROOT@/none", "hash-files",
			"hash-files must only list files that are generated by buildout:\n  /bin/sh"},
	})
}

func TestWrapperNoParent(t *testing.T) {
	s := newStand(t)
	o := s.section("wrapper-path = @ROOT@/no/dir/w\ncommand-line = /bin/echo")
	err := s.prepare(wrapperRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "wrapper-path", "write @ROOT@/no/dir/w: no such file or directory")
	s.check("no")
}

// runScript runs a script and returns what it writes and its exit status.
func runScript(t *testing.T, s *stand, path string, arguments ...string) (output string, status int) {
	t.Helper()
	var out bytes.Buffer
	c := exec.CommandContext(t.Context(), path, arguments...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Work.Dir}
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

func TestWrapperScriptRuns(t *testing.T) {
	for _, extra := range []string{"", "pidfile = @ROOT@/p id", "reserve-cpu = Yes", "wait-for-files = @ROOT@/w @ROOT@"} {
		s := newStand(t)
		s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\nenvironment = A='x y'\n"+
			`command-line = /bin/sh -c 'echo "$A" "$@"; echo $$ >$HOME/own' 0 "it's" '' "a  b" --`+"\n"+extra)
		got, status := runScript(t, s, s.at("w"), "c d", "")
		if want := "'x y' it's  a  b -- c d \n"; got != want || status != 0 {
			t.Errorf("%s: got %q, %d, want %q", extra, got, status, want)
		}
		own, _ := os.ReadFile(s.at("own"))
		for option, name := range map[string]string{"pidfile": "p id", "reserve-cpu": ".slapos-cpu-exclusive"} {
			pid, _ := os.ReadFile(s.at(name))
			if strings.HasPrefix(extra, option) && strings.TrimSpace(string(pid)) != strings.TrimSpace(string(own)) {
				t.Errorf("%s: process id is %q, want %q", option, pid, own)
			}
		}
	}
}

func TestWrapperLauncherMode(t *testing.T) {
	s := newStand(t)
	s.Work.Umask = 0o027
	s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\ncommand-line = /bin/echo\npidfile = p")
	if info, err := os.Stat(s.at("w")); err != nil || info.Mode() != 0o750 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestWrapperPidfile(t *testing.T) {
	program := exec.Command("/bin/sh", "-c", "read x", "a b", "$x")
	input, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { input.Close(); program.Wait() }()
	pid := fmt.Sprint(program.Process.Pid)
	running := "Already running with pid " + pid + ".\n"
	for _, c := range []struct {
		name, command, pidfile string
		arguments              []string
		want                   string
		status                 int
	}{
		{"same", `/bin/sh -c 'read x' 'a b' '$x'`, pid + "\n", nil, running, 1},
		{"same with arguments", `/bin/sh -c 'read x'`, pid, []string{"a b", "$x"}, running, 1},
		{"other words", `/bin/sh -c 'read x' a 'b $x'`, pid, nil, "", 1},
		{"fewer words", `/bin/sh -c 'read x' 'a b'`, pid, nil, "", 1},
		{"not a number", `/bin/sh -c 'echo $0' x`, "junk", nil, "x\n", 0},
		{"no file", `/bin/sh -c 'echo $0' x`, "", nil, "x\n", 0},
		{"no process", `/bin/sh -c 'echo $0' x`, "999999999", nil, "x\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			if c.pidfile != "" {
				s.write("pid", c.pidfile, 0o644)
			}
			s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\npidfile = @ROOT@/pid\ncommand-line = "+c.command)
			got, status := runScript(t, s, s.at("w"), c.arguments...)
			if got != c.want || status != c.status {
				t.Errorf("got %q, %d, want %q, %d", got, status, c.want, c.status)
			}
			after, _ := os.ReadFile(s.at("pid"))
			if kept := string(after) == c.pidfile; kept != (c.want == running) {
				t.Errorf("pid file holds %q", after)
			}
		})
	}
}

// TestWrapperPidfileInterpreter: the words that a #! line puts before those of
// the command do not count.
func TestWrapperPidfileInterpreter(t *testing.T) {
	s := newStand(t)
	s.write("service", "#!/bin/sh\nread x\n", 0o755)
	program := exec.Command(s.at("service"), "one")
	input, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { input.Close(); program.Wait() }()
	s.write("pid", fmt.Sprint(program.Process.Pid), 0o644)
	s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\npidfile = @ROOT@/pid\ncommand-line = @ROOT@/service one")
	got, status := runScript(t, s, s.at("w"))
	if want := fmt.Sprintf("Already running with pid %d.\n", program.Process.Pid); got != want || status != 1 {
		t.Errorf("got %q, %d, want %q", got, status, want)
	}
}

func TestWrapperWaits(t *testing.T) {
	s := newStand(t)
	s.install(wrapperRecipe{}, "wrapper-path = @ROOT@/w\ncommand-line = /bin/echo started\nwait-for-files = @ROOT@/one @ROOT@/two")
	c := exec.CommandContext(t.Context(), s.at("w"))
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s.write("two", "", 0o644)
	s.write("one", "", 0o644)
	if err := c.Wait(); err != nil || out.String() != "started\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	text, _ := os.ReadFile(s.at("w"))
	want := s.fill("until [ -e @ROOT@/one ] && \\\n\t[ -e @ROOT@/two ]; do\n\tsleep 0.1 2>/dev/null || sleep 1\ndone\nexec \"$@\"\n")
	if !strings.HasSuffix(string(text), want) {
		t.Errorf("script is\n%s\nwant at its end\n%s", text, want)
	}
}
