package mariadb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"gobuild/buildout/diag"
)

// MaxSocket is how long the path of a Unix socket may be.
const MaxSocket = 107

// The codes of what goes wrong.
const (
	codeRefused = "mariadb-refused" // the data directory is not for this server
	codeFailed  = "mariadb-failed"  // a program of the server ended badly
)

// Server says where the things of one server are. Paths are absolute.
type Server struct {
	Location string // of the software: programs in bin, sbin or libexec, SQL files below share
	Data     string
	Defaults string // configuration file of the server
	Admin    string // configuration file of a client that may do everything
	Socket   string
	Instance string // whose data it is
	// Accounts is a file with SQL that is applied whenever it has changed: one
	// statement on each line, which may be applied again.
	Accounts string
	// SQL are files of which each text is applied once.
	SQL      []string
	Database string // in which the SQL is applied; "" is none
	Starts   string // file that gets a line at each start; "" is none
	Environ  []string
	Log      io.Writer // gets what the programs say
}

// fail returns a diagnostic.
func fail(code, format string, args ...any) *diag.Diagnostic {
	return diag.At(diag.Span{}, code, format, args...)
}

// program returns the path of one of the programs.
func (s *Server) program(name string) (string, error) {
	for _, dir := range []string{"bin", "sbin", "libexec"} {
		path := filepath.Join(s.Location, dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fail(codeFailed, "%s has no program %s", s.Location, name).
		WithHint("location is the directory of a MariaDB server, with its programs in bin or sbin")
}

// scripts returns the directory of the SQL files of the software.
func (s *Server) scripts() (string, error) {
	for _, dir := range []string{"share", "share/mariadb", "share/mysql"} {
		path := filepath.Join(s.Location, dir)
		if _, err := os.Stat(filepath.Join(path, bootstrapScripts[0])); err == nil {
			return path, nil
		}
	}
	return "", fail(codeFailed, "%s has no %s below share", s.Location, bootstrapScripts[0])
}

// argv returns the words that start the server on a data directory.
func (s *Server) argv(data string, more ...string) ([]string, error) {
	server, err := s.program("mariadbd")
	if err != nil {
		return nil, err
	}
	words := append([]string{server, "--defaults-file=" + s.Defaults, "--basedir=" + s.Location, "--datadir=" + data}, more...)
	if os.Geteuid() == 0 {
		words = append(words, "--user=root") // else the server refuses to run
	}
	return words, nil
}

// Version is that of a server: series, and release within it.
type Version [3]int

// versionPattern finds the version in what `mariadbd --version` says.
var versionPattern = regexp.MustCompile(`\bVer (\d+\.\d+\.\d+)`)

// ParseVersion reads 10.11.18.
func ParseVersion(text string) (v Version, err error) {
	_, err = fmt.Sscanf(text, "%d.%d.%d", &v[0], &v[1], &v[2])
	return v, err
}

// String writes it as ParseVersion reads it.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// newerThan reports whether v is newer; with series only the series count.
func (v Version) newerThan(other Version, series bool) bool {
	for i := range v {
		if v[i] != other[i] {
			return v[i] > other[i] && (i < 2 || !series)
		}
	}
	return false
}

// VersionIn returns the version in what `mariadbd --version` says.
func VersionIn(text []byte) (Version, error) {
	m := versionPattern.FindSubmatch(text)
	if m == nil {
		return Version{}, fail(codeFailed, "mariadbd does not say which version it is: %q", text)
	}
	return ParseVersion(string(m[1]))
}

// VersionCommand returns the words that make the server tell its version.
func (s *Server) VersionCommand() ([]string, error) {
	server, err := s.program("mariadbd")
	return []string{server, "--no-defaults", "--version"}, err
}

// version asks the server.
func (s *Server) version(ctx context.Context) (Version, error) {
	words, err := s.VersionCommand()
	if err != nil {
		return Version{}, err
	}
	out, err := exec.CommandContext(ctx, words[0], words[1:]...).Output()
	if err != nil {
		return Version{}, fail(codeFailed, "%s: %v", strings.Join(words, " "), err)
	}
	return VersionIn(out)
}

// run runs a program and waits for it. lock is open in it; nil is none.
func (s *Server) run(ctx context.Context, lock *os.File, argv []string, stdin io.Reader) error {
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var said bytes.Buffer
	c.Env, c.Stdin, c.SysProcAttr = s.Environ, stdin, attributes()
	c.Stdout = s.Log
	c.Stderr = io.MultiWriter(s.Log, &said)
	if lock != nil {
		c.ExtraFiles = []*os.File{lock}
	}
	err := c.Run()
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return &programError{filepath.Base(argv[0]), err, lastLine(said.String())}
}

// programError is the bad end of a program.
type programError struct {
	name string
	err  error
	said string // its last line
}

// Error tells what the program said at last.
func (e *programError) Error() string {
	if e.said == "" {
		return e.name + ": " + e.err.Error()
	}
	return e.name + ": " + e.said
}

// lastLine is the last line that tells of an error, or the last one.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "ERROR") {
			return strings.TrimSpace(lines[i])
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// Newest is newer than every server.
var Newest = Version{1 << 30, 0, 0}

// Flag is a field of Server as `gobuild service mariadb` is told of it: one value
// or several.
type Flag struct {
	Name, Doc string
	Text      *string
	List      *[]string
}

// Fields returns the flags that set the fields of s.
func (s *Server) Fields() []Flag {
	return []Flag{
		{"location", "the `DIRECTORY` of the software", &s.Location, nil},
		{"data", "the `DIRECTORY` of the data", &s.Data, nil},
		{"defaults-file", "the configuration `FILE` of the server", &s.Defaults, nil},
		{"admin-file", "the configuration `FILE` of a client that may do everything", &s.Admin, nil},
		{"socket", "the socket `FILE`", &s.Socket, nil},
		{"instance", "whose data it is: `ID`", &s.Instance, nil},
		{"accounts", "the `FILE` with the SQL of the accounts", &s.Accounts, nil},
		{"sql", "a `FILE` with SQL that is applied once; may be repeated", nil, &s.SQL},
		{"database", "the database `NAME` in which it is applied", &s.Database, nil},
		{"starts-file", "a `FILE` that gets a line at each start", &s.Starts, nil},
	}
}

// Flags returns the words of `gobuild service mariadb` that describe the server.
func (s *Server) Flags() []string {
	var words []string
	for _, f := range s.Fields() {
		values := []string{}
		if f.List != nil {
			values = *f.List
		} else if *f.Text != "" {
			values = []string{*f.Text}
		}
		for _, value := range values {
			words = append(words, "--"+f.Name+"="+value)
		}
	}
	return words
}
