//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// small are the parameters of servers that need little.
var small = []string{"--set", "innodb-buffer-pool-size=8M", "--set", "innodb-log-file-size=4M", "--set", "free-disk-gigabytes=0"}

// patience is how long anything may take.
const patience = 60 * time.Second

// command is a run of gobuild on the instances.
func (b *bench) command(words ...string) *exec.Cmd {
	c := exec.Command(b.gobuild, append([]string{"instance", "--root=" + b.root}, words...)...)
	c.Env = append(os.Environ(), "NO_COLOR=1")
	c.Dir = filepath.Dir(b.root)
	return c
}

// run runs gobuild and returns what it said.
func (b *bench) run(words ...string) (string, error) {
	b.tell("gobuild instance %s", strings.Join(words, " "))
	out, err := b.command(words...).CombinedOutput()
	b.mu.Lock()
	b.said = append(b.said, out...)
	b.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("gobuild instance %s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return string(out), err
}

// must runs gobuild, which must succeed.
func (b *bench) must(words ...string) bool {
	_, err := b.run(words...)
	if err != nil {
		b.violated("%v", err)
	}
	return err == nil
}

// create makes an instance and starts it.
func (b *bench) create(name string) bool {
	return b.must(slices.Concat([]string{"create", name, "--software", b.software}, small)...)
}

// endSupervisor ends the supervisor and all that it runs, and waits for that.
func (b *bench) endSupervisor() {
	text, _ := os.ReadFile(filepath.Join(b.root, ".supervisor", "supervisord.pid"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || !strings.Contains(string(commandLine(pid)), b.root) {
		return
	}
	syscall.Kill(pid, syscall.SIGTERM)
	until(func() bool { return len(commandLine(pid)) == 0 })
}

// commandLine is that of a process, with blanks between its words.
func commandLine(pid int) []byte {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return bytes.ReplaceAll(text, []byte{0}, []byte{' '})
}

// until waits until something is so.
func until(so func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return false
}

// path is a path in an instance.
func (b *bench) path(name string, rest ...string) string {
	return filepath.Join(append([]string{b.root, name}, rest...)...)
}

// published are the connection parameters of an instance.
type published struct{ Host, Port, Database, User, Password, Socket, Instance string }

func (b *bench) published(name string) (p published, err error) {
	text, err := os.ReadFile(b.path(name, ".slap/main/published.json"))
	if err != nil {
		return p, err
	}
	var file struct{ Parameters published }
	err = json.Unmarshal(text, &file)
	return file.Parameters, err
}

// pid is that of the server of an instance, or 0.
func (b *bench) pid(name string) int {
	text, err := os.ReadFile(b.path(name, "var/run/mariadb.pid"))
	pid, err2 := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || err2 != nil || !bytes.Contains(commandLine(pid), []byte(b.path(name)+"/")) {
		return 0
	}
	return pid
}

// sql runs statements as the user of an instance: by TCP, with TLS.
func (b *bench) sql(name, statements string) (string, error) {
	return sqlBy(b.path(name, "bin/mariadb"), statements)
}

func sqlBy(client, statements string) (string, error) {
	c := exec.Command(client, "--batch", "--skip-column-names", "--connect-timeout=10")
	c.Stdin = strings.NewReader(statements)
	out, err := c.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("%s: %v: %s", client, err, text)
	}
	return text, nil
}

// listens reports whether somebody greets at the port of an instance.
func (b *bench) listens(name string) bool {
	p, err := b.published(name)
	if err != nil {
		return false
	}
	c, err := net.DialTimeout("tcp", net.JoinHostPort(p.Host, p.Port), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// answers waits until the server of an instance answers its user.
func (b *bench) answers(name string) bool {
	var err error
	ok := until(func() bool {
		if !b.listens(name) {
			return false
		}
		_, err = b.sql(name, "SELECT 1")
		return err == nil
	})
	if !ok {
		b.violated("%s does not answer: %v", name, err)
	}
	return ok
}

// inParallel does something for each name, some at once.
func (b *bench) inParallel(names []string, do func(name string)) {
	queue := make(chan string)
	done := make(chan struct{})
	for range b.workers {
		go func() {
			for name := range queue {
				do(name)
			}
			done <- struct{}{}
		}()
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	for range b.workers {
		<-done
	}
}
