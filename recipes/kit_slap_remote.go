package recipes

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/slap"
	"gobuild/recipes/bridge"
)

// slapRemote is a master that the slap library of Python asks. It belongs to one
// section.
type slapRemote struct {
	master *bridge.Master
	where  bridge.MasterAddress
	at     place
	asked  map[string]*slap.Instance // by the name of the request
}

// newSlapRemote returns the client of a connection. Nothing is asked yet.
func newSlapRemote(o parts.Options, c slap.Connection, at place) (*slapRemote, error) {
	where := bridge.MasterAddress{Server: c.Server, Computer: c.Computer, Partition: c.Partition, Key: c.Key, Cert: c.Cert}
	master, err := bridge.NewMaster(o, where)
	return &slapRemote{master: master, where: where, at: at, asked: map[string]*slap.Instance{}}, err
}

// in is the client while the part is installed.
func (r *slapRemote) in(w *parts.Work) *slapRemote {
	working := *r
	working.master = r.master.At(w)
	return &working
}

// server is the URL of the master without a password.
func (r *slapRemote) server() string {
	u, err := url.Parse(r.where.Server)
	if err != nil {
		return "of server-url"
	}
	return u.Redacted()
}

// ask does one call. Errors of the library become diagnostics.
func (r *slapRemote) ask(ctx context.Context, call string, arguments map[string]any, result any) error {
	err := r.master.Ask(ctx, call, arguments, result)
	var m *bridge.MasterError
	if errors.As(err, &m) {
		return r.failed(m)
	}
	return r.at.wrap(err)
}

// failed is the error of a call for people.
func (r *slapRemote) failed(m *bridge.MasterError) error {
	switch {
	case m.Kind == bridge.MasterNoLibrary:
		d := r.at.fail(codeSlapMaster, "the master %s is asked by the slap library of Python, which cannot be used: %s", r.server(), m.Text).WithCause(m)
		if len(m.Tried) > 0 {
			d.Excerpt = "looked for in\n  " + strings.Join(m.Tried, "\n  ")
		}
		return d.WithHint("%s", "install slapos.core where the list says, or for the Python that runs bin/buildout; "+slapStoreHint)
	case m.Kind == bridge.MasterDown:
		return r.at.fail(codeSlapMaster, "the master %s does not answer: %s", r.server(), m.Text).WithCause(m).
			WithHint("server-url says where it is; the next run asks again")
	case m.Kind == bridge.MasterMissing:
		return r.at.fail(codeSlapRequest, "the master %s does not know the partition %s of the computer %s", r.server(), r.where.Partition, r.where.Computer).
			WithCause(m).WithHint("computer-id and partition-id say which one it is")
	case m.Kind == bridge.MasterEarly:
		return r.at.fail(codeSlapRequest, "the master %s has nothing yet for the partition %s of the computer %s", r.server(), r.where.Partition, r.where.Computer).
			WithCause(m).WithHint("the next run asks again")
	case m.Status == 401 || m.Status == 403:
		return r.at.fail(codeSlapMaster, "the master %s does not let the partition %s of the computer %s in: status %d", r.server(), r.where.Partition, r.where.Computer, m.Status).
			WithCause(m).WithHint("computer-id and partition-id say which one it is, key-file and cert-file prove it")
	case m.Status != 0:
		return r.at.fail(codeSlapMaster, "the master %s answers with status %d", r.server(), m.Status).WithCause(m).
			WithHint("its own log tells why; the next run asks again")
	}
	return r.at.fail(codeSlapMaster, "the master %s cannot be asked: %s", r.server(), m.Text).WithCause(m)
}

// toldPartition is the answer about a partition.
type toldPartition struct {
	State           string            `json:"state"`
	GUID            string            `json:"guid"`
	SoftwareType    string            `json:"software-type"`
	SoftwareRelease string            `json:"software-release-url"`
	Computer        string            `json:"computer"`
	Partition       string            `json:"partition"`
	Title           string            `json:"title"`
	RootTitle       string            `json:"root-title"`
	RootShortTitle  string            `json:"root-short-title"`
	Timestamp       string            `json:"timestamp"`
	Addresses       []string          `json:"addresses"`
	Slaves          []toldSlave       `json:"slaves"`
	Parameters      map[string]string `json:"parameters"`
}

type toldSlave struct {
	Reference    string            `json:"reference"`
	Title        string            `json:"title"`
	SoftwareType string            `json:"software-type"`
	Parameters   map[string]string `json:"parameters"`
}

