package recipes

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
)

// buildNatives are sections whose scripts are known, by their names: the SHA-256
// of the init script, a NUL and the update script.
var buildNatives = map[string]struct {
	scripts string
	prepare func(context.Context, parts.Options) (parts.Action, error)
}{
	"gcc":    {"9c8aef9735f55f0a9cb3b5d560c35aa7a1db5d8435dee017545370f2e1e2aa2e", buildGCC},
	"python": {"19ad1bd0771b956db95a070c7bc2cce0e73135a72a4441f5beb7dbe6011ccf7f", buildPython},
}

// buildNative prepares a section of SlapOS's defaults that is done without
// Python. ok says that the section is one.
func buildNative(ctx context.Context, o parts.Options) (a parts.Action, err error, ok bool) {
	native, named := buildNatives[o.Name()]
	if !named || optionText(o, "install") != "" {
		return nil, nil, false
	}
	sum := sha256.Sum256([]byte(optionText(o, "init") + "\x00" + optionText(o, "update")))
	if hex.EncodeToString(sum[:]) != native.scripts {
		return nil, nil, false
	}
	a, err = native.prepare(ctx, o)
	return a, err, true
}

// buildEnviron is an action that changes the environment of later parts.
type buildEnviron struct {
	change func(ctx context.Context, w *parts.Work) (map[string]string, error)
}

// InOrder says that all parts behind this one see what it changes.
func (buildEnviron) InOrder() bool { return true }

// Run changes the environment.
func (a buildEnviron) Run(ctx context.Context, w *parts.Work) error {
	set, err := a.change(ctx, w)
	if err == nil && w.Setenv != nil && len(set) > 0 {
		w.Setenv(parts.Environment{Set: set})
	}
	return err
}

// Update does so again: the environment of a run is new.
func (a buildEnviron) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// buildPython is [python]: what the section named by part says of the interpreter
// is taken over, and its directory goes to the front of PATH.
func buildPython(ctx context.Context, o parts.Options) (parts.Action, error) {
	name, err := requireOption(o, "part")
	if err != nil {
		return nil, err
	}
	from, err := o.Section(ctx, name)
	if err != nil {
		return nil, err
	}
	values, err := requireAll(from, "location", "executable", "version")
	if err != nil {
		return nil, err
	}
	for key, value := range values {
		o.Set(key, value)
	}
	dir, base := filepath.Split(values["executable"])
	dir = cmp.Or(strings.TrimRight(dir, "/"), dir)
	return buildEnviron{func(_ context.Context, w *parts.Work) (map[string]string, error) {
		path, _ := run.LookupEnv(w.Proc.Environ(), "PATH")
		set := map[string]string{"PYTHON": base}
		if !slices.Contains(filepath.SplitList(path), dir) {
			set["PATH"] = dir + ":" + path
		}
		return set, nil
	}}, nil
}

// buildVersions are the options of [gcc], which the section loses: they do not
// matter to parts that are built with the same compiler.
type buildVersions struct {
	available []string
	least     []int
	most      []int // nil is any
}

// buildGCC is [gcc]: the compiler of the system when its version is in the range,
// else the newest of the available versions, which is built and goes to the front
// of PATH.
func buildGCC(ctx context.Context, o parts.Options) (parts.Action, error) {
	force, err := optionBool(o, "force-build", false)
	if err != nil {
		return nil, err
	}
	current, path := "", ""
	if !force {
		if current, path, err = buildSystemGCC(ctx, o); err != nil {
			return nil, err
		}
	}
	v, err := buildGCCVersions(o)
	if err != nil {
		return nil, err
	}
	if numbers, ok := buildNumbers(current); ok && v.accepts(numbers) {
		o.Set("prefix", filepath.Dir(filepath.Dir(path)))
		return buildEnviron{func(_ context.Context, w *parts.Work) (map[string]string, error) {
			w.Say(event.Info, "Using system GCC ("+current+")")
			return nil, nil
		}}, nil
	}
	return buildOwnGCC(ctx, o, v)
}

