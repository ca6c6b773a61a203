package recipes

import (
	"bytes"
	"context"
	"strings"

	"gobuild/parts"
	"gobuild/parts/mariadb"
	"gobuild/parts/run"
)

func mariadbSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"mariadb"},
		Doc: `Makes the data directory of a MariaDB server, once, and the script that starts the server.

The data directory is made beside its place and renamed when it is complete, so
that a run that fails or is killed leaves nothing that looks finished: the next
run begins again. One that is there is never removed, not even with the part.
What it belongs to, and which server wrote it, stands in it: the data of another
instance, or of a server of a newer series, is refused before anything is changed.

accounts is SQL with one statement on each line that may be applied again and again,
such as CREATE USER IF NOT EXISTS. It is part of the creation, where it has to give
root@localhost the password of admin-file, and is applied again when it has changed.
Each text of sql is applied once. A running server gets new SQL at once; else the
next start applies it, before anybody can connect.

The script waits until an earlier server has let go of its files, upgrades the
tables when the server is newer than the data, and becomes the server. Passwords
are never among the arguments of a program.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "location", Required: true, Doc: "The directory of the software, with mariadbd in bin, sbin or libexec."},
			{Name: "data-directory", Required: true, Doc: "The directory to make. Its parent must exist."},
			{Name: "defaults-file", Required: true, Doc: "The configuration file of the server."},
			{Name: "admin-file", Required: true, Doc: "The configuration file of a client that may do everything."},
			{Name: "socket", Required: true, Doc: "The socket of the server."},
			{Name: "instance", Required: true, Doc: "Whose data it is: a text that is unique, such as a UUID."},
			{Name: "accounts", Required: true, Doc: "The file with the SQL of databases and accounts."},
			{Name: "wrapper", Required: true, Doc: "The script that starts the server. Its directory must exist."},
			{Name: "sql", Doc: "Files with SQL, one on each line."},
			{Name: "database", Doc: "The database in which it is applied."},
			{Name: "starts-file", Doc: "A file that gets a line with the time at each start of the server."},
		},
		Recipe: mariadbRecipe{},
	}
}

type mariadbRecipe struct{}

// mariadbAction makes one data directory.
type mariadbAction struct {
	at     place // of data-directory
	server mariadb.Server
	files  cookbookAction
	words  []string // of gobuild, behind `service mariadb ACTION`
}

// Prepare reads the options, and refuses data that is not for this server.
func (mariadbRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "location", "data-directory", "defaults-file", "admin-file", "socket", "instance", "accounts", "wrapper")
	if err != nil {
		return nil, err
	}
	a := &mariadbAction{at: optionPlace(o, "data-directory")}
	path := func(key string) string { return inBuildout(ctx, o, v[key]) }
	a.server = mariadb.Server{Location: path("location"), Data: path("data-directory"), Defaults: path("defaults-file"), Admin: path("admin-file"),
		Socket: path("socket"), Instance: v["instance"], Accounts: path("accounts"), Database: optionText(o, "database")}
	for _, file := range optionLines(o, "sql") {
		a.server.SQL = append(a.server.SQL, inBuildout(ctx, o, file))
	}
	if file := optionText(o, "starts-file"); file != "" {
		a.server.Starts = inBuildout(ctx, o, file)
	}
	if err := a.server.CheckSocket(); err != nil {
		return nil, optionPlace(o, "socket").wrap(err)
	}
	if err := a.server.CheckData(func() (mariadb.Version, error) { return a.version(ctx, o) }); err != nil {
		return nil, a.at.wrap(err)
	}
	a.words = a.server.Flags()
	a.files = cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], mode: cookbookScript,
		launch: append([]string{"service", "mariadb", "start"}, a.words...)}}
	return a, nil
}

// version is that of the server, asked for when the software may be another one
// than in the last run.
func (a *mariadbAction) version(ctx context.Context, o parts.Options) (mariadb.Version, error) {
	p, ok := o.(parts.Prober)
	if !ok || recordedOption(o, o.Name(), "location") == optionText(o, "location") {
		return mariadb.Newest, nil
	}
	argv, err := a.server.VersionCommand()
	if err != nil {
		return mariadb.Version{}, optionPlace(o, "location").wrap(err)
	}
	var out bytes.Buffer
	runner, _ := p.Probe()
	if err := runner.Run(ctx, parts.Command{Step: "version", Argv: argv, Stdout: &out}); err != nil {
		return mariadb.Version{}, err
	}
	return mariadb.VersionIn(out.Bytes())
}

// Run makes what is missing, in a process of its own that holds the lock of the
// directory for as long as one of its programs works on it.
func (a *mariadbAction) Run(ctx context.Context, w *parts.Work) error {
	if err := a.files.Run(ctx, w); err != nil {
		return err
	}
	pending, err := a.server.Pending()
	if err != nil || !pending {
		return a.at.wrap(err)
	}
	w.Step("setup")
	words := append([]string{"service", "mariadb", "setup"}, a.words...)
	var said bytes.Buffer
	err = w.Proc.Run(ctx, parts.Command{Step: "setup", Argv: append([]string{w.Launcher}, words...), Dir: w.Dir, Stdout: &said,
		Show: run.Join(append([]string{"gobuild"}, words...))})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return a.failed(said.String(), err)
}

// failed is the error that the setup has told in lines: its code, the message and
// perhaps a hint.
func (a *mariadbAction) failed(said string, err error) error {
	lines := strings.SplitN(strings.TrimSpace(said), "\n", 3)
	if len(lines) < 2 {
		return a.at.wrap(err)
	}
	d := a.at.fail(lines[0], "%s", lines[1]).WithCause(err)
	if len(lines) > 2 {
		d.Hint = lines[2]
	}
	return d
}

// Update does the same: SQL may have changed.
func (a *mariadbAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
