//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// idleServer stands for the programs of a server: it makes what is looked for, and
// does nothing.
const idleServer = `#!/bin/sh
case "$*" in *--version*) echo "mariadbd  Ver 10.11.18-MariaDB for Linux"; exit ;; esac
exec cat >/dev/null
`

// runCost measures what gobuild itself takes: the profile is run in n directories,
// with a server that makes nothing, and then again, with nothing to do.
func runCost(b *bench) error {
	software, err := b.idleSoftware()
	if err != nil {
		return err
	}
	for _, run := range []string{"first run", "no-op"} {
		var cpu, wall time.Duration
		for k := range b.count {
			dir := b.path(fmt.Sprintf("c%02d", k))
			c, w, err := b.profile(dir, software)
			if err != nil {
				return err
			}
			cpu, wall = cpu+c, wall+w
		}
		n := float64(b.count)
		b.row(run+", CPU s for each", "%.3f", cpu.Seconds()/n)
		b.row(run+", wall s for each", "%.3f", wall.Seconds()/n)
		const most = 0.2
		if cpu.Seconds()/n > most {
			b.violated("the %s takes %.3f s CPU, more than %.1f", run, cpu.Seconds()/n, most)
		}
	}
	return nil
}

// idleSoftware is the software with idle programs in place of the server.
func (b *bench) idleSoftware() (string, error) {
	dir := filepath.Join(filepath.Dir(b.root), "idle")
	files := map[string]string{"bin/mariadbd": idleServer, "share/mysql_system_tables.sql": "", "share/mysql_performance_tables.sql": "",
		"share/mysql_system_tables_data.sql": "", "share/fill_help_tables.sql": "", "share/maria_add_gis_sp_bootstrap.sql": "", "share/mysql_sys_schema.sql": ""}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return "", err
		}
	}
	text, err := os.ReadFile(filepath.Join(b.software, "instance.cfg"))
	if err != nil {
		return "", err
	}
	// The SQL needs a server that answers; the location is that of the programs.
	var lines []string
	section, skip := "", false
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "[") {
			section = line
		}
		if skip = skip && strings.HasPrefix(line, "  "); skip {
			continue
		}
		if section == "[mariadb-server]" && strings.HasPrefix(line, "sql =") {
			skip = true
			continue
		}
		if section == "[mariadb-server]" && strings.HasPrefix(line, "location =") {
			line = "location = " + dir
		}
		lines = append(lines, line)
	}
	path := filepath.Join(dir, "instance.cfg")
	return path, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
}

// profile runs gobuild in an instance of the profile, and returns its CPU time with
// that of all that it starts, and the time that it took.
func (b *bench) profile(dir, profile string) (cpu, wall time.Duration, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, "buildout.cfg"), []byte("[buildout]\nextends = "+profile+"\n"), 0o640); err != nil {
		return 0, 0, err
	}
	c := b.command()
	c.Args, c.Dir = []string{b.gobuild, "-q"}, dir
	start := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("gobuild in %s: %v\n%s", dir, err, out)
	}
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), time.Since(start), nil
}
