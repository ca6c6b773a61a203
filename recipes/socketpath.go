package recipes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"gobuild/parts"
	"gobuild/parts/mariadb"
)

func socketPathSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"socket-path"},
		Doc: `Chooses a path for a Unix socket that the kernel takes: it has 107 bytes at most.

socket is DIRECTORY/NAME, if that is short enough. Else it is SHORT/HASH/NAME, where
HASH is made from that path: the same in every run. That directory is
made with mode 0700; one that another user could change is refused. It goes with the
part.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "directory", Required: true, Doc: "The directory of the socket."},
			{Name: "name", Required: true, Doc: "Its name there, such as server.sock."},
			{Name: "short-directory", Default: "/tmp/gobuild-UID", Doc: "The directory for sockets whose path is too long."},
			{Name: "socket", Computed: true, Doc: "The path that was chosen."},
		},
		Recipe: socketPathRecipe{},
	}
}

type socketPathRecipe struct{}

// socketPathAction makes the short directory, unless dir is blank.
type socketPathAction struct {
	at         place // of directory
	short, dir string
}

// Prepare chooses the path.
func (socketPathRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	directory, err := requirePath(o, "directory")
	if err != nil {
		return nil, err
	}
	name, err := requirePath(o, "name")
	if err != nil {
		return nil, err
	}
	a := &socketPathAction{at: optionPlace(o, "directory")}
	path := filepath.Join(inBuildout(ctx, o, directory), name)
	if len(path) <= mariadb.MaxSocket {
		o.Set("socket", path)
		return a, nil
	}
	const digits = 12
	a.short = certificateText(o, "short-directory", fmt.Sprintf("/tmp/gobuild-%d", os.Getuid()))
	sum := sha256.Sum256([]byte(path))
	a.dir = filepath.Join(inBuildout(ctx, o, a.short), hex.EncodeToString(sum[:])[:digits])
	socket := filepath.Join(a.dir, name)
	if len(socket) > mariadb.MaxSocket {
		return nil, a.at.fail(codeBadValue, "the path of the socket would have %d bytes, and at most %d are possible: %s", len(socket), mariadb.MaxSocket, socket).
			WithHint("choose a shorter name, or a shorter short-directory")
	}
	o.Set("socket", socket)
	return a, nil
}

// Run makes the short directory.
func (a *socketPathAction) Run(_ context.Context, w *parts.Work) error {
	if a.dir == "" {
		return nil
	}
	short := workPath(w, a.short)
	for _, dir := range []string{short, a.dir} {
		if dir == a.dir {
			w.Own(dir)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return a.at.wrap(err)
		}
		if err := mariadb.CheckPrivate(dir); err != nil {
			return a.at.wrap(err)
		}
	}
	return nil
}

// Update makes it again: directories for temporary files are emptied at times.
func (a *socketPathAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
