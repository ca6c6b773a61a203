//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runFleet makes n instances at once. Writers write to one half of them; the others
// are stopped, started, changed and removed.
func runFleet(b *bench) error {
	names := make([]string, b.count)
	for k := range names {
		names[k] = fmt.Sprintf("i%02d", k)
	}
	watch := watchProcesses()
	start := time.Now()
	b.inParallel(names, func(name string) { b.create(name) })
	b.row("created, s for each", "%.2f", time.Since(start).Seconds()/float64(b.count))
	b.inParallel(names, func(name string) { b.answers(name) })
	if len(b.problems) > 0 {
		watch.end()
		return fmt.Errorf("not all instances could be made")
	}
	before := b.unique(names)
	b.apart(names, before)
	b.stable(names)
	quiet, busy := names[:len(names)/2], names[len(names)/2:]
	busy = b.disturb(quiet, busy)
	all := append(slices.Clone(quiet), busy...)
	for name, p := range b.unique(all) {
		if old, ok := before[name]; ok && old != p {
			b.violated("%s has published something else than before", name)
		}
	}
	b.stable(all)
	b.secrets(names, before, watch.end())
	return nil
}

// unique checks that no two instances have anything in common, and returns what each
// has published.
func (b *bench) unique(names []string) map[string]published {
	all, owner := map[string]published{}, map[string]string{}
	for _, name := range names {
		p, err := b.published(name)
		if err != nil {
			b.violated("%v", err)
			continue
		}
		all[name] = p
		for _, value := range []string{"port " + p.Port, "socket " + p.Socket, "password " + p.Password,
			"password " + b.secret(name, "root-password"), "instance " + p.Instance, fmt.Sprint("data ", inode(b.path(name, "srv/mariadb")))} {
			if other, ok := owner[value]; ok {
				b.violated("%s and %s have the same %s", other, name, strings.Fields(value)[0])
			}
			owner[value] = name
		}
	}
	b.row("ports, sockets, passwords, data: unique", "%d instances", len(all))
	return all
}

// secret is a generated password.
func (b *bench) secret(name, file string) string {
	var values map[string]string
	json.Unmarshal([]byte(b.text(name, "etc/mariadb/"+file)), &values)
	return values[""]
}

// apart checks that each instance is written and read by its own client, by TCP with
// TLS, and by no other.
func (b *bench) apart(names []string, all map[string]published) {
	for k, name := range names {
		out, err := b.sql(name, fmt.Sprintf("CREATE TABLE own (name VARCHAR(64)); INSERT INTO own VALUES ('%s'); SELECT name FROM own; SHOW STATUS LIKE 'Ssl_cipher'", name))
		if err != nil || !strings.HasPrefix(out, name+"\nSsl_cipher\tTLS_") {
			b.violated("%s: its own client reads %q: %v", name, out, err)
		}
		other := names[(k+1)%len(names)]
		if other == name {
			continue
		}
		c := b.path(name, "bin/mariadb")
		if out, err := sqlBy(c, "SELECT 1"); err != nil || out != "1" {
			b.violated("%s: %q, %v", name, out, err)
		}
		if _, err := b.foreign(name, all[other].Port); err == nil {
			b.violated("the user of %s gets into %s", name, other)
		}
	}
	b.row("read and written by TCP with TLS", "%d instances", len(names))
}

// foreign lets the client of an instance try another port: neither its password nor
// the certificate fits.
func (b *bench) foreign(name, port string) (string, error) {
	text := b.text(name, "etc/mariadb/client.cnf")
	file := filepath.Join(filepath.Dir(b.root), name+".cnf")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "port = ") {
			lines[i] = "port = " + port
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return "", err
	}
	defer os.Remove(file)
	script := filepath.Join(filepath.Dir(b.root), name+".sh")
	client := strings.ReplaceAll(b.text(name, "bin/mariadb"), b.path(name, "etc/mariadb/client.cnf"), file)
	if err := os.WriteFile(script, []byte(client), 0o700); err != nil {
		return "", err
	}
	defer os.Remove(script)
	return sqlBy(script, "SELECT 1")
}

// stable checks that a further run changes no file of an instance.
func (b *bench) stable(names []string) {
	changed := 0
	b.inParallel(names, func(name string) {
		before, pid := b.snapshot(name), b.pid(name)
		if !b.must("set", name) {
			return
		}
		for path, sum := range b.snapshot(name) {
			if before[path] != sum {
				b.violated("%s: a further run has changed %s", name, path)
				changed++
			}
		}
		if b.pid(name) != pid {
			b.violated("%s: a further run has restarted the server", name)
		}
	})
	b.row("a further run: files changed", "%d", changed)
}

