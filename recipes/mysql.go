package recipes

import (
	"context"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func mysqlUpdateSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"mysql-update", "slapos.cookbook:generic.mysql.wrap_update_mysql"},
		Doc: `Writes a script that upgrades the tables of a MySQL or MariaDB server and runs SQL in it.

The script tries until all has worked, with longer pauses up to 30 seconds. It needs
sleep. The time zones of zoneinfo are loaded too, if that directory exists and
mysql_tzinfo_to_sql stands beside mysql.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "output", Required: true, Doc: "The script."},
			{Name: "binary", Required: true, Doc: "The program that upgrades the tables."},
			{Name: "mysql", Required: true, Doc: "The client, which needs no further argument to reach the server."},
			{Name: "init-script", Required: true, Doc: "The file with SQL statements."},
			{Name: "zoneinfo", Default: "/usr/share/zoneinfo", Doc: "The directory of the time zones. Blank: none are loaded."},
		},
		Recipe: mysqlUpdateRecipe{},
	}
}

type mysqlUpdateRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (mysqlUpdateRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "output", "binary", "mysql", "init-script")
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer("@UPGRADE@", run.Quote(v["binary"]), "@MYSQL@", run.Quote(v["mysql"]), "@SQL@", run.Quote(v["init-script"]),
		"@ZONES@", run.Quote(certificateText(o, "zoneinfo", "/usr/share/zoneinfo")),
		"@LOADER@", run.Quote(filepath.Join(filepath.Dir(v["mysql"]), "mysql_tzinfo_to_sql"))).Replace(mysqlUpdateScript)
	return cookbookAction{{at: optionPlace(o, "output"), path: v["output"], text: text, program: true}}, nil
}

// mysqlUpdateScript is the script of mysql-update. What a step of a pipe writes is
// seen, and the last step decides.
const mysqlUpdateScript = `#!/bin/sh
# Written by gobuild: changes are lost at its next run.
update() {
  @UPGRADE@ || { echo "The tables were not upgraded."; return 1; }
  echo "MySQL database upgraded."
  @MYSQL@ -B < @SQL@ || { echo "The SQL statements failed."; return 1; }
  if [ -d @ZONES@ ] && [ -x @LOADER@ ]; then
    @LOADER@ @ZONES@ 2>/dev/null | @MYSQL@ -B mysql || { echo "The time zones were not loaded."; return 1; }
  fi
}
pause=0
until update 2>&1; do
  [ $pause -ge 30 ] || pause=$((pause + 1))
  echo "Sleeping for ${pause}s and retrying"
  sleep $pause
done
echo "SlapOS initialisation script successfully applied on database."
`
