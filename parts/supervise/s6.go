package supervise

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// s6 is spoken to by its programs: the form of its files is its own affair.
type s6 struct{}

func (s6) name() string { return KindS6 }
func (s6) programs() []string {
	return []string{"s6-svscan", "s6-supervise", "s6-svc", "s6-svscanctl", "s6-svstat"}
}
func (s6) scanner(folder string) []string { return []string{"s6-svscan", folder} }
func (s6) scanning(folder string) bool {
	return isRead(filepath.Join(folder, ".s6-svscan", "control"))
}

func (s6) rescan(ctx context.Context, t *scanned) error {
	_, err := t.ask(ctx, "s6-svscanctl", "-an", t.folder())
	return err
}

func (s6) end(ctx context.Context, t *scanned) error {
	_, err := t.ask(ctx, "s6-svscanctl", "-t", t.folder())
	for err == nil && isRead(filepath.Join(t.folder(), ".s6-svscan", "control")) {
		err = sleep(ctx, pause)
	}
	return err
}

// 125 says that the program is not to be started again.
func (s6) finish() string { return "[ \"$1\" = 0 ] || exit 0\n: >done\nexit 125\n" }

func (s6) supervised(dir string) bool { return isRead(filepath.Join(dir, "supervise", "control")) }

func (s6) control(ctx context.Context, t *scanned, dir string, c control) error {
	_, err := t.ask(ctx, "s6-svc", map[control]string{bringUp: "-u", bringDown: "-d", leave: "-xd"}[c], dir)
	return err
}

func (s6) status(ctx context.Context, t *scanned, dir string) (unitStatus, error) {
	text, err := t.ask(ctx, "s6-svstat", "-o", "up,wantedup,pid,exitcode,updownfor", dir)
	if err != nil {
		return unitStatus{}, err
	}
	return readS6(text, time.Now())
}

// readS6 reads the line of s6-svstat.
func readS6(text string, now time.Time) (unitStatus, error) {
	fields := strings.Fields(text)
	const asked = 5
	if len(fields) != asked {
		return unitStatus{}, fail("s6-svstat answers %q", text)
	}
	var numbers [3]int
	for i, field := range fields[2:] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return unitStatus{}, fail("s6-svstat answers %q", text)
		}
		numbers[i] = n
	}
	u := unitStatus{up: fields[0] == "true", wanted: fields[1] == "true", pid: max(0, numbers[0]), exit: numbers[1]}
	u.since = now.Add(-time.Duration(numbers[2]) * time.Second).UTC().Truncate(time.Second)
	u.ending = u.up && !u.wanted
	return u, nil
}

// ask runs a program of the supervisor and returns what it writes.
func (s *scanned) ask(ctx context.Context, name string, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	cmd := exec.CommandContext(ctx, lookPath(name, s.Environ), args...)
	cmd.Env = s.environment()
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fail("%s %s: %v: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
