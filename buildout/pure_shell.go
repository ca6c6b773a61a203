package buildout

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/plan"
	"gobuild/parts/pure"
	"gobuild/parts/run"
)

// CleanRoom is the clean environment of a part for a shell.
type CleanRoom struct {
	Mode     pure.Mode
	Launcher pure.Launcher // with Namespaces
	Shows    func(program string) bool
	dir      string
}

// Remove deletes the files of the environment, when the shell has ended: it sees
// them.
func (c *CleanRoom) Remove() {
	if c.dir != "" {
		os.RemoveAll(c.dir)
	}
}

// cleanShell gives surroundings the clean environment in which a part with these
// options runs with a mode.
func (e *Engine) cleanShell(ctx context.Context, s *Surroundings, mode pure.Mode, options map[string]string, nodes []*plan.Node) (*cleanView, error) {
	if mode == pure.Off {
		return nil, nil
	}
	p := &purity{tools: strings.Fields(e.early(plan.HostToolsOption))}
	tools := p.toolsOf(options)
	dir := filepath.Join(e.pureDir(mode), toolsName(tools))
	if mode == pure.Namespaces {
		parent := filepath.Dir(e.pureDir(mode))
		if err := os.MkdirAll(parent, 0o777); err != nil {
			return nil, err
		}
		made, err := os.MkdirTemp(parent, ".shell-")
		if err != nil {
			return nil, err
		}
		dir = made
	}
	v, err := e.cleanView(ctx, mode, tools, dir, append(e.kept(nodes), options["location"]))
	if err != nil {
		return nil, err
	}
	s.Clean = &CleanRoom{Mode: mode, Launcher: v.launcher, Shows: v.Shows}
	if mode == pure.Namespaces {
		s.Clean.dir = dir
	}
	return v, nil
}

// cleanHome makes the HOME of an environment, if it is one of gobuild's own.
func (e *Engine) cleanHome(environ []string) {
	home, _ := run.LookupEnv(environ, "HOME")
	if strings.HasPrefix(home, e.stateDir()+"/") {
		os.MkdirAll(home, 0o700)
	}
}

// cleanSurroundings gives the surroundings of a part the environment in which the
// next run would build it.
func (e *Engine) cleanSurroundings(ctx context.Context, s *Surroundings, n *plan.Node, nodes []*plan.Node) error {
	p, err := e.readPurity(nodes)
	if err != nil {
		return err
	}
	v, err := e.cleanShell(ctx, s, p.parts[n.Part], n.Options, nodes)
	if v == nil {
		return err
	}
	s.Environ = v.environ(s.Environ, filepath.Join(e.stateDir(), "tmp", fileName(n.Part), "home"))
	e.cleanHome(s.Environ)
	return nil
}

// texts returns the options with which the part failed.
func (f *Failure) texts() map[string]string {
	options := map[string]string{}
	for key, value := range f.Options {
		options[key] = string(value)
	}
	return options
}