// buildOwnGCC chooses the version that is built.
func buildOwnGCC(ctx context.Context, o parts.Options, v buildVersions) (parts.Action, error) {
	for _, version := range v.available {
		if numbers, _ := buildNumbers(version); !v.accepts(numbers) {
			continue
		}
		made, err := o.Section(ctx, "gcc-"+version)
		if err != nil {
			return nil, err
		}
		prefix, err := requireOption(made, "location")
		if err != nil {
			return nil, err
		}
		o.Set("prefix", prefix)
		return buildEnviron{func(ctx context.Context, w *parts.Work) (map[string]string, error) {
			tools, err := buildOther(ctx, o, "binutils", "location")
			path, _ := run.LookupEnv(w.Proc.Environ(), "PATH")
			return map[string]string{"PATH": prefix + "/bin:" + tools + "/bin:" + path}, err
		}}, nil
	}
	return nil, place{o.Header(), []string{o.Name()}}.fail(codeBadValue,
		"[%s] no available version given min-version=%s and max-version=%s", o.Name(), buildText(v.least), cmp.Or(buildText(v.most), "inf"))
}

// buildOther is an option of another section, which is read without depending on
// it: the script asks for it when it runs.
func buildOther(ctx context.Context, o parts.Options, section, key string) (string, error) {
	h, ok := o.(parts.Host)
	if !ok {
		return "", fmt.Errorf("section [%s] cannot be read here", section)
	}
	other, err := h.Other(ctx, section)
	if err != nil {
		return "", err
	}
	return requireOption(other, key)
}

// buildSystemGCC is the version of gcc, and its path; both are empty when there
// is none.
func buildSystemGCC(ctx context.Context, o parts.Options) (version, path string, err error) {
	prober, ok := o.(parts.Prober)
	if !ok {
		return "", "", nil
	}
	runner, _ := prober.Probe()
	var found bytes.Buffer
	for _, flag := range []string{"-dumpfullversion", "-dumpversion"} { // old ones know only the second
		found.Reset()
		err := runner.Run(ctx, parts.Command{Argv: []string{"gcc", flag}, Stdout: &found, Step: "gcc"})
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		if err == nil {
			path, err = run.LookPath("gcc", "/", runner.Environ())
			return strings.TrimSpace(found.String()), path, err
		}
	}
	return "", "", nil
}

// buildGCCVersions reads the versions, and takes the options away.
func buildGCCVersions(o parts.Options) (v buildVersions, err error) {
	if _, err = requireAll(o, "available", "min-version"); err != nil {
		return v, err
	}
	if v.available = optionWords(o, "available"); err == nil {
		_, err = buildAll(o, "available")
	}
	var least, most [][]int
	if err == nil {
		least, err = buildAll(o, "min-version")
	}
	if err == nil {
		most, err = buildAll(o, "max-version")
	}
	if err != nil {
		return v, err
	}
	if len(least) == 0 {
		return v, optionError(o, "min-version", codeBadValue, "there is no version")
	}
	slices.SortFunc(v.available, func(a, b string) int {
		left, _ := buildNumbers(a)
		right, _ := buildNumbers(b)
		return slices.Compare(right, left)
	})
	v.least = slices.MaxFunc(least, slices.Compare)
	if len(most) > 0 {
		v.most = slices.MinFunc(most, slices.Compare)
	}
	if p, ok := o.(parts.Profile); ok {
		for _, key := range []string{"available", "min-version", "max-version"} {
			p.Delete(key)
		}
	}
	return v, nil
}

// buildAll reads the versions in an option.
func buildAll(o parts.Options, key string) ([][]int, error) {
	var list [][]int
	for _, word := range optionWords(o, key) {
		numbers, ok := buildNumbers(word)
		if !ok {
			return nil, optionError(o, key, codeBadValue, "%q is not a version such as 12.3", word)
		}
		list = append(list, numbers)
	}
	return list, nil
}

// accepts reports whether a version is in the range.
func (v buildVersions) accepts(numbers []int) bool {
	return slices.Compare(v.least, numbers) <= 0 && (v.most == nil || slices.Compare(numbers, v.most) <= 0)
}

// buildNumbers reads a version.
func buildNumbers(version string) ([]int, bool) {
	var numbers []int
	for _, field := range strings.Split(version, ".") {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, true
}

func buildText(numbers []int) string {
	fields := make([]string, len(numbers))
	for i, n := range numbers {
		fields[i] = strconv.Itoa(n)
	}
	return strings.Join(fields, ".")
}
