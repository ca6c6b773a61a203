package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"gobuild/parts"
)

func dropbearSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"dropbear", "slapos.cookbook:dropbear"},
		Doc:   "Writes the script of a dropbear SSH server that takes keys only and stays in the foreground.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "dropbear-binary", Required: true, Doc: "The server."},
			{Name: "host", Required: true, Doc: "The address to listen on."},
			{Name: "port", Required: true, Doc: "The port to listen on."},
			{Name: "rsa-keyfile", Doc: "The key of the server. Required without dss-keyfile."},
			{Name: "dss-keyfile", Doc: "The key of the server, instead of rsa-keyfile."},
			{Name: "allow-port-forwarding", Default: "false", Doc: "y, yes, 1 or true: clients may forward ports."},
			{Name: "home", Doc: "The home directory of clients."},
			{Name: "shell", Doc: "The shell of clients."},
		},
		Recipe: dropbearRecipe{},
	}
}

type dropbearRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (dropbearRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "dropbear-binary", "host", "port")
	if err != nil {
		return nil, err
	}
	words := []string{v["dropbear-binary"], "-F", "-E", "-m", "-s", "-g"}
	forwards, err := optionBoolWords(o, "allow-port-forwarding", false, cookbookTrue, nil)
	if err != nil {
		return nil, err
	}
	if !forwards {
		words = append(words, "-j", "-k")
	}
	host := v["host"]
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	words = append(words, "-p", host+":"+v["port"], "-n", "-K", "300")
	if key, _, ok := o.Lookup("dss-keyfile"); ok {
		words = append(words, "-d", key)
	} else if key, err := requireOption(o, "rsa-keyfile"); err == nil {
		words = append(words, "-r", key)
	} else {
		return nil, err
	}
	var env []string
	for _, variable := range []string{"home", "shell"} {
		if value, _, ok := o.Lookup(variable); ok {
			env = append(env, "DROPBEAR_OVERRIDE_"+strings.ToUpper(variable)+"="+value)
		}
	}
	return dropbearScript(o, v["wrapper"], wrapperScript{words: words, env: env}), nil
}

func dropbearScript(o parts.Options, path string, s wrapperScript) cookbookAction {
	return cookbookAction{{at: optionPlace(o, "wrapper"), path: path, text: s.text(""), mode: cookbookScript}}
}

func dropbearClientSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"dropbear-client", "slapos.cookbook:dropbear.client"},
		Doc:   "Writes the script of a dropbear SSH client.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "wrapper", Required: true, Doc: "The script."},
			{Name: "dbclient-binary", Required: true, Doc: "The client."},
			{Name: "home", Doc: "The home directory; .ssh is made in it."},
			{Name: "identity-file", Doc: "The key of the client."},
			{Name: "force-host-key", Default: "false", Doc: "y, yes, 1 or true: accept any key of the server."},
		},
		Recipe: dropbearClientRecipe{},
	}
}

type dropbearClientRecipe struct{}

// dropbearClientAction writes the script.
type dropbearClientAction struct {
	home dropbearHome
	file cookbookAction
}

// Prepare reads the options. SPEC-recipes 13.2.
func (dropbearClientRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "wrapper", "dbclient-binary")
	if err != nil {
		return nil, err
	}
	words := []string{v["dbclient-binary"], "-T"}
	force, err := optionBoolWords(o, "force-host-key", false, cookbookTrue, nil)
	if err != nil {
		return nil, err
	}
	if force {
		words = append(words, "-y")
	}
	if key, _, ok := o.Lookup("identity-file"); ok {
		words = append(words, "-i", key)
	}
	var env []string
	home := dropbearHome{at: optionPlace(o, "home")}
	if value, _, ok := o.Lookup("home"); ok {
		home.path = value
		env = []string{"HOME=" + value}
	}
	return dropbearClientAction{home, dropbearScript(o, v["wrapper"], wrapperScript{words: words, env: env})}, nil
}

// Run writes the script.
func (a dropbearClientAction) Run(ctx context.Context, w *parts.Work) error {
	if a.home.path != "" {
		if _, err := a.home.make(w); err != nil {
			return err
		}
	}
	return a.file.Run(ctx, w)
}

// Update does the same.
func (a dropbearClientAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

func dropbearKeySpec() parts.Spec {
	return parts.Spec{
		Names: []string{"dropbear-key", "slapos.cookbook:dropbear.add_authorized_key"},
		Doc:   "Writes the public keys that may log in into .ssh/authorized_keys of a home directory.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "home", Required: true, Doc: "The existing home directory; .ssh is made in it."},
			{Name: "key", Required: true, Doc: "The public keys."},
		},
		Recipe: dropbearKeyRecipe{},
	}
}

type dropbearKeyRecipe struct{}

// dropbearKeyAction writes the keys.
type dropbearKeyAction struct {
	home dropbearHome
	key  string
}

// Prepare reads the options. SPEC-recipes 13.2.
func (dropbearKeyRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "home", "key")
	if err != nil {
		return nil, err
	}
	return dropbearKeyAction{dropbearHome{optionPlace(o, "home"), v["home"]}, v["key"]}, nil
}

// Run writes the file.
func (a dropbearKeyAction) Run(ctx context.Context, w *parts.Work) error {
	dir, err := a.home.make(w)
	if err != nil {
		return err
	}
	return cookbookAction{{at: a.home.at, path: cookbookJoin(dir, "authorized_keys"), text: a.key, plain: true}}.Run(ctx, w)
}

// Update does the same.
func (a dropbearKeyAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }

// dropbearHome is a home directory in which .ssh is made.
type dropbearHome struct {
	at   place
	path string
}

// make makes .ssh and returns its path.
func (h dropbearHome) make(w *parts.Work) (string, error) {
	const private = 0o700
	dir := cookbookJoin(h.path, ".ssh")
	info, err := os.Stat(workPath(w, dir))
	switch {
	case err == nil && !info.IsDir():
		return dir, h.at.fail(codeFile, "'%s' exists but is not a directory.", dir)
	case errors.Is(err, fs.ErrNotExist):
		err = os.Mkdir(workPath(w, dir), umasked(w, private))
	}
	return dir, h.at.wrap(err)
}
