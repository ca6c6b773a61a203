//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// circumstances are what gobuild runs under.
type circumstances struct {
	name      string
	umask     string // for the shell
	vars      []string
	unset     []string
	directory string // name of the directory that holds the site
	shell     string // redirections
	elsewhere bool   // the working directory is another one, which is read-only
	nobody    bool   // as a user without rights
	mayRefuse bool   // a message is as good as success
}

// nobodyID is a user and a group without rights.
const nobodyID = 65534

// choices are what can be chosen alone or mixed, by topic.
func choices() [][]circumstances {
	long := strings.Repeat("/"+strings.Repeat("l", 49), 4)[1:]
	return [][]circumstances{
		{{name: "umask 022", umask: "022"}, {name: "umask 027", umask: "027"}, {name: "umask 077", umask: "077"}, {name: "umask 002", umask: "002"}, {name: "umask 000", umask: "000"}},
		{{name: "LC_ALL=C", vars: []string{"LC_ALL=C"}}, {name: "LC_ALL=C.UTF-8", vars: []string{"LC_ALL=C.UTF-8"}}, {name: "LC_ALL=tr_TR.UTF-8", vars: []string{"LC_ALL=tr_TR.UTF-8", "LANG=tr_TR.UTF-8"}}, {name: "no locale", unset: []string{"LC_ALL", "LANG"}}},
		{{name: "TZ=Asia/Kathmandu", vars: []string{"TZ=Asia/Kathmandu"}}, {name: "TZ=nonsense", vars: []string{"TZ=../../nonsense"}}, {name: "no TZ", unset: []string{"TZ"}}},
		{{name: "HOME unset", unset: []string{"HOME"}}, {name: "HOME does not exist", vars: []string{"HOME=/nonexistent/home"}}, {name: "HOME empty", vars: []string{"HOME="}}, {name: "HOME is a file", vars: []string{"HOME=/etc/passwd"}}},
		{
			{name: "path with spaces", directory: "with some spaces"}, {name: "path not in ASCII", directory: "pfad-mit-ümläuten-和"}, {name: "path of 200 characters", directory: long},
			{name: "path with a quote", directory: "it's", mayRefuse: true}, {name: "path with a double quote", directory: `say "x"`, mayRefuse: true},
			{name: "path with a dollar sign", directory: "a$HOME", mayRefuse: true}, {name: "path with a backslash", directory: `a\b`, mayRefuse: true},
			{name: "path with a percent sign", directory: "100%s", mayRefuse: true}, {name: "path with a hash", directory: "a#b;c", mayRefuse: true},
			{name: "path with brackets", directory: "[part]", mayRefuse: true}, {name: "path with a line end", directory: "two\nlines", mayRefuse: true},
			{name: "path with a reference", directory: "${buildout:parts}", mayRefuse: true}, {name: "path not in UTF-8", directory: "\xff\xfe", mayRefuse: true},
			{name: "path with a dash", directory: "-c"}, {name: "path with a command", directory: "$(touch x)`touch y`", mayRefuse: true},
		},
		{{name: "stdin closed", shell: "<&-"}, {name: "stdout closed", shell: ">&-", mayRefuse: true}, {name: "stderr closed", shell: "2>&-", mayRefuse: true}, {name: "all closed", shell: "<&- >&- 2>&-", mayRefuse: true}, {name: "stdout full", shell: ">/dev/full", mayRefuse: true}},
		{{name: "working directory elsewhere and read-only", elsewhere: true}},
		{{name: "as nobody", nobody: true}},
		{{name: "TMPDIR does not exist", vars: []string{"TMPDIR=/nonexistent/tmp"}}, {name: "PATH short", vars: []string{"PATH=/usr/bin:/bin"}}},
	}
}

// and puts two circumstances together.
func (c circumstances) and(d circumstances) circumstances {
	pick := func(a, b string) string {
		if b != "" {
			return b
		}
		return a
	}
	name := pick(d.name, c.name)
	if c.name != "" && d.name != "" {
		name = c.name + ", " + d.name
	}
	return circumstances{
		name, pick(c.umask, d.umask), slices.Concat(c.vars, d.vars), slices.Concat(c.unset, d.unset), pick(c.directory, d.directory),
		pick(c.shell, d.shell), c.elsewhere || d.elsewhere, c.nobody || d.nobody, c.mayRefuse || d.mayRefuse,
	}
}

// mixtures returns n random ones, each with a choice of about half the topics.
func mixtures(n int, r *rand.Rand) []circumstances {
	var all []circumstances
	for range n {
		var c circumstances
		for _, topic := range choices() {
			if r.IntN(2) == 0 {
				c = c.and(topic[r.IntN(len(topic))])
			}
		}
		all = append(all, c)
	}
	return all
}

// runEnvironment takes a whole tour in each of the circumstances.
func runEnvironment(b *bench) error {
	src, err := newSources(filepath.Join(b.dir, "sources"), 4, 2<<10)
	if err != nil {
		return err
	}
	defer src.stop()
	all := slices.Concat(choices()...)
	if os.Geteuid() == 0 {
		for _, c := range slices.Concat(choices()...) {
			if !c.nobody {
				all = append(all, c.and(circumstances{name: "as nobody", nobody: true}))
			}
		}
	}
	all = append(all, mixtures(b.count, b.random(0))...)
	var works, refused, skipped int
	for i, c := range all {
		if !b.wanted(c.name) {
			continue
		}
		if c.nobody && !canBeNobody() {
			skipped++
			continue
		}
		t := &tour{bench: b, circumstances: c, from: src}
		why, err := t.take(filepath.Join(b.dir, fmt.Sprint(i)))
		switch {
		case err != nil:
			b.table.violation("%s: %v", c.name, err)
		case why != "":
			refused++
			b.say("%s: refused: %s", c.name, why)
		default:
			works++
		}
	}
	b.table.columns("circumstances", "whole tours", "refused with a message", "skipped")
	b.table.row(works+refused+b.table.count()+skipped, works, refused, skipped)
	return nil
}

