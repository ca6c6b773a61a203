//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// runCreate kills `instance create` at random moments. The same command again must
// finish the instance, and use no data directory but a complete one.
func runCreate(b *bench) error {
	start := time.Now()
	if !b.create("whole") {
		return fmt.Errorf("no instance can be made at all")
	}
	whole := time.Since(start)
	b.must("remove", "whole", "--yes", "--no-backup")
	killed, complete, half, tries := 0, 0, 0, 0
	for ; killed < b.count && tries < 4*b.count; tries++ {
		name := fmt.Sprintf("k%d", tries)
		c := b.command(slices.Concat([]string{"create", name, "--software", b.software}, small)...)
		c.Stdout, c.Stderr = io.Discard, io.Discard
		if err := c.Start(); err != nil {
			return err
		}
		delay := time.Duration(b.random.Int64N(int64(whole)))
		time.Sleep(delay)
		c.Process.Kill()
		if err := c.Wait(); err != nil {
			killed++
		}
		data := inode(b.path(name, "srv/mariadb"))
		_, err := os.Stat(b.path(name, "srv/mariadb/gobuild.json"))
		if data != 0 {
			complete++
			if err != nil {
				b.violated("%s: a data directory without a mark after %v", name, delay)
			}
		}
		if _, err := os.Stat(b.path(name, "srv/mariadb.unfinished")); err == nil {
			half++
			os.WriteFile(b.path(name, "srv/mariadb.unfinished/stray"), nil, 0o600)
		}
		b.finish(name, data, delay)
	}
	b.row("killed", "%d of %d within %.1f s", killed, tries, whole.Seconds())
	b.row("with a complete data directory", "%d", complete)
	b.row("with a half one", "%d", half)
	return nil
}

// finish runs the create again that was killed.
func (b *bench) finish(name string, data uint64, delay time.Duration) {
	defer b.run("remove", name, "--yes", "--no-backup")
	if !b.create(name) || !b.answers(name) {
		b.tell("after a kill at %v", delay)
		return
	}
	if data != 0 && inode(b.path(name, "srv/mariadb")) != data {
		b.violated("%s: a good data directory was replaced after %v", name, delay)
	}
	if _, err := os.Stat(b.path(name, "srv/mariadb/stray")); err == nil {
		b.violated("%s: a half data directory was used after %v", name, delay)
	}
	if out, err := b.sql(name, "SELECT value FROM about"); err != nil || out != "1" {
		b.violated("%s: the first data is %q after %v: %v", name, out, delay, err)
	}
}

// inode is that of a file, or 0.
func inode(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// runServer kills a server while a writer writes. The supervisor must bring it back,
// with all rows that were acknowledged.
func runServer(b *bench) error {
	names := []string{"a", "b"}
	b.inParallel(names, func(name string) { b.create(name) })
	writers := map[string]*writer{}
	for _, name := range names {
		if !b.answers(name) {
			return fmt.Errorf("%s does not start", name)
		}
		writers[name] = b.write(name)
	}
	neighbour := b.pid("b")
	var worst time.Duration
	for k := range b.count {
		before := writers["a"].count()
		if !until(func() bool { return writers["a"].count() > before }) {
			b.violated("kill %d: nothing can be written any more", k)
			break
		}
		time.Sleep(time.Duration(b.random.Int64N(int64(time.Second))))
		pid := b.pid("a")
		if pid == 0 {
			continue // it is between two lives
		}
		start := time.Now()
		syscall.Kill(pid, syscall.SIGKILL)
		if !until(func() bool { now := b.pid("a"); return now != 0 && now != pid && b.listens("a") }) {
			b.violated("kill %d: the server does not come back", k)
			break
		}
		worst = max(worst, time.Since(start))
	}
	for _, w := range writers {
		w.end()
	}
	if breaks := writers["b"].breaks(); len(breaks) > 0 || b.pid("b") != neighbour {
		b.violated("the neighbour has noticed something: %d breaks", len(breaks))
	}
	refused := strings.Count(b.text("a", "var/log/error.log"), "Unable to lock")
	if refused > 0 {
		b.violated("%d starts found the files still locked", refused)
	}
	b.row("kills", "%d", b.count)
	b.row("slowest way back s", "%.2f", worst.Seconds())
	b.row("rows acknowledged, all there", "%d", writers["a"].count())
	b.row("rows of the neighbour, all there", "%d", writers["b"].count())
	return nil
}

// text is that of a file of an instance.
func (b *bench) text(name, path string) string {
	text, _ := os.ReadFile(filepath.Join(b.path(name), path))
	return string(text)
}
