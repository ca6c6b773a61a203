// Package slap is what a partition, a directory with an instance of a software,
// says to the master that manages it and hears from it: what it was asked to
// be, what it publishes, and the instances that it asks for. The store of this
// package, a directory of JSON files, stands for the master.
package slap

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
)

// Client is a master as one partition sees it. Its methods may be called by
// several goroutines at once.
type Client interface {
	// Partition returns what the partition was asked to be.
	Partition(ctx context.Context) (*Partition, error)
	// Published returns what the partition has published; nothing is no error.
	Published(ctx context.Context) (Values, error)
	// Publish replaces what the partition has published, or what it has
	// published for the slave with this reference.
	Publish(ctx context.Context, slave string, v Values) error
	// Look returns what has become of a request. It changes nothing that a local
	// master keeps; one that is reached by a network is asked for the instance.
	Look(ctx context.Context, r Request) (*Instance, error)
	// Request asks for an instance, or for other parameters or another state of
	// one that was asked for before.
	Request(ctx context.Context, r Request) (*Instance, error)
	// Report tells what is wrong with slaves of the partition, by reference. What
	// was reported before is forgotten.
	Report(ctx context.Context, errors map[string]string) error
}

// Connection names a partition and its master.
type Connection struct {
	Server    string // URL or path
	Computer  string
	Partition string
	Key, Cert string // files
	// NoSync says that nothing waits for the disk.
	NoSync bool
}

// ErrRemote is wrapped by the error of Open for a master that is no local store.
var ErrRemote = errors.New("the master is no local store")

// Open returns the client of a connection. Nothing is asked yet.
func Open(c Connection) (Client, error) {
	scheme, _, url := strings.Cut(c.Server, "://")
	path, local := strings.CutPrefix(c.Server, "file://")
	switch {
	case url && !local:
		return nil, remoteError{scheme}
	case !filepath.IsAbs(path):
		return nil, errors.New("the path of the store is not absolute")
	case c.Partition == "":
		return nil, errors.New("the partition has no name")
	}
	return &Store{Dir: filepath.Clean(path), Computer: c.Computer, ID: FileID(c.Partition), NoSync: c.NoSync}, nil
}

type remoteError struct{ scheme string }

func (e remoteError) Error() string {
	return "a master that is reached by " + e.scheme + " is asked by the slap library of Python"
}

func (remoteError) Unwrap() error { return ErrRemote }

// The states of an instance.
const (
	Started   = "started"
	Stopped   = "stopped"
	Destroyed = "destroyed"
)

// Values are parameters as they travel: texts by name, or any JSON value.
type Values struct {
	// Serialised says that Value is what counts, and travels as one text.
	Serialised bool
	Texts      map[string]string
	// Value is as encoding/json decodes with UseNumber. Values that are not
	// serialised may have it too: the same with types that a local store knows.
	Value any
	// Secret are the names of those parameters that nobody may see.
	Secret []string
}

// Magic is the name of the only parameter of serialised values.
const Magic = "_"

// Plain returns the values as texts by name.
func (v Values) Plain() map[string]string {
	if !v.Serialised {
		return v.Texts
	}
	text, err := Dump(v.Value)
	if err != nil {
		return map[string]string{}
	}
	return map[string]string{Magic: text}
}

// Unwrapped returns the values without the layer of serialisation: any JSON
// value, which is an object of texts when a master had only texts.
func (v Values) Unwrapped() any {
	if v.Serialised {
		return v.Value
	}
	if text, ok := v.Texts[Magic]; ok {
		if value, err := Parse(text); err == nil {
			return value
		}
	}
	if v.Value != nil {
		return v.Value
	}
	object := map[string]any{}
	for name, text := range v.Texts {
		object[name] = text
	}
	return object
}

// Parse decodes one JSON value; numbers keep their text.
func Parse(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is something behind the JSON value")
	}
	return value, nil
}

// Dump encodes a JSON value in one line, with sorted names.
func Dump(value any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// Partition is what a partition was asked to be.
type Partition struct {
	Computer, ID   string
	SoftwareType   string
	SoftwareURL    string
	Title          string
	RootTitle      string
	RootShortTitle string
	GUID           string
	State          string
	Timestamp      string // when it was last changed, or ""
	Parameters     Values
	IPv4, IPv6     []string
	Slaves         []Slave
}

// Slave is a shared instance: parameters for the partition that serves it.
type Slave struct {
	Reference    string
	Title        string
	SoftwareType string
	Parameters   Values
}

// Request is a wish for an instance.
type Request struct {
	Name         string // unique in the tree of instances
	SoftwareURL  string
	SoftwareType string
	Shared       bool // a set of parameters for an instance that is there
	State        string
	Parameters   Values
	Filter       map[string]string // what a suitable partition is like
}

// Instance is what has become of a request.
type Instance struct {
	// State is that of the instance; "" when it is not there yet.
	State      string
	GUID       string
	Connection Values
	// Hint tells how to make it work, or is "".
	Hint string
	// Refused is why the master did not take the request, or nil.
	Refused error
}
