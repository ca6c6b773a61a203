package recipes

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/partstest"
	"gobuild/parts/run"
)

// gitLines returns the recorded commands with @ROOT@ in place of the buildout
// directory.
func gitLines(s *stand) []string {
	lines := s.Runner.Lines()
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], s.Work.Dir, "@ROOT@")
	}
	return lines
}

func TestGitcloneCommands(t *testing.T) {
	const submodule = "git submodule update --init --recursive"
	for _, c := range []struct {
		name, lines string
		set         map[string]string
		want        []string
	}{
		{"revision", "revision = abc", nil, []string{
			"git -c protocol.file.allow=always clone --recurse-submodules --config submodule.recurse=true -- r @ROOT@/parts/foo",
			"git reset --hard abc", submodule}},
		{"revision and branch", "revision = abc\nbranch = b", nil, []string{
			"git -c protocol.file.allow=always clone --recurse-submodules --config submodule.recurse=true -- r @ROOT@/parts/foo",
			"git reset --hard abc", submodule}},
		{"head", "", map[string]string{"revision": "1234"}, []string{
			"git ls-remote -q r HEAD",
			"git -c protocol.file.allow=always clone --recurse-submodules --config submodule.recurse=true -- r @ROOT@/parts/foo",
			"git reset --hard 1234", submodule}},
		{"branch, plain", "branch = b\nignore-cloning-submodules = Yes\ndepth = 2\nshared = 1\nignore-ssl-certificate = y\ngit-executable = /g", map[string]string{"revision": "1234"}, []string{
			"/g -c http.sslVerify=false ls-remote -q r b",
			"/g clone --shared --branch b --depth=2 --config http.sslVerify=false -- r @ROOT@/parts/foo",
			"/g reset --hard 1234"}},
		{"sparse, develop", "sparse-checkout = a\ndevelop = true\nignore-cloning-submodules = true", nil, []string{
			"git clone --no-checkout --config core.sparseCheckout=true -- r @ROOT@/parts/foo", "git reset --hard"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.Runner.On("ls-remote", func(c parts.Command) error {
				_, err := io.WriteString(c.Stdout, "1234\tHEAD\n")
				return err
			})
			o := s.section("repository = r\n" + c.lines)
			a := s.prepare(gitcloneRecipe{}, probeOptions{o, s.Kit})
			set := map[string]string{"location": "@ROOT@/parts/foo"}
			if c.set != nil {
				set["revision"] = c.set["revision"]
			}
			s.checkSet(o, set)
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			if got := gitLines(s); !slices.Equal(got, c.want) {
				t.Errorf("commands\n got %q\nwant %q", got, c.want)
			}
			for _, c := range s.Runner.Commands() {
				if !slices.Contains(c.Env, "GIT_TERMINAL_PROMPT=0") {
					t.Errorf("%q may ask for a password", c.Argv)
				}
			}
			s.checkOwned("@ROOT@/parts/foo")
			if strings.Contains(c.lines, "sparse") {
				s.check("parts/foo/.git/info/sparse-checkout", `parts/foo/.git/info/sparse-checkout file 0644 "a\n"`)
			}
			const warning = `warning: Warning: "branch" parameter with value "b" is ignored. Checking out to revision abc.`
			if slices.Contains(s.Events.Messages(), warning) != (c.name == "revision and branch") {
				t.Errorf("messages %q", s.Events.Messages())
			}
		})
	}
}

func TestGitcloneHeadFallsBack(t *testing.T) {
	s := newStand(t)
	s.Runner.Fail("/no/git", 127)
	s.Runner.On("git ls-remote", func(c parts.Command) error {
		if c.Argv[0] != "git" {
			return &parts.ExitError{Code: 127}
		}
		_, err := io.WriteString(c.Stdout, "77 HEAD")
		return err
	})
	o := s.section("repository = r\ngit-executable = /no/git\nlocation = @ROOT@/here")
	s.prepare(gitcloneRecipe{}, probeOptions{o, s.Kit})
	s.checkSet(o, map[string]string{"revision": "77"})
}

func TestGitcloneHeadMissing(t *testing.T) {
	for key, lines := range map[string]string{"branch": "branch = b", "repository": "a = b"} {
		s := newStand(t)
		o := s.section("repository = r\n" + lines)
		_, err := gitcloneRecipe{}.Prepare(t.Context(), probeOptions{o, s.Kit})
		name := map[string]string{"branch": "b", "repository": "HEAD"}[key]
		s.checkFails(err, o, key, "the repository 'r' has no "+name)
	}
	s := newStand(t)
	s.Runner.Fail("ls-remote", 128)
	o := s.section("repository = r\nlocation = l")
	s.prepare(gitcloneRecipe{}, probeOptions{o, s.Kit})
	s.checkSet(o, map[string]string{})
}

