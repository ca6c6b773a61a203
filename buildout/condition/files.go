package condition

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.starlark.net/starlark"
)

// maxFile is how much of a file a condition may read.
const maxFile = 1 << 20

// pathModule is os.path. Its functions look at files and change nothing.
func pathModule() *object {
	lstat := func(test func(fs.FileInfo) bool) function {
		return pathTest(func(path string) bool {
			info, err := os.Lstat(path)
			return err == nil && test(info)
		})
	}
	stat := func(test func(fs.FileInfo) bool) function {
		return pathTest(func(path string) bool {
			info, err := os.Stat(path)
			return err == nil && test(info)
		})
	}
	table := map[string]function{
		"exists":   stat(func(fs.FileInfo) bool { return true }),
		"lexists":  lstat(func(fs.FileInfo) bool { return true }),
		"isfile":   stat(func(i fs.FileInfo) bool { return i.Mode().IsRegular() }),
		"isdir":    stat(func(i fs.FileInfo) bool { return i.IsDir() }),
		"islink":   lstat(func(i fs.FileInfo) bool { return i.Mode()&fs.ModeSymlink != 0 }),
		"isabs":    pathTest(func(path string) bool { return strings.HasPrefix(path, "/") }),
		"basename": pathText(func(path string) string { return path[strings.LastIndex(path, "/")+1:] }),
		"dirname":  pathText(directory),
		"normpath": pathText(normalPath),
		"join":     joinPath,
	}
	members := starlark.StringDict{"sep": starlark.String("/"), "pathsep": starlark.String(":")}
	for name, f := range table {
		members[name] = builtin(name, f)
	}
	return module("posixpath", members)
}

func pathArgument(a []starlark.Value) (string, error) {
	if len(a) != 1 {
		return "", errorf("TypeError", "expected 1 argument, got %d", len(a))
	}
	path, ok := a[0].(starlark.String)
	if !ok {
		return "", errorf("TypeError", "expected str, bytes or os.PathLike object, not %s", typeName(a[0]))
	}
	return string(path), nil
}

func pathTest(test func(string) bool) function {
	return func(r *run, a []starlark.Value) (starlark.Value, error) {
		path, err := pathArgument(a)
		if err != nil {
			return nil, err
		}
		// A system call costs as much as many steps.
		return starlark.Bool(test(path)), r.spend(256)
	}
}

func pathText(f func(string) string) function {
	return func(r *run, a []starlark.Value) (starlark.Value, error) {
		path, err := pathArgument(a)
		if err != nil {
			return nil, err
		}
		return starlark.String(f(path)), r.spend(len(path))
	}
}

func directory(path string) string {
	head := path[:strings.LastIndex(path, "/")+1]
	if trimmed := strings.TrimRight(head, "/"); trimmed != "" {
		return trimmed
	}
	return head
}

func normalPath(path string) string {
	clean := filepath.Clean(path)
	if strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///") {
		return "/" + clean // two slashes at the start have a meaning of their own in POSIX
	}
	return clean
}

func joinPath(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return nil, errorf("TypeError", "join() missing 1 required positional argument: 'a'")
	}
	joined := ""
	for i, v := range a {
		part, ok := v.(starlark.String)
		if !ok {
			return nil, errorf("TypeError", "join() argument must be str, bytes, or os.PathLike object, not '%s'", typeName(v))
		}
		if err := r.spend(len(joined) + len(part)); err != nil {
			return nil, err
		}
		switch {
		case strings.HasPrefix(string(part), "/") || i == 0:
			joined = string(part)
		case joined == "" || strings.HasSuffix(joined, "/"):
			joined += string(part)
		default:
			joined += "/" + string(part)
		}
	}
	return starlark.String(joined), nil
}

// access is os.access.
func access(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) != 2 {
		return nil, errorf("TypeError", "access() takes 2 arguments")
	}
	path, err := pathArgument(a[:1])
	if err != nil {
		return nil, err
	}
	mode, err := starlark.AsInt32(numeric(a[1]))
	if err != nil {
		return nil, errorf("TypeError", "'%s' object cannot be interpreted as an integer", typeName(a[1]))
	}
	return starlark.Bool(syscall.Access(path, uint32(mode)) == nil), r.spend(256)
}

// openFile is open() for reading text.
func openFile(r *run, a []starlark.Value) (starlark.Value, error) {
	path, err := pathArgument(a[:1])
	if err != nil {
		return nil, err
	}
	if len(a) == 2 && a[1] != starlark.String("r") && a[1] != starlark.String("rt") {
		return nil, errorf(Unsupported, "conditions may open files for reading text only")
	}
	content, err := r.readFile(path)
	if err != nil {
		return nil, err
	}
	content = strings.ReplaceAll(strings.ReplaceAll(content, "\r\n", "\n"), "\r", "\n")
	var lines []starlark.Value
	for line := range strings.Lines(content) {
		lines = append(lines, starlark.String(line))
	}
	return &object{kind: "_io.TextIOWrapper", name: "<file>", members: starlark.StringDict{
		"close":     constant("close", starlark.None),
		"read":      constant("read", starlark.String(content)),
		"readlines": constant("readlines", starlark.NewList(lines)),
	}}, nil
}

// readFile reads a regular file that is not too large. It never blocks.
func (r *run) readFile(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", fileError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fileError(path, err)
	}
	if info.IsDir() {
		return "", errorf("IsADirectoryError", "[Errno 21] Is a directory: %s", quote(path))
	}
	if !info.Mode().IsRegular() {
		return "", errorf(Unsupported, "conditions may read regular files only: %s", quote(path))
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", fileError(path, err)
	case len(content) > maxFile:
		return "", errorf(Limit, "file is larger than %d bytes: %s", maxFile, quote(path))
	}
	return strings.ToValidUTF8(string(content), "\ufffd"), r.spend(len(content))
}

func fileError(path string, err error) error {
	kind := "OSError"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = "FileNotFoundError"
	case errors.Is(err, fs.ErrPermission):
		kind = "PermissionError"
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return errorf(kind, "%v: %s", err, quote(path))
}

// readOSRelease is platform.freedesktop_os_release.
func (p Python) readOSRelease(r *run) (starlark.Value, error) {
	for _, path := range p.OSRelease {
		content, err := r.readFile(path)
		if err != nil {
			continue
		}
		dict := starlark.NewDict(16)
		for _, setting := range append([]string{"NAME=Linux", "ID=linux", "PRETTY_NAME=Linux"}, strings.Split(content, "\n")...) {
			if name, value, ok := releaseSetting(setting); ok {
				dict.SetKey(starlark.String(name), starlark.String(value)) // cannot fail, as in environ
			}
		}
		return dict, nil
	}
	return nil, errorf("OSError", "[Errno 2] Unable to read files %s", strings.Join(p.OSRelease, ", "))
}

// releaseSetting reads a line of an os-release file.
func releaseSetting(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, "=")
	isName := name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && (c > 'z' || c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a')
	})
	if !ok || !isName {
		return "", "", false
	}
	value = strings.TrimRightFunc(value, isSpace)
	if len(value) > 0 && (value[0] == '"' || value[0] == '\'') {
		if len(value) < 2 || value[len(value)-1] != value[0] {
			return "", "", false
		}
		value = value[1 : len(value)-1]
	}
	return name, strings.NewReplacer(`\\`, `\`, `\$`, `$`, `\"`, `"`, `\'`, `'`, "\\`", "`").Replace(value), true
}
