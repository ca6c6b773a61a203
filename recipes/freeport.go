package recipes

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"gobuild/parts"
)

// The range of ports that freeport searches when the profile names none.
const (
	freeportMinimum = 1024
	freeportMaximum = 49151
)

func freeportSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"freeport", "slapos.cookbook:free_port"},
		Doc: `Chooses a port on which nothing listens: the first in a range that can be had.

An installed part keeps the port that it has chosen, as its own service may
listen on it by now. Port 0 means that none was found, or that ip is no address;
it is looked for again at the next run. Parts of one run choose different ports.

With reserve, so do all buildouts that name the same directory, also those that run
at the same time and those whose services are stopped. A port has a file there with
the buildout directory and the section that it belongs to; it goes with the part, and
does not count when that buildout directory is gone. A port outside of the range is
given up. That no port can be had is an error.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "ip", Doc: "The IPv4 or IPv6 address."},
			{Name: "minimum", Default: strconv.Itoa(freeportMinimum), Doc: "The first port."},
			{Name: "maximum", Default: strconv.Itoa(freeportMaximum), Doc: "The port after the last one. When it equals minimum, that port is taken unseen."},
			{Name: "reserve", Doc: "The directory of the reservations. It is made if its parent exists; where that cannot be done, there are none."},
			{Name: "wanted", Default: "0", Doc: "With reserve: the only port that may be chosen. 0: any of the range."},
			{Name: "port", Computed: true, Doc: "The port."},
		},
		Recipe: freeportRecipe{},
	}
}

type freeportRecipe struct{}

// Prepare chooses the port. SPEC-recipes 13.2.
func (freeportRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	ip := optionText(o, "ip")
	if dir := optionText(o, "reserve"); dir != "" {
		return freeportReserve(ctx, o, ip, dir)
	}
	port, err := freeportOf(ctx, o, ip)
	if err != nil {
		return nil, err
	}
	o.Set("port", port)
	return nothing{}, nil
}

func freeportOf(ctx context.Context, o parts.Options, ip string) (string, error) {
	if old := recordedOption(o, o.Name(), "port"); old != "" && old != "0" {
		claim(o, freeportClaim(ip, old))
		return old, nil
	}
	least, most, err := freeportRange(o)
	if err != nil {
		return "", err
	}
	if least == most {
		return strconv.Itoa(least), nil
	}
	address, err := netip.ParseAddr(ip)
	if err != nil || address.Zone() != "" {
		return "0", nil
	}
	taken := freeportTaken(o, ip)
	for port := max(least, 1); port < min(most, 1<<16) && ctx.Err() == nil; port++ {
		text := strconv.Itoa(port)
		if !taken[text] && canListen(ctx, ip, text) && claim(o, freeportClaim(ip, text)) {
			return text, nil
		}
	}
	return "0", nil
}

// freeportRange reads the range.
func freeportRange(o parts.Options) (least, most int, err error) {
	if least, err = optionInt(o, "minimum", freeportMinimum); err != nil {
		return 0, 0, err
	}
	most, err = optionInt(o, "maximum", freeportMaximum)
	return least, most, err
}

// freeportClaim is what a section reserves.
func freeportClaim(ip, port string) string { return "port " + net.JoinHostPort(ip, port) }

// canListen reports whether a port of an address can be bound.
func canListen(ctx context.Context, ip, port string) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(ip, port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// freeportTaken are the ports of an address that other parts have from an earlier
// run.
func freeportTaken(o parts.Options, ip string) map[string]bool {
	taken := map[string]bool{}
	p, ok := o.(parts.Profile)
	if !ok {
		return taken
	}
	for _, name := range p.SectionNames() {
		r, ok := p.Recorded(name)
		if spec, known := Lookup(r.Options["recipe"]); ok && known && spec.Names[0] == "freeport" && r.Options["ip"] == ip {
			taken[r.Options["port"]] = true
		}
	}
	return taken
}
