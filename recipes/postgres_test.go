package recipes

import (
	"io"
	"os"
	"strings"
	"testing"

	"gobuild/parts"
)

const postgresLines = `bin = @ROOT@/bin
pgdata-directory = @ROOT@/data
services = @ROOT@/service
superuser = boss
password = secret
dbname = shop
ipv4 = 10.0.0.1
ipv6 = ::1
  fd00::2
port = 5433
`

// newPostgres returns a stand with stand-ins for the programs of PostgreSQL.
func newPostgres(t *testing.T) *stand {
	t.Helper()
	s := newStand(t)
	for _, name := range []string{"bin/initdb", "service/.k"} {
		s.write(name, "", 0o755)
	}
	s.Runner.On("initdb", func(parts.Command) error { s.write("data/PG_VERSION", "16\n", 0o600); return nil })
	return s
}

// told returns the commands that were run, with what they were told.
func told(t *testing.T, s *stand) []string {
	t.Helper()
	var lines []string
	for _, c := range s.Runner.Commands() {
		line := strings.ReplaceAll(strings.Join(c.Argv, " "), s.Work.Dir, "@")
		if c.Stdin != nil {
			text, err := io.ReadAll(c.Stdin)
			if err != nil {
				t.Fatal(err)
			}
			line += " < " + strings.TrimSpace(string(text))
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPostgres(t *testing.T) {
	s := newPostgres(t)
	o := s.section(postgresLines)
	a := s.prepare(postgresRecipe{}, o)
	s.checkSet(o, map[string]string{"url": "postgresql://boss:secret@[::1]:5433/shop"})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	got := told(t, s)
	want := []string{
		"@/bin/initdb -D @/data -A ident -E UTF8 -U boss",
		`@/bin/postgres --single -c exit_on_error=on -D @/data postgres < CREATE DATABASE "shop"`,
		`@/bin/postgres --single -c exit_on_error=on -D @/data postgres < ALTER USER "boss" ENCRYPTED PASSWORD '` + a.(*postgresAction).hash + `'`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
	s.check("service/postgres-start", `service/postgres-start file 0700 "#!/bin/sh\nexec `+s.at("bin/postgres")+` \\\n    -D `+s.at("data")+`\n"`)
	s.checkOwned("@ROOT@/data/postgresql.conf", "@ROOT@/data/pg_hba.conf", "@ROOT@/service/postgres-start")
	conf, err := os.ReadFile(s.at("data/postgresql.conf"))
	if err != nil || !strings.HasPrefix(string(conf), "listen_addresses = '10.0.0.1,::1,fd00::2'\nport = 5433\nmax_connections = 100\n") ||
		!strings.Contains(string(conf), "unix_socket_directories = '"+s.at("data")+"'\n") {
		t.Errorf("%s, %v", conf, err)
	}
	access, err := os.ReadFile(s.at("data/pg_hba.conf"))
	if err != nil || !strings.HasSuffix(string(access), "\nhost all all 10.0.0.1/32 md5\nhost all all ::1/128 md5\nhost all all fd00::2/128 md5\n") {
		t.Errorf("%s, %v", access, err)
	}
	if _, err := os.Stat(s.at("data.unfinished")); err == nil {
		t.Error("the mark was left")
	}
}

// TestPostgresAgain: a cluster that is there is configured only.
func TestPostgresAgain(t *testing.T) {
	s := newPostgres(t)
	s.write("data/PG_VERSION", "16\n", 0o600)
	s.write("data/postmaster.pid", "1", 0o600)
	a := s.install(postgresRecipe{}, postgresLines)
	hash := a.(*postgresAction).hash
	want := "@/bin/pg_ctl status -D @/data\n@/bin/psql -v ON_ERROR_STOP=1 -h @/data -p 5433 -U boss -d shop < ALTER USER \"boss\" ENCRYPTED PASSWORD '" + hash + "';"
	if got := strings.Join(told(t, s), "\n"); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if err := s.update(a); err != nil {
		t.Fatal(err)
	}
	if got := len(s.Runner.Commands()); got != 2 {
		t.Errorf("an update ran %q", told(t, s))
	}
	s.Runner.Fail("pg_ctl", 3)
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.at("data/postmaster.pid")); err == nil {
		t.Error("the pid file of a server that was killed is there")
	}
	if got := told(t, s); !strings.Contains(got[len(got)-1], "--single") {
		t.Errorf("got %q", got)
	}
	s.write("data/postmaster.pid", "1", 0o600)
	s.Runner.Fail("pg_ctl", 4)
	if err := a.Run(t.Context(), s.Work); err == nil {
		t.Error("no error of pg_ctl")
	}
	if _, err := os.Stat(s.at("data/PG_VERSION")); err != nil {
		t.Errorf("a good cluster is gone: %v", err)
	}
}

// TestPostgresFails: what a first run has not finished is removed.
func TestPostgresFails(t *testing.T) {
	for step, msg := range map[string]string{
		"createdb": "Could not create database shop",
		"password": "Error updating password",
	} {
		s := newPostgres(t)
		s.Runner.Fail(step, 1)
		o := s.section(postgresLines)
		err := s.prepare(postgresRecipe{}, o).Run(t.Context(), s.Work)
		if err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%s: %v", step, err)
		}
		for _, name := range []string{"data", "data.unfinished"} {
			if _, err := os.Lstat(s.at(name)); err == nil {
				t.Errorf("%s: %s was left", step, name)
			}
		}
	}
	s := newPostgres(t)
	s.write("data/half", "", 0o600)
	s.write("data.unfinished", "", 0o600)
	s.install(postgresRecipe{}, postgresLines)
	if _, err := os.Stat(s.at("data/half")); err == nil {
		t.Error("the cluster of a killed run was taken for a good one")
	}
	os.Remove(s.at("bin/initdb"))
	os.RemoveAll(s.at("data"))
	o := s.section(postgresLines)
	s.checkFails(s.prepare(postgresRecipe{}, o).Run(t.Context(), s.Work), o, "pgdata-directory", "File not found: @ROOT@/bin/initdb")
}

func TestPostgresRefused(t *testing.T) {
	checkRefused(t, postgresRecipe{}, []prepareCase{
		{"missing", "bin = b", "pgdata-directory", "Missing option: foo:pgdata-directory"},
		{"name", strings.Replace(postgresLines, "shop", "", 1), "dbname", `"" is no name`},
	})
	s := newPostgres(t)
	a := s.install(postgresRecipe{}, strings.NewReplacer("shop", `a"b`, "ipv6 = ::1\n  fd00::2", "ipv6 =", "port = 5433", "port =").Replace(postgresLines))
	if got := told(t, s); !strings.HasSuffix(got[1], `CREATE DATABASE "a""b"`) {
		t.Errorf("got %q", got)
	}
	if text := a.(*postgresAction).settings(s.Work); strings.Contains(text, "\nport") {
		t.Errorf("a port of its own: %s", text)
	}
}
