package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/script")

// TestMain makes this test binary the tool itself and the helper programs of
// the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gobuild":  func() { os.Exit(run()) },
		"upon":     func() { os.Exit(upon(os.Args[1:])) },
		"confined": func() { os.Exit(confined(os.Args[1:])) },
		// In the place of the real one: that is $SUPERVISORD, where there is one.
		"supervisord": func() { os.Exit(fakeSupervisord(os.Args[1:])) },
	})
}

// TestScript runs testdata/script/*.txtar; its README.md tells how to write
// one.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Setup: setUp, Condition: condition, Cmds: commands,
		UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
	})
}

// setUp gives a script a home directory of its own. Nothing else of the
// environment outside reaches it but PATH.
func setUp(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, ".home")
	e.Setenv("HOME", home)
	e.Setenv("LC_ALL", "C")
	e.Setenv("GOBUILD_JOBS", "1")           // scripts about parallel parts ask for more by -j
	e.Setenv("GORACE", "atexit_sleep_ms=0") // under -race each process waits a second else
	e.Setenv("PIP_CONFIG_FILE", os.DevNull)
	e.Setenv("PIP_NO_INDEX", "1") // no script asks the index of the machine
	e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	e.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	e.Setenv("SUPERVISORD", realSupervisord())
	return os.MkdirAll(home, 0o777)
}

// realSupervisord is the path of supervisord behind that of the scripts in PATH,
// or "".
func realSupervisord() string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "supervisord")
		if _, err := os.Stat(filepath.Join(dir, "confined")); err == nil {
			continue // the commands of the scripts
		}
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// condition knows [namespaces]: whether a helper can mount file systems of its
// own; [setuptools]: whether python3 has it; and [supervisord]: whether the real
// one is installed.
func condition(name string) (bool, error) {
	if name == "setuptools" {
		return exec.Command("python3", "-c", "import setuptools").Run() == nil, nil
	}
	if name == "supervisord" {
		return realSupervisord() != "", nil
	}
	if name != "namespaces" {
		return false, os.ErrInvalid
	}
	dir, err := os.MkdirTemp("", "namespaces")
	if err != nil {
		return false, err
	}
	defer os.Remove(dir)
	return exec.Command("confined", "readonly", dir, "true").Run() == nil, nil
}
