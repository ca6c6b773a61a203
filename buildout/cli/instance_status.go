package cli

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gobuild/buildout/ui"
	"gobuild/parts/slap"
	"gobuild/parts/supervise"
)

// instanceState is an instance as list and status show it.
type instanceState struct {
	Name     string `json:"name"`
	Dir      string `json:"directory"`
	Software string `json:"software,omitempty"`
	// State is unfinished, removing, or of an instance that is ready: running,
	// starting, stopped, failing, down (it is to run, and nothing of it does), or
	// ready if there is no supervisor or no program.
	State     string              `json:"state"`
	Wanted    string              `json:"wanted"`
	ByHand    bool                `json:"by-hand,omitempty"`
	Programs  []supervise.Process `json:"programs"`
	Published map[string]any      `json:"published,omitempty"`
	Secrets   string              `json:"secrets,omitempty"` // the file with those of published
	Problem   string              `json:"problem,omitempty"`
}

// instanceList is the document of list and status.
type instanceList struct {
	Version   int             `json:"version"`
	Root      string          `json:"root"`
	Instances []instanceState `json:"instances"`
}

const hiddenValue = "***"

// look finds out how instances are.
func (i *instances) look(ctx context.Context, names []string, published bool) (*instanceList, error) {
	l := &instanceList{Version: 1, Root: i.root, Instances: []instanceState{}}
	for _, name := range names {
		s := instanceState{Name: name, Dir: i.dir(name), Programs: []supervise.Process{}}
		if err := i.lookAt(ctx, &s, published); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			s.State, s.Problem = cmp.Or(s.State, "unknown"), ui.Mask(err.Error())
		}
		l.Instances = append(l.Instances, s)
	}
	return l, nil
}

func (i *instances) lookAt(ctx context.Context, s *instanceState, published bool) error {
	n, err := i.readNote(s.Name)
	if err != nil {
		return err
	}
	wish, err := i.store(s.Name).Wish()
	if err != nil {
		return err
	}
	s.ByHand, s.Wanted, s.Software = n == nil, wish.State, wish.Software
	if n != nil {
		s.Software = n.Software
	}
	if n != nil && n.Phase != phaseReady {
		s.State = "unfinished"
		if n.Phase == phaseRemoving {
			s.State = phaseRemoving
		}
		s.Problem = i.unfinished(s.Name, n).Hint
	}
	found, err := i.found(s.Name)
	if err != nil {
		return err
	}
	list, err := i.supervisor.Status(ctx, found)
	if err != nil {
		return err
	}
	s.Programs = append(s.Programs, list...)
	if s.State == "" {
		s.State = i.stateOf(s)
	}
	if published {
		return i.addPublished(ctx, s)
	}
	return nil
}

// stateOf is the state of an instance that is ready.
func (i *instances) stateOf(s *instanceState) string {
	counts := map[supervise.State]int{}
	for _, p := range s.Programs {
		counts[p.State]++
	}
	all := len(s.Programs)
	switch idle := counts[supervise.Stopped] + counts[supervise.Unknown]; {
	case i.kind == supervise.KindNone || all == 0:
		return "ready"
	case counts[supervise.Failed]+counts[supervise.Retrying] > 0:
		return "failing"
	case counts[supervise.Running]+counts[supervise.Done] == all:
		return "running"
	case counts[supervise.Starting] > 0:
		return "starting"
	case idle == all && s.Wanted == slap.Stopped:
		return "stopped"
	case idle == all:
		return "down"
	}
	return "failing"
}

// addPublished adds what an instance publishes, without secrets.
func (i *instances) addPublished(ctx context.Context, s *instanceState) error {
	values, err := i.store(s.Name).Published(ctx)
	if err != nil {
		return err
	}
	object, _ := values.Unwrapped().(map[string]any)
	s.Published = map[string]any{}
	for name, value := range object {
		if slices.Contains(values.Secret, name) || ui.IsSecret(name) {
			value, s.Secrets = hiddenValue, filepath.Join(s.Dir, ".slap/main/published.json")
		} else if text, ok := value.(string); ok {
			value = ui.Mask(text)
		}
		s.Published[name] = value
	}
	return nil
}

// list shows all instances, a line for each.
func (i *instances) list(ctx context.Context) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	l, err := i.look(ctx, names, false)
	if err != nil {
		return err
	}
	return i.writeResult(l, func(p *printer) {
		width := len("NAME")
		for _, s := range l.Instances {
			width = max(width, len(s.Name))
		}
		for _, s := range l.Instances {
			p.line("%-*s  %-10s  %s", width, s.Name, s.State, cmp.Or(s.Software, "(made by hand)"))
		}
		if len(l.Instances) == 0 {
			p.line("there are no instances in %s", i.root)
		}
	})
}

// status shows instances with their programs; without names all of them.
func (i *instances) status(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := i.known(name); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		all, err := i.names()
		if err != nil {
			return err
		}
		names = all
	}
	l, err := i.look(ctx, names, true)
	if err != nil {
		return err
	}
	return i.writeResult(l, func(p *printer) {
		for _, s := range l.Instances {
			p.instance(s)
		}
	})
}

func (p *printer) instance(s instanceState) {
	p.line("%s  %s  %s", s.Name, s.State, s.Dir)
	if s.Problem != "" {
		p.line("  %s", s.Problem)
	}
	width := 0
	for _, u := range s.Programs {
		width = max(width, len(u.Unit))
	}
	for _, u := range s.Programs {
		p.line("  %-*s  %s", width, u.Unit, describeProcess(u))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Published)) {
		text, ok := s.Published[name].(string)
		if !ok {
			text, _ = slap.Dump(s.Published[name])
		}
		p.line("  %s = %s", name, text)
	}
	if s.Secrets != "" {
		p.line("  secrets are in %s", s.Secrets)
	}
}

// describeProcess is how a program is, in words.
func describeProcess(u supervise.Process) string {
	words := []string{string(u.State)}
	if u.PID > 0 {
		words = append(words, "with pid", strconv.Itoa(u.PID))
	}
	if u.State == supervise.Running && !u.Since.IsZero() {
		words = append(words, "since", u.Since.Local().Format(time.DateTime))
	}
	if u.Detail != "" {
		words = append(words, "("+u.Detail+")")
	}
	return strings.Join(words, " ")
}
