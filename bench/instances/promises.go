//go:build linux

package main

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// failure is something that goes wrong in an instance, and the promise that must
// find it.
type failure struct {
	name    string
	promise string // that must be broken
	says    string // pattern of its message
	cause   func() (undo func(), err error)
	timeout bool // the check does not end by itself
}

// promiseLimit is how long a check may take.
const promiseLimit = 5 * time.Second

// runPromises causes each failure, looks for the promise that finds it, takes the
// failure back, and expects all promises to be kept again.
func runPromises(b *bench) error {
	if !b.create("p") || !b.answers("p") || !b.create("q") || !b.answers("q") {
		return fmt.Errorf("no instance can be made")
	}
	if broken, err := b.check("p"); err != nil || len(broken) > 0 {
		return fmt.Errorf("promises are broken before: %v, %v", broken, err)
	}
	failures := b.failures()
	for _, f := range failures {
		b.tell("failure: %s", f.name)
		undo, err := f.cause()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		start := time.Now()
		broken, err := b.check("p")
		took := time.Since(start)
		undo()
		got, ok := broken[f.promise]
		switch {
		case err != nil:
			b.violated("%s: %v", f.name, err)
		case !ok:
			b.violated("%s: %s is kept; broken: %v", f.name, f.promise, broken)
		case !regexp.MustCompile(f.says).MatchString(got.Message):
			b.violated("%s: %s says %q", f.name, f.promise, got.Message)
		case f.timeout != got.TimedOut || took > 3*promiseLimit:
			b.violated("%s: timed out: %v, after %v", f.name, got.TimedOut, took)
		}
		if !until(func() bool { broken, err = b.check("p"); return err == nil && len(broken) == 0 }) {
			b.violated("%s: not healed: %v, %v", f.name, broken, err)
		}
	}
	b.row("kinds of failure, all found by name", "%d", len(failures))
	return nil
}

// result is what is told of a promise.
type result struct {
	Name     string
	Failed   bool
	Message  string
	TimedOut bool `json:"timed-out"`
}

// check runs the promises and returns those that are broken.
func (b *bench) check(name string) (map[string]result, error) {
	c := exec.Command(b.gobuild, "promise", "run", "--json", "--limit="+promiseLimit.String(), b.path(name))
	out, err := c.Output()
	var report struct{ Promises []result }
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, fmt.Errorf("%v: %s", err, out)
	}
	broken := map[string]result{}
	for _, r := range report.Promises {
		if r.Failed {
			broken[strings.TrimSuffix(r.Name, ".py")] = r
		}
	}
	if (err == nil) != (len(broken) == 0) {
		return nil, fmt.Errorf("exit status %v with %d broken promises", err, len(broken))
	}
	return broken, nil
}

// failures is the table.
func (b *bench) failures() []failure {
	etc := b.path("p", "etc/mariadb")
	return []failure{
		{"port closed", "mariadb-port", "listening: .*refused", b.stopped, false},
		{"server gone", "mariadb-answers", "SELECT 1 at .* failed: .*Can't connect", b.stopped, false},
		{"server hung", "mariadb-answers", "(?i)time", b.hung, true},
		{"wrong data", "mariadb-answers", "wrong data: the table about is empty", b.statement("p", "TRUNCATE about", "INSERT INTO about VALUES ('schema', '1')"), false},
		{"table gone", "mariadb-answers", "doesn't exist", b.statement("p", "RENAME TABLE about TO gone", "RENAME TABLE gone TO about"), false},
		{"another server at the port", "mariadb-answers", "SELECT 1 at .* failed|another server", b.usurped, false},
		{"data of another instance", "mariadb-answers", "not marked as that of this instance", b.edited(filepath.Join(b.path("p"), "srv/mariadb/gobuild.json"), `"instance": "`, `"instance": "x`), false},
		{"password changed", "mariadb-answers", "Access denied", b.locked, false},
		{"flapping", "mariadb-steady", "started [0-9]+ times within", b.flapping, false},
		{"disk low", "mariadb-disk", "(?i)disk", b.edited(b.path("p", "etc/plugin/mariadb-disk.py"), "'threshold': 0,", "'threshold': 900000,"), false},
		{"certificate expired", "mariadb-certificate", "expire", b.expired, false},
		{"key of another certificate", "mariadb-certificate", "(?i)match|belong|fit", b.replaced(filepath.Join(etc, "server.key"), b.path("q", "etc/mariadb/server.key")), false},
		{"bad permissions of a password", "mariadb-files", "client.cnf can be read or changed by others: its mode is 644", b.mode(filepath.Join(etc, "client.cnf"), 0o644), false},
		{"bad permissions of the data", "mariadb-files", "srv/mariadb can be read", b.mode(b.path("p", "srv/mariadb"), 0o755), false},
		{"file missing", "mariadb-files", "root-password is missing", b.moved(filepath.Join(etc, "root-password")), false},
		{"check not executable", "mariadb-steady", "(?i)execut|permission", b.mode(b.path("p", "etc/promise/mariadb-steady"), 0o600), false},
		{"check hung", "hung", "(?i)time", b.hungCheck, true},
	}
}

