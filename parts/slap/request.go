package slap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gobuild/buildout/diag"
)

// Look returns what has become of a request.
func (s *Store) Look(_ context.Context, r Request) (*Instance, error) {
	id, err := s.find(r)
	if id == "" || err != nil {
		return &Instance{}, err
	}
	return s.instance(id, r)
}

// instance reads the instance that answers a request.
func (s *Store) instance(id string, r Request) (*Instance, error) {
	w, found, err := s.wish(id)
	if err != nil || !found && !r.Shared {
		return &Instance{}, err
	}
	i := &Instance{State: or(w.State, Started), GUID: s.guid(id), Hint: s.hint(id)}
	f, err := s.published(id)
	switch {
	case r.Shared:
		i.Connection = f.Slaves[s.reference(r)].values()
	case i.State != Destroyed:
		i.Connection = f.publishedEntry.values()
	}
	return i, err
}

func (s *Store) hint(id string) string {
	return fmt.Sprintf("its parameters are in %s: in a directory of its own, run gobuild with slap-connection:server-url=file://%s slap-connection:partition-id=%s",
		s.path(id, "parameters.json"), s.Dir, id)
}

// find returns the partition that is to answer a request; "" is none.
func (s *Store) find(r Request) (string, error) {
	if r.Shared {
		return s.provider(r)
	}
	id := s.reference(r)
	if id == s.ID {
		return "", diag.At(diag.Span{}, "slap-request", "the partition %s asks for itself", id).
			WithHint("a name stands for one instance in a tree of instances: choose another one")
	}
	return id, nil
}

// reference identifies what is asked for: the same name means the same instance
// in a whole tree of instances.
func (s *Store) reference(r Request) string { return FileID(s.root() + "." + r.Name) }

// root is the first partition of the tree.
func (s *Store) root() string {
	w, _, err := s.wish(s.ID)
	if err != nil {
		return s.ID
	}
	return or(w.Root, s.ID)
}

// provider returns the first partition that can serve a slave: it has the same
// software, the same type, and is the one that the filter names, if it does.
func (s *Store) provider(r Request) (string, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		w := &wishFile{}
		found, err := read(filepath.Join(s.Dir, e.Name(), "parameters.json"), w)
		if err != nil {
			return "", err
		}
		wanted := or(r.Filter["instance_guid"], r.Filter["instance-guid"])
		if found && (w.SoftwareURL == "" || w.SoftwareURL == r.SoftwareURL) && or(w.SoftwareType, "default") == r.SoftwareType &&
			or(w.State, Started) != Destroyed && (wanted == "" || FileID(wanted) == FileID(s.Computer+"-")+e.Name()) {
			return e.Name(), nil
		}
	}
	return "", nil
}

// Request writes parameters.json or slaves.json of the partition that is to
// answer, and notes it in requests.json.
func (s *Store) Request(ctx context.Context, r Request) (*Instance, error) {
	if !slices.Contains([]string{Started, Stopped, Destroyed}, r.State) {
		return nil, diag.At(diag.Span{}, "slap-request", "the state %q is none of started, stopped and destroyed", r.State)
	}
	i := &Instance{}
	err := s.locked(ctx, func() error {
		id, err := s.find(r)
		if err != nil {
			return err
		}
		switch {
		case r.Shared && id != "":
			err = s.ask(id, r)
		case !r.Shared:
			err = s.wishFor(id, r)
		}
		if err == nil {
			err = s.note(id, r)
		}
		if err == nil && id != "" {
			i, err = s.instance(id, r)
		}
		return err
	})
	return i, err
}

// wishFor writes parameters.json of an instance. What the request does not speak
// of, such as addresses, stays.
func (s *Store) wishFor(id string, r Request) error {
	w, found, err := s.wish(id)
	if err != nil || !found && r.State == Destroyed {
		return err
	}
	own, _, err := s.wish(s.ID)
	if err != nil {
		return err
	}
	w.Version, w.SoftwareType, w.SoftwareURL, w.State = version, r.SoftwareType, r.SoftwareURL, r.State
	w.Title, w.RequestedBy, w.Root = r.Name, s.ID, s.root()
	w.RootTitle = or(own.RootTitle, or(own.Title, s.ID))
	w.RootShortTitle = own.RootShortTitle
	w.Parameters, w.Serialised = r.Parameters.fields()
	w.Secret = r.Parameters.Secret
	return s.write(s.path(id, "parameters.json"), w)
}

// ask writes slaves.json of the partition that serves a slave.
func (s *Store) ask(id string, r Request) error {
	path := s.path(id, "slaves.json")
	f := slavesFile{}
	if _, err := read(path, &f); err != nil {
		return err
	}
	e := slaveEntry{Reference: s.reference(r), Title: r.Name, SoftwareType: r.SoftwareType, RequestedBy: s.ID, Secret: r.Parameters.Secret}
	e.Parameters, e.Serialised = r.Parameters.fields()
	at := slices.IndexFunc(f.Slaves, func(old slaveEntry) bool { return old.Reference == e.Reference })
	switch {
	case at >= 0 && r.State == Destroyed:
		f.Slaves = slices.Delete(f.Slaves, at, at+1)
	case at >= 0:
		f.Slaves[at] = e
	case r.State == Destroyed:
		return nil
	default:
		f.Slaves = append(f.Slaves, e)
	}
	f.Version = version
	return s.write(path, f)
}

// note writes requests.json.
func (s *Store) note(id string, r Request) error {
	path := s.path(s.ID, "requests.json")
	f := requestsFile{}
	if _, err := read(path, &f); err != nil {
		return err
	}
	if f.Requests == nil {
		f.Requests = map[string]requestEntry{}
	}
	f.Version = version
	f.Requests[r.Name] = requestEntry{id, r.SoftwareURL, r.SoftwareType, r.State, r.Shared, r.Filter}
	return s.write(path, f)
}
