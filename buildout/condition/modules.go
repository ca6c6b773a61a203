package condition

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// facts are the names that say yes or no about the interpreter.
func (p Python) facts() starlark.StringDict {
	facts := map[string]bool{
		"python2": p.Version[0] == 2, "python3": p.Version[0] == 3,
		"cpython": true, "pypy": false, "jython": false, "ironpython": false,
		"bits32": p.Bits == 32, "bits64": p.Bits == 64,
		"little_endian": byteOrder() == "little", "big_endian": byteOrder() == "big",
		"posix": strings.Contains(strings.ToLower(p.OSName), "posix"),
	}
	platform := strings.ToLower(p.Sysname)
	for name, part := range map[string]string{
		"linux": "linux", "windows": "win32", "cygwin": "cygwin", "solaris": "sunos", "macosx": "darwin",
	} {
		facts[name] = strings.Contains(platform, part)
	}
	for _, minor := range strings.Fields("24 25 26 27 30 31 32 33 34 35 36 37 38 39 310 311 312 313 314 315 316 317 318 319") {
		facts["python"+minor] = fmt.Sprint(p.Version[0])+fmt.Sprint(p.Version[1]) == minor
	}
	values := starlark.StringDict{}
	for name, value := range facts {
		values[name] = starlark.Bool(value)
	}
	return values
}

func (p Python) modules() starlark.StringDict {
	return starlark.StringDict{"sys": p.sysModule(), "os": p.osModule(), "platform": p.platformModule(), "re": reModule()}
}

func module(name string, members starlark.StringDict) *object {
	return &object{kind: "module", name: "<module '" + name + "'>", members: members}
}

func texts(values ...string) starlark.Tuple {
	tuple := make(starlark.Tuple, len(values))
	for i, v := range values {
		tuple[i] = starlark.String(v)
	}
	return tuple
}

// constant is a function without arguments that returns v.
func constant(name string, v starlark.Value) starlark.Value {
	return builtin(name, func(_ *run, a []starlark.Value) (starlark.Value, error) {
		return v, tooMany(append([]starlark.Value{nil}, a...), 0, name)
	})
}

func (p Python) sysModule() *object {
	info := &structure{
		kind: "sys.version_info",
		Tuple: starlark.Tuple{
			starlark.MakeInt(p.Version[0]), starlark.MakeInt(p.Version[1]), starlark.MakeInt(p.Version[2]),
			starlark.String("final"), starlark.MakeInt(0),
		},
		names: []string{"major", "minor", "micro", "releaselevel", "serial"},
	}
	hex := starlark.MakeInt(p.Version[0]<<24 | p.Version[1]<<16 | p.Version[2]<<8 | 0xf0)
	maxsize := int64(math.MaxInt64)
	if p.Bits == 32 {
		maxsize = math.MaxInt32
	}
	return module("sys", starlark.StringDict{
		"byteorder":             starlark.String(byteOrder()),
		"getdefaultencoding":    constant("getdefaultencoding", starlark.String("utf-8")),
		"getfilesystemencoding": constant("getfilesystemencoding", starlark.String("utf-8")),
		"hexversion":            hex,
		"implementation": &object{kind: "types.SimpleNamespace", name: "namespace(name='cpython')", members: starlark.StringDict{
			"name":       starlark.String("cpython"),
			"version":    info,
			"hexversion": hex,
			"cache_tag":  starlark.String("cpython-" + strings.ReplaceAll(p.shortVersion(), ".", "")),
		}},
		"maxsize":      starlark.MakeInt64(maxsize),
		"maxunicode":   starlark.MakeInt(0x10ffff),
		"platform":     starlark.String(p.Sysname),
		"version":      starlark.String(p.fullVersion() + " (main) [GCC]"),
		"version_info": info,
	})
}

func (p Python) platformModule() *object {
	uname := p.uname("platform.uname_result", []string{"system", "node", "release", "version", "machine", "processor"}, "")
	members := starlark.StringDict{
		"architecture":         constant("architecture", texts(strconv.Itoa(p.Bits)+"bit", "ELF")),
		"uname":                constant("uname", uname),
		"python_version_tuple": constant("python_version_tuple", texts(strings.Split(p.fullVersion(), ".")...)),
		"freedesktop_os_release": builtin("freedesktop_os_release", func(r *run, a []starlark.Value) (starlark.Value, error) {
			return p.readOSRelease(r)
		}),
	}
	for name, value := range map[string]string{
		"machine": p.Machine, "node": p.Node, "processor": "", "release": p.Release, "system": p.System, "version": p.Build,
		"python_implementation": "CPython", "python_version": p.fullVersion(),
	} {
		members[name] = constant(name, starlark.String(value))
	}
	return module("platform", members)
}

func (p Python) uname(kind string, names []string, more ...string) *structure {
	values := append([]string{p.System, p.Node, p.Release, p.Build, p.Machine}, more...)
	return &structure{Tuple: texts(values...), kind: kind, names: names}
}

// environ returns os.environ: of two settings of one name the first counts.
func (p Python) environ() *starlark.Dict {
	dict := starlark.NewDict(len(p.Env))
	for _, setting := range p.Env {
		name, value, ok := strings.Cut(setting, "=")
		key := starlark.String(name)
		if _, known, _ := dict.Get(key); ok && name != "" && !known {
			dict.SetKey(key, starlark.String(value)) // cannot fail: not frozen, and texts have hashes
		}
	}
	return dict
}

func (p Python) osModule() *object {
	environ := p.environ()
	getenv := func(_ *run, a []starlark.Value) (starlark.Value, error) {
		args := append([]starlark.Value{nil}, a...)
		name, err := textArgument(args, 1, "getenv()")
		if err != nil {
			return nil, err
		}
		if value, found, _ := environ.Get(starlark.String(name)); found {
			return value, nil
		}
		if len(a) > 1 {
			return a[1], tooMany(args, 2, "getenv()")
		}
		return starlark.None, nil
	}
	return module("os", starlark.StringDict{
		"F_OK": starlark.MakeInt(0), "R_OK": starlark.MakeInt(4), "W_OK": starlark.MakeInt(2), "X_OK": starlark.MakeInt(1),
		"access":    builtin("access", access),
		"altsep":    starlark.None,
		"cpu_count": constant("cpu_count", starlark.MakeInt(runtime.NumCPU())),
		"curdir":    starlark.String("."),
		"devnull":   starlark.String("/dev/null"),
		"environ":   environ,
		"extsep":    starlark.String("."),
		"getenv":    builtin("getenv", getenv),
		"linesep":   starlark.String("\n"),
		"name":      starlark.String(p.OSName),
		"pardir":    starlark.String(".."),
		"path":      pathModule(),
		"pathsep":   starlark.String(":"),
		"sep":       starlark.String("/"),
		"uname":     constant("uname", p.uname("posix.uname_result", []string{"sysname", "nodename", "release", "version", "machine"})),
	})
}