// canBeNobody reports whether this process may become another user.
func canBeNobody() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && os.Geteuid() == 0 && strings.Contains(string(text), "4294967295")
}

// tour is a whole life of a site in circumstances.
type tour struct {
	*bench
	circumstances
	from *sources
	site *site
	cwd  string
}

// take installs, does nothing, upgrades, uninstalls a part, and all. why is the
// message of a run that refused to begin.
func (t *tour) take(root string) (why string, err error) {
	if err := t.prepare(root); err != nil {
		return "", err
	}
	out, err := t.run(first)
	if err != nil {
		if t.mayRefuse && !strings.Contains(out, "goroutine ") && (strings.TrimSpace(out) != "" || t.shell != "") {
			return last(out, 3), nil
		}
		return "", fmt.Errorf("install: %w\n%s", err, last(out, 15))
	}
	if err := errors.Join(t.check(first), t.noOp()); err != nil {
		return "", err
	}
	for _, profile := range []string{second, third, "empty"} {
		if out, err := t.run(profile); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", profile, err, last(out, 15))
		}
		if err := t.check(profile); err != nil {
			return "", fmt.Errorf("%s: %w", profile, err)
		}
	}
	return "", nil
}

// prepare makes the site, and gives it to nobody if it is his.
func (t *tour) prepare(root string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	s, err := newSite(t.bench, filepath.Join(root, t.directory), &marks{})
	if err != nil {
		return err
	}
	t.site, t.cwd = s, s.dir
	k := stack{smallStack, t.from, smallShift}
	if err := errors.Join(k.write(s), s.profile("empty", "[buildout]\nparts =\n")); err != nil {
		return err
	}
	if t.elsewhere {
		t.cwd = filepath.Join(root, "elsewhere")
		if err := os.Mkdir(t.cwd, 0o555); err != nil {
			return err
		}
		if err := errors.Join(syscall.Mount(t.cwd, t.cwd, "", syscall.MS_BIND, ""), syscall.Mount("", t.cwd, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")); err != nil {
			return err
		}
	}
	if !t.nobody {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || path == t.cwd && t.elsewhere {
			return err
		}
		return os.Lchown(path, nobodyID, nobodyID)
	})
}

// run runs gobuild in the circumstances.
func (t *tour) run(profile string) (string, error) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return "", err
	}
	umask := t.umask
	if umask == "" {
		umask = "022"
	}
	argv := append([]string{sh, "-c", "umask " + umask + `; exec "$@" ` + t.shell, "sh", t.gobuild, "-c", filepath.Join(t.site.dir, profile+".cfg")}, t.flags...)
	p, err := start(t.site.marks.next(), t.cwd, t.environ(), argv, func(c *exec.Cmd) {
		if t.nobody {
			c.SysProcAttr.Credential = &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
		}
	})
	if err != nil {
		return "", err
	}
	err = p.wait()
	return p.out.String(), err
}

func (t *tour) environ() []string {
	set := map[string]string{}
	for _, v := range slices.Concat(t.site.environ(), t.vars) {
		name, value, _ := strings.Cut(v, "=")
		set[name] = value
	}
	for _, name := range t.unset {
		delete(set, name)
	}
	var env []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		env = append(env, name+"="+set[name])
	}
	return env
}

// noOp runs again: nothing may be installed and nothing written but what
// gobuild keeps for itself.
func (t *tour) noOp() error {
	before, err := t.times()
	if err != nil {
		return err
	}
	out, err := t.run(first)
	if err != nil {
		return fmt.Errorf("second run: %w\n%s", err, last(out, 15))
	}
	if strings.Contains(out, "Installing p") || strings.Contains(out, "Uninstalling p") {
		return fmt.Errorf("the second run is no no-op:\n%s", last(out, 15))
	}
	after, err := t.times()
	if err != nil {
		return err
	}
	for path, at := range before {
		if after[path] != at {
			return fmt.Errorf("the second run wrote %q", path)
		}
	}
	if len(after) != len(before) {
		return errors.New("the second run made files")
	}
	return nil
}

// times returns the times of all files of the site.
func (t *tour) times() (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := filepath.WalkDir(t.site.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Base(path) {
		case ".gobuild":
			return filepath.SkipDir
		case ".installed.cfg":
			return nil
		}
		info, err := d.Info()
		if err == nil && path != t.site.dir {
			all[path] = info.ModTime()
		}
		return err
	})
	return all, err
}

// check looks whether the site is what the profile says.
func (t *tour) check(profile string) error {
	r, err := readRecord(filepath.Join(t.site.dir, ".installed.cfg"))
	if err != nil {
		return err
	}
	want := map[string]string{first: "p00 p01 p02 p03 p04 place", second: "p00 p01 p02 p03 p04 place", third: "p00 p02 p03 place", "empty": ""}[profile]
	if got := strings.Join(r.parts(), " "); got != want {
		return fmt.Errorf("recorded parts: %q, not %q", got, want)
	}
	config, err := os.ReadFile(filepath.Join(t.site.dir, "parts/p01/share/config"))
	with := map[string]string{first: "one ", second: "two "}[profile]
	if with != "" && (err != nil || !strings.HasPrefix(string(config), with)) {
		return fmt.Errorf("p01 is not what %s says: %q, %v", profile, config, err)
	}
	left, err := os.ReadDir(filepath.Join(t.site.dir, "parts"))
	if profile == "empty" && (err != nil || len(left) > 0) {
		return fmt.Errorf("left over: %v, %v", left, err)
	}
	return nil
}
