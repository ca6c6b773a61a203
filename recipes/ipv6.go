package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func ipv6to4Spec() parts.Spec {
	spec := ipv6Spec("ipv6-to-ipv4", "slapos.cookbook:ipv6toipv4", ipv6Recipe{true})
	spec.Doc = "Writes a script that listens on an IPv6 address and connects clients to an IPv4 address, by 6tunnel."
	return spec
}

func ipv4to6Spec() parts.Spec {
	spec := ipv6Spec("ipv4-to-ipv6", "slapos.cookbook:ipv4toipv6", ipv6Recipe{false})
	spec.Doc = "Writes a script that listens on an IPv4 address and connects clients to an IPv6 address, by 6tunnel."
	return spec
}

func ipv6Spec(short, name string, r parts.Recipe) parts.Spec {
	return parts.Spec{
		Names: []string{short, name}, Open: true, Recipe: r,
		Options: []parts.OptionSpec{
			{Name: "runner-path", Required: true, Doc: "The script. Its directory must exist."},
			{Name: "6tunnel-path", Required: true, Doc: "The program 6tunnel."},
			{Name: "shell-path", Required: true, Doc: "The shell that runs the script."},
			{Name: "ipv4", Required: true, Doc: "The IPv4 address."},
			{Name: "ipv4-port", Required: true, Doc: "Its port."},
			{Name: "ipv6", Required: true, Doc: "The IPv6 address."},
			{Name: "ipv6-port", Required: true, Doc: "Its port."},
		},
	}
}

// ipv6Recipe writes one of the two scripts.
type ipv6Recipe struct{ listens6 bool }

// Prepare reads the options. SPEC-recipes 13.2.
func (r ipv6Recipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	v, err := requireAll(o, "runner-path", "6tunnel-path", "shell-path", "ipv4", "ipv4-port", "ipv6", "ipv6-port")
	if err != nil {
		return nil, err
	}
	words := []string{v["6tunnel-path"], "-d", "-l", v["ipv4"], v["ipv4-port"], v["ipv6"], v["ipv6-port"]}
	if r.listens6 {
		words = []string{v["6tunnel-path"], "-6", "-4", "-d", "-l", v["ipv6"], v["ipv6-port"], v["ipv4"], v["ipv4-port"]}
	}
	text := "#!" + strings.TrimSpace(v["shell-path"]) + "\n# Written by gobuild: changes are lost at its next run.\nexec " + run.Join(words) + "\n"
	return cookbookAction{{at: optionPlace(o, "runner-path"), path: v["runner-path"], text: text, mode: cookbookScript}}, nil
}