func nothing() {}

func (b *bench) stopped() (func(), error) {
	_, err := b.run("stop", "p")
	return func() { b.must("start", "p"); b.answers("p") }, err
}

func (b *bench) hung() (func(), error) {
	pid := b.pid("p")
	return func() { syscall.Kill(pid, syscall.SIGCONT) }, syscall.Kill(pid, syscall.SIGSTOP)
}

// statement runs SQL, and other SQL to take it back.
func (b *bench) statement(name, do, undo string) func() (func(), error) {
	return func() (func(), error) {
		_, err := b.sql(name, do)
		return func() { b.sql(name, undo) }, err
	}
}

// usurped lets another program listen at the port of the server.
func (b *bench) usurped() (func(), error) {
	if _, err := b.run("stop", "p"); err != nil {
		return nothing, err
	}
	p, err := b.published("p")
	if err != nil {
		return nothing, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(p.Host, p.Port))
	if err != nil {
		return nothing, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			c.Close()
		}
	}()
	return func() { l.Close(); b.must("start", "p"); b.answers("p") }, nil
}

// edited replaces a text in a file.
func (b *bench) edited(path, old, replacement string) func() (func(), error) {
	return func() (func(), error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nothing, err
		}
		changed := strings.Replace(string(text), old, replacement, 1)
		if changed == string(text) {
			return nothing, fmt.Errorf("%s has no %s:\n%s", path, old, text)
		}
		return func() { rewrite(path, text) }, rewrite(path, []byte(changed))
	}
}

// rewrite changes the content of a file.
func rewrite(path string, text []byte) error { return os.WriteFile(path, text, 0o600) }

// locked gives the user another password.
func (b *bench) locked() (func(), error) {
	p, err := b.published("p")
	if err != nil {
		return nothing, err
	}
	set := func(password string) error {
		_, err := sqlBy(b.path("p", "bin/mariadb-root"), fmt.Sprintf("ALTER USER `%s`@'%%' IDENTIFIED BY '%s'", p.User, password))
		return err
	}
	return func() { set(p.Password) }, set("another")
}

// flapping kills the server again and again. To be healed the promise would take its
// time; the file of starts is taken away instead.
func (b *bench) flapping() (func(), error) {
	for range 6 {
		pid := b.pid("p")
		syscall.Kill(pid, syscall.SIGKILL)
		if !until(func() bool { now := b.pid("p"); return now != 0 && now != pid && b.listens("p") }) {
			return nothing, fmt.Errorf("the server does not come back")
		}
	}
	return func() { os.Remove(b.path("p", "var/log/starts")) }, nil
}

// expired puts a certificate in place that has expired, for the same key.
func (b *bench) expired() (func(), error) {
	path := b.path("p", "etc/mariadb/server.crt")
	block, _ := pem.Decode([]byte(b.text("p", "etc/mariadb/server.key")))
	if block == nil {
		return nothing, fmt.Errorf("no key")
	}
	key, err := readKey(block.Bytes)
	if err != nil {
		return nothing, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "old"},
		NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(0, 0, -1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nothing, err
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return nothing, err
	}
	return func() { rewrite(path, old) }, rewrite(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func readKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	return key.(crypto.Signer), nil
}

// replaced puts the content of another file into a file.
func (b *bench) replaced(path, other string) func() (func(), error) {
	return func() (func(), error) {
		old, err := os.ReadFile(path)
		if err != nil {
			return nothing, err
		}
		text, err := os.ReadFile(other)
		if err != nil {
			return nothing, err
		}
		return func() { rewrite(path, old) }, rewrite(path, text)
	}
}

// mode changes the mode of a file.
func (b *bench) mode(path string, mode os.FileMode) func() (func(), error) {
	return func() (func(), error) {
		info, err := os.Stat(path)
		if err != nil {
			return nothing, err
		}
		return func() { os.Chmod(path, info.Mode().Perm()) }, os.Chmod(path, mode)
	}
}

// moved takes a file away.
func (b *bench) moved(path string) func() (func(), error) {
	return func() (func(), error) {
		return func() { os.Rename(path+".away", path) }, os.Rename(path, path+".away")
	}
}

// hungCheck adds a check that never ends, and has started another process.
func (b *bench) hungCheck() (func(), error) {
	path := b.path("p", "etc/promise/hung")
	pids := b.path("p", "tmp/pids")
	script := "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho $$ $! >" + pids + "\nwait\nwait\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		return nothing, err
	}
	return func() {
		os.Remove(path)
		text, _ := os.ReadFile(pids)
		for _, pid := range strings.Fields(string(text)) {
			var n int
			fmt.Sscan(pid, &n)
			if len(commandLine(n)) > 0 {
				b.violated("the hung check has left process %d", n)
			}
		}
	}, nil
}
