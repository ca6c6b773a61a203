package recipes

import (
	"context"
	_ "embed"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// codeBadHook is the code of a hook that cannot be read or called.
const codeBadHook = "bad-hook"

// hookShim is the Python program that calls a hook.
//
//go:embed kit_hook.py
var hookShim string

// hook is a function in a Python file.
type hook struct {
	option   string
	file     sourceFile
	function string
}

var (
	// pythonName is what a function can be called.
	pythonName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\pL_][\pL\pN_]*$`) })
	// hookSection finds buildout['x'], buildout["x"] and buildout.get('x').
	hookSection = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\bbuildout(?:\[\s*|\.get\(\s*)(?:'([^'\n]+)'|"([^"\n]+)")`)
	})
)

// hookOptions reads options that hold `URL-or-path[#md5]:function`, by name.
// A blank or missing one has no entry.
func hookOptions(o parts.Options, keys ...string) (map[string]hook, error) {
	hooks := map[string]hook{}
	for _, key := range keys {
		text := strings.TrimSpace(optionText(o, key))
		if text == "" {
			continue
		}
		colon := strings.LastIndex(text, ":")
		function := strings.TrimSpace(text[colon+1:])
		if colon < 0 || !pythonName().MatchString(function) {
			return nil, optionError(o, key, codeBadHook, "%q names no function", text).
				WithHint("a hook is FILE.py#MD5:FUNCTION, the checksum may be left out")
		}
		file, err := parseSourceFile(text[:colon], optionPlace(o, key))
		if err != nil {
			return nil, err
		}
		hooks[key] = hook{key, file, function}
	}
	return hooks, nil
}

// hookSections returns the sections that hooks may read: [buildout], and those
// that the text of a local hook names. The part depends on them from now on.
func hookSections(ctx context.Context, o parts.Options, hooks map[string]hook) map[string]map[string]string {
	if len(hooks) == 0 {
		return nil
	}
	names := map[string]bool{"buildout": true}
	for _, h := range hooks {
		// A hook that is not there yet may be made by an earlier part.
		text, _, err := readRegular(strings.TrimPrefix(h.file.url, "file://"))
		if err != nil {
			continue
		}
		for _, match := range hookSection().FindAllStringSubmatch(string(text), -1) {
			names[match[1]+match[2]] = true
		}
	}
	sections := map[string]map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name == o.Name() || !o.Has(name) {
			continue
		}
		// A section that needs this part is in the making, so it cannot be
		// read. If the hook does read it, that is an error of the hook.
		if section, err := o.Section(ctx, name); err == nil {
			sections[name] = snapshotOptions(section).values
		}
	}
	return sections
}

// hook calls a hook in the source directory. What it changes in its options
// and its environment holds for the steps that follow.
func (b *builder) hook(ctx context.Context, h hook, sections map[string]map[string]string) error {
	return b.withFile(ctx, h.file, func(path string) error {
		python, err := b.python(h, sections["buildout"]["executable"])
		if err != nil {
			return err
		}
		shim, result := filepath.Join(b.w.Temp, "hook.py"), filepath.Join(b.w.Temp, h.option+".json")
		if err := os.MkdirAll(b.w.Temp, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(shim, []byte(hookShim), 0o600); err != nil {
			return err
		}
		job, err := encodeHookJob(hookJob{b.w.Part, path, h.function, b.options.values, sections, b.env, result})
		if err != nil {
			return err
		}
		err = b.run(ctx, parts.Command{
			Argv: []string{python, shim}, Dir: b.dir, Env: b.base, Stdin: strings.NewReader(job),
			Step: h.option, Show: run.Join([]string{python, h.file.url, h.function}),
		}, h.file.place)
		return b.takeHookResult(h, result, err)
	})
}

// python returns the Python that runs a hook: that of [buildout], if it is one,
// else python3 in the PATH of the part or of the run.
func (b *builder) python(h hook, executable string) (string, error) {
	if strings.HasPrefix(filepath.Base(executable), "python") && isExecutable(executable) {
		return executable, nil
	}
	for _, path := range []string{b.env["PATH"], run.ParseEnv(b.base)["PATH"]} {
		for _, dir := range filepath.SplitList(path) {
			if file := filepath.Join(dir, "python3"); filepath.IsAbs(dir) && isExecutable(file) {
				return file, nil
			}
		}
	}
	return "", h.file.place.fail(codeBadHook, "System error: the hook needs Python 3, and PATH has no python3").
		WithHint("install python3, or set executable in [buildout]")
}

// isExecutable reports whether path is a file that somebody may execute.
func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// takeHookResult takes over what a hook changed, or tells why it failed. err is
// how its process ended.
func (b *builder) takeHookResult(h hook, path string, err error) error {
	result, readErr := readHookResult(path)
	var d *diag.Diagnostic
	switch {
	case errors.As(err, &d) && result.Error != "":
		d.Msg, d.Hint = "System error: the hook "+h.function+" failed: "+result.Error, ""
		return err
	case err != nil:
		return err
	case readErr != nil:
		return h.file.place.fail(codeBadHook, "System error: the hook %s left no result", h.function).WithCause(readErr)
	}
	c := hookChange{Hook: h.option, Options: changeOf(b.options.values, result.Options)}
	if !b.keepEnv {
		c.Environ = changeOf(b.env, result.Environ)
	}
	b.takeChange(c)
	return nil
}
