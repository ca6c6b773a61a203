package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"gobuild/buildout"
)

// inside is gobuild as it is run by hand in the directory of an instance, but
// that events are shown on standard error alone. The words are those that the
// history shows: parameters are not among them.
func (i *instances) inside(name, config string, words ...string) *app {
	b := &app{Env: i.Env, flags: i.flags}
	b.Dir, b.Args = i.dir(name), append([]string{"instance"}, words...)
	b.flags.config, b.flags.json = config, false
	b.flags.run.noNamespaces = true // what is started belongs to no run
	return b
}

// runProfile makes an instance what its profile says.
func (i *instances) runProfile(ctx context.Context, b *app) error {
	screen := b.screen()
	err := installWith(ctx, b, screen, buildout.InstallOptions{})
	return errors.Join(err, screen.Close())
}

// tryProfile finds the errors of a profile, and sockets that cannot be, before
// any part is made.
func (i *instances) tryProfile(ctx context.Context, b *app) error {
	e, err := b.openReadOnly(ctx)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	if _, err := e.DryRun(ctx, nil); err != nil {
		return installError(ctx, err)
	}
	return checkSockets(b.Dir, e.Evaluated())
}

// writeProfile writes the buildout.cfg of an instance.
func (i *instances) writeProfile(name string, s *software) error {
	path := filepath.Join(i.dir(name), "buildout.cfg")
	text := profileText(s, i.dir(name))
	if has, err := os.ReadFile(path); err == nil && string(has) == text {
		return nil
	}
	return withStatus(StatusState, replace(path, []byte(text), 0o640))
}
