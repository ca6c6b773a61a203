package jinja2

import (
	"fmt"
	"slices"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// ImportModule returns the Python module of that dotted name, as `import NAME`
// in the context of a template gives it: the last part of the name. Functions
// that templates cannot use, because they would touch the machine, or that this
// package does not have, fail with a clear error when they are read.
func ImportModule(name string) (starlark.Value, error) {
	make := moduleTable()[name]
	if make == nil {
		return nil, errorf("ModuleNotFoundError", "the Python module %s has no native equivalent; there are: %s",
			literal.Quote(name), strings.Join(ModuleNames(), ", "))
	}
	return make(), nil
}

// ModuleNames returns the names that ImportModule knows, sorted.
func ModuleNames() []string { return sortedKeys(moduleTable()) }

func moduleTable() map[string]func() *Object {
	return map[string]func() *Object{
		"base64":                 base64Module,
		"binascii":               binasciiModule,
		"functools":              functoolsModule,
		"hashlib":                hashlibModule,
		"itertools":              itertoolsModule,
		"json":                   jsonModule,
		"math":                   mathModule,
		"netaddr":                netaddrModule,
		"operator":               operatorModule,
		"os":                     osModule,
		"os.path":                osPathModule,
		"posixpath":              osPathModule,
		"random":                 randomModule,
		"re":                     reModule,
		"shlex":                  shlexModule,
		"six":                    sixModule,
		"six.moves":              sixMovesModule,
		"six.moves.urllib":       urllibModule,
		"six.moves.urllib.parse": urllibParseModule,
		"string":                 stringModule,
		"textwrap":               textwrapModule,
		"urllib":                 urllibModule,
		"urllib.parse":           urllibParseModule,
		"urlparse":               urllibParseModule,
		"uuid":                   uuidModule,
	}
}

// newModule returns a module of functions and constants. Other names of the
// module are an error, since Python may have them.
func newModule(name string, functions map[string]native, constants map[string]starlark.Value) *Object {
	o := &Object{kind: "module", shown: fmt.Sprintf("<module %s>", literal.Quote(name)), attrs: map[string]starlark.Value{"__name__": starlark.String(name)}}
	for fn, body := range functions {
		o.attrs[fn] = newFunc(fn, body)
	}
	for c, v := range constants {
		o.attrs[c] = v
	}
	known := pythonNames()[name]
	o.missing = func(attr string) error {
		if slices.Contains(strings.Fields(known), attr) {
			return errorf(UnsupportedError, "%s.%s of Python in a template", name, attr)
		}
		return nil
	}
	return o
}

// pythonNames lists, for each module, what Python has and this package has not.
// Any other name is undefined, as in Python.
func pythonNames() map[string]string {
	return map[string]string{
		"json": "dump load JSONEncoder JSONDecoder JSONDecodeError",
		"os": "environ getenv listdir stat lstat mkdir makedirs remove unlink rename symlink readlink popen system chmod chown access getcwd " +
			"walk scandir urandom getgid getpid uname cpu_count open close read write",
		"os.path":      "relpath getsize getmtime samefile expanduser expandvars ismount",
		"re":           "Scanner template purge",
		"random":       "seed getstate setstate",
		"urllib.parse": "quote_from_bytes unquote_to_bytes",
		"urllib":       "request error response robotparser",
		"itertools":    "tee pairwise groupby",
		"operator":     "methodcaller",
		"base64":       "a85encode a85decode b85encode b85decode",
		"hashlib":      "pbkdf2_hmac scrypt blake2b blake2s shake_128 shake_256 file_digest new",
		"uuid":         "uuid1 getnode",
		"netaddr":      "IPSet IPRange EUI iter_iprange cidr_merge all_matching_cidrs smallest_matching_cidr",
		"math":         "erf erfc gamma lgamma cbrt exp2",
	}
}
