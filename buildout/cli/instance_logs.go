package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout/ui"
	"gobuild/parts/run"
	"gobuild/parts/supervise"
)

func newInstanceLogs(with maker) *cobra.Command {
	lines, follow := 0, false
	c := with("logs NAME [LOG…]", "show the ends of the logs of an instance", 1, -1, func(ctx context.Context, i *instances, args []string) error {
		return i.logs(ctx, args[0], args[1:], lines, follow)
	})
	c.Long = `Shows the ends of logs: what the programs of an instance write to their output, and
the files in var/log. A LOG is the name of a program, or of a file in var/log; without
one all are shown.`
	c.Flags().IntVarP(&lines, "lines", "l", 20, "how many lines of each: `N`")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written from now on")
	return c
}

// instanceLog is a log as --json shows it.
type instanceLog struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"`
	Lines []string `json:"lines"`
	from  int64    // where what is written later begins
}

func (i *instances) logs(ctx context.Context, name string, wanted []string, lines int, follow bool) error {
	if err := i.known(name); err != nil {
		return err
	}
	all, err := i.findLogs(name)
	if err != nil {
		return err
	}
	var names []string
	for _, l := range all {
		names = append(names, l.Name)
	}
	for _, w := range wanted {
		if !slices.Contains(names, w) {
			return withStatus(StatusUsage, refuse("instance-unknown", "the instance %s has no log %s", name, w).WithHint("its logs are %s", strings.Join(names, ", ")))
		}
	}
	all = slices.DeleteFunc(all, func(l *instanceLog) bool { return len(wanted) > 0 && !slices.Contains(wanted, l.Name) })
	hide, err := i.secretsOf(ctx, name)
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := l.read(lines, hide); err != nil {
			return withStatus(StatusState, err)
		}
	}
	err = i.writeResult(all, func(p *printer) {
		for _, l := range all {
			p.line("==> %s <==", l.Path)
			for _, line := range l.Lines {
				p.line("%s", line)
			}
		}
	})
	if err != nil || !follow {
		return err
	}
	return i.follow(ctx, all, hide)
}

// findLogs finds the logs of an instance.
func (i *instances) findLogs(name string) ([]*instanceLog, error) {
	list := []*instanceLog{}
	found, err := i.found(name)
	if err != nil {
		return nil, err
	}
	for _, u := range found.Units {
		list = append(list, &instanceLog{Name: u.Name, Path: supervise.LogOf(found.Dir, u.Name)})
	}
	entries, _ := os.ReadDir(filepath.Join(found.Dir, "var", "log"))
	for _, e := range entries {
		if e.Type().IsRegular() {
			list = append(list, &instanceLog{Name: e.Name(), Path: filepath.Join(found.Dir, "var", "log", e.Name())})
		}
	}
	return list, nil
}

// maxLogEnd is how much of a log is looked at for its last lines.
const maxLogEnd = 1 << 20

// read reads the last lines of a log. One that is not there is empty.
func (l *instanceLog) read(lines int, hide *strings.Replacer) error {
	l.Lines = []string{}
	f, err := os.Open(l.Path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	from := max(0, info.Size()-maxLogEnd)
	tail := run.NewTail(lines)
	if _, err := io.Copy(tail, io.NewSectionReader(f, from, info.Size()-from)); err != nil {
		return err
	}
	for _, line := range tail.Lines() {
		l.Lines = append(l.Lines, shownLine(line, hide))
	}
	l.from = info.Size()
	return nil
}

// shownLine is a line of a log without secrets, and without what would steer the
// terminal.
func shownLine(line string, hide *strings.Replacer) string {
	line = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, line)
	return ui.Mask(hide.Replace(line))
}

// secretsOf hides the secrets that an instance was given or publishes.
func (i *instances) secretsOf(ctx context.Context, name string) (*strings.Replacer, error) {
	wish, err := i.store(name).Wish()
	if err != nil {
		return nil, err
	}
	published, err := i.store(name).Published(ctx)
	if err != nil {
		return nil, err
	}
	object, _ := published.Unwrapped().(map[string]any)
	var pairs []string
	add := func(values map[string]any, secret []string) {
		for name, value := range values {
			text, ok := value.(string)
			if ok && len(text) > shortSecret && (slices.Contains(secret, name) || ui.IsSecret(name)) {
				pairs = append(pairs, text, hiddenValue)
			}
		}
	}
	add(wish.Parameters, wish.Secret)
	add(object, published.Secret)
	return strings.NewReplacer(pairs...), nil
}

// follow shows what is written to logs until ctx ends, which is no error.
func (i *instances) follow(ctx context.Context, all []*instanceLog, hide *strings.Replacer) error {
	out := bufio.NewWriter(i.Stdout)
	last := ""
	for {
		for _, l := range all {
			for _, line := range l.more() {
				if l.Path != last && len(all) > 1 {
					last = l.Path
					out.WriteString("==> " + l.Path + " <==\n")
				}
				out.WriteString(shownLine(line, hide) + "\n")
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followPause):
		}
	}
}

// more returns the whole lines that were added to a log. One that has become
// shorter was begun anew.
func (l *instanceLog) more() []string {
	f, err := os.Open(l.Path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	if info.Size() < l.from {
		l.from = 0
	}
	text := make([]byte, min(info.Size()-l.from, maxLogEnd))
	n, _ := f.ReadAt(text, l.from)
	end := strings.LastIndexByte(string(text[:n]), '\n')
	if end < 0 {
		return nil
	}
	l.from += int64(end) + 1
	return strings.Split(string(text[:end]), "\n")
}
