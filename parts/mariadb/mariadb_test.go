package mariadb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gobuild/buildout/diag"
)

// TestMain is also the programs of a server: the tests call this binary by their
// names.
func TestMain(m *testing.M) {
	programs := map[string]func(dir string) int{"mariadbd": fakeServer, "mariadb": fakeClient, "mariadb-upgrade": fakeUpgrade}
	if program := programs[filepath.Base(os.Args[0])]; program != nil {
		os.Exit(program(filepath.Dir(filepath.Dir(os.Args[0]))))
	}
	os.Exit(m.Run())
}

// argument is the value of a flag.
func argument(name string) string {
	for _, word := range os.Args {
		if value, ok := strings.CutPrefix(word, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// note adds a line to what was asked of the programs.
func note(dir, format string, args ...any) {
	f, _ := os.OpenFile(filepath.Join(dir, "asked"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	fmt.Fprintf(f, format+"\n", args...)
	f.Close()
}

// lockForever locks a file as servers do, for as long as the process lives.
func lockForever(path string) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	l := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err == nil {
		err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &l)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR: Unable to lock", path)
		os.Exit(1)
	}
}

func fakeServer(dir string) int {
	joined := strings.Join(os.Args, " ")
	data := argument("datadir")
	switch {
	case strings.Contains(joined, "--version"):
		text, _ := os.ReadFile(filepath.Join(dir, "version"))
		fmt.Printf("mariadbd  Ver %s-MariaDB for Linux\n", text)
		return 0
	case strings.Contains(joined, "--bootstrap"):
		lockForever(filepath.Join(data, "ibdata1"))
		text, _ := io.ReadAll(os.Stdin)
		note(dir, "bootstrap %s", filepath.Base(data))
		if bytes.Contains(text, []byte("BROKEN")) {
			fmt.Fprintln(os.Stderr, "ERROR: 1064  You have an error")
			return 1
		}
		return exitStatus(os.WriteFile(filepath.Join(data, "tables"), text, 0o600))
	}
	lockForever(filepath.Join(data, "ibdata1"))
	note(dir, "server %s networking=%v", filepath.Base(data), !strings.Contains(joined, "--skip-networking"))
	l, err := net.Listen("unix", argument("socket"))
	if err != nil {
		return exitStatus(err)
	}
	go func() {
		for {
			if c, err := l.Accept(); err == nil {
				c.Write([]byte{1, 0, 0, 0, 10, 'x'})
				c.Close()
			}
		}
	}()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	l.Close()
	return 0
}

func exitStatus(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func fakeClient(dir string) int {
	text, _ := io.ReadAll(os.Stdin)
	note(dir, "sql %q in %q by %s", text, argument("database"), filepath.Base(argument("socket")))
	if bytes.Contains(text, []byte("BROKEN")) {
		fmt.Fprintln(os.Stderr, "ERROR 1064 (42000) at line 1: near 'secret'")
		return 1
	}
	return 0
}

func fakeUpgrade(dir string) int {
	note(dir, "upgrade")
	return 0
}

// newServer is a server with stand-ins for its programs.
func newServer(t *testing.T) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "m") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{Location: dir, Data: filepath.Join(dir, "srv/data"), Socket: filepath.Join(dir, "run/s.sock"), Instance: "one",
		Accounts: filepath.Join(dir, "accounts"), SQL: []string{filepath.Join(dir, "sql")}, Database: "shop", Starts: filepath.Join(dir, "starts"),
		Environ: os.Environ(), Log: io.Discard}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"bin", "share"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"mariadbd", "mariadb", "mariadb-upgrade"} {
		if err := os.Link(self, filepath.Join(dir, "bin", name)); err != nil {
			if err := os.Symlink(self, filepath.Join(dir, "bin", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range bootstrapScripts {
		put(t, s, "share/"+name, name+"\nINSERT @current_hostname\n")
	}
	put(t, s, "version", "10.11.18")
	put(t, s, "accounts", "GRANT;")
	put(t, s, "sql", "CREATE;")
	return s
}

func put(t *testing.T, s *Server, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Location, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Server, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Location, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// asked returns what was asked of the programs since the last call.
func asked(t *testing.T, s *Server) string {
	t.Helper()
	text := get(t, s, "asked")
	os.Remove(filepath.Join(s.Location, "asked"))
	return text
}

func setup(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

const created = `bootstrap data.unfinished
server data.unfinished networking=false
sql "CREATE;" in "shop" by setup.sock
`

func TestSetup(t *testing.T) {
	s := newServer(t)
	setup(t, s)
	check(t, "asked", asked(t, s), created)
	tables := get(t, s, "srv/data/tables")
	if strings.Contains(tables, "current_hostname") || !strings.HasSuffix(tables, "mysql_sys_schema.sql\nGRANT;\n") {
		t.Errorf("the server was told %q", tables)
	}
	setup(t, s)
	check(t, "again", asked(t, s), "")
	put(t, s, "sql", "MORE;")
	put(t, s, "accounts", "GRANT ALL;")
	if pending, err := s.Pending(); !pending || err != nil {
		t.Errorf("pending: %v, %v", pending, err)
	}
	setup(t, s)
	check(t, "changed", asked(t, s), "server data networking=false\nsql \"GRANT ALL;\" in \"\" by setup.sock\nsql \"MORE;\" in \"shop\" by setup.sock\n")
	put(t, s, "sql", "CREATE;")
	setup(t, s)
	check(t, "the first one again", asked(t, s), "")
}

func TestSetupIsAllOrNothing(t *testing.T) {
	s := newServer(t)
	put(t, s, "sql", "BROKEN;")
	refuses(t, s.Setup(t.Context()), codeFailed, "could not apply "+s.SQL[0]+": mariadb: ERROR 1064 (42000) at line 1: near 'secret'")
	if _, err := os.Stat(s.Data); err == nil {
		t.Error("a half data directory is there")
	}
	asked(t, s)
	put(t, s, "sql", "CREATE;")
	if err := os.MkdirAll(s.unfinished(), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, s, "srv/data.unfinished/stray", "x")
	setup(t, s)
	check(t, "asked", asked(t, s), created)
	if get(t, s, "srv/data/stray") != "" {
		t.Error("a half data directory was used")
	}
	put(t, s, "accounts", "BROKEN;")
	refuses(t, s.Setup(t.Context()), codeFailed, "could not apply "+s.Accounts+": mariadb: ERROR 1064 (42000) at line 1")
}

// refuses checks the error of a server.
func refuses(t *testing.T, err error, code, message string) {
	t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != code || d.Msg != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestRefusals(t *testing.T) {
	s := newServer(t)
	setup(t, s)
	asked(t, s)
	other := *s
	other.Instance = "two"
	refuses(t, other.Setup(t.Context()), codeRefused, s.Data+" belongs to the instance one, and this is two")
	_, err := other.Start(t.Context())
	refuses(t, err, codeRefused, s.Data+" belongs to the instance one, and this is two")
	put(t, s, "version", "10.6.9")
	_, err = s.Start(t.Context())
	refuses(t, err, codeRefused, s.Data+" was written by MariaDB 10.11.18, and this server is 10.6.9: an older server cannot read it")
	other = *s
	other.Socket = "/" + strings.Repeat("x", MaxSocket)
	refuses(t, other.Setup(t.Context()), codeRefused, "the path of the socket has 108 bytes, and at most 107 are possible: "+other.Socket)
	os.Remove(filepath.Join(s.Data, markName))
	refuses(t, s.Setup(t.Context()), codeRefused, s.Data+" was not made by this instance: it has no gobuild.json")
	check(t, "asked", asked(t, s), "")
}

func TestStartUpgradesOnce(t *testing.T) {
	s := newServer(t)
	setup(t, s)
	asked(t, s)
	put(t, s, "version", "11.4.2")
	put(t, s, "sql", "NEW;")
	for _, want := range []string{"server data networking=false\nupgrade\nsql \"NEW;\" in \"shop\" by setup.sock\n", ""} {
		words, err := s.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(words) < 4 || words[3] != "--datadir="+s.Data {
			t.Errorf("words: %q", words)
		}
		check(t, "asked", asked(t, s), want)
		closeInherited(t, s)
	}
	var m mark
	if err := json.Unmarshal([]byte(get(t, s, "srv/data/gobuild.json")), &m); err != nil || m.Version != "11.4.2" {
		t.Errorf("the mark: %+v, %v", m, err)
	}
	if n := strings.Count(get(t, s, "starts"), "\n"); n != 2 {
		t.Errorf("%d starts are noted", n)
	}
}

// closeInherited lets go of the lock that Start has left open for the server.
func closeInherited(t *testing.T, s *Server) {
	t.Helper()
	lock := s.Data + ".lock"
	for fd := 3; fd < 256; fd++ {
		if path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil && path == lock {
			syscall.Close(fd)
			return
		}
	}
	t.Error("the lock is not open any more")
}

func TestWaitsForADyingServer(t *testing.T) {
	s := newServer(t)
	setup(t, s)
	words, err := s.argv(s.Data, "--socket="+s.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(words[0], words[1:]...) // one that knows of no lock
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := poll(t.Context(), func() (bool, error) { return answers(s.Socket), nil }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*pause)
	defer stop()
	if _, err := s.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("started beside another server: %v", err)
	}
	ended := make(chan struct{})
	time.AfterFunc(5*pause, func() { server.Process.Kill(); server.Wait(); close(ended) })
	if _, err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ended
	closeInherited(t, s)
}

func TestRunningServerGetsNewSQL(t *testing.T) {
	s := newServer(t)
	setup(t, s)
	lock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	words, err := s.argv(s.Data, "--socket="+s.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(words[0], words[1:]...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	if err := poll(t.Context(), func() (bool, error) { return answers(s.Socket), nil }); err != nil {
		t.Fatal(err)
	}
	asked(t, s)
	put(t, s, "sql", "NEW;")
	setup(t, s)
	check(t, "asked", asked(t, s), "sql \"NEW;\" in \"shop\" by s.sock\n")
}

func TestVersion(t *testing.T) {
	tests := []struct {
		a, b          string
		newer, series bool
	}{
		{"10.11.18", "10.11.19", false, false}, {"10.11.19", "10.11.18", true, false}, {"11.4.2", "10.11.19", true, true},
		{"10.6.20", "10.11.1", false, false}, {"10.12.0", "10.11.9", true, true}, {"10.11.1", "10.11.1", false, false},
	}
	for _, test := range tests {
		a, err := ParseVersion(test.a)
		b, err2 := ParseVersion(test.b)
		if err = errors.Join(err, err2); err != nil || a.newerThan(b, false) != test.newer || a.newerThan(b, true) != test.series {
			t.Errorf("%s and %s: %v", test.a, test.b, err)
		}
	}
	if _, err := VersionIn([]byte("no server")); err == nil {
		t.Error("a version without one")
	}
}
