package recipes

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gobuild/parts"
)

// freeportAction reserves a port. From the choice until the reservation is
// written it listens on the port, so that no other run can choose it.
type freeportAction struct {
	at       place // of reserve
	dir      string
	path     string // of the reservation
	owner    string
	listener net.Listener // nil: the port is that of an earlier run
}

// freeportReserve chooses a port that nobody has reserved.
func freeportReserve(ctx context.Context, o parts.Options, ip, dir string) (parts.Action, error) {
	address, err := netip.ParseAddr(ip)
	if err != nil || address.Zone() != "" {
		return nil, optionError(o, "ip", codeBadValue, "%q is no address", ip)
	}
	least, end, err := freeportWanted(o)
	if err != nil {
		return nil, err
	}
	buildout, err := buildoutDirectory(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &freeportAction{at: optionPlace(o, "reserve"), dir: filepath.Clean(inBuildout(ctx, o, dir)), owner: buildout + "\n" + o.Name() + "\n"}
	if port := a.own(o, ip, least, end); port != "" {
		a.choose(o, ip, port, nil)
		return a, nil
	}
	for port := least; port < end && ctx.Err() == nil; port++ {
		if a.take(ctx, o, ip, strconv.Itoa(port)) {
			return a, nil
		}
	}
	if end == least+1 {
		return nil, optionError(o, "wanted", codeBadValue, "port %d of %s cannot be had%s", least, ip, a.why(ip, strconv.Itoa(least))).
			WithHint("choose another one, or 0 for one that is free")
	}
	return nil, optionError(o, "minimum", codeBadValue, "no port of %s from %d to %d is free", ip, least, end-1)
}

// freeportWanted is the range of ports that may be chosen, without its end.
func freeportWanted(o parts.Options) (least, end int, err error) {
	const most = 1 << 16
	wanted, err := optionInt(o, "wanted", 0)
	switch {
	case err != nil:
		return 0, 0, err
	case wanted < 0 || wanted >= most:
		return 0, 0, optionError(o, "wanted", codeBadValue, "%d is no port", wanted)
	case wanted > 0:
		return wanted, wanted + 1, nil
	}
	if least, end, err = freeportRange(o); err != nil {
		return 0, 0, err
	}
	if least < 1 || end > most || least >= end {
		return 0, 0, optionError(o, "minimum", codeBadValue, "no port is from %d up to below %d", least, end)
	}
	return least, end, nil
}

// why tells who has a port.
func (a *freeportAction) why(ip, port string) string {
	buildout, _, _ := strings.Cut(a.reservedBy(ip, port), "\n")
	if buildout == "" {
		return ": another program listens there, or it is not permitted"
	}
	return ": it belongs to " + buildout
}

// own is the port that this section has from an earlier run, or "": it is recorded,
// or the run ended before it was.
func (a *freeportAction) own(o parts.Options, ip string, least, end int) string {
	within := func(text string) bool {
		port, err := strconv.Atoi(text)
		return err == nil && least <= port && port < end
	}
	recorded := recordedOption(o, o.Name(), "port")
	if within(recorded) && recordedOption(o, o.Name(), "ip") == ip {
		if owner := a.reservedBy(ip, recorded); owner == a.owner || owner == "" {
			return recorded
		}
	}
	entries, _ := os.ReadDir(a.dir)
	for _, e := range entries {
		port, ok := strings.CutPrefix(e.Name(), freeportFile(ip, ""))
		if ok && within(port) && a.reservedBy(ip, port) == a.owner {
			return port
		}
	}
	return ""
}

// take chooses a port if it is free: nobody listens there, which holds for as long as
// this run does so itself, and nobody has reserved it.
func (a *freeportAction) take(ctx context.Context, o parts.Options, ip, port string) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(ip, port))
	if err != nil {
		return false
	}
	if owner := a.reservedBy(ip, port); owner != "" && owner != a.owner || !claim(o, freeportClaim(ip, port)) {
		l.Close()
		return false
	}
	a.choose(o, ip, port, l)
	return true
}

func (a *freeportAction) choose(o parts.Options, ip, port string, l net.Listener) {
	claim(o, freeportClaim(ip, port))
	a.listener, a.path = l, filepath.Join(a.dir, freeportFile(ip, port))
	o.Set("port", port)
}

// freeportFile is the name of a reservation.
func freeportFile(ip, port string) string { return ip + "_" + port }

// reservedBy is whom a port belongs to, or "".
func (a *freeportAction) reservedBy(ip, port string) string {
	text, err := os.ReadFile(filepath.Join(a.dir, freeportFile(ip, port)))
	if err != nil {
		return ""
	}
	buildout, _, _ := strings.Cut(string(text), "\n")
	if _, err := os.Stat(buildout); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return string(text)
}

// Run writes the reservation.
func (a *freeportAction) Run(_ context.Context, w *parts.Work) error {
	if a.listener != nil {
		defer a.listener.Close()
	}
	if err := os.Mkdir(a.dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil
	}
	w.Own(a.path)
	err := placeFile(a.path, []byte(a.owner), cookbookFile)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return a.at.wrap(err)
}

// Update writes it again if it is gone.
func (a *freeportAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
