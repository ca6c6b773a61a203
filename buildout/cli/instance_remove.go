package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout/ui"
	"gobuild/parts/disk"
	"gobuild/parts/supervise"
)

const instanceRemoveLong = `Stops an instance and removes it with its data. Before that bin/backup writes a
last dump, which goes to removed/NAME-TIME in the directory of the instances,
together with the other dumps in srv/backup.

Files that were put into the instance by others stay and are named, but for those
in the directories into which its services write: tmp, and those in srv and var.`

func newInstanceRemove(with maker) *cobra.Command {
	var yes, noBackup bool
	c := with("remove NAME", "stop an instance and remove it, but for a last dump", 1, 1, func(ctx context.Context, i *instances, args []string) error {
		return i.remove(ctx, args[0], yes, noBackup)
	})
	c.Long = instanceRemoveLong
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&noBackup, "no-backup", false, "write no dump, and remove those that there are")
	return c
}

// instanceRemoved is the document of remove.
type instanceRemoved struct {
	Version int      `json:"version"`
	Name    string   `json:"name"`
	Dump    string   `json:"dump,omitempty"`
	Kept    []string `json:"kept"`
}

func (i *instances) remove(ctx context.Context, name string, yes, noBackup bool) error {
	if err := i.known(name); err != nil {
		return err
	}
	return i.change(ctx, name, func() error {
		if err := i.known(name); err != nil { // another command has removed it
			return err
		}
		n, err := i.readNote(name)
		if err != nil {
			return err
		}
		if n == nil {
			n = &instanceNote{Phase: phaseReady, Own: i.directories(name)}
		}
		if !yes && n.Phase != phaseRemoving {
			if err := i.confirm(name, noBackup); err != nil {
				return err
			}
		}
		r := &instanceRemoved{Version: 1, Name: name, Kept: []string{}}
		if err := i.takeDown(ctx, name, n, noBackup); err != nil {
			return err
		}
		r.Dump = n.Dump
		if err := i.clear(ctx, name, n); err != nil {
			return err
		}
		r.Kept = append(r.Kept, i.rest(name)...)
		return i.writeResult(r, func(p *printer) { p.removed(r, i.dir(name)) })
	})
}

// directories are those of an instance that was made by hand: they may hold data,
// or be empty.
func (i *instances) directories(name string) []string {
	return slices.DeleteFunc(i.contents(name), func(path string) bool { return !strings.HasSuffix(path, "/") })
}

// confirm asks whether an instance is to be removed.
func (i *instances) confirm(name string, noBackup bool) error {
	in, ok := i.Stdin.(*os.File)
	if !ok || !ui.Asks(in) {
		return withHint(usage("remove takes the instance %s with its data: nobody is there to be asked", name), "--yes removes it without a question")
	}
	dump := "after a last dump"
	if noBackup || !i.hasProgram(name, "backup") {
		dump = "WITHOUT a dump"
	}
	fmt.Fprintf(i.Stderr, "Remove the instance %s with its data, %s? [y/N] ", name, dump)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return usage("the instance %s stays", name)
}

// takeDown writes the last dump and stops the instance.
func (i *instances) takeDown(ctx context.Context, name string, n *instanceNote, noBackup bool) error {
	if n.Phase == phaseReady && !noBackup && n.Dump == "" && i.hasProgram(name, "backup") {
		file, err := i.lastDump(ctx, name)
		if err != nil {
			return errors.Join(err, refuse("instance-backup", "the instance %s is not removed, as it has no last dump", name).
				WithHint("--no-backup removes it without one"))
		}
		n.Dump = filepath.Join(i.root, removedName, name+time.Now().UTC().Format("-20060102-150405"), filepath.Base(file))
	}
	n.Phase = phaseRemoving
	if err := i.writeNote(name, n); err != nil {
		return err
	}
	if err := i.supervisor.Forget(ctx, name); err != nil {
		return err
	}
	if pid, program := supervise.Left(ctx, i.dir(name)); pid > 0 {
		return refuse("instance-program", "process %d (%s) still works in %s", pid, program, i.dir(name)).
			WithHint("end it, then: gobuild instance remove %s", name)
	}
	if n.Dump == "" {
		return nil
	}
	return withStatus(StatusState, i.saveDumps(name, filepath.Dir(n.Dump)))
}

// saveDumps moves the dumps of an instance out of it.
func (i *instances) saveDumps(name, to string) error {
	from := filepath.Join(i.dir(name), "srv", "backup")
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // they were moved already
	}
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	for _, e := range entries {
		if err == nil {
			err = os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
	return err
}

// clear removes what is the instance's own: what its parts have, what runs have
// left, and the data.
func (i *instances) clear(ctx context.Context, name string, n *instanceNote) error {
	dir := i.dir(name)
	d := &disk.Disk{NoSync: true}
	if _, err := os.Stat(filepath.Join(dir, ".installed.cfg")); err == nil {
		if err := i.uninstall(ctx, name); err != nil {
			return err
		}
	}
	for _, path := range n.Own {
		full := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(path, "/")))
		if !strings.HasPrefix(full, dir+"/") {
			continue
		}
		var err error
		switch isDir := strings.HasSuffix(path, "/"); {
		case isDir && isData(strings.TrimSuffix(path, "/")):
			err = d.RemoveTree(full)
		case !isDir:
			if info, problem := os.Lstat(full); problem == nil && !info.IsDir() {
				err = os.Remove(full)
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return withStatus(StatusState, err)
		}
	}
	return withStatus(StatusState, i.clearEmpty(name, n))
}

// clearEmpty removes the own directories that are empty now, gobuild's own files,
// and at last the note.
func (i *instances) clearEmpty(name string, n *instanceNote) error {
	dir := i.dir(name)
	own := slices.Concat(n.Own, []string{"bin/", "parts/", "eggs/", "develop-eggs/"})
	slices.Sort(own)
	for _, path := range slices.Backward(own) {
		if strings.HasSuffix(path, "/") && filepath.IsLocal(path) {
			os.Remove(filepath.Join(dir, path)) // only an empty one
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if isOwnFile(e.Name()) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	d := &disk.Disk{NoSync: true}
	for _, own := range []string{".slap", ".gobuild"} {
		if err := d.RemoveTree(filepath.Join(dir, own)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	os.Remove(dir) // only an empty one
	return nil
}

// uninstall removes the parts of an instance. It does so by a profile of its own:
// the software may be gone.
func (i *instances) uninstall(ctx context.Context, name string) error {
	profile := filepath.Join(i.dir(name), ".gobuild", "remove.cfg")
	text := fmt.Sprintf("[buildout]\nparts =\ndirectory = %s\noffline = true\n", i.dir(name))
	if err := replace(profile, []byte(text), 0o640); err != nil {
		return withStatus(StatusState, err)
	}
	return i.runProfile(ctx, i.inside(name, profile, "remove", name))
}

// rest lists what is left of a removed instance: the files of others.
func (i *instances) rest(name string) []string {
	var list []string
	filepath.WalkDir(i.dir(name), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	return list
}

func (p *printer) removed(r *instanceRemoved, dir string) {
	p.line("%s is removed", r.Name)
	if r.Dump != "" {
		p.line("its last dump is %s", r.Dump)
	}
	if len(r.Kept) > 0 {
		p.line("%s stays, with files that are none of the instance:", dir)
	}
	for _, path := range r.Kept {
		p.line("  %s", path)
	}
}
