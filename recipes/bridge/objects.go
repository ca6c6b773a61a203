package bridge

import (
	"context"
	"fmt"
	"time"

	"gobuild/parts"
)

// Objects are the objects of Python that one part uses without being Python code
// itself: modules that its template has, and what they give.
type Objects struct {
	bridge  *Bridge
	host    parts.Host
	timeout time.Duration
	work    *parts.Work // nil while the part is prepared
}

// NewObjects returns those of a section. The error is parts.ErrNotRun when the
// profile is only looked at.
func NewObjects(ctx context.Context, o parts.Options) (*Objects, error) {
	h, ok := o.(parts.Host)
	if !ok || h.Session() == nil {
		return nil, parts.ErrNotRun
	}
	objects := &Objects{bridge: Of(h.Session()), host: h}
	var err error
	objects.timeout, err = objects.bridge.timeout(ctx, h)
	return objects, err
}

// Serve makes the objects belong to the installation of the part.
func (o *Objects) Serve(w *parts.Work) { o.work = w }

// Import imports a module. missing says why there is none, or is "".
func (o *Objects) Import(ctx context.Context, name string) (missing string, err error) {
	var answer struct{ Missing string }
	err = o.order(ctx, "module", map[string]string{"name": name}, &answer)
	return answer.Missing, err
}

// Use does something with an object: the query and the answer are those of the
// protocol.
func (o *Objects) Use(ctx context.Context, query, answer any) error {
	return o.order(ctx, "use", query, answer)
}

func (o *Objects) order(ctx context.Context, do string, with, answer any) error {
	var f *frame
	if o.work != nil {
		f = working(o.host, o.work, o.name())
	} else {
		f = preparing(o.host, o.name())
	}
	f.timeout = o.timeout
	return o.bridge.order(ctx, f, do, with, answer)
}

// name is how messages name what needs Python.
func (o *Objects) name() string {
	recipe, _, _ := o.host.Lookup("recipe")
	return fmt.Sprintf("%s with a module of Python", recipe)
}
