package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
)

func redisSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"redis", "slapos.cookbook:redis.server"},
		Doc:   "Writes a configuration of Redis, the script that runs the server, and a promise that it answers.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "server-bin", Required: true, Doc: "The program redis-server."},
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "config-file", Required: true, Doc: "The configuration file."},
			{Name: "server-dir", Required: true, Doc: "The existing directory of the data."},
			{Name: "log-file", Required: true, Doc: "The log file."},
			{Name: "pid-file", Required: true, Doc: "The file with the process id."},
			{Name: "ipv6", Required: true, Doc: "The address to listen on."},
			{Name: "port", Required: true, Doc: "The port to listen on."},
			{Name: "unixsocket", Doc: "A socket to listen on as well, for the user only."},
			{Name: "use-passwd", Default: "false", Doc: "y, yes, 1 or true: passwd is given to the master that is followed."},
			{Name: "passwd", Doc: "The password of that master. Required with use-passwd."},
			{Name: "promise-wrapper", Doc: "The promise."},
			{Name: "cli-bin", Doc: "The program redis-cli. Required with promise-wrapper."},
		},
		Recipe: redisRecipe{},
	}
}

type redisRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (redisRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "server-bin", "wrapper", "config-file", "server-dir", "log-file", "pid-file", "ipv6", "port")
	if err != nil {
		return nil, err
	}
	conf := strings.TrimSpace(v["config-file"])
	socket := optionText(o, "unixsocket")
	settings, err := redisSettings(o, v, socket)
	if err != nil {
		return nil, err
	}
	a := cookbookAction{
		{at: optionPlace(o, "config-file"), path: conf, text: settings, mode: cookbookFile},
		{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: cookbookExec(v["server-bin"], conf), mode: cookbookScript},
	}
	promise := strings.TrimSpace(optionText(o, "promise-wrapper"))
	if promise == "" {
		return a, nil
	}
	cli, err := requireOption(o, "cli-bin")
	if err != nil {
		return nil, err
	}
	words := []string{cli, "-h", v["ipv6"], "-p", v["port"]}
	if socket != "" {
		words = append(words, "-s", socket)
	}
	words = append(words, "publish", "Promise-Service", "SlapOS Promise")
	return append(a, cookbookWrite{at: optionPlace(o, "promise-wrapper"), path: promise, text: cookbookExec(words...), mode: cookbookScript}), nil
}

// redisSettings is the configuration: what differs from what Redis does by itself,
// and what an instance depends on.
func redisSettings(o parts.Options, v map[string]string, socket string) (string, error) {
	lines := []string{"daemonize no", "pidfile " + v["pid-file"], "port " + v["port"], "bind " + v["ipv6"]}
	if socket != "" {
		lines = append(lines, "unixsocket "+socket, "unixsocketperm 700")
	}
	lines = append(lines, "timeout 0", "loglevel notice", "logfile "+v["log-file"], "databases 16",
		"save 900 1", "save 300 10", "save 60 10000", "dbfilename dump.rdb", "dir "+v["server-dir"], "appendonly no")
	uses, err := optionBoolWords(o, "use-passwd", false, cookbookTrue, nil)
	if err != nil {
		return "", err
	}
	if uses {
		password, err := requireOption(o, "passwd")
		if err != nil {
			return "", err
		}
		lines = append(lines, "masterauth "+password)
	}
	return strings.Join(lines, "\n") + "\n", nil
}
