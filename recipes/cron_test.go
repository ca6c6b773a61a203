package recipes

import "testing"

func TestCronTime(t *testing.T) {
	for spec, want := range map[string]string{
		"minutely": "* * * * *", "hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 0", "monthly": "0 0 1 * *", "yearly": "0 0 1 1 *",
		"*:0/10": "0-50/10 * * * *", "8/3:7": "7 8-23/3 * * *", "*:5,35": "5,35 * * * *", "*:1,30/10": "1,30-50/10 * * * *",
		"12:15": "15 12 * * *", "01-15 2:00": "00 2 15 01 *", "*-*-01 04:05:00": "05 04 01 * *", "*-05": "0 0 05 * *",
		"mon": "0 0 * * 1", "Sat 3:30": "30 3 * * 6", "sunday,wed": "0 0 * * 0,3", "mon-fri 6:0": "0 6 * * 1-5",
		"fri *-*-* 4:00": "00 4 * * 5", "mon *-* 4:00": "00 4 * * 1",
		"mon..fri": "", "foo": "", "": "", " ": "", "*-*-* 00:00:30": "", "2026-01-01": "", "mon 01-15": "", "24:00": "", "*:60": "",
		"0-1": "", "13-1": "", "*:0/60": "", "*:0/0": "", "*:x": "", "1:2:3:4": "", "daily daily": "", "1:2 3:4 5:6": "", "mon-tue-wed": "", ",": "",
	} {
		if got, ok := cronTime(spec); got != want || ok != (want != "") {
			t.Errorf("cronTime(%q) = %q, %v, want %q", spec, got, ok, want)
		}
	}
}

func TestCronEntry(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	a := s.install(cronEntryRecipe{}, "cron-entries = @ROOT@/out\nname = job\ncommand = /bin/x  --y\ntime = sat 3:30")
	s.checkOwned("@ROOT@/out/job")
	want := []string{"out dir 0755", `out/.k file 0644 ""`, `out/job file 0644 "30 3 * * 6 /bin/x  --y\n"`}
	s.check("out", want...)
	s.write("out/job", "x", 0o644)
	if err := s.update(a); err != nil {
		t.Error(err)
	}
	s.check("out", want...)
}

func TestCronEntryFails(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	o := s.section("cron-entries = @ROOT@/out\nname = job\ncommand = /bin/x\ntime = mon..fri")
	s.checkFails(s.prepare(cronEntryRecipe{}, o).Run(t.Context(), s.Work), o, "time", "Invalid systemd calendar spec 'mon..fri'")
	s.check("out", "out dir 0755", `out/.k file 0644 ""`)
	o = s.section("cron-entries = @ROOT@/none\nname = job\ncommand = /bin/x\ntime = daily")
	s.checkFails(s.prepare(cronEntryRecipe{}, o).Run(t.Context(), s.Work), o, "cron-entries", "stat @ROOT@/none: no such file or directory")
	s.checkOwned()
}

func TestCronAndLogrotate(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	s.install(cronRecipe{}, `binary = @ROOT@/out/crond
dcrond-binary = /z/crond
cron-entries = /e
crontabs = /t
cronstamps = /s
catcher = /c
log-file = /l`)
	s.install(logrotateRecipe{}, `logrotate-entries = /e/lr.d
conf = @ROOT@/out/conf
gzip-binary = /z/gzip
gunzip-binary = /z/gunzip
state-file = /s
wrapper = @ROOT@/out/lr
logrotate-binary = /z/logrotate`)
	s.install(logrotateEntryRecipe{}, "logrotate-entries = @ROOT@/out\nname = app\nlog = /l/a /l/b\nbackup = /b\npre = one")
	s.checkOwned("@ROOT@/out/crond", "@ROOT@/out/lr", "@ROOT@/out/conf", "@ROOT@/out/app")
	s.check("out", "out dir 0755", `out/.k file 0644 ""`,
		`out/crond file 0700 "#!/bin/sh -e\nexec /z/crond -s /e -c /t -t /s -f -l 5 -M \\\n\t/c -L /l \"$@\"\n"`,
		`out/lr file 0700 "#!/bin/sh -e\nexec /z/logrotate -s /s `+s.at("out/conf")+` \\\n\t\"$@\"\n"`,
		`out/conf file 0600 "compresscmd /z/gzip\ncompressoptions -9\nuncompresscmd /z/gunzip\ninclude /e/lr.d"`,
		`out/app file 0600 "/l/a /l/b {\ndaily\ndateext\nrotate 3650\ncompress\ndelaycompress\nnotifempty\nsharedscripts\ncreate\nolddir /b\nprerotate\none\nendscript\n}\n"`)
}
