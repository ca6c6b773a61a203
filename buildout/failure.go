package buildout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/pure"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// failureVersion is the version of the format of a Failure.
const failureVersion = 1

// Failure is what is remembered of a part that failed or was interrupted, in
// .gobuild/failed/PART.json. It is there until the part is started anew.
type Failure struct {
	Version     int              `json:"version"`
	Part        string           `json:"part"`
	Recipe      string           `json:"recipe"` // its short name
	Step        string           `json:"step"`   // that failed, "" before the first
	Time        time.Time        `json:"time"`
	Interrupted bool             `json:"interrupted,omitempty"`
	Killed      bool             `json:"killed,omitempty"` // files may be half written
	Named       []string         `json:"named,omitempty"`  // parts that the run was for; none means all
	Options     map[string]exact `json:"options"`
	Command     *failedCommand   `json:"command,omitempty"` // nil when no command failed
	Left        *parts.Left      `json:"left,omitempty"`    // nil when there is nothing to go on with
	Tree        exact            `json:"tree,omitempty"`    // where what was at the location is; "" when it is there
	Pure        pure.Mode        `json:"pure,omitempty"`    // how far the host was kept from it
}

// failedCommand is a command that failed, with its complete environment.
type failedCommand struct {
	Argv    []exact `json:"argv"`
	Show    exact   `json:"show"`
	Dir     exact   `json:"dir"`
	Environ []exact `json:"environ"`
}

// exact is text that may be no UTF-8: then it is written as {"base64": TEXT}.
type exact string

// MarshalJSON writes the text.
func (e exact) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(e)) {
		return json.Marshal(string(e))
	}
	return json.Marshal(map[string][]byte{"base64": []byte(e)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *exact) UnmarshalJSON(data []byte) error {
	var coded struct {
		Base64 []byte `json:"base64"`
	}
	if len(data) > 0 && data[0] == '{' {
		err := json.Unmarshal(data, &coded)
		*e = exact(coded.Base64)
		return err
	}
	return json.Unmarshal(data, (*string)(e))
}

func exacts(list []string) []exact {
	result := make([]exact, len(list))
	for i, s := range list {
		result[i] = exact(s)
	}
	return result
}

func texts(list []exact) []string {
	result := make([]string, len(list))
	for i, e := range list {
		result[i] = string(e)
	}
	return result
}

// commandRecorder is a Runner that remembers the command that failed last.
type commandRecorder struct {
	parts.Runner
	mu     sync.Mutex
	failed *parts.Command // nil when the last one did not fail
	killed bool           // its processes had to be killed
}

func newRecorder(r parts.Runner) *commandRecorder { return &commandRecorder{Runner: r} }

// Run runs c.
func (r *commandRecorder) Run(ctx context.Context, c parts.Command) error {
	err := r.Runner.Run(ctx, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed, r.killed = nil, errors.Is(err, parts.ErrKilled)
	if err != nil {
		if c.Env == nil {
			c.Env = r.Runner.Environ()
		}
		r.failed = &c
	}
	return err
}

// last returns the command that failed last, if it did, and whether it was
// killed. Commands without a directory run in dir.
func (r *commandRecorder) last(dir string) (failed *failedCommand, killed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.failed
	if c == nil {
		return nil, false
	}
	if c.Dir == "" || !filepath.IsAbs(c.Dir) {
		c.Dir = filepath.Join(dir, c.Dir)
	}
	return &failedCommand{exacts(c.Argv), exact(c.Show), exact(c.Dir), exacts(c.Env)}, r.killed
}

// conceal takes secrets out of how a command is shown. What is run again has
// them: nobody else can read the file.
func (c *failedCommand) conceal(secrets []string) {
	if c == nil {
		return
	}
	show := cmp.Or(string(c.Show), run.Join(texts(c.Argv)))
	if concealed := redact(secrets, show); concealed != show {
		c.Show = exact(concealed)
	}
}

// failurePath is the file of the failure of a part.
func (e *Engine) failurePath(part string) string {
	return filepath.Join(e.stateDir(), "failed", fileName(part)+".json")
}

// Failure returns what is remembered of a part that failed, or nil.
func (e *Engine) Failure(part string) (*Failure, error) {
	path := e.failurePath(part)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	f := &Failure{}
	if err == nil {
		err = json.Unmarshal(text, f)
	}
	if err == nil && f.Version != failureVersion {
		err = fmt.Errorf("version %d is not known", f.Version)
	}
	if err != nil {
		return nil, diag.At(diag.Span{}, "resume-record", "cannot read what is remembered of the failure of part %s: %v", part, err).
			WithPath(part).WithCause(err).WithHint("`gobuild install %s` builds the part from its beginning and deletes %s", part, path)
	}
	return f, nil
}

// Failures returns the parts that failed and were not started anew since, in
// the order of their failures. Files that cannot be read are left out.
func (e *Engine) Failures() []*Failure {
	entries, _ := os.ReadDir(filepath.Join(e.stateDir(), "failed"))
	var list []*Failure
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".json")
		if !ok {
			continue
		}
		// Part names with escapes are known by what stands in the file.
		if f, err := e.Failure(sectionName(name)); err == nil && f != nil {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b *Failure) int { return a.Time.Compare(b.Time) })
	return list
}