// Partition asks what the partition was asked to be.
func (r *slapRemote) Partition(ctx context.Context) (*slap.Partition, error) {
	var t toldPartition
	if err := r.ask(ctx, "partition", nil, &t); err != nil {
		return nil, err
	}
	p := &slap.Partition{
		Computer: t.Computer, ID: t.Partition, SoftwareType: t.SoftwareType, SoftwareURL: t.SoftwareRelease, Title: t.Title,
		RootTitle: t.RootTitle, RootShortTitle: t.RootShortTitle, GUID: t.GUID, State: t.State, Timestamp: t.Timestamp,
		Parameters: remoteValues(t.Parameters),
	}
	if p.ID == "" {
		p.Computer, p.ID = r.where.Computer, r.where.Partition
	}
	for _, text := range t.Addresses {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil:
		case a.Is4() && !slices.Contains(p.IPv4, text):
			p.IPv4 = append(p.IPv4, text)
		case a.Is6() && !slices.Contains(p.IPv6, text):
			p.IPv6 = append(p.IPv6, text)
		}
	}
	for _, s := range t.Slaves {
		p.Slaves = append(p.Slaves, slap.Slave{Reference: s.Reference, Title: s.Title, SoftwareType: s.SoftwareType, Parameters: remoteValues(s.Parameters)})
	}
	return p, nil
}

// remoteValues are values as a master tells them. It does not say what is secret:
// the name does, or the form of a password that a recipe has generated.
func remoteValues(texts map[string]string) slap.Values {
	v := slap.Values{Texts: texts}
	if texts == nil {
		v.Texts = map[string]string{}
	}
	object, _ := v.Unwrapped().(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		text, isText := object[name].(string)
		lower := strings.ToLower(name)
		if strings.Contains(lower, "passw") || strings.Contains(lower, "secret") || strings.Contains(lower, "token") || isText && passwordIsGenerated(text) {
			v.Secret = append(v.Secret, name)
		}
	}
	return v
}

// Published asks what the partition has published.
func (r *slapRemote) Published(ctx context.Context) (slap.Values, error) {
	var texts map[string]string
	err := r.ask(ctx, "published", nil, &texts)
	return remoteValues(texts), err
}

// Publish replaces what the partition has published.
func (r *slapRemote) Publish(ctx context.Context, slave string, v slap.Values) error {
	return r.ask(ctx, "publish", map[string]any{"slave": slave, "values": v.Plain()}, nil)
}

// Report tells what is wrong with slaves.
func (r *slapRemote) Report(ctx context.Context, list map[string]string) error {
	if len(list) == 0 {
		return nil
	}
	return r.ask(ctx, "report", map[string]any{"errors": list}, nil)
}

// Look asks for the instance: the answer to the request is all that a master
// tells of it. A run that changes nothing asks for none.
func (r *slapRemote) Look(ctx context.Context, q slap.Request) (*slap.Instance, error) {
	if r.master.ReadOnly() {
		return &slap.Instance{}, nil
	}
	return r.Request(ctx, q)
}

// toldInstance is the answer to a request.
type toldInstance struct {
	State      string            `json:"state"`
	GUID       string            `json:"guid"`
	Connection map[string]string `json:"connection"`
}

// Request asks for an instance, once in a run. What the master refuses is told
// by the instance, as the part may be one that does not need it.
func (r *slapRemote) Request(ctx context.Context, q slap.Request) (*slap.Instance, error) {
	if i := r.asked[q.Name]; i != nil {
		return i, nil
	}
	var t toldInstance
	err := r.ask(ctx, "request", map[string]any{
		"name": q.Name, "software": q.SoftwareURL, "kind": q.SoftwareType, "shared": q.Shared, "state": q.State,
		"parameters": q.Parameters.Plain(), "filter": q.Filter,
	}, &t)
	i := &slap.Instance{State: t.State, GUID: t.GUID, Connection: remoteValues(t.Connection),
		Hint: "the master has taken the request: the instance publishes it when its own run has come so far"}
	var m *bridge.MasterError
	switch {
	case err != nil && !errors.As(err, &m), m != nil && m.Kind != bridge.MasterMissing && m.Status < 500:
		return nil, err
	case m != nil && m.Kind == bridge.MasterMissing:
		i.Refused = r.at.fail(codeSlapRequest, "the master %s has no instance for the request %s: no partition is free for it, or the software is not there", r.server(), q.Name).
			WithCause(m).WithHint("`slapos supply` provides a software for a computer; sla-computer_guid names another computer")
	case m != nil:
		i.Refused = err
	}
	r.asked[q.Name] = i
	return i, nil
}
