package recipes

import (
	"context"
	"strconv"
	"strings"

	"gobuild/parts"
	"gobuild/parts/literal"
)

func simplehttpSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"simplehttp", "slapos.cookbook:simplehttpserver"},
		Doc: `Writes a script that serves the files of a directory by HTTP.

The script runs ` + "`gobuild service http`" + `, by the path of the gobuild that wrote it. It
listens on a port, on a socket, or on a socket that has no file. With allow-write
POST writes a file: the fields are path, content, and clear=1 to replace the file
instead of continuing it; no file outside of the directory is written.

The headers of requests are not logged, as they may hold passwords.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "host", Doc: "The address to listen on, together with port."},
			{Name: "port", Doc: "The port to listen on, together with host."},
			{Name: "socketpath", Doc: "The socket to listen on."},
			{Name: "abstract", Doc: "The name of a socket without file to listen on."},
			{Name: "base-path", Required: true, Doc: "The directory."},
			{Name: "log-file", Required: true, Doc: "The file that gets a line for each request."},
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "cert-file", Doc: "A certificate, for HTTPS."},
			{Name: "key-file", Doc: "Its key, unless it stands in cert-file too."},
			{Name: "allow-write", Default: "false", Doc: "true: POST writes files. Else false."},
			{Name: "address", Computed: true, Doc: "What it listens on, as Python writes it."},
		},
		Recipe: simplehttpRecipe{},
	}
}

type simplehttpRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (simplehttpRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	listen, err := simplehttpAddress(o)
	if err != nil {
		return nil, err
	}
	v, err := requireAll(o, "base-path", "log-file", "wrapper")
	if err != nil {
		return nil, err
	}
	write, err := optionBool(o, "allow-write", false)
	if err != nil {
		return nil, err
	}
	launch := append([]string{"service", "http"}, listen...)
	launch = append(launch, "--log="+v["log-file"])
	for flag, key := range map[string]string{"cert": "cert-file", "key": "key-file"} {
		if text := optionText(o, key); text != "" {
			launch = append(launch, "--"+flag+"="+text)
		}
	}
	if write {
		launch = append(launch, "--write")
	}
	launch = append(launch, "--", v["base-path"])
	path := strings.TrimSpace(v["wrapper"])
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: path, launch: launch, program: true}}, nil
}

// simplehttpAddress returns the flags for the address, and sets the option.
func simplehttpAddress(o parts.Options) ([]string, error) {
	host, port := optionText(o, "host"), optionText(o, "port")
	socket, abstract := optionText(o, "socketpath"), optionText(o, "abstract")
	given := 0
	for _, text := range []string{host, socket, abstract} {
		if text != "" {
			given++
		}
	}
	if given != 1 || (host == "") != (port == "") {
		at := place{o.Header(), []string{o.Name()}}
		return nil, at.fail(codeConflict, "Specify one of (host, port) | socketpath | abstract")
	}
	switch {
	case socket != "":
		o.Set("address", socket)
		return []string{"--socket=" + socket}, nil
	case abstract != "":
		o.Set("address", pythonMark+pythonEscape(literal.Quote("\x00"+abstract)))
		return []string{"--abstract=" + abstract}, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(port))
	if err != nil || n < 0 || n > 65535 {
		return nil, optionError(o, "port", codeBadValue, "%q is no port: it must be a number from 0 to 65535", port)
	}
	o.Set("address", pythonOption(literal.Tuple{host, n}))
	return []string{"--host=" + host, "--port=" + strconv.Itoa(n)}, nil
}

func simplelogSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"simplelog", "slapos.cookbook:simplelogger"},
		Doc: `Writes a script that appends its standard input to a log file.

Each line gets the time before it, and a line of dashes stands behind the last one.
The script runs ` + "`gobuild service stamp`" + `, by the path of the gobuild that wrote it.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "log", Required: true, Doc: "The log file."},
		},
		Recipe: simplelogRecipe{},
	}
}

type simplelogRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (simplelogRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "log")
	if err != nil {
		return nil, err
	}
	launch := []string{"service", "stamp", "--", v["log"]}
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], launch: launch, program: true}}, nil
}
