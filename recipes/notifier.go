package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"gobuild/parts"
	"gobuild/parts/authority"
)

func notifierSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"notifier", "slapos.cookbook:notifier"},
		Doc:   "Writes the script of a server that runs callbacks when it gets a notification.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "server-binary", Required: true, Doc: "The server."},
			{Name: "callbacks", Required: true, Doc: "The directory of the callbacks."},
			{Name: "feeds", Required: true, Doc: "The directory of the feeds."},
			{Name: "equeue-socket", Required: true, Doc: "The socket of the queue of commands."},
			{Name: "host", Required: true, Doc: "The address to listen on."},
			{Name: "port", Required: true, Doc: "The port to listen on."},
		},
		Recipe: notifierRecipe{},
	}
}

type notifierRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (notifierRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "server-binary", "callbacks", "feeds", "equeue-socket", "host", "port")
	if err != nil {
		return nil, err
	}
	text := cookbookExec(v["server-binary"], "--callbacks", v["callbacks"], "--feeds", v["feeds"], "--equeue-socket", v["equeue-socket"], v["host"], v["port"])
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: text, mode: cookbookScript}}, nil
}

func notifierCallbackSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"notifier-callback", "slapos.cookbook:notifier.callback"},
		Doc:   "Writes what a notifier does for a notification, into a file that is named after the SHA-512 of its name.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "callbacks-directory", Required: true, Doc: "The existing directory of the callbacks."},
			{Name: "on-notification-id", Required: true, Doc: "The name of the notification."},
			{Name: "callback-list", Required: true, Doc: "The programs to run, one on each line."},
		},
		Recipe: notifierCallbackRecipe{},
	}
}

type notifierCallbackRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (notifierCallbackRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "callbacks-directory", "on-notification-id", "callback-list")
	if err != nil {
		return nil, err
	}
	path := cookbookJoin(v["callbacks-directory"], authority.Hash(v["on-notification-id"]))
	return cookbookAction{{at: optionPlace(o, "callbacks-directory"), path: path, text: v["callback-list"], mode: cookbookFile}}, nil
}

func notifierNotifySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"notifier-notify", "slapos.cookbook:notifier.notify"},
		Doc:   "Writes the script that runs a program and sends a notification of its end.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "notifier-binary", Required: true, Doc: "The program that sends notifications."},
			{Name: "executable", Required: true, Doc: "The program to run."},
			{Name: "feeds", Required: true, Doc: "The existing directory of the feeds."},
			{Name: "name", Required: true, Doc: "The name of the feed."},
			{Name: "title", Required: true, Doc: "The title of the feed."},
			{Name: "notify", Required: true, Doc: "The URLs to notify, separated by blanks."},
			{Name: "host", Required: true, Doc: "The address of the server of the feed."},
			{Name: "port", Required: true, Doc: "Its port."},
			{Name: "pidfile", Required: true, Doc: "The file with the process id; blank for none."},
			{Name: "max-run", Default: "1", Doc: "How often the program is tried."},
			{Name: "instance-root-name", Doc: "The name of the root instance. As the following two, it counts only with them."},
			{Name: "log-url", Doc: "The URL of the log."},
			{Name: "status-item-directory", Doc: "The directory of status items."},
			{Name: "log-file", Computed: true, Doc: "The file of the feed."},
		},
		Recipe: notifierNotifyRecipe{},
	}
}

type notifierNotifyRecipe struct{}

// notifierNotifyAction writes the script, and makes the feed.
type notifierNotifyAction struct {
	at   place // of feeds
	log  string
	file cookbookAction
}

// Prepare reads the options. SPEC-recipes 13.2.
func (notifierNotifyRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "notifier-binary", "executable", "feeds", "name", "title", "notify", "host", "port", "pidfile")
	if err != nil {
		return nil, err
	}
	log := cookbookJoin(v["feeds"], v["name"])
	o.Set("log-file", log)
	host := v["host"]
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	feed := "http://" + host + ":" + v["port"] + "/get/" + v["name"]
	words := []string{v["notifier-binary"], "-l", log, "--title", v["title"], "--feed", feed,
		"--max-run", certificateText(o, "max-run", "1"), "--notification-url"}
	words = append(words, strings.Split(v["notify"], " ")...)
	words = append(words, "--executable", v["executable"])
	root, logURL, items := optionText(o, "instance-root-name"), optionText(o, "log-url"), optionText(o, "status-item-directory")
	if root != "" && logURL != "" && items != "" {
		words = append(words, "--instance-root-name", root, "--log-url", logURL, "--status-item-directory", items)
	}
	file := cookbookWrite{at: optionPlace(o, "wrapper"), path: v["wrapper"], text: cookbookExec(words...), mode: cookbookScript}
	if v["pidfile"] != "" {
		file.text, file.program = wrapperScript{words: words, pidfile: v["pidfile"]}.text(""), true
	}
	return notifierNotifyAction{optionPlace(o, "feeds"), log, cookbookAction{file}}, nil
}

// Run writes the script.
func (a notifierNotifyAction) Run(ctx context.Context, w *parts.Work) error {
	path := workPath(w, a.log)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := writeFile(path, nil, umasked(w, 0o666)); err != nil {
			return a.at.wrap(err)
		}
	}
	return a.file.Run(ctx, w)
}

// Update does the same.
func (a notifierNotifyAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
