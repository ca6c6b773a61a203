package recipes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/authority"
)

// TestScripts compares what recipes write that only write scripts: file, mode and
// text, @ROOT@ filled in.
func TestScripts(t *testing.T) {
	const head = "#!/bin/sh -e\n"
	for _, c := range []struct {
		recipe parts.Recipe
		lines  string
		want   map[string]string
	}{
		{ipv6Recipe{true}, "runner-path = w\n6tunnel-path = /6t\nshell-path = /bin/dash\nipv4 = 10.0.0.1\nipv4-port = 80\nipv6 = ::1\nipv6-port = 81",
			map[string]string{"w": "0700 #!/bin/dash\n# Written by gobuild: changes are lost at its next run.\nexec /6t -6 -4 -d -l ::1 81 10.0.0.1 80\n"}},
		{ipv6Recipe{false}, "runner-path = w\n6tunnel-path = /6 t\nshell-path = /bin/dash\nipv4 = 10.0.0.1\nipv4-port = 80\nipv6 = ::1\nipv6-port = 81",
			map[string]string{"w": "0700 #!/bin/dash\n# Written by gobuild: changes are lost at its next run.\nexec '/6 t' -d -l 10.0.0.1 80 ::1 81\n"}},
		{redisRecipe{}, "server-bin = /r\nwrapper = w\nconfig-file = c\nserver-dir = /d\nlog-file = /l\npid-file = /p\nipv6 = ::1\nport = 6379\n" +
			"unixsocket = /s\nuse-passwd = yes\npasswd = pw\npromise-wrapper = p\ncli-bin = /cli",
			map[string]string{"w": "0700 " + head + "exec /r c \"$@\"\n",
				"p": "0700 " + head + "exec /cli -h ::1 -p 6379 -s /s publish Promise-Service \\\n\t'SlapOS Promise' \"$@\"\n",
				"c": "0600 daemonize no\npidfile /p\nport 6379\nbind ::1\nunixsocket /s\nunixsocketperm 700\ntimeout 0\nloglevel notice\nlogfile /l\n" +
					"databases 16\nsave 900 1\nsave 300 10\nsave 60 10000\ndbfilename dump.rdb\ndir /d\nappendonly no\nmasterauth pw\n"}},
		{shellRecipe{}, "wrapper = w\nshell = /bin/sh\nhome = /h\npath =\n  /a\n  /b\nps1 = \"x\\u0024 \"",
			map[string]string{"w": "0700 " + head + "export HOME=/h\nexport PATH=/a:/b\nexport PS1='x$ '\nexport SHELL=/bin/sh\nexec /bin/sh \"$@\"\n"}},
		{sshkeysRecipe{}, "wrapper = w\nrequest-directory = /r\nkeygen-binary = /k",
			map[string]string{"w": "0755 " + head + "exec /opt/gobuild service ssh-keys -- /r \\\n\t/k \"$@\"\n"}},
		{dropbearRecipe{}, "wrapper = w\ndropbear-binary = /d\nhost = ::1\nport = 22\nrsa-keyfile = /k\nhome = /h\nshell = /s",
			map[string]string{"w": "0700 " + head + "export DROPBEAR_OVERRIDE_HOME=/h\nexport DROPBEAR_OVERRIDE_SHELL=/s\n" +
				"exec /d -F -E -m -s -g -j -k -p '[::1]:22' \\\n\t-n -K 300 -r /k \"$@\"\n"}},
		{dropbearRecipe{}, "wrapper = w\ndropbear-binary = /d\nhost = h\nport = 22\ndss-keyfile = /k\nallow-port-forwarding = true",
			map[string]string{"w": "0700 " + head + "exec /d -F -E -m -s -g -p h:22 -n -K 300 \\\n\t-d /k \"$@\"\n"}},
		{notifierRecipe{}, "wrapper = w\nserver-binary = /s\ncallbacks = /c\nfeeds = /f\nequeue-socket = /e\nhost = ::1\nport = 80",
			map[string]string{"w": "0700 " + head + "exec /s --callbacks /c --feeds /f --equeue-socket \\\n\t/e ::1 80 \"$@\"\n"}},
		{notifierCallbackRecipe{}, "callbacks-directory = .\non-notification-id = x\ncallback-list = /a\n  /b",
			map[string]string{authority.Hash("x"): "0600 /a\n/b"}},
		{kumofsRecipe{}, "ip = 10.0.0.1\nshell-path = /bin/sh\nmanager-port = 1\nserver-port = 2\nserver-listen-port = 3\ngateway-port = 4\ndata-directory = /d\n" +
			"gateway-wrapper = g\nkumo-gateway-binary = /g\nkumo-gateway-log = /gl\nmanager-wrapper = m\nkumo-manager-binary = /m\nkumo-manager-log = /ml\n" +
			"server-wrapper = s\nkumo-server-binary = /s\nkumo-server-log = /sl",
			map[string]string{"g": "0700 #!/bin/sh\nexec /g -F -E -m 10.0.0.1:1 -t 10.0.0.1:4 -o /gl\n", "m": "0700 #!/bin/sh\nexec /m -a -l 10.0.0.1:1 -o /ml\n",
				"s": "0700 #!/bin/sh\nexec /s -l 10.0.0.1:2 -L 3 -m 10.0.0.1:1 -s /d/kumodb.tch -o /sl\n"}},
	} {
		t.Run(fmt.Sprintf("%T", c.recipe), func(t *testing.T) {
			s := newStand(t)
			a := s.install(c.recipe, c.lines)
			if err := s.update(a); err != nil {
				t.Error(err)
			}
			for name, want := range c.want {
				mode, text, _ := strings.Cut(want, " ")
				s.check(name, fmt.Sprintf("%s file %s %q", name, mode, text))
			}
			if owned := len(s.Owned()); owned != 2*len(c.want) {
				t.Errorf("owned %q", s.Owned())
			}
		})
	}
}

