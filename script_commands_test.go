package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are those that scripts have beside the standard ones.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":   cmdExits,
	"scrub":   cmdScrub,
	"expand":  cmdExpand,
	"await":   cmdAwait,
	"gone":    cmdGone,
	"mode":    cmdMode,
	"tree":    cmdTree,
	"sum":     cmdSum,
	"cut":     cmdCut,
	"httpd":   cmdHTTPD,
	"archive": cmdArchive,
	"hostile": cmdHostile,
}

// usage ends the script unless there are from min up to max arguments.
func usage(ts *testscript.TestScript, neg bool, args []string, min, max int, text string) {
	if neg || len(args) < min || len(args) > max {
		ts.Fatalf("usage: %s", text)
	}
}

// cmdExits runs a program that must end with a given status, and leaves what
// it wrote, scrubbed, in out.txt and err.txt of $WORK.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 1000, "exits STATUS PROGRAM [ARG…]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	for name, stream := range map[string]string{"out.txt": "stdout", "err.txt": "stderr"} {
		text := scrubbed(ts, ts.ReadFile(stream))
		ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), name), []byte(text), 0o666))
	}
	if got != want {
		ts.Fatalf("%s: exit status %d, want %d", args[1], got, want)
	}
}

// changing is what differs from run to run, with the text that stands for it.
var changing = []struct {
	text  *regexp.Regexp
	stand string
}{
	{regexp.MustCompile(`process \d+ on \S+ since [0-9: -]+\d`), "process PID on HOST since TIME"},
	{regexp.MustCompile(`\b(after|in) (\d+(\.\d+)? ?(ms|s|min|h) ?)+`), "$1 TIME"},
	// What takes long is told with its time, on a slow machine more of it.
	{regexp.MustCompile(`(?m)^(Installed|Updated|Uninstalled) \S+ in TIME\.\n`), ""},
	{regexp.MustCompile(`(?m)^(Failed \S+( in step \S+)?) after TIME\.$`), "$1."},
	{regexp.MustCompile(`"(time|elapsed_ns|cpu_ns|memory|seconds|since)":("[^"]*"|[0-9.e+-]+)`), `"$1":TIME`},
	{regexp.MustCompile(`(\bas |cache/)[0-9a-f]{32}`), "${1}MD5-OF-URL"},
	{regexp.MustCompile(`make: \*\*\* .*`), "make: *** ERROR"},
	{regexp.MustCompile(`PATH "[^"]*"`), `PATH "..."`},
	{regexp.MustCompile(`fatal: [^"\n]*`), "fatal: ERROR"},
	{regexp.MustCompile(`(/gobuild-[a-z]+-)\d+`), "${1}NUMBER"},
	{regexp.MustCompile(`\.kept-\d{8}-\d{6}`), ".kept-TIME"},
	{regexp.MustCompile(`\bwith pid \d+`), "with pid PID"},
	{regexp.MustCompile(`\bprocess \d+ \(`), "process PID ("},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
}

// scrubbed replaces the parts of text that differ from run to run.
func scrubbed(ts *testscript.TestScript, text string) string {
	for _, name := range []string{"HTTP", "WORK"} {
		if value := ts.Getenv(name); value != "" {
			text = strings.ReplaceAll(text, value, "$"+name)
		}
	}
	if python, err := exec.LookPath("python3"); err == nil {
		text = strings.ReplaceAll(text, python, "$PYTHON")
	}
	for _, c := range changing {
		text = c.text.ReplaceAllString(text, c.stand)
	}
	return text
}

// cmdScrub writes a copy of a file without what differs from run to run.
func cmdScrub(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "scrub FILE COPY")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(scrubbed(ts, ts.ReadFile(args[0]))), 0o666))
}

// cmdExpand replaces $HTTP and $WORK in files.
func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, 100, "expand FILE…")
	for _, name := range args {
		text := strings.NewReplacer("$HTTP", ts.Getenv("HTTP"), "$WORK", ts.Getenv("WORK")).Replace(ts.ReadFile(name))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o666))
	}
}

// patience is how long a script waits for what must come.
const patience = 30 * time.Second

// eventually waits until done.
func eventually(ts *testscript.TestScript, what string, done func() bool) {
	for start := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			ts.Fatalf("%s: not in %s", what, patience)
		}
	}
}

// cmdAwait waits for a file, or for a text in it.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, 2, "await FILE [REGEXP]")
	want := regexp.MustCompile(strings.Join(args[1:], ""))
	eventually(ts, "await "+strings.Join(args, " "), func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && want.Match(text)
	})
}

// cmdGone waits until the processes whose numbers a file holds have ended.
func cmdGone(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, 1, "gone FILE")
	for _, word := range strings.Fields(ts.ReadFile(args[0])) {
		pid, err := strconv.Atoi(word)
		ts.Check(err)
		eventually(ts, "end of process "+word, func() bool { return ended(pid) })
	}
}

// ended reports whether a process is gone, or a zombie that nobody waits for.
func ended(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

// cmdMode checks the permissions of a file.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "mode FILE OCTAL")
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("mode of %s is %s, want %s", args[0], got, args[1])
	}
}

// cmdTree writes a list of all that is in a directory.
func cmdTree(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "tree DIR FILE")
	var b strings.Builder
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch {
		case d.IsDir():
			name += "/"
		case d.Type() == fs.ModeSymlink:
			target, _ := os.Readlink(path)
			name += " -> " + scrubbed(ts, target)
		}
		b.WriteString(name + "\n")
		return nil
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o666))
}

// cmdSum sets a variable to a checksum of a file.
func cmdSum(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, 3, "sum md5|sha1|sha256|sha512 FILE VARIABLE")
	kinds := map[string]hash.Hash{"md5": md5.New(), "sha1": sha1.New(), "sha256": sha256.New(), "sha512": sha512.New()}
	h := kinds[args[0]]
	if h == nil {
		ts.Fatalf("no checksum %q", args[0])
	}
	h.Write([]byte(ts.ReadFile(args[1])))
	ts.Setenv(args[2], fmt.Sprintf("%x", h.Sum(nil)))
}

// cmdCut drops the last bytes of a file.
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, 2, "cut FILE BYTES")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:len(text)-n]), 0o666))
}
