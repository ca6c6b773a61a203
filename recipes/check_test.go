package recipes

import (
	"os"
	"strings"
	"testing"
)

func TestCheckPort(t *testing.T) {
	s := newStand(t)
	s.install(checkPortRecipe{}, "path = @ROOT@/p\nhostname = ::1\nport = 80")
	s.check("p", `p file 0700 "#!/bin/sh -e\nexec /opt/gobuild check port ::1 80 \"$@\"\n"`)
	s.checkOwned("@ROOT@/p")
	checkRefused(t, checkPortRecipe{}, []prepareCase{
		{"port", "path = p\nhostname = h", "port", "Missing option: foo:port"},
		{"path", "port = 1\nhostname = h", "path", "Missing option: foo:path"},
	})
}

// checkCurl is a stand-in for curl: it answers with the words of the file answer,
// a status of HTTP and one of its own, and writes what it is asked.
const checkCurl = `#!/bin/sh
echo "$@" >"$HOME/asked"
read -r code status <"$HOME/answer"
printf '%s' "$code"
exit "${status:-0}"
`

// runCheck installs check-url with more lines and runs its script.
func runCheck(t *testing.T, lines, answer string) (s *stand, out string, status int) {
	t.Helper()
	s = newStand(t)
	s.write("curl", checkCurl, 0o755)
	s.write("answer", answer+"\n", 0o644)
	s.write("etc/promise_timeout", "7\n", 0o644)
	s.install(checkURLRecipe{}, "path = @ROOT@/p\nurl = http://h/?a=$1&b\ndash_path = /bin/sh\ncurl_path = @ROOT@/curl\n"+lines)
	out, status = runScript(t, s, s.at("p"))
	return s, strings.TrimSpace(out), status
}

func TestCheckURL(t *testing.T) {
	for _, c := range []struct {
		name, lines, answer string
		status              int
		out                 string
	}{
		{"available", "", "200", 0, ""},
		{"other code", "http_code = 302", "302", 0, ""},
		{"wrong code", "", "404", 2, "http://h/?a=$1&b is not available (returned 404, expected 200)."},
		{"protected", "", "401", 2, "http://h/?a=$1&b is not available (returned 401, expected 200)."},
		{"protected, allowed", "check-secure = 1", "401", 0, "http://h/?a=$1&b is protected (returned 401)."},
		{"malformed", "", "000 3", 1, "URL malformed: http://h/?a=$1&b."},
		{"refused", "", "000 7", 1, "Failed to connect to host: http://h/?a=$1&b."},
		{"no answer", "", "000 28", 1, "http://h/?a=$1&b is not available (server not reachable)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, out, status := runCheck(t, c.lines, c.answer); status != c.status || out != c.out {
				t.Errorf("status %d, %q", status, out)
			}
		})
	}
}

func TestCheckURLArguments(t *testing.T) {
	for lines, want := range map[string]string{
		"":                                "-g -k -sL -w %{http_code} -o /dev/null --max-time 7 http://h/?a=$1&b",
		"timeout-file-path = /none":       "-g -k -sL -w %{http_code} -o /dev/null --max-time 20 http://h/?a=$1&b",
		"timeout-file-path = @ROOT@/curl": "-g -k -sL -w %{http_code} -o /dev/null --max-time 20 http://h/?a=$1&b",
		"cert-file = c\nkey-file = k":     "-g -k -sL -w %{http_code} -o /dev/null --max-time 7 http://h/?a=$1&b",
		"cert-file = c\nkey-file = k\nca-cert-file = a b": "-g -k -sL -w %{http_code} -o /dev/null --cacert a b --cert c --key k --max-time 7 http://h/?a=$1&b",
	} {
		s, _, _ := runCheck(t, lines, "200")
		if text, err := os.ReadFile(s.at("asked")); err != nil || strings.TrimSpace(string(text)) != want {
			t.Errorf("%q: asked %q, %v; want %q", lines, text, err, want)
		}
	}
	s := newStand(t)
	s.install(checkURLRecipe{}, "path = @ROOT@/p\nurl =\ndash_path = /bin/sh\ncurl_path = /none")
	if out, status := runScript(t, s, s.at("p")); status != 3 || out != "No URL specified.\n" {
		t.Errorf("status %d, %q", status, out)
	}
}

func TestCheckParameter(t *testing.T) {
	for _, c := range []struct {
		lines  string
		status int
		out    string
	}{
		{"value = a\nexpected-value = b", 127, "FAIL: a != b\n"},
		{"value = a\nexpected-value = a", 0, ""},
		{"value = a\nexpected-value =\nexpected-not-value =", 0, ""},
		{"value = a\nexpected-not-value = a", 127, "FAIL: a == a\n"},
		{"value = a\nexpected-not-value = b", 0, ""},
		{"value =\nexpected-value = (", 127, "FAIL:  != (\n"},
		{"value = !\nexpected-value = -n", 127, "FAIL: ! != -n\n"},
		{`value = it's "$HOME" \n` + "\nexpected-value = x", 127, `FAIL: it's "$HOME" \n != x` + "\n"},
		{"value = one\n  two\nexpected-value = one\n  two", 0, ""},
		{"value = 10.0.0.1\nexpected-type = ipv4", 0, ""},
		{"value = 10.0.0\nexpected-type = ipv4", 127, "FAIL: 10.0.0 is no ipv4 address\n"},
		{"value = ::1\nexpected-type = ipv4", 127, "FAIL: ::1 is no ipv4 address\n"},
		{"value = ::1\nexpected-type = ipv6", 0, ""},
		{"value = fe80::1%lo\nexpected-type = ipv6", 127, "FAIL: fe80::1%lo is no ipv6 address\n"},
		{"value =\nexpected-type = ipv6", 127, "FAIL:  is no ipv6 address\n"},
	} {
		s := newStand(t)
		s.install(checkParameterRecipe{}, "path = @ROOT@/p\n"+c.lines)
		if out, status := runScript(t, s, s.at("p")); status != c.status || out != c.out {
			t.Errorf("%q: status %d, %q", c.lines, status, out)
		}
		if info, err := os.Stat(s.at("p")); err != nil || info.Mode() != 0o700 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	checkRefused(t, checkParameterRecipe{}, []prepareCase{{"value", "path = p", "value", "Missing option: foo:value"}})
}

func TestCheckPage(t *testing.T) {
	s := newStand(t)
	s.Work.Launcher = s.at("go build")
	s.write("go build", "#!/bin/sh\n[ \"$1 $2 $3\" = 'check match --' ] && exec grep -- \"$4\" >/dev/null\n", 0o755)
	s.write("curl", "#!/bin/sh\necho \"page $*\"\n", 0o755)
	const lines = "path = @ROOT@/p\nurl = http://h/@GOBUILD@\ndash_path = /bin/sh\ncurl_path = @ROOT@/curl\n"
	for match, want := range map[string]int{"": 0, "match = it's": 1, "match = -k": 0, "match = ^page": 0, "match = ^no": 1} {
		s.install(checkPageRecipe{}, lines+match)
		out, status := runScript(t, s, s.at("p"))
		if status != want || (out == "Content at http://h/@GOBUILD@ seems to be corrupted\n") != (want == 1) {
			t.Errorf("%q: status %d, %q", match, status, out)
		}
	}
}
