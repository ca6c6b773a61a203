package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"gobuild/parts"
)

// idle is a table of recipes that has every recipe: none does anything, so that
// any profile may be installed.
type idle struct{}

func (idle) Find(string) (parts.Spec, bool) {
	return parts.Spec{Names: []string{"idle"}, Version: 1, Recipe: idleRecipe{}}, true
}
func (idle) Suggest(string) string { return "" }
func (idle) All() []parts.Spec     { return nil }

type idleRecipe struct{}

func (idleRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	location, err := o.Location(false)
	o.Set("location", location.Path)
	return idleRecipe{}, err
}

func (idleRecipe) Run(context.Context, *parts.Work) error { return nil }

// confined are assignments that keep a run of any profile within its directory
// and away from the network.
func confined(dir string) []string {
	args := []string{"-U", "directory=" + dir, "installed=" + dir + "/.installed.cfg", "offline=true", "download-cache=",
		"extends-cache=", "shared-part-list=", "abi-tag-eggs=false"}
	for _, name := range []string{"bin", "parts", "eggs", "develop-eggs"} {
		args = append(args, name+"-directory="+dir+"/"+name)
	}
	return args
}

// fuzzed are the commands that are given any text as a profile.
var fuzzed = [][]string{
	{"annotate"}, {"annotate", "a"}, {"resolve"}, {"install"}, {"install", "a"}, {"plan"}, {"query", "a:x"},
	{"explain", "a:x"}, {"why", "a"}, {"graph"}, {"lint"}, {"fmt", "--check", "buildout.cfg"},
}

// documented are the statuses that help texts list.
var documented = []Status{StatusOK, StatusPartFailed, StatusUsage, StatusProfile, StatusFetch, StatusState}

// FuzzMain gives any text as a profile to the commands. Each ends with a
// documented status; one that is not 0 is explained by a message with a code,
// unless it stands for a finding of lint or fmt.
func FuzzMain(f *testing.F) {
	for i, text := range seedProfiles(f) {
		for j := range 3 {
			f.Add(text, uint8(3*i+j))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, command uint8) {
		words := fuzzed[int(command)%len(fuzzed)]
		status, messages := runProfile(t, text, words)
		if !slices.Contains(documented, status) {
			t.Fatalf("%v: status %d", words, status)
		}
		if status == StatusOK || status == StatusPartFailed && (words[0] == "lint" || words[0] == "fmt") {
			return
		}
		if !explained(t, messages) {
			t.Errorf("%v: status %d without an error: %s", words, status, messages)
		}
	})
}

// runProfile runs a command on a profile and returns its status and what it
// wrote on standard error.
func runProfile(t *testing.T, text []byte, words []string) (Status, []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "buildout.cfg"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(name string) *os.File {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	errors := open("stderr")
	args := slices.Concat([]string{"--message-format=json", "--no-wait"}, confined(dir), words)
	status := Main(t.Context(), Env{Stdin: strings.NewReader(""), Stdout: open("stdout"), Stderr: errors,
		Dir: dir, Args: args, Executable: "gobuild", Environ: []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, Recipes: idle{}})
	messages, err := os.ReadFile(errors.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, messages
}

// explained reports whether messages hold an error, and checks that each error
// has a code.
func explained(t *testing.T, messages []byte) bool {
	t.Helper()
	found := false
	for line := range bytes.Lines(messages) {
		var d struct{ Severity, Code, Message string }
		if json.Unmarshal(line, &d) != nil || d.Severity != "error" {
			continue
		}
		found = true
		if d.Code == "" || d.Message == "" {
			t.Errorf("an error without a code or a text: %s", line)
		}
	}
	return found
}

// seedProfiles returns the profiles of the golden tests.
func seedProfiles(f *testing.F) [][]byte {
	f.Helper()
	var seeds [][]byte
	for _, pattern := range []string{"profile/*.txtar", "script/error_*.txtar", "script/message_*.txtar", "script/resolve_*.txtar"} {
		names, _ := filepath.Glob("../../testdata/" + pattern)
		for _, name := range names {
			a, err := txtar.ParseFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range a.Files {
				if filepath.Base(file.Name) == "buildout.cfg" && len(file.Data) < 4096 {
					seeds = append(seeds, file.Data)
				}
			}
		}
	}
	if len(seeds) < 50 {
		f.Fatalf("%d seeds", len(seeds))
	}
	return seeds
}