func TestGitcloneRefused(t *testing.T) {
	checkRefused(t, gitcloneRecipe{}, []prepareCase{
		{"no repository", "a = b", "repository", "repository parameter is mandatory."},
		{"option", "repository = --upload-pack=x", "repository", `"--upload-pack=x" starts with a dash`},
		{"revision", "repository = r\nrevision = -x", "revision", `"-x" starts with a dash`},
		{"location", "repository = r\nlocation =", "location", "the path is blank"},
		{"depth", "repository = r\ndepth = all", "depth", `"all" is not a number of commits`},
		{"cache", "repository = r\nuse-cache = true\nsparse-checkout = a", "use-cache", "use-cache cannot be combined with sparse-checkout or ignore-ssl-certificate"},
	})
}

func TestGitcloneExisting(t *testing.T) {
	for lines, want := range map[string]int{"develop = true": 0, "develop = no": 3} {
		s := newStand(t)
		s.write("parts/foo/f", "x", 0o644)
		s.install(gitcloneRecipe{}, "repository = r\nrevision = abc\n"+lines)
		if got := len(s.Runner.Commands()); got != want {
			t.Errorf("%s: %d commands, want %d", lines, got, want)
		}
		if _, err := os.Stat(s.at("parts/foo/f")); (err == nil) != (want == 0) {
			t.Errorf("%s: %v", lines, err)
		}
		s.checkOwned("@ROOT@/parts/foo")
	}
}

func TestGitcloneInTheWay(t *testing.T) {
	for what, text := range map[string]string{
		"file": "'@ROOT@/parts/foo' is not a directory: it is not deleted",
		"link": "'@ROOT@/parts/foo' is not a directory itself, but a link: it is not deleted",
	} {
		s := newStand(t)
		s.write("real/mine", "x", 0o644)
		if what == "file" {
			s.write("parts/foo", "x", 0o644)
		} else if os.MkdirAll(s.at("parts"), 0o755) != nil || os.Symlink("../real", s.at("parts/foo")) != nil {
			t.Fatal("no link")
		}
		o := s.section("repository = r\nrevision = v1")
		s.checkFails(s.prepare(gitcloneRecipe{}, o).Run(t.Context(), s.Work), o, "repository", text)
		if _, err := os.Lstat(s.at("parts/foo")); err != nil {
			t.Error(err)
		}
		s.check("real", "real dir 0755", `real/mine file 0644 "x"`)
		s.checkOwned()
	}
}

func TestGitcloneDanglingLink(t *testing.T) {
	s := newStand(t)
	if err := os.Symlink("nowhere", s.at("g")); err != nil {
		t.Fatal(err)
	}
	s.Runner.On("clone", func(parts.Command) error { return &parts.ExitError{Code: 128} })
	o := s.section("repository = r\nlocation = @ROOT@/g\ndevelop = true")
	s.checkFails(s.prepare(gitcloneRecipe{}, o).Run(t.Context(), s.Work), o, "repository", "Impossible to clone repository.")
	s.check("g", "g link nowhere")
}

func TestGitcloneFails(t *testing.T) {
	for lines, msg := range map[string]string{
		"":                            "Impossible to clone repository.",
		"use-cache = true":            "Impossible to clone repository and impossible to download from cache.",
		"use-cache = true\ndepth = 1": "Impossible to clone repository.",
	} {
		s := newStand(t)
		s.Runner.On("reset", func(parts.Command) error {
			s.write("parts/foo/half", "", 0o644)
			return &parts.ExitError{Code: 128}
		})
		o := s.section("repository = r\nrevision = abc\n" + lines)
		err := s.prepare(gitcloneRecipe{}, o).Run(t.Context(), s.Work)
		s.checkFails(err, o, "repository", msg)
		var exit *parts.ExitError
		if !errors.As(err, &exit) {
			t.Error("the end of git is lost")
		}
		s.check("parts", "parts dir 0755")
	}
	s := newStand(t)
	o := s.section("repository = r\nrevision = abc\nlocation = @ROOT@")
	err := s.prepare(gitcloneRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "repository", "'@ROOT@' holds the buildout directory and is not deleted")
}

func TestGitcloneUpdate(t *testing.T) {
	for lines, want := range map[string][]string{
		"revision = abc": nil,
		"develop = y":    nil,
		"location = @ROOT@/parts/foo": {"git fetch --all", "git reset --hard @{upstream}",
			"git submodule update --init -f --recursive"},
		"ignore-cloning-submodules = 1": {"git fetch --all", "git reset --hard @{upstream}"},
	} {
		s := newStand(t)
		s.write("parts/foo/a.pyc", "", 0o644)
		s.write("parts/foo/a.py", "", 0o644)
		a := s.prepare(gitcloneRecipe{}, s.section("repository = r\n"+lines))
		if err := s.update(a); err != nil {
			t.Error(err)
		}
		if got := gitLines(s); !slices.Equal(got, want) {
			t.Errorf("%s: commands\n got %q\nwant %q", lines, got, want)
		}
		if _, err := os.Stat(s.at("parts/foo/a.pyc")); (err == nil) != (want == nil) {
			t.Errorf("%s: a.pyc: %v", lines, err)
		}
		r := a.(parts.Reinstaller)
		if r.MustReinstall(parts.Record{}) {
			t.Error("a clone that is there must be made anew")
		}
		os.RemoveAll(s.at("parts"))
		if !r.MustReinstall(parts.Record{}) {
			t.Error("a clone that is gone need not be made anew")
		}
	}
}

