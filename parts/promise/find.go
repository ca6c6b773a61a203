package promise

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind is how a promise is checked.
type Kind string

// The kinds.
const (
	Native  Kind = "native"  // a module whose check this package knows
	Python  Kind = "python"  // a module that Python runs
	Program Kind = "program" // a file that is executed
	Broken  Kind = "broken"  // a file that cannot be a promise
)

// Promise is one file that says what an instance promises.
type Promise struct {
	Name string // of the file
	Path string
	Dir  string // of the instance
	Kind Kind
	// Plugin is what a module says.
	Plugin Plugin
	// Problem is why it is broken.
	Problem string
}

// Title is the name without its ending.
func (p Promise) Title() string { return strings.TrimSuffix(p.Name, filepath.Ext(p.Name)) }

// The folders of an instance that hold promises: programs and modules.
var folders = []string{"etc/promise", "etc/plugin"}

// Find returns the promises of directories, each an instance with etc/promise and
// etc/plugin, or a folder with promises itself. The modules of an instance come
// first, then its programs, each by name.
func Find(dirs ...string) ([]Promise, error) {
	var all []Promise
	for _, dir := range dirs {
		found, err := findIn(dir)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func findIn(dir string) ([]Promise, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var all []Promise
	instance := false
	for _, folder := range folders {
		list, err := findInFolder(filepath.Join(dir, folder), dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		instance, all = true, append(all, list...)
	}
	if !instance {
		all, err = findInFolder(dir, instanceOf(dir))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not exist", dir)
		}
	}
	slices.SortStableFunc(all, func(a, b Promise) int { return cmp.Compare(rank(a), rank(b)) })
	return all, err
}

// rank puts modules before programs.
func rank(p Promise) int {
	if p.Kind == Program || p.Kind == Broken {
		return 1
	}
	return 0
}

// instanceOf is the directory of the instance that a folder of promises belongs
// to.
func instanceOf(folder string) string {
	for _, name := range folders {
		if dir, ok := strings.CutSuffix(folder, "/"+name); ok {
			return dir
		}
	}
	return folder
}

func findInFolder(folder, dir string) ([]Promise, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	modules := filepath.Base(folder) == "plugin"
	var all []Promise
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(folder, e.Name()))
		if err == nil && info.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		module := strings.HasSuffix(e.Name(), ".py") && (modules || err == nil && info.Mode()&0o111 == 0)
		if modules && !module || strings.HasPrefix(e.Name(), "__init__") {
			continue
		}
		p := Promise{Name: e.Name(), Path: filepath.Join(folder, e.Name()), Dir: dir, Kind: Program}
		switch {
		case err != nil:
			p.Kind, p.Problem = Broken, err.Error()
		case module:
			p.readModule()
		case info.Mode()&0o111 == 0:
			p.Kind, p.Problem = Broken, p.Path+" is not executable"
		}
		all = append(all, p)
	}
	return all, nil
}

// readModule decides how a module is checked.
func (p *Promise) readModule() {
	plugin, err := readPluginFile(p.Path)
	p.Kind, p.Plugin = Python, plugin
	if _, known := plugin.check(); err == nil && known {
		p.Kind = Native
	}
}
