package settings

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"gobuild/buildout/diag"
)

// section is the only section of settings.
const section = "gobuild"

// Key describes one setting.
type Key struct {
	Name    string
	Default string // as it would be written
	Env     string // environment variable that goes over the files
	Takes   string // what a value is, for people
	Doc     string
	Choices []string // all values, when they can be listed

	value    func(*Settings) value
	fallback func(environ []string) string // the default, where it depends on the user
}

// keys is the table of settings, in the order of the documentation.
var keys = []*Key{
	{Name: "dialect", Default: "auto", Env: "GOBUILD_DIALECT", Takes: "`auto`, `upstream` or `slapos`",
		Doc:     "Language of profiles: that of zc.buildout, that of SlapOS, or the one that the profile's own signs tell.",
		Choices: dialects, value: func(s *Settings) value { return &choice{&s.Dialect, dialects} }},
	{Name: "jobs", Default: "0", Env: "GOBUILD_JOBS", Takes: "a number from 0",
		Doc:   "Jobs that parts and what they compile run at once, together. 0 means one for each processor.",
		value: func(s *Settings) value { return &number{&s.Jobs, 0, maxJobs} }},
	{Name: "fsync", Default: "true", Env: "GOBUILD_FSYNC", Takes: "`true` or `false`",
		Doc:     "Whether a part counts as installed only when its files are on the disk. `false` is for machines that are thrown away.",
		Choices: booleans, value: func(s *Settings) value { return &boolean{&s.Fsync} }},
	{Name: "namespaces", Default: "true", Env: "GOBUILD_NAMESPACES", Takes: "`true` or `false`",
		Doc:     "Whether mount namespaces, where the machine permits them, keep the old version of a part in place until the new one is complete.",
		Choices: booleans, value: func(s *Settings) value { return &boolean{&s.Namespaces} }},
	{Name: "audit", Default: "error", Env: "GOBUILD_AUDIT", Takes: "`error`, `warn` or `off`",
		Doc:     "What becomes of a compiled part that needs more of the machine than glibc, where neither it nor `[buildout]` has an option `audit`.",
		Choices: audits, value: func(s *Settings) value { return &choice{&s.Audit, audits} }},
	{Name: "cache", Default: "~/.cache/gobuild/sources", Env: "GOBUILD_CACHE", Takes: "a directory, or nothing",
		Doc:   "Where downloaded sources are kept by checksum. `$XDG_CACHE_HOME` counts in the default. An empty value means no cache.",
		value: func(s *Settings) value { return &directory{&s.Cache} }, fallback: defaultCache},
	{Name: "mirrors", Default: "", Env: "GOBUILD_MIRRORS", Takes: "URLs and directories, blanks or lines between",
		Doc:   "Where sources are looked for by name and checksum. Those of the environment stand before those of files.",
		value: func(s *Settings) value { return &places{&s.Mirrors} }},
	{Name: "color", Default: "auto", Env: "GOBUILD_COLOR", Takes: "`auto`, `always` or `never`",
		Doc:     "Colour in messages. With `auto`, on terminals unless `NO_COLOR` is set.",
		Choices: colors, value: func(s *Settings) value { return &choice{&s.Color, colors} }},
	{Name: "tries", Default: "3", Env: "GOBUILD_TRIES", Takes: "a number from 1 to 100",
		Doc:   "How often a URL is tried when the network fails.",
		value: func(s *Settings) value { return &number{&s.Tries, 1, 100} }},
	{Name: "timeout", Default: "60", Env: "GOBUILD_TIMEOUT", Takes: "seconds, from 1",
		Doc:   "How long a server may be silent.",
		value: func(s *Settings) value { return &seconds{&s.Timeout} }},
	{Name: "python-version", Default: "3.11", Env: "GOBUILD_PYTHON_VERSION", Takes: "a version such as `3.11`",
		Doc: "The Python that conditions of sections see, as in `[part:python311]`. None is run.",
		value: func(s *Settings) value {
			return &matching{&s.PythonVersion, pythonVersion, "a Python version such as 3.11"}
		}},
	{Name: "python", Default: "python3", Env: "GOBUILD_PYTHON", Takes: "a program: a path, or a name to look up in PATH",
		Doc:   "The default of `[buildout] executable`: the Python that runs recipes which are not built in, where the profile names none.",
		value: func(s *Settings) value { return &matching{&s.Python, anyProgram, "a program"} }},
	{Name: "instances", Default: "", Env: "GOBUILD_INSTANCES", Takes: "a directory, or nothing",
		Doc:   "The directory whose directories are the instances of `gobuild instance`. An empty value means the current one.",
		value: func(s *Settings) value { return &directory{&s.Instances} }},
	{Name: "supervisor", Default: "supervisord", Env: "GOBUILD_SUPERVISOR", Takes: "`supervisord`, `runit`, `s6` or `none`",
		Doc:     "What runs the programs of instances (docs/instances.md). With `none`, `gobuild instance` makes instances and starts nothing.",
		Choices: supervisors, value: func(s *Settings) value { return &choice{&s.Supervisor, supervisors} }},
	{Name: "supervisord", Default: "supervisord", Env: "GOBUILD_SUPERVISORD", Takes: "a program: a path, or a name to look up in PATH",
		Doc:   "The program supervisord.",
		value: func(s *Settings) value { return &matching{&s.Supervisord, anyProgram, "a program"} }},
	{Name: "history", Default: "50", Env: "GOBUILD_HISTORY", Takes: "a number from 0",
		Doc:   "How many runs `gobuild history` keeps. With 0 no run is remembered.",
		value: func(s *Settings) value { return &number{&s.History, 0, maxHistory} }},
	{Name: "silence", Default: "", Env: "GOBUILD_SILENCE", Takes: "codes, blanks or lines between",
		Doc:   "Codes of warnings that are not shown, as `--silence` for one run. Errors cannot be silenced. docs/messages.md lists all codes.",
		value: func(s *Settings) value { return &codes{&s.Silence} }},
}

const (
	maxJobs    = 10_000
	maxHistory = 10_000
	maxSeconds = 86_400
)

var (
	dialects      = []string{"auto", "upstream", "slapos"}
	audits        = []string{"error", "warn", "off"}
	booleans      = []string{"true", "false"}
	supervisors   = []string{"supervisord", "runit", "s6", "none"}
	colors        = []string{"auto", "always", "never"}
	pythonVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[23]\.[0-9]{1,2}(\.[0-9]{1,2})?$`) })
	anyProgram    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\S(.*\S)?$`) })
	warningCode   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9-]*$`) })
)

// Keys returns the settings that there are.
func Keys() []Key {
	list := make([]Key, len(keys))
	for i, k := range keys {
		list[i] = *k
	}
	return list
}

// keyNamed returns the key of that name, or nil.
func keyNamed(name string) *Key {
	for _, k := range keys {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// names returns the names of all keys.
func names() []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.Name
	}
	return list
}

// hint returns what to do about a bad value.
func (k *Key) hint(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return "quotes are part of the value: write it without them"
	}
	if hint := diag.DidYouMean(text, k.Choices); hint != "" {
		return hint
	}
	return k.Name + " takes " + strings.ReplaceAll(k.Takes, "`", "")
}

func defaultCache(environ []string) string {
	if base := userDirectory(environ, "XDG_CACHE_HOME", ".cache"); base != "" {
		return filepath.Join(base, "gobuild", "sources")
	}
	return ""
}