// snapshot is the state of all files of an instance that are not data or logs.
func (b *bench) snapshot(name string) map[string]string {
	all := map[string]string{}
	for _, dir := range []string{"bin", "etc", "srv/ssl", ".slap"} {
		filepath.WalkDir(b.path(name, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, "lock") {
				return nil
			}
			text, _ := os.ReadFile(path)
			info, _ := d.Info()
			sum := sha256.Sum256(text)
			all[strings.TrimPrefix(path, b.root)] = fmt.Sprint(hex.EncodeToString(sum[:8]), info.Mode())
			return nil
		})
	}
	return all
}

// disturb has writers write to the quiet ones while it stops, starts, changes,
// removes and makes the busy ones. It returns those that there are at the end.
func (b *bench) disturb(quiet, busy []string) []string {
	var writers []*writer
	pids := map[string]int{}
	for _, name := range quiet {
		pids[name] = b.pid(name)
		writers = append(writers, b.write(name))
	}
	done := map[string]int{}
	for k := range 3 * len(busy) {
		i := b.random.IntN(len(busy))
		name := busy[i]
		switch action := b.random.IntN(5); action {
		case 0:
			done["stopped and started"]++
			b.stopAndStart(name)
		case 1:
			done["changed with a restart"]++
			b.change(name, fmt.Sprintf("max-connections=%d", 100+k), true)
		case 2:
			done["changed without one"]++
			b.change(name, fmt.Sprintf("backup-keep=%d", 20+k), false)
		case 3:
			done["removed and made anew"]++
			b.must("remove", name, "--yes")
			if _, err := os.Stat(b.path(name)); err == nil {
				b.violated("%s is still there", name)
			}
			busy[i] = fmt.Sprintf("n%02d", k)
			b.create(busy[i])
		case 4:
			done["dumped and restored"]++
			b.dump(name)
		}
	}
	for _, name := range busy {
		b.answers(name)
	}
	rows := 0
	for i, w := range writers {
		if breaks := w.breaks(); len(breaks) > 0 {
			b.violated("%s has noticed something: %d times, such as %q", quiet[i], len(breaks), breaks[0])
		}
		if b.pid(quiet[i]) != pids[quiet[i]] {
			b.violated("the server of %s was restarted", quiet[i])
		}
		w.end()
		rows += w.count()
	}
	for what, n := range done {
		b.row("busy ones "+what, "%d", n)
	}
	b.row("rows written meanwhile to the others", "%d", rows)
	return busy
}

func (b *bench) stopAndStart(name string) {
	b.must("stop", name)
	if _, err := b.sql(name, "SELECT 1"); err == nil {
		b.violated("%s answers although it was stopped", name)
	}
	b.must("start", name)
	b.answers(name)
}

// change changes a parameter. Only what it touches may change.
func (b *bench) change(name, assignment string, restarts bool) {
	pid, password := b.pid(name), b.secret(name, "user-password")
	if !b.must("set", name, assignment) || !b.answers(name) {
		return
	}
	if now := b.pid(name); (now != pid) != restarts {
		b.violated("%s: after %s the server has pid %d, before %d", name, assignment, now, pid)
	}
	if b.secret(name, "user-password") != password {
		b.violated("%s: %s has changed the password", name, assignment)
	}
}

// dump writes a dump, changes the data, and restores it.
func (b *bench) dump(name string) {
	out, err := b.run("backup", name)
	if err != nil {
		b.violated("%v", err)
		return
	}
	lines := strings.Fields(out)
	if _, err := b.sql(name, "UPDATE about SET value='2'"); err != nil {
		b.violated("%v", err)
	}
	b.must("restore", name, lines[len(lines)-1])
	if out, err := b.sql(name, "SELECT value FROM about"); err != nil || out != "1" {
		b.violated("%s: restored to %q: %v", name, out, err)
	}
}

// secrets looks for passwords where nobody may find them.
func (b *bench) secrets(names []string, all map[string]published, processes string) {
	places := map[string]string{"the process list": processes, "what gobuild said": string(b.said)}
	for _, name := range names {
		for _, dir := range []string{".gobuild", ".installed.cfg", "var/log", "bin", "etc/service", "etc/cron.d", "etc/plugin", "etc/promise"} {
			collect(places, b.path(name, dir))
		}
	}
	collect(places, filepath.Join(b.root, ".supervisor"))
	for _, p := range all {
		for place, text := range places {
			if p.Password != "" && strings.Contains(text, p.Password) {
				b.violated("the password of an instance is in %s", place)
			}
		}
	}
	for _, name := range names {
		root := b.secret(name, "root-password")
		for place, text := range places {
			if root != "" && strings.Contains(text, root) {
				b.violated("the password of root of %s is in %s", name, place)
			}
		}
	}
	b.row("places without secrets", "%d, and %d command lines", len(places)-1, strings.Count(processes, "\n"))
}

// collect reads all files of a tree.
func collect(to map[string]string, dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text, _ := os.ReadFile(path)
			to[path] = string(text)
		}
		return nil
	})
}
