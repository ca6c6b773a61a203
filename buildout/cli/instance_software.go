package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts/schema"
)

// software is a directory that instances are made from.
type software struct {
	dir     string
	profile string // of instances
	schema  string // of parameters; "" is none
}

// openSoftware finds what instances are made from.
func openSoftware(dir string) (*software, error) {
	bad := func(format string, args ...any) error { return refuse("instance-software", format, args...) }
	if strings.ContainsAny(dir, " \t\n${}") {
		return nil, bad("the directory of the software has a blank, $ or a brace in its name: %q", dir)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, bad("the software %s is no directory", dir)
	}
	s := &software{dir: dir}
	for _, name := range []string{"instance.cfg", "template.cfg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			s.profile = filepath.Join(dir, name)
			break
		}
	}
	if s.profile == "" {
		return nil, refuse("instance-software", "the software %s has no instance.cfg", dir).
			WithHint("a part of the software's profile renders it; `gobuild -c software.cfg buildout:directory=%s` makes it", dir)
	}
	var err error
	s.schema, err = findSchema(dir)
	return s, err
}

// findSchema is the path of the schema of parameters: instance-input-schema.json,
// or the one that software.cfg.json names for the default type; "" is none.
func findSchema(dir string) (string, error) {
	path := filepath.Join(dir, "instance-input-schema.json")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	description, err := schema.Load(filepath.Join(dir, "software.cfg.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", refuse("instance-software", "%v", err)
	}
	object, _ := description.(map[string]any)
	types, _ := object["software-type"].(map[string]any)
	entry, _ := types[cmp.Or(defaultType(types), "default")].(map[string]any)
	name, _ := entry["request"].(string)
	if name == "" || strings.Contains(name, "://") {
		return "", nil
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}

// defaultType is the name of the type that instances have which ask for none.
func defaultType(types map[string]any) string {
	for _, name := range []string{"default", "RootSoftwareInstance"} {
		if types[name] != nil {
			return name
		}
	}
	return ""
}

// profileText is the buildout.cfg of an instance.
func profileText(s *software, dir string) string {
	return fmt.Sprintf(`# Written by gobuild instance create. Running gobuild in this directory makes the
# instance what its parameters in .slap/main/parameters.json say.
[buildout]
extends = %s
directory = %s
offline = true

[slap-connection]
software-release-url = %s
`, s.profile, dir, s.dir)
}