func TestScriptsRefused(t *testing.T) {
	checkRefused(t, redisRecipe{}, []prepareCase{
		{"password", "server-bin = /r\nwrapper = w\nconfig-file = c\nserver-dir = /d\nlog-file = /l\npid-file = /p\nipv6 = ::1\nport = 1\nuse-passwd = 1", "passwd", "Missing option: foo:passwd"},
		{"client", "server-bin = /r\nwrapper = w\nconfig-file = c\nserver-dir = /d\nlog-file = /l\npid-file = /p\nipv6 = ::1\nport = 1\npromise-wrapper = p", "cli-bin", "Missing option: foo:cli-bin"},
	})
	checkRefused(t, shellRecipe{}, []prepareCase{{"prompt", "wrapper = w\nshell = s\nhome = h\npath = p\nps1 = $", "ps1", "$ is no JSON string"}})
	checkRefused(t, dropbearRecipe{}, []prepareCase{{"key", "wrapper = w\ndropbear-binary = d\nhost = h\nport = 1", "rsa-keyfile", "Missing option: foo:rsa-keyfile"}})
}

// TestShellPrompt: without ps1 the prompt is that of the user.
func TestShellPrompt(t *testing.T) {
	const lines = "wrapper = w\nshell = /bin/sh\nhome = /h\npath = /a"
	for prompt, want := range map[string]string{"": "'> '", "PS1=mine": "mine"} {
		s := newStand(t)
		s.Runner.Env = append(s.Runner.Env, prompt)
		s.install(shellRecipe{}, lines)
		if text, err := os.ReadFile(s.at("w")); err != nil || !strings.Contains(string(text), "export PS1="+want+"\n") {
			t.Errorf("%q: %s, %v", prompt, text, err)
		}
	}
}

func TestDropbearKeys(t *testing.T) {
	s := newStand(t)
	s.write("home/.k", "", 0o644)
	s.install(dropbearKeyRecipe{}, "home = @ROOT@/home\nkey = ssh-rsa AAA\n  ssh-rsa BBB")
	s.check("home/.ssh", "home/.ssh dir 0700", `home/.ssh/authorized_keys file 0644 "ssh-rsa AAA\nssh-rsa BBB"`)
	s.checkOwned("@ROOT@/home/.ssh/authorized_keys")
	s = newStand(t)
	s.write("home/.ssh", "", 0o644)
	o := s.section("home = @ROOT@/home\nkey = k")
	s.checkFails(s.prepare(dropbearKeyRecipe{}, o).Run(t.Context(), s.Work), o, "home", "'@ROOT@/home/.ssh' exists but is not a directory.")
	s = newStand(t)
	s.write("home/.k", "", 0o644)
	s.install(dropbearClientRecipe{}, "wrapper = w\ndbclient-binary = /c\nhome = @ROOT@/home\nidentity-file = /i\nforce-host-key = y")
	s.check("home/.ssh", "home/.ssh dir 0700")
	s.check("w", fmt.Sprintf("w file 0700 %q", "#!/bin/sh -e\nexport HOME="+s.at("home")+"\nexec /c -T -y -i /i \"$@\"\n"))
}