func TestGitcloneRemove(t *testing.T) {
	say := func(text string) func(parts.Command) error {
		return func(c parts.Command) error { _, err := io.WriteString(c.Stdout, text); return err }
	}
	for _, c := range []struct {
		name         string
		status, log  func(parts.Command) error
		options      map[string]string
		keep         bool
		reason       string
		withoutClone bool
	}{
		{name: "clean", status: say("\n"), log: say("")},
		{name: "changed", status: say(" M f\n"), log: say(""), keep: true, reason: "You have uncommitted changes in "},
		{name: "ahead", status: say(""), log: say("commit 1"), options: map[string]string{"develop": "Yes"}, keep: true, reason: "You have commits not pushed upstream in "},
		{name: "develop off", status: say(" M f"), log: say(""), options: map[string]string{"develop": "false"}},
		{name: "no git", status: func(parts.Command) error { return &parts.ExitError{Err: os.ErrNotExist} }, log: say(""),
			keep: true, reason: "Cannot check if there are unpushed/uncommitted changes in "},
		{name: "gone", status: say(" M f"), log: say(""), withoutClone: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.Runner.On("status --short", c.status)
			s.Runner.On("log --branches --not --remotes", c.log)
			if !c.withoutClone {
				s.write("parts/foo/f", "", 0o644)
			}
			old := parts.Record{Options: map[string]string{"location": s.at("parts/foo")}, Paths: []string{s.at("parts/foo")}}
			for key, value := range c.options {
				old.Options[key] = value
			}
			keep, err := gitcloneRecipe{}.Remove(t.Context(), s.Work, old)
			if err != nil || (len(keep) > 0) != c.keep {
				t.Errorf("kept %q, %v", keep, err)
			}
			var want []string
			if c.keep {
				want = []string{"warning: " + c.reason + s.at("parts/foo") + ". This folder will be left as is."}
			}
			if got := s.Events.Messages(); !slices.Equal(got, want) {
				t.Errorf("messages %q, want %q", got, want)
			}
		})
	}
}

// TestGitcloneReal clones a repository with the git of this machine.
func TestGitcloneReal(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	s := newStand(t)
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Work.Dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	s.Work.Proc = run.New(run.Config{Part: "foo", Dir: s.Work.Dir, Env: env, Log: s.Log})
	s.shell(`set -e; git init -q r; cd r; git config user.name a; git config user.email a@b
		echo one >f; git add f; git commit -qm 1; git branch old; echo two >f; git commit -qam 2`)
	o := s.section("repository = @ROOT@/r\nbranch = old")
	a := s.prepare(gitcloneRecipe{}, realOptions{o, s.Work.Proc})
	if revision := optionText(o, "revision"); len(revision) != 40 {
		t.Errorf("revision is %q", revision)
	}
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatalf("%v\n%s", err, s.Log)
	}
	s.check("parts/foo/f", `parts/foo/f file 0644 "one\n"`)
	s.shell("cd r && git checkout -q old && echo three >f && git commit -qam 3")
	a = s.prepare(gitcloneRecipe{}, realOptions{s.section("repository = @ROOT@/r\nbranch = old"), s.Work.Proc})
	if err := s.update(a); err != nil {
		t.Fatalf("%v\n%s", err, s.Log)
	}
	s.check("parts/foo/f", `parts/foo/f file 0644 "three\n"`)
	old := parts.Record{Options: map[string]string{"location": s.at("parts/foo")}, Paths: []string{s.at("parts/foo")}}
	if keep, err := (gitcloneRecipe{}).Remove(t.Context(), s.Work, old); err != nil || len(keep) > 0 {
		t.Errorf("a clean clone is kept: %q, %v", keep, err)
	}
	s.write("parts/foo/f", "local", 0o644)
	if keep, err := (gitcloneRecipe{}).Remove(t.Context(), s.Work, old); err != nil || len(keep) != 1 {
		t.Errorf("a changed clone is not kept: %q, %v", keep, err)
	}
	o = s.section("repository = @ROOT@/r\nrevision = 1234567890123456789012345678901234567890")
	err := s.prepare(gitcloneRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "repository", "Impossible to clone repository.")
	s.check("parts", "parts dir 0755")
}

// shell runs a script in the buildout directory.
func (s *stand) shell(script string) {
	s.t.Helper()
	if err := s.Work.Proc.Run(s.t.Context(), parts.Command{Argv: run.Shell(script)}); err != nil {
		s.t.Fatalf("%v\n%s", err, s.Log)
	}
}

// realOptions are options whose probe is a real runner.
type realOptions struct {
	*partstest.Options
	runner parts.Runner
}

func (o realOptions) Probe() (parts.Runner, parts.Fetcher) { return o.runner, nil }
