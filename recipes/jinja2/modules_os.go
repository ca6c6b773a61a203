package jinja2

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"
)

func osModule() *Object {
	return newModule("os", map[string]native{
		"geteuid": func(c *call) (starlark.Value, error) { return starlark.MakeInt(os.Geteuid()), c.none() },
		"getuid":  func(c *call) (starlark.Value, error) { return starlark.MakeInt(os.Getuid()), c.none() },
		"fspath":  func(c *call) (starlark.Value, error) { return c.one() },
	}, map[string]starlark.Value{"path": osPathModule(), "sep": starlark.String("/"), "altsep": starlark.None, "extsep": starlark.String("."),
		"pathsep": starlark.String(":"), "linesep": starlark.String("\n"), "curdir": starlark.String("."), "pardir": starlark.String(".."),
		"name": starlark.String("posix"), "devnull": starlark.String("/dev/null"), "defpath": starlark.String("/bin:/usr/bin")})
}

// osPathModule has the functions that compute with paths, and those that only
// ask whether a file is there.
func osPathModule() *Object {
	return newModule("os.path", map[string]native{
		"join": pathJoin, "commonprefix": pathCommonPrefix,
		"basename":   pathFunction(func(p string) starlark.Value { return starlark.String(p[strings.LastIndexByte(p, '/')+1:]) }),
		"dirname":    pathFunction(func(p string) starlark.Value { head, _ := splitPath(p); return starlark.String(head) }),
		"normpath":   pathFunction(func(p string) starlark.Value { return starlark.String(normalPath(p)) }),
		"normcase":   pathFunction(func(p string) starlark.Value { return starlark.String(p) }),
		"isabs":      pathFunction(func(p string) starlark.Value { return starlark.Bool(strings.HasPrefix(p, "/")) }),
		"split":      pathFunction(func(p string) starlark.Value { head, tail := splitPath(p); return pair(head, tail) }),
		"splitext":   pathFunction(splitExtension),
		"splitdrive": pathFunction(func(p string) starlark.Value { return pair("", p) }),
		"exists":     pathFunction(fileTest(func(os.FileInfo) bool { return true })),
		"isfile":     pathFunction(fileTest(func(i os.FileInfo) bool { return i.Mode().IsRegular() })),
		"isdir":      pathFunction(fileTest(os.FileInfo.IsDir)),
		"abspath":    workingPath(filepath.Abs),
		"realpath":   workingPath(realPath),
		"lexists": pathFunction(func(p string) starlark.Value {
			_, err := os.Lstat(p)
			return starlark.Bool(err == nil)
		}),
		"islink": pathFunction(func(p string) starlark.Value {
			i, err := os.Lstat(p)
			return starlark.Bool(err == nil && i.Mode()&os.ModeSymlink != 0)
		}),
	}, map[string]starlark.Value{"sep": starlark.String("/"), "pathsep": starlark.String(":"), "curdir": starlark.String("."), "pardir": starlark.String("..")})
}

func pair(a, b string) starlark.Value { return starlark.Tuple{starlark.String(a), starlark.String(b)} }

func fileTest(holds func(os.FileInfo) bool) func(string) starlark.Value {
	return func(p string) starlark.Value {
		i, err := os.Stat(p)
		return starlark.Bool(err == nil && holds(i))
	}
}

// workingPath makes a function of a path that may be relative to the working
// directory.
func workingPath(f func(string) (string, error)) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		p, err := c.path(v)
		if err == nil {
			p, err = f(p)
		}
		if err != nil {
			return nil, errorf("OSError", "%v", err)
		}
		return starlark.String(p), nil
	}
}

// realPath resolves the links of as much of p as exists.
func realPath(p string) (string, error) {
	p, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	for head, tail := p, ""; ; head, tail = filepath.Dir(head), filepath.Join(filepath.Base(head), tail) {
		if real, err := filepath.EvalSymlinks(head); err == nil || head == "/" {
			return filepath.Join(real, tail), nil
		}
	}
}

// path returns an argument that must be a path.
func (c *call) path(v starlark.Value) (string, error) {
	if text, ok := asString(v); ok {
		return text, nil
	}
	return "", typeErrorf("expected str, bytes or os.PathLike object, not %s", typeName(v))
}

func pathFunction(f func(string) starlark.Value) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		p, err := c.path(v)
		if err != nil {
			return nil, err
		}
		return f(p), nil
	}
}

func pathJoin(c *call) (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, typeErrorf("join() missing 1 required positional argument: 'a'")
	}
	joined := ""
	for i, a := range c.args {
		p, err := c.path(a)
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0 || strings.HasPrefix(p, "/"):
			joined = p
		case joined == "" || strings.HasSuffix(joined, "/"):
			joined += p
		default:
			joined += "/" + p
		}
	}
	return starlark.String(joined), nil
}

func splitPath(p string) (head, tail string) {
	i := strings.LastIndexByte(p, '/') + 1
	head, tail = p[:i], p[i:]
	if trimmed := strings.TrimRight(head, "/"); trimmed != "" {
		head = trimmed
	}
	return head, tail
}

func splitExtension(p string) starlark.Value {
	name := strings.LastIndexByte(p, '/') + 1
	dot := strings.LastIndexByte(p[name:], '.')
	if dot <= 0 || strings.Trim(p[name:name+dot], ".") == "" {
		return pair(p, "")
	}
	return pair(p[:name+dot], p[name+dot:])
}

func normalPath(p string) string {
	clean := path.Clean(p)
	if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
		return "/" + clean // exactly two slashes have a meaning of their own
	}
	return clean
}

func pathCommonPrefix(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(v)
	if err != nil || len(items) == 0 {
		return starlark.String(""), err
	}
	common, err := c.path(items[0])
	for _, item := range items[1:] {
		p, pathErr := c.path(item)
		if pathErr != nil {
			return nil, pathErr
		}
		for !strings.HasPrefix(p, common) {
			common = common[:len(common)-1]
		}
	}
	return starlark.String(common), err
}
