package bridge

import (
	"embed"
	"strings"
	"sync"
)

//go:embed shim/*.py
var shim embed.FS

// boot is what the process begins with: it reads the rest from the pipe.
const boot = "boot.py"

// modules are the sources of the Python side, by the names under which it
// imports them.
var modules = sync.OnceValue(func() map[string]string {
	list := map[string]string{}
	entries, err := shim.ReadDir("shim")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		if entry.Name() != boot {
			list[moduleName(entry.Name())] = source(entry.Name())
		}
	}
	return list
})

// moduleName returns the name of a module by that of its file.
func moduleName(file string) string {
	name := strings.TrimSuffix(file, ".py")
	switch {
	case name == "pkg_resources":
		return name
	case strings.HasPrefix(name, "zc_buildout"):
		rest := strings.TrimPrefix(name, "zc_buildout")
		return "zc.buildout" + strings.Replace(rest, "_", ".", 1)
	}
	return "gobuild_" + name
}

func source(file string) string {
	text, err := shim.ReadFile("shim/" + file)
	if err != nil {
		panic(err)
	}
	return string(text)
}