func TestNotify(t *testing.T) {
	const lines = "wrapper = w\nnotifier-binary = /n\nexecutable = /e\nfeeds = @ROOT@/feeds\nname = f\ntitle = T t\nnotify = http://a http://b\nhost = ::1\nport = 80\n"
	s := newStand(t)
	s.write("feeds/.k", "", 0o644)
	o := s.section(lines + "pidfile =\ninstance-root-name = r\nlog-url = u\nstatus-item-directory = d")
	a := s.prepare(notifierNotifyRecipe{}, o)
	s.checkSet(o, map[string]string{"log-file": "@ROOT@/feeds/f"})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.check("feeds/f", `feeds/f file 0644 ""`)
	text, err := os.ReadFile(s.at("w"))
	words := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\\\n", "")), " ")
	want := "#!/bin/sh -e exec /n -l " + s.at("feeds/f") + " --title 'T t' --feed 'http://[::1]:80/get/f' --max-run 1 --notification-url http://a http://b " +
		`--executable /e --instance-root-name r --log-url u --status-item-directory d "$@"`
	if err != nil || words != want {
		t.Errorf("got %s, %v\nwant %s", words, err, want)
	}
	s.checkOwned("@ROOT@/w")
	s.install(notifierNotifyRecipe{}, lines+"pidfile = @ROOT@/pid")
	if text, err := os.ReadFile(s.at("w")); err != nil || !strings.Contains(string(text), s.at("pid")) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestSSHKeysRequest(t *testing.T) {
	s := newStand(t)
	s.write("keys/.k", "", 0o644)
	s.write("requests/.k", "", 0o644)
	const hash = "8b51ac5ca03b0a599e3951a7825c5e6028b62a6c82c9565b3d6a3660d2c7fd00" // sha256 of "sshd"
	const lines = "name = sshd\nkeys-directory = @ROOT@/keys/\nrequest-directory = @ROOT@/requests/\npublic-key = @ROOT@/k.pub\nprivate-key = @ROOT@/k\n" +
		"executable = /bin/echo\nwrapper = @ROOT@/w\ntype = rsa\nsize = 2048"
	o := s.section(lines)
	a := s.prepare(sshkeysRequestRecipe{}, o)
	s.checkSet(o, map[string]string{"public-key-value": ""})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	key := s.at("keys/" + hash)
	s.check("requests/sshd", fmt.Sprintf("requests/sshd file 0644 %q", `{"private_key": "`+key+`", "public_key": "`+key+`.pub", "size": 2048, "type": "rsa"}`))
	s.check("k", "k link "+key)
	s.check("k.pub", "k.pub link "+key+".pub")
	s.checkOwned("@ROOT@/requests/sshd", "@ROOT@/k", "@ROOT@/k.pub", "@ROOT@/w")
	s.write("keys/"+hash, "x", 0o600)
	s.write("keys/"+hash+".pub", "ssh-rsa AAA", 0o644)
	if out, status := runScript(t, s, s.at("w"), "there"); out != "there\n" || status != 0 {
		t.Errorf("%q, status %d", out, status)
	}
	o = s.section(lines)
	s.prepare(sshkeysRequestRecipe{}, o)
	s.checkSet(o, map[string]string{"public-key-value": "ssh-rsa AAA"})
}

// TestMySQLUpdate runs the script with programs that work at the second try.
func TestMySQLUpdate(t *testing.T) {
	s := newStand(t)
	s.write("bin/upgrade", "#!/bin/sh\necho upgrade\n", 0o755)
	s.write("bin/mysql", "#!/bin/sh\necho \"mysql $*: $(cat)\"\n", 0o755)
	s.write("bin/mysql_tzinfo_to_sql", "#!/bin/sh\necho \"zones of $1\"\n", 0o755)
	s.write("init.sql", "CREATE;\n", 0o644)
	s.write("zones/x", "", 0o644)
	s.install(mysqlUpdateRecipe{}, "output = w\nbinary = @ROOT@/bin/upgrade\nmysql = @ROOT@/bin/mysql\ninit-script = @ROOT@/init.sql\nzoneinfo = @ROOT@/zones")
	out, status := runScript(t, s, s.at("w"))
	want := "upgrade\nMySQL database upgraded.\nmysql -B: CREATE;\nmysql -B mysql: zones of " + s.at("zones") + "\nSlapOS initialisation script successfully applied on database.\n"
	if out != want || status != 0 {
		t.Errorf("got %q, status %d\nwant %q", out, status, want)
	}
	s.write("bin/mysql", "#!/bin/sh\n[ -e \"$HOME/tried\" ] || { : >\"$HOME/tried\"; exit 1; }\n", 0o755)
	s.write("bin/sleep", "#!/bin/sh\n", 0o755)
	t.Setenv("PATH", s.at("bin")+":"+os.Getenv("PATH"))
	out, status = runScript(t, s, s.at("w"))
	if !strings.Contains(out, "The SQL statements failed.\nSleeping for 1s and retrying\nupgrade\n") || status != 0 {
		t.Errorf("got %q, status %d", out, status)
	}
}
