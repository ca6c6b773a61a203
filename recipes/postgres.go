package recipes

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

func postgresSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"postgres", "slapos.cookbook:postgres"},
		Doc: `Makes a PostgreSQL cluster with a superuser and a database, and the script that runs the server.

The cluster is made when its directory does not exist, and never again: when that
fails, or is interrupted, the directory is removed at once or at the next run; one
that was finished is never removed, not even with the part. The configuration and
the password are set at every installation, also while the server runs.

The server always listens on a socket in its directory, for its own user without a
password; at the addresses of ipv4 and ipv6 a password is needed.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "bin", Required: true, Doc: "The directory of initdb, postgres, psql and pg_ctl."},
			{Name: "pgdata-directory", Required: true, Doc: "The directory of the cluster."},
			{Name: "services", Required: true, Doc: "The existing directory of the script postgres-start."},
			{Name: "superuser", Required: true, Doc: "The name of the superuser."},
			{Name: "password", Required: true, Doc: "The password of the superuser."},
			{Name: "dbname", Required: true, Doc: "The name of the database."},
			{Name: "ipv4", Required: true, Doc: "The IPv4 addresses to listen on, one on each line; may be blank."},
			{Name: "ipv6", Required: true, Doc: "The IPv6 addresses to listen on, one on each line; may be blank."},
			{Name: "port", Required: true, Doc: "The port; blank for that of PostgreSQL."},
			{Name: "max-connections", Default: "100", Doc: "How many clients there may be at once."},
			{Name: "ipv4-netmask-bits", Default: "32", Doc: "Which IPv4 clients may connect: as many bits of their address are those of the server."},
			{Name: "ipv6-netmask-bits", Default: "128", Doc: "The same for IPv6."},
			{Name: "url", Computed: true, Doc: "Where the database is, with the password, when there is an IPv6 address."},
		},
		Recipe: postgresRecipe{},
	}
}

type postgresRecipe struct{}

// postgresAction makes one cluster.
type postgresAction struct {
	at           place // of pgdata-directory
	password     place
	o            map[string]string
	ipv4, ipv6   []string
	most         string // max-connections
	bits4, bits6 string
	hash         string // of the password
}

// Prepare reads the options. SPEC-recipes 13.2.
func (postgresRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "bin", "pgdata-directory", "services", "superuser", "password", "dbname", "ipv4", "ipv6", "port")
	if err != nil {
		return nil, err
	}
	if _, err := requirePath(o, "pgdata-directory"); err != nil {
		return nil, err
	}
	for _, key := range []string{"superuser", "dbname"} {
		if v[key] == "" || strings.ContainsAny(v[key], "\n\x00") {
			return nil, optionError(o, key, codeBadValue, "%q is no name", v[key])
		}
	}
	a := &postgresAction{at: optionPlace(o, "pgdata-directory"), password: optionPlace(o, "password"), o: v,
		ipv4: optionLines(o, "ipv4"), ipv6: optionLines(o, "ipv6"), most: cmp.Or(optionText(o, "max-connections"), "100"),
		bits4: cmp.Or(optionText(o, "ipv4-netmask-bits"), "32"), bits6: cmp.Or(optionText(o, "ipv6-netmask-bits"), "128")}
	sum := md5.Sum([]byte(v["password"] + v["superuser"]))
	a.hash = "md5" + hex.EncodeToString(sum[:])
	if p, ok := o.(parts.Profile); ok {
		p.Secret(a.hash)
	}
	if len(a.ipv6) > 0 {
		o.Set("url", fmt.Sprintf("postgresql://%s:%s@[%s]:%s/%s", v["superuser"], v["password"], a.ipv6[0], v["port"], v["dbname"]))
	}
	return a, nil
}

// data is the directory of the cluster.
func (a *postgresAction) data(w *parts.Work) string { return workPath(w, a.o["pgdata-directory"]) }

// program is the path of one of the programs.
func (a *postgresAction) program(name string) string { return cookbookJoin(a.o["bin"], name) }

// Run makes the cluster, if there is none, and configures it.
func (a *postgresAction) Run(ctx context.Context, w *parts.Work) error {
	if err := a.clean(w); err != nil {
		return a.at.wrap(err)
	}
	if _, err := os.Stat(a.data(w)); !errors.Is(err, fs.ErrNotExist) {
		if err := a.configure(ctx, w); err != nil {
			return err
		}
		return a.setPassword(ctx, w)
	}
	err := a.create(ctx, w)
	if err != nil {
		return errors.Join(err, a.at.wrap(a.clean(w)))
	}
	return a.at.wrap(os.Remove(a.mark(w)))
}

// mark is the file that says that a cluster is not finished.
func (a *postgresAction) mark(w *parts.Work) string { return a.data(w) + ".unfinished" }

// clean removes a cluster that was not finished.
func (a *postgresAction) clean(w *parts.Work) error {
	if _, err := os.Lstat(a.mark(w)); err != nil {
		return nil
	}
	if err := store.Remove(a.data(w)); err != nil {
		return err
	}
	return os.Remove(a.mark(w))
}

// create makes the cluster. The mark is on disk before it begins.
func (a *postgresAction) create(ctx context.Context, w *parts.Work) error {
	if info, err := os.Stat(workPath(w, a.program("initdb"))); err != nil || info.IsDir() {
		return a.at.fail(codeFile, "File not found: %s", a.program("initdb"))
	}
	if err := writeFile(a.mark(w), nil, cookbookFile); err != nil {
		return a.at.wrap(err)
	}
	err := a.run(ctx, w, parts.Command{Step: "initdb", Argv: []string{a.program("initdb"), "-D", a.data(w), "-A", "ident", "-E", "UTF8", "-U", a.o["superuser"]}})
	if err != nil {
		return a.failed(ctx, err, "Could not create cluster directory in %s", a.data(w))
	}
	if err := a.configure(ctx, w); err != nil {
		return err
	}
	if err := a.single(ctx, w, "createdb", "CREATE DATABASE "+postgresName(a.o["dbname"])); err != nil {
		return a.failed(ctx, err, "Could not create database %s", a.o["dbname"])
	}
	return a.setPassword(ctx, w)
}

// failed tells why a step ended badly.
func (a *postgresAction) failed(ctx context.Context, err error, format string, args ...any) error {
	if ctx.Err() != nil {
		return err
	}
	return a.at.fail(codeStepFailed, format, args...).WithCause(err)
}

// run runs a program.
func (a *postgresAction) run(ctx context.Context, w *parts.Work, c parts.Command) error {
	w.Step(c.Step)
	c.Dir = w.Dir
	return w.Proc.Run(ctx, c)
}

// single runs a statement without a server.
func (a *postgresAction) single(ctx context.Context, w *parts.Work, step, statement string) error {
	argv := []string{a.program("postgres"), "--single", "-c", "exit_on_error=on", "-D", a.data(w), "postgres"}
	return a.run(ctx, w, parts.Command{Step: step, Argv: argv, Stdin: strings.NewReader(statement + "\n")})
}

// setPassword sets the password of the superuser, as its hash: the statement may
// come into a log.
func (a *postgresAction) setPassword(ctx context.Context, w *parts.Work) error {
	statement := "ALTER USER " + postgresName(a.o["superuser"]) + " ENCRYPTED PASSWORD '" + a.hash + "'"
	runs, err := a.isRunning(ctx, w)
	if err != nil {
		return a.failed(ctx, err, "Could not tell whether the server in %s runs", a.data(w))
	}
	if runs {
		argv := []string{a.program("psql"), "-v", "ON_ERROR_STOP=1", "-h", a.data(w)}
		if a.o["port"] != "" {
			argv = append(argv, "-p", a.o["port"])
		}
		argv = append(argv, "-U", a.o["superuser"], "-d", a.o["dbname"])
		err = a.run(ctx, w, parts.Command{Step: "psql", Argv: argv, Stdin: strings.NewReader(statement + ";\n")})
	} else {
		err = a.single(ctx, w, "password", statement)
	}
	if err != nil && ctx.Err() == nil {
		return a.password.fail(codeStepFailed, "Error updating password").WithCause(err)
	}
	return err
}

// isRunning reports whether the server runs. The pid file of one that was killed
// is removed.
func (a *postgresAction) isRunning(ctx context.Context, w *parts.Work) (bool, error) {
	const notRunning = 3 // the status of pg_ctl
	file := filepath.Join(a.data(w), "postmaster.pid")
	if _, err := os.Lstat(file); err != nil {
		return false, nil
	}
	err := a.run(ctx, w, parts.Command{Step: "status", Argv: []string{a.program("pg_ctl"), "status", "-D", a.data(w)}})
	var exit *parts.ExitError
	if errors.As(err, &exit) && exit.Code == notRunning {
		w.Say(event.Warning, "the server has left "+file+" behind: removed")
		return false, os.Remove(file)
	}
	return err == nil, err
}

// configure writes the configuration and the script.
func (a *postgresAction) configure(ctx context.Context, w *parts.Work) error {
	data := cookbookJoin(a.o["pgdata-directory"], "")
	files := cookbookAction{
		{at: a.at, path: data + "postgresql.conf", text: a.settings(w), mode: cookbookFile, asGiven: true},
		{at: a.at, path: data + "pg_hba.conf", text: a.access(), mode: cookbookFile, asGiven: true},
		{at: a.at, path: cookbookJoin(a.o["services"], "postgres-start"), mode: cookbookScript,
			text: "#!/bin/sh\nexec " + run.Quote(a.program("postgres")) + " \\\n    -D " + run.Quote(a.o["pgdata-directory"]) + "\n"},
	}
	return files.Run(ctx, w)
}

// settings is postgresql.conf.
func (a *postgresAction) settings(w *parts.Work) string {
	addresses := slices.Concat(a.ipv4, a.ipv6)
	slices.Sort(addresses)
	lines := []string{"listen_addresses = " + postgresText(strings.Join(slices.Compact(addresses), ","))}
	if a.o["port"] != "" {
		lines = append(lines, "port = "+a.o["port"])
	}
	lines = append(lines, "max_connections = "+a.most,
		"unix_socket_directories = "+postgresText(a.data(w)), "unix_socket_permissions = 0700",
		"logging_collector = on", "log_rotation_size = 50MB", "datestyle = 'iso, mdy'",
		"lc_messages = 'C.UTF-8'", "lc_monetary = 'C.UTF-8'", "lc_numeric = 'C.UTF-8'", "lc_time = 'C.UTF-8'",
		"default_text_search_config = 'pg_catalog.english'")
	return strings.Join(lines, "\n") + "\n"
}

// access is pg_hba.conf.
func (a *postgresAction) access() string {
	lines := []string{"# TYPE DATABASE USER ADDRESS METHOD", "# Who may use the socket is a matter of its permissions.",
		"local all all trust", "host all all 127.0.0.1/32 md5", "host all all ::1/128 md5"}
	for _, ip := range a.ipv4 {
		lines = append(lines, "host all all "+ip+"/"+a.bits4+" md5")
	}
	for _, ip := range a.ipv6 {
		lines = append(lines, "host all all "+ip+"/"+a.bits6+" md5")
	}
	return strings.Join(lines, "\n") + "\n"
}

// Update writes the configuration again where it differs.
func (a *postgresAction) Update(ctx context.Context, w *parts.Work) error {
	if _, err := os.Stat(a.data(w)); errors.Is(err, fs.ErrNotExist) {
		return a.Run(ctx, w)
	}
	return a.configure(ctx, w)
}

// postgresName is a name in a statement.
func postgresName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// postgresText is a text in postgresql.conf.
func postgresText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
