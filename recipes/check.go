package recipes

import (
	"context"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func checkPortSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"check-port", "slapos.cookbook:check_port_listening"},
		Doc: `Writes a promise that a port listens.

The script runs ` + "`gobuild check`" + `, by the path of the gobuild that wrote it. It ends
with status 127 when nobody listens, or when that is not known after 20 seconds.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "hostname", Required: true, Doc: "The host or address."},
			{Name: "port", Required: true, Doc: "The port."},
		},
		Recipe: checkPortRecipe{},
	}
}

type checkPortRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (checkPortRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "path", "hostname", "port")
	if err != nil {
		return nil, err
	}
	launch := []string{"check", "port", v["hostname"], strings.TrimSpace(v["port"])}
	return cookbookAction{{at: optionPlace(o, "path"), path: v["path"], launch: launch, mode: cookbookScript}}, nil
}

func checkURLSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"check-url", "slapos.cookbook:check_url_available"},
		Doc: `Writes a promise that a page answers with a status.

The script needs nothing but the shell and the curl that the options name. The
certificate of the server is not checked. Its exit status is 1 when there is no
answer, 2 when the answer has another status, and 3 when the URL is blank.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "url", Required: true, Doc: "The page."},
			{Name: "dash_path", Required: true, Doc: "The shell that runs the script."},
			{Name: "curl_path", Required: true, Doc: "The program curl."},
			{Name: "http_code", Default: "200", Doc: "The status to answer with."},
			{Name: "check-secure", Default: "0", Doc: "1: an answer with status 401 keeps the promise too."},
			{Name: "timeout-file-path", Doc: "A file with the number of seconds to wait, by default etc/promise_timeout in the buildout directory. Without it they are 20."},
			{Name: "ca-cert-file", Doc: "The certificate of the authority. It is used together with cert-file and key-file only."},
			{Name: "cert-file", Doc: "The certificate to show to the server."},
			{Name: "key-file", Doc: "The key of cert-file."},
		},
		Recipe: checkURLRecipe{},
	}
}

type checkURLRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (checkURLRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "path", "url", "dash_path", "curl_path")
	if err != nil {
		return nil, err
	}
	timeout, _, given := o.Lookup("timeout-file-path")
	if !given {
		timeout = filepath.Join(inBuildout(ctx, o, "etc"), "promise_timeout")
	}
	code, _, given := o.Lookup("http_code")
	if !given {
		code = "200"
	}
	curl := []string{v["curl_path"], "-g", "-k", "-sL", "-w", "%{http_code}", "-o", "/dev/null"}
	if optionText(o, "ca-cert-file") != "" && optionText(o, "cert-file") != "" && optionText(o, "key-file") != "" {
		curl = append(curl, "--cacert", optionText(o, "ca-cert-file"), "--cert", optionText(o, "cert-file"), "--key", optionText(o, "key-file"))
	}
	text := strings.NewReplacer("@SHELL@", v["dash_path"], "@URL@", run.Quote(v["url"]), "@FILE@", run.Quote(timeout),
		"@CODE@", run.Quote(strings.TrimSpace(code)), "@CURL@", run.Join(curl), "@SECURE@", checkSecure(o)).Replace(checkURLScript)
	return cookbookAction{{at: optionPlace(o, "path"), path: v["path"], text: text, mode: cookbookScript}}, nil
}

// checkSecure is 1 when a page may ask for a password.
func checkSecure(o parts.Options) string {
	if strings.TrimSpace(optionText(o, "check-secure")) == "1" {
		return "1"
	}
	return "0"
}

// checkURLScript is the promise of check-url.
const checkURLScript = `#!@SHELL@
# Written by gobuild: changes are lost at its next run.
url=@URL@
expected=@CODE@
seconds=
if [ -z "$url" ]; then
  echo "No URL specified." >&2
  exit 3
fi
if [ -s @FILE@ ]; then
  read -r seconds < @FILE@
fi
case $seconds in ''|*[!0-9]*) seconds=20 ;; esac
code=$(@CURL@ --max-time "$seconds" "$url")
status=$?
case $status in
3) echo "URL malformed: $url." >&2; exit 1 ;;
7) echo "Failed to connect to host: $url." >&2; exit 1 ;;
esac
case $code in
''|000) echo "$url is not available (server not reachable)." >&2; exit 1 ;;
esac
if [ @SECURE@ = 1 ] && [ "$code" = 401 ]; then
  echo "$url is protected (returned $code)." >&2
  exit 0
fi
if [ "$code" != "$expected" ]; then
  echo "$url is not available (returned $code, expected $expected)." >&2
  exit 2
fi
`

func checkParameterSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"check-parameter", "slapos.cookbook:check_parameter"},
		Doc: `Writes a promise that a value of the profile is what it should be.

The script ends with status 127 if not. It needs a shell only.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "value", Required: true, Doc: "The value."},
			{Name: "expected-type", Doc: "ipv4 or ipv6: the value must be such an address, and that is all."},
			{Name: "expected-value", Doc: "What the value must be, unless it is blank."},
			{Name: "expected-not-value", Doc: "What the value must not be, unless it is blank."},
		},
		Recipe: checkParameterRecipe{},
	}
}

type checkParameterRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (checkParameterRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "path", "value")
	if err != nil {
		return nil, err
	}
	text := "#!/bin/sh\n# Written by gobuild: changes are lost at its next run.\n"
	switch kind := optionText(o, "expected-type"); kind {
	case "ipv4", "ipv6":
		text += checkAddress(v["value"], kind)
	default:
		text += "value=" + run.Quote(v["value"]) + "\n" +
			"expected=" + run.Quote(optionText(o, "expected-value")) + "\n" +
			"unexpected=" + run.Quote(optionText(o, "expected-not-value")) + "\n" + checkParameterScript
	}
	return cookbookAction{{at: optionPlace(o, "path"), path: v["path"], text: text, mode: cookbookScript}}, nil
}

// checkParameterScript compares the values.
const checkParameterScript = `if [ "x$expected" != x ] && [ "x$value" != "x$expected" ]; then
  printf '%s\n' "FAIL: $value != $expected"
  exit 127
fi
if [ "x$unexpected" != x ] && [ "x$value" = "x$unexpected" ]; then
  printf '%s\n' "FAIL: $value == $unexpected"
  exit 127
fi
`

// checkAddress is the rest of a script that knows its answer: the value does not
// change.
func checkAddress(value, kind string) string {
	address, err := netip.ParseAddr(value)
	if err == nil && address.Zone() == "" && address.Is4() == (kind == "ipv4") {
		return "exit 0 # " + kind + "\n"
	}
	return "printf '%s\\n' " + run.Quote("FAIL: "+value+" is no "+kind+" address") + "\nexit 127\n"
}

func checkPageSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"check-page", "slapos.cookbook:check_page_content"},
		Doc: `Writes a promise that a page has a line that matches a pattern.

The script needs the shell and the curl that the options name, and gobuild itself
for the pattern. The certificate of the server is not checked.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "url", Required: true, Doc: "The page."},
			{Name: "dash_path", Required: true, Doc: "The shell that runs the script."},
			{Name: "curl_path", Required: true, Doc: "The program curl."},
			{Name: "match", Doc: "The pattern: a basic regular expression as grep has it. By default the URL."},
		},
		Recipe: checkPageRecipe{},
	}
}

type checkPageRecipe struct{}

// checkPageAction writes the script, which has the path of gobuild in its middle.
type checkPageAction struct {
	file  cookbookWrite
	words []string // what stands for what in the script
}

// Prepare reads the options. SPEC-recipes 13.2.
func (checkPageRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "path", "url", "dash_path", "curl_path")
	if err != nil {
		return nil, err
	}
	url := strings.TrimSpace(v["url"])
	match, _, given := o.Lookup("match")
	if !given {
		match = url
	}
	words := []string{"@SHELL@", v["dash_path"], "@URL@", run.Quote(url), "@MATCH@", run.Quote(match),
		"@CURL@", run.Join([]string{v["curl_path"], "-k", "-sL", "--max-time", "10"})}
	return checkPageAction{cookbookWrite{at: optionPlace(o, "path"), path: v["path"], mode: cookbookScript}, words}, nil
}

// checkPageScript is the promise of check-page.
const checkPageScript = `#!@SHELL@
# Written by gobuild: changes are lost at its next run.
url=@URL@
if [ -z "$url" ]; then
  echo "No URL specified." >&2
  exit 3
fi
if ! @CURL@ "$url" | @GOBUILD@ check match -- @MATCH@; then
  echo "Content at $url seems to be corrupted" >&2
  exit 1
fi
`

// Run writes the script.
func (a checkPageAction) Run(ctx context.Context, w *parts.Work) error {
	words := append(slices.Clone(a.words), "@GOBUILD@", run.Quote(w.Launcher))
	a.file.text = strings.NewReplacer(words...).Replace(checkPageScript)
	return cookbookAction{a.file}.Run(ctx, w)
}

// Update writes the script again where it differs.
func (a checkPageAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
