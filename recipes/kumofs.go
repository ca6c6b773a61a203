package recipes

import (
	"context"
	"net"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func kumofsSpec() parts.Spec {
	spec := parts.Spec{
		Names: []string{"kumofs", "slapos.cookbook:generic.kumofs"},
		Doc:   "Writes the scripts of the three servers of kumofs: gateway, manager and server.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "ip", Required: true, Doc: "The address to listen on."},
			{Name: "shell-path", Required: true, Doc: "The shell that runs the scripts."},
			{Name: "manager-port", Required: true, Doc: "The port of the manager."},
			{Name: "server-port", Required: true, Doc: "The port of the server."},
			{Name: "server-listen-port", Required: true, Doc: "The port that the server listens on."},
			{Name: "gateway-port", Required: true, Doc: "The port of the gateway."},
			{Name: "data-path", Doc: "The file of the data. Required without data-directory."},
			{Name: "data-directory", Doc: "The directory of the data: they are in kumodb.tch."},
		},
		Recipe: kumofsRecipe{},
	}
	for _, name := range []string{"gateway", "manager", "server"} {
		spec.Options = append(spec.Options,
			parts.OptionSpec{Name: name + "-wrapper", Required: true, Doc: "The script of the " + name + "."},
			parts.OptionSpec{Name: "kumo-" + name + "-binary", Required: true, Doc: "The program of the " + name + "."},
			parts.OptionSpec{Name: "kumo-" + name + "-log", Required: true, Doc: "The log file of the " + name + "."})
	}
	return spec
}

type kumofsRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (kumofsRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	keys := []string{"ip", "shell-path", "manager-port", "server-port", "server-listen-port", "gateway-port"}
	for _, name := range []string{"gateway", "manager", "server"} {
		keys = append(keys, name+"-wrapper", "kumo-"+name+"-binary", "kumo-"+name+"-log")
	}
	v, err := requireAll(o, keys...)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"manager-port", "server-port", "server-listen-port", "gateway-port"} {
		if _, err := optionInt(o, key, 0); err != nil {
			return nil, err
		}
	}
	data, _, ok := o.Lookup("data-path")
	if !ok {
		dir, err := requireOption(o, "data-directory")
		if err != nil {
			return nil, err
		}
		data = cookbookJoin(dir, "kumodb.tch")
	}
	at := func(port string) string { return net.JoinHostPort(v["ip"], strings.TrimSpace(v[port])) }
	script := func(name string, arguments ...string) cookbookWrite {
		words := append([]string{v["kumo-"+name+"-binary"]}, arguments...)
		text := "#!" + v["shell-path"] + "\nexec " + run.Join(append(words, "-o", v["kumo-"+name+"-log"])) + "\n"
		return cookbookWrite{at: optionPlace(o, name+"-wrapper"), path: v[name+"-wrapper"], text: text, mode: cookbookScript}
	}
	return cookbookAction{
		script("gateway", "-F", "-E", "-m", at("manager-port"), "-t", at("gateway-port")),
		script("manager", "-a", "-l", at("manager-port")),
		script("server", "-l", at("server-port"), "-L", strings.TrimSpace(v["server-listen-port"]), "-m", at("manager-port"), "-s", data),
	}, nil
}
