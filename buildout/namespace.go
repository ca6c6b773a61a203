package buildout

import (
	"fmt"
	"os"
	"slices"
	"time"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts/disk"
	"gobuild/parts/state"
	"gobuild/parts/store"
)

// Relayed is the error of a run that a child process has done, in a namespace
// of its own. Everything was said there.
type Relayed struct{ Status int }

// Error names the exit status of the child.
func (r *Relayed) Error() string { return fmt.Sprintf("exit status %d", r.Status) }

// Inherit takes over what a process gets that is started in a namespace: the
// lock of the directory, for Config. The environment returned is that for
// everything else. It is called once, first of all.
func Inherit(environ []string) (lock *os.File, rest []string) { return disk.Inherit(environ) }

// enterNamespace starts the run anew in a mount namespace of its own when it
// installs a part anew that can then be built beside its old version. It does
// not return if this process may have such a namespace; the error is *Relayed
// if a child process has done the run; and nil if the run goes on here.
func (e *Engine) enterNamespace(g *plan.Graph, held *state.Held) error {
	if e.isInside() || e.nest != nil || !e.Namespaces || e.Launcher == "" || !slices.ContainsFunc(g.Removed, e.canStage) {
		return nil
	}
	status, err := disk.Enter(held.File(), e.Environ)
	if err != nil {
		e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: event.Debug,
			Text: fmt.Sprintf("old versions are set aside while new ones are built: no mount namespace: %v", err)})
		return nil
	}
	return &Relayed{status}
}

// isInside reports whether this process has a mount namespace of its own.
func (e *Engine) isInside() bool { return e.Inherited != nil }

// canStage reports whether the new version of a part can be made beside the
// old one: it owns nothing but its location, which stays where it is.
func (e *Engine) canStage(n *plan.Node) bool {
	if n.Decision != plan.Reinstall || !n.Spec.Mountable || len(n.Old.Paths) != 1 {
		return false
	}
	location := n.Old.Paths[0]
	return location != "" && location == n.Old.Options["location"] && location == n.Options["location"] &&
		e.path(location) == location && !store.Holds(location, e.Base.Directory) && disk.CanStage(location)
}