// sectionName is the reverse of fileName.
func sectionName(file string) string {
	return strings.NewReplacer("%2F", "/", "%25", "%", "%2E", ".").Replace(file)
}

// noteFailure remembers that the part failed with err, and, if it was resumed,
// after the failure before. That it cannot be remembered is
// no further failure: the part can still be started anew.
func (j *job) noteFailure(ctx context.Context, w *parts.Work, before *Failure, err error) {
	n := j.node
	f := &Failure{
		Version: failureVersion, Part: n.Part, Recipe: n.Spec.Names[0], Step: j.log.step(), Time: time.Now().UTC(),
		Interrupted: ctx.Err() != nil, Named: j.resuming.named, Options: map[string]exact{}, Left: j.left, Pure: j.modeOf(n.Part),
	}
	f.Command, f.Killed = j.recorder.last(j.Base.Directory)
	f.Command.conceal(j.secrets())
	for key, value := range n.Options {
		f.Options[key] = exact(value)
	}
	if before != nil {
		f.Options = before.inEffect(f.Options, steps(n.Action), w.From)
	}
	switch {
	case f.Left != nil:
		f.Step = f.Left.Step
	case before != nil: // the resume failed before it did anything
		f.Step = w.From
		if !isGone(err) {
			f.Left = before.Left
		}
		if f.Command == nil {
			f.Command = before.Command
		}
	}
	if err := j.writeFailure(f); err != nil && f.Left != nil {
		fmt.Fprintf(j.log, "%s: the part cannot be resumed: its failure cannot be written to %s\n", n.Part, j.failurePath(n.Part))
	}
}

// isGone reports whether there is nothing left to go on with.
func isGone(err error) bool {
	return slices.ContainsFunc(diag.All(err), func(d *diag.Diagnostic) bool { return d.Code == "resume-gone" })
}

// noteTree remembers where the tree of a failed part is, when the version that
// was installed before is in its place again.
func (j *job) noteTree() {
	tree := j.failedTree()
	if tree == "" || tree == j.path(j.node.Options["location"]) {
		return
	}
	f, err := j.Failure(j.node.Part)
	if f == nil || err != nil {
		return
	}
	f.Tree = exact(tree)
	if err := j.writeFailure(f); err != nil {
		fmt.Fprintf(j.log, "%s: cannot remember where the failed tree is: %v\n", j.node.Part, err)
	}
}

// writeFailure writes the file of a failure, which nobody else may read: an
// environment can hold secrets.
func (e *Engine) writeFailure(f *Failure) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	path := e.failurePath(f.Part)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}

// forgetFailure forgets that a part failed, and deletes what its failed run
// left beside the location, but for what the part owns now.
func (e *Engine) forgetFailure(part string, owned []string) {
	f, err := e.Failure(part)
	if f != nil && f.Left != nil {
		for _, dir := range f.Left.Dirs {
			if filepath.IsAbs(dir) && !store.Holds(dir, e.Base.Directory) && !slices.Contains(owned, dir) {
				store.Remove(dir) // the next run finds a directory of its own
			}
		}
	}
	if f != nil || err != nil {
		os.Remove(e.failurePath(part))
	}
}

// Environ returns the environment of the command that failed.
func (f *Failure) Environ() []string { return texts(f.Command.Environ) }

// Dir returns where the directory of the command that failed is now.
func (f *Failure) Dir() string {
	dir, location := string(f.Command.Dir), string(f.Options["location"])
	if rest, ok := strings.CutPrefix(dir, location); ok && f.Tree != "" && location != "" && (rest == "" || rest[0] == '/') {
		return string(f.Tree) + rest
	}
	return dir
}

// Shown returns the command that failed as it is shown, or its words.
func (f *Failure) Shown() (show string, argv []string) {
	return string(f.Command.Show), texts(f.Command.Argv)
}

// changed returns the options that are not as they were, sorted.
func (f *Failure) changed(now map[string]string) []string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if old, ok := f.Options[key]; !ok || string(old) != now[key] {
			names = append(names, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Options)) {
		if _, ok := now[key]; !ok {
			names = append(names, key)
		}
	}
	return names
}
