package recipes

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

func wrapperSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"wrapper", "slapos.cookbook:wrapper"},
		Doc: `Writes a shell script that starts a program with fixed arguments and environment.

The words of command-line are read as a shell reads them, but $, * and ~ have
no meaning. The arguments of the script are added to them. The script replaces
itself by the program.

With wait-for-files, pidfile, private-tmpfs, reserve-cpu or redirect-* the
program must be given by its path: it is not searched in PATH. The script is a
shell script in these cases too, where slapos.cookbook writes one in Python; it
needs od, tr and sleep.

With hash-files an update gives the script another name when their digest has
changed, if other parts have made them all. slapos.cookbook fails then, and has the
new name at the next run; so does this recipe for other files.

With private-tmpfs or redirect-* the script runs ` + "`gobuild exec`" + `, by the path of
the gobuild that wrote it. That process stays as the parent of the program,
passes signals on and ends as the program ends. The file of pidfile then holds
the process id of the program, with redirect-* that of its parent.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "command-line", Required: true, Doc: "The program and its arguments, quoted as for a shell."},
			{Name: "wrapper-path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "environment", Doc: "Lines NAME=VALUE: what is exported to the program. A name has letters, digits and _ only."},
			{Name: "sig-ign", Doc: "Signal that the program starts with ignored, such as HUP or RTMIN+1. With redirect-* the one that opens the files again, USR1 by default."},
			{Name: "wait-for-files", Doc: "Files that must exist before the program starts, separated by blanks."},
			{Name: "pidfile", Doc: "File with the process id. The program is not started while the process in it runs the same command."},
			{Name: "reserve-cpu", Default: "false", Doc: "y, yes, 1 or true: ask for a CPU of its own in ~/.slapos-cpu-exclusive."},
			{Name: "private-tmpfs", Doc: "Lines SIZE PATH: file systems in memory that only the program sees. SIZE is a number of bytes, of k, m, g or t of them, or a percentage of the memory."},
			{Name: "redirect-stdout", Doc: "File that the standard output of the program is appended to."},
			{Name: "redirect-stderr", Doc: "File that the standard error of the program is appended to."},
			{Name: "redirect-signal", Doc: "Signal that the program gets when the redirected files are opened again."},
			{Name: "hash-files", Doc: "Files made by the buildout. The name of the script ends with their digest."},
			{Name: "hash-existing-files", Doc: "Files that exist before the run. As hash-files; a change installs the part anew."},
			{Name: "__hash_files__", Computed: true, Doc: "Digest of hash-existing-files."},
			{Name: "_d", Computed: true, Doc: "develop-eggs-directory of the buildout, if it has one."},
			{Name: "_e", Computed: true, Doc: "eggs-directory of the buildout, if it has one."},
		},
		Recipe: wrapperRecipe{},
	}
}

type wrapperRecipe struct{}

// wrapperAction writes one script.
type wrapperAction struct {
	place  place // of wrapper-path
	hashed place // of hash-files, or of hash-existing-files
	path   string
	hash   []string
	script wrapperScript
	// old are the paths of the installed part, and follows says that the files
	// of hash-files are those of other parts: when one changes, the script gets
	// another name.
	old     []string
	follows bool
}

// Prepare reads and checks all options. SPEC-recipes 13.1.
func (wrapperRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	if err := wrapperSetEggs(ctx, o); err != nil {
		return nil, err
	}
	a := &wrapperAction{hashed: optionPlace(o, "hash-existing-files")}
	var err error
	if a.hash, err = wrapperHashed(ctx, o); err != nil {
		return nil, err
	}
	if made := optionWords(o, "hash-files"); len(made) > 0 {
		a.hashed = optionPlace(o, "hash-files")
		a.old, a.follows = wrapperFollows(ctx, o, a.hash[:len(made)])
	}
	if a.path, err = requirePath(o, "wrapper-path"); err != nil {
		return nil, err
	}
	a.place = optionPlace(o, "wrapper-path")
	if a.script, err = wrapperRead(o); err != nil {
		return nil, err
	}
	return a, nil
}

// wrapperSetEggs sets the options that tell where eggs are.
func wrapperSetEggs(ctx context.Context, o parts.Options) error {
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return err
	}
	for key, from := range map[string]string{"_d": "develop-eggs-directory", "_e": "eggs-directory"} {
		if value, _, ok := buildout.Lookup(from); ok {
			o.Set(key, value)
		}
	}
	return nil
}

// wrapperHashed returns the files whose digest ends the name of the script,
// and sets the digest of those that exist before the run.
func wrapperHashed(ctx context.Context, o parts.Options) ([]string, error) {
	made, err := wrapperPaths(ctx, o, "hash-files")
	if err != nil {
		return nil, err
	}
	if err := wrapperCheckMade(ctx, o, made); err != nil {
		return nil, err
	}
	existing, err := wrapperPaths(ctx, o, "hash-existing-files")
	if err != nil || len(existing) == 0 {
		return made, err
	}
	digest, err := wrapperDigest(existing)
	if err != nil {
		return nil, optionPlace(o, "hash-existing-files").wrap(err)
	}
	o.Set("__hash_files__", digest)
	return append(made, existing...), nil
}

// wrapperFollows returns the paths of the installed script, and whether each of
// the files has been made by another part.
func wrapperFollows(ctx context.Context, o parts.Options, files []string) (old []string, follows bool) {
	p, ok := o.(parts.Profile)
	if !ok {
		return nil, false
	}
	made := map[string]bool{}
	for _, name := range p.SectionNames() {
		r, _ := p.Recorded(name)
		if name == o.Name() {
			old = r.Paths
			continue
		}
		for _, path := range r.Paths {
			made[inBuildout(ctx, o, path)] = true
		}
	}
	return old, !slices.ContainsFunc(files, func(file string) bool { return !made[file] })
}

func wrapperPaths(ctx context.Context, o parts.Options, key string) ([]string, error) {
	words := optionWords(o, key)
	for i, word := range words {
		path, err := absolutePath(ctx, o, word)
		if err != nil {
			return nil, err
		}
		words[i] = path
	}
	return words, nil
}

// wrapperCheckMade refuses files of hash-files that exist outside of the
// buildout directory.
func wrapperCheckMade(ctx context.Context, o parts.Options, files []string) error {
	var outside []string
	for _, file := range files {
		real, err := filepath.EvalSymlinks(file)
		if err != nil {
			continue // it is made later
		}
		dir, err := buildoutDirectory(ctx, o)
		if err != nil {
			return err
		}
		if dir, err = filepath.EvalSymlinks(dir); err != nil || !isWithin(real, dir) {
			outside = append(outside, file)
		}
	}
	if len(outside) == 0 {
		return nil
	}
	d := optionError(o, "hash-files", codeBadValue,
		"hash-files must only list files that are generated by buildout:\n  %s", strings.Join(outside, "\n  "))
	return d.WithHint("list files that exist before the run in hash-existing-files")
}

// wrapperDigest returns the MD5 of all files: of each the length in decimal, a
// line end, and the bytes.
func wrapperDigest(files []string) (string, error) {
	h := md5.New()
	for _, file := range files {
		if err := wrapperHashFile(h, file); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func wrapperHashFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return diag.At(diag.Span{}, codeFile, "No such file or directory: '%s'", path)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("'%s' is not a regular file", path)
	}
	fmt.Fprintf(w, "%d\n", info.Size())
	_, err = io.CopyN(w, f, info.Size())
	return err
}

// wrapperRead reads the options that make the text of the script.
func wrapperRead(o parts.Options) (s wrapperScript, err error) {
	line, err := requireOption(o, "command-line")
	if err != nil {
		return s, err
	}
	if s.words, err = run.Split(line); err != nil {
		return s, optionError(o, "command-line", codeBadValue, "%v", err)
	}
	if len(s.words) == 0 {
		return s, optionError(o, "command-line", codeBadValue, "the command is blank")
	}
	s.pidfile, s.waitFor = optionText(o, "pidfile"), optionWords(o, "wait-for-files")
	if s.reserveCPU, err = optionBoolWords(o, "reserve-cpu", false, trueWords, nil); err != nil {
		return s, err
	}
	if err := s.readLaunch(o); err != nil {
		return s, err
	}
	if !s.simple() && !strings.Contains(s.words[0], "/") {
		return s, optionError(o, "command-line", codeBadValue, "%q is not a path: with wait-for-files, pidfile, "+
			"private-tmpfs, reserve-cpu or redirect-* the program is not searched in PATH", s.words[0])
	}
	s.env, err = wrapperEnvironment(o)
	return s, err
}

// wrapperEnvironment returns NAME=VALUE for each variable, sorted by name. Of
// a name given twice the last value counts.
func wrapperEnvironment(o parts.Options) ([]string, error) {
	values := map[string]string{}
	for _, line := range optionLines(o, "environment") {
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || !wrapperIsName(name) {
			return nil, optionError(o, "environment", codeBadValue, "%q is not NAME=VALUE", line)
		}
		values[name] = strings.TrimSpace(value)
	}
	return run.MergeEnv(nil, values), nil
}

// wrapperIsName reports whether a shell can export a variable of this name.
func wrapperIsName(name string) bool {
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
}

// Run writes the script.
func (a *wrapperAction) Run(_ context.Context, w *parts.Work) error {
	path, err := a.target()
	if err != nil {
		return err
	}
	mode := umasked(w, 0o777)
	if a.script.simple() {
		mode = 0o700
	}
	if strings.HasSuffix(path, "/") {
		return a.place.fail(codeFile, "Is a directory: '%s'", path)
	}
	path = workPath(w, path)
	w.Own(path)
	return a.place.wrap(placeFile(path, []byte(a.script.text(w.Launcher)), mode))
}

// Update makes sure that the script still has the right name, or gives it another
// one when a file that another part makes has changed.
func (a *wrapperAction) Update(ctx context.Context, w *parts.Work) error {
	path, err := a.target()
	if err != nil {
		return err
	}
	if info, err := os.Stat(workPath(w, path)); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if !a.follows {
		d := a.place.fail("unstable-path", "unstable wrapper path ('%s')", path)
		return d.WithHint("a file of hash-files has changed: uninstall the part, or list the file in hash-existing-files")
	}
	if err := a.Run(ctx, w); err != nil {
		return err
	}
	for _, old := range a.old {
		if workPath(w, old) == workPath(w, path) {
			continue
		}
		if err := os.Remove(workPath(w, old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return a.place.wrap(err)
		}
		w.Disown(old)
	}
	return nil
}

// target returns the path of the script, with the digest of the files.
func (a *wrapperAction) target() (string, error) {
	if len(a.hash) == 0 {
		return a.path, nil
	}
	digest, err := wrapperDigest(a.hash)
	return a.path + "-" + digest, a.hashed.wrap(err)
}
