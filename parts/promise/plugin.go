package promise

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"

	"gobuild/parts/literal"
)

// Plugin is what a promise module of promise.plugin says.
type Plugin struct {
	Module, Class string // of the check; blank when a file is executed
	Paths         []string
	Config        Config
}

var (
	pathLine   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^sys\.path\[0:0\] *= *`) })
	configLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^extra_config_dict *= *`) })
	importLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^from +([\w.]+) +import +(\w+)(?: +as +RunPromise)? *$`)
	})
)

// errNoPlugin says that a module is not one that promise.plugin writes.
var errNoPlugin = errors.New("no module of promise.plugin")

// maxModule is the size up to which a module is read.
const maxModule = 1 << 20

// readPluginFile reads a module.
func readPluginFile(path string) (Plugin, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Plugin{}, err
	}
	if info.Size() > maxModule {
		return Plugin{}, errNoPlugin
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Plugin{}, err
	}
	return ReadPlugin(string(text))
}

// ReadPlugin reads the text of a module. A module that was written by hand is an
// error: it has to be run.
func ReadPlugin(text string) (Plugin, error) {
	var p Plugin
	paths, err := assigned(text, pathLine())
	if err != nil {
		return p, err
	}
	list, _ := paths.(literal.Tuple)
	for _, path := range list {
		if s, ok := path.(string); ok {
			p.Paths = append(p.Paths, s)
		}
	}
	config, err := assigned(text, configLine())
	if err != nil {
		return p, err
	}
	values, ok := config.(map[string]any)
	if !ok {
		return p, errNoPlugin
	}
	p.Config = values
	last := text[strings.LastIndexByte(strings.TrimSpace(text), '\n')+1:]
	if m := importLine().FindStringSubmatch(strings.TrimSpace(last)); m != nil {
		p.Module, p.Class = m[1], m[2]
	}
	return p, nil
}

// assigned is the literal behind the text that re finds.
func assigned(text string, re *regexp.Regexp) (any, error) {
	at := re.FindStringIndex(text)
	if at == nil {
		return nil, errNoPlugin
	}
	value, _, err := literal.Read(text[at[1]:])
	return value, err
}

// toolbox is the package of slapos.toolbox that has the checks.
const toolbox = "slapos.promise.plugin."

// check returns the check of this package that does what the module does.
func (p Plugin) check() (Check, bool) {
	name, ok := strings.CutPrefix(p.Module, toolbox)
	if !ok || p.Class != "RunPromise" {
		return nil, false
	}
	c, ok := checks()[name]
	return c, ok
}
