package recipes

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// codeResumeGone is the code of a failed build whose directory is gone.
const codeResumeGone = "resume-gone"

// buildState is what a failed build tells the one that goes on with it. Texts
// are bytes written as Latin-1, as in hookJob.
type buildState struct {
	Source string       `json:"source"`          // where the steps run
	Outer  string       `json:"outer,omitempty"` // zccmmi: where the archive was unpacked
	Mark   string       `json:"mark,omitempty"`  // what stands in the file by which the tree is known
	Hooks  []hookChange `json:"hooks,omitempty"` // of hooks that have run, in order
}

// hookChange is what a hook has changed.
type hookChange struct {
	Hook    string `json:"hook"`
	Options change `json:"options"`
	Environ change `json:"environ"`
}

// change is the difference between two sets of values.
type change struct {
	Set   map[string]string `json:"set,omitempty"`
	Unset []string          `json:"unset,omitempty"`
}

func changeOf(before, after map[string]string) change {
	c := change{Set: map[string]string{}}
	for name, value := range after {
		if old, ok := before[name]; !ok || old != value {
			c.Set[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[name]; !ok {
			c.Unset = append(c.Unset, name)
		}
	}
	return c
}

// apply returns values with the change.
func (c change) apply(values map[string]string) map[string]string {
	values = maps.Clone(values)
	for _, name := range c.Unset {
		delete(values, name)
	}
	maps.Copy(values, c.Set)
	return values
}

// convert returns s with each text in it changed by f.
func (s buildState) convert(f func(string) string) buildState {
	s.Source, s.Outer, s.Mark = f(s.Source), f(s.Outer), f(s.Mark)
	hooks := make([]hookChange, len(s.Hooks))
	for i, h := range s.Hooks {
		hooks[i] = hookChange{f(h.Hook), h.Options.convert(f), h.Environ.convert(f)}
	}
	s.Hooks = hooks
	return s
}

func (c change) convert(f func(string) string) change {
	unset := make([]string, len(c.Unset))
	for i, name := range c.Unset {
		unset[i] = f(name)
	}
	return change{convert(c.Set, f), unset}
}

// leave tells what a resume of this build needs to know. dirs are the
// directories outside of the location that it needs.
func (b *builder) leave(s buildState, dirs ...string) {
	if b.w.Leave == nil {
		return
	}
	s.Source, s.Hooks = b.dir, b.called
	text, err := json.Marshal(s.convert(toLatin1))
	if err != nil {
		fmt.Fprintf(b.w.Log, "%s: write the state of the build: %v\n", b.w.Part, err)
		return
	}
	b.w.Leave(parts.Left{Step: b.current, Dirs: dirs, State: text})
}

// restore goes on with the build that left w.Left, at the step w.From.
func (b *builder) restore() (buildState, error) {
	var s buildState
	if b.w.Left == nil {
		return s, b.gone("what the failed build has left to know")
	}
	if err := json.Unmarshal(b.w.Left.State, &s); err != nil {
		return s, fmt.Errorf("read the state of the build: %w", err)
	}
	s = s.convert(fromLatin1)
	if isMissing(s.Source) {
		return s, b.gone(s.Source)
	}
	b.dir, b.from, b.changes = s.Source, b.w.From, s.Hooks
	return s, nil
}

// gone says that a failed build cannot go on.
func (b *builder) gone(what string) error {
	return b.options.firstPlace().fail(codeResumeGone, "cannot go on where the build stopped: %s is gone", what).
		WithHint("`gobuild install %s` builds the part from its beginning", b.w.Part)
}

// reached reports whether a step is to be done: always, unless a resume has
// not come to its step yet. What a hook that is left out has changed, is
// changed again.
func (b *builder) reached(step string) bool {
	if b.from == step {
		b.from = ""
	}
	if b.from == "" {
		b.current = step
		return true
	}
	for _, c := range b.changes {
		if c.Hook == step {
			b.takeChange(c)
		}
	}
	return false
}

// takeChange takes over what a hook has changed.
func (b *builder) takeChange(c hookChange) {
	b.options.values, b.env = c.Options.apply(b.options.values), c.Environ.apply(b.env)
	b.called = append(b.called, c)
}

// resumed returns the error of a resume that never came to its step.
func (b *builder) resumed() error {
	if b.from == "" {
		return nil
	}
	return diag.At(b.options.header, codeBadValue, "there is no step %s to go on at", b.from).WithPath(b.w.Part)
}

// sourceDirectory is where steps run, as far as that is known beforehand.
func (s optionSnapshot) sourceDirectory() string {
	dir := s.values["compile-directory"]
	if filepath.IsAbs(dir) {
		dir, _ = singleDirectory(dir, false)
	}
	return dir
}
