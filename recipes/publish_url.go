package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
	"gobuild/parts/slap"
)

func publishURLSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"publish-url", "slapos.cookbook:publishurl"},
		Doc:   "Publishes one URL, as the connection parameter url.",
		Options: []parts.OptionSpec{
			{Name: "url", Doc: "The URL. Without it, it is made of what follows."},
			{Name: "scheme", Doc: "Required without url."},
			{Name: "host", Doc: "Required without url. An IPv6 address gets brackets."},
			{Name: "port", Doc: "The port."},
			{Name: "username", Doc: "Stands before the host."},
			{Name: "password", Doc: "Counts with a username only."},
			{Name: "path", Doc: "The path."},
			{Name: "params", Doc: "Parameters of the path, behind a semicolon."},
			{Name: "query", Doc: "The query."},
			{Name: "fragment", Doc: "The fragment."},
		},
		Recipe: publishURLRecipe{},
	}
}

type publishURLRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (publishURLRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	text, at, given := o.Lookup("url")
	if !given {
		for _, key := range []string{"scheme", "host"} {
			if _, _, ok := o.Lookup(key); !ok {
				return nil, place{o.Header(), []string{o.Name()}}.fail(codeMissingOption, "No %s specified.", key)
			}
		}
		text, at = publishURL(func(key string) string { return optionText(o, key) }), o.Header()
	}
	client, err := slapClient(ctx, o, false)
	if err != nil {
		return nil, err
	}
	v := slap.Values{Texts: map[string]string{"url": text}}
	if c, ok := o.(parts.Concealer); ok && c.Conceals(text) {
		v.Secret = []string{"url"}
	}
	return &publishAction{at: place{at, []string{o.Name(), "url"}}, client: client, values: v}, nil
}

// publishURL joins the pieces of a URL as Python's urlunparse does: nothing is
// escaped.
func publishURL(option func(string) string) string {
	host := option("host")
	if strings.Contains(host, ":") && !(strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")) {
		host = "[" + host + "]"
	}
	if user := option("username"); user != "" {
		if password := option("password"); password != "" {
			user += ":" + password
		}
		host = user + "@" + host
	}
	if port := option("port"); port != "" {
		host += ":" + port
	}
	path := option("path")
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if params := option("params"); params != "" {
		path += ";" + params
	}
	u := option("scheme") + "://" + host + path
	if query := option("query"); query != "" {
		u += "?" + query
	}
	if fragment := option("fragment"); fragment != "" {
		u += "#" + fragment
	}
	return u
}
