package plan

import (
	"context"
	"io"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// Services are what recipes that run code of their own need of a run.
type Services struct {
	Session *parts.Session
	// Setenv changes the environment of all that comes after.
	Setenv func(parts.Environment)
	// Say shows text to the user.
	Say func(part string, level event.Level, text string)
	// Log returns the log of a section that is prepared.
	Log func(part string) io.Writer
}

var _ parts.Host = (*options)(nil)

// buildout is the section of that name, which may still be under evaluation.
func (b *builder) buildout(ctx context.Context) (parts.Host, error) {
	e, err := b.Evaluator.Section(ctx, "buildout", diag.Span{})
	if err != nil {
		return nil, err
	}
	return &options{e, ctx, b}, nil
}

// Other implements parts.Host.
func (o *options) Other(ctx context.Context, name string) (parts.Host, error) {
	e, err := o.build.Evaluator.Section(ctx, name, o.Header())
	if err != nil {
		return nil, err
	}
	return &options{e, ctx, o.build}, nil
}

// Define implements parts.Host.
func (o *options) Define(ctx context.Context, text string) error {
	return o.build.Evaluator.Define(ctx, "<sections of "+o.Name()+">", cfg.Dedent(text))
}

// Setenv implements parts.Host.
func (o *options) Setenv(change parts.Environment) {
	if s := o.build.Services; s != nil {
		s.Setenv(change)
	}
}

// Say implements parts.Host.
func (o *options) Say(level event.Level, text string) {
	if s := o.build.Services; s != nil {
		s.Say(o.Name(), level, text)
	}
}

// Log implements parts.Host.
func (o *options) Log() io.Writer {
	if s := o.build.Services; s != nil {
		return s.Log(o.Name())
	}
	return io.Discard
}

// Session implements parts.Host.
func (o *options) Session() *parts.Session {
	if s := o.build.Services; s != nil {
		return s.Session
	}
	return nil
}
