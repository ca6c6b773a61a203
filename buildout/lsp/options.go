package lsp

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"time"

	"gobuild/buildout/profile"
)

// options are the settings of the user (docs/lsp.md).
type options struct {
	Profiles []string `json:"profiles"` // paths or patterns of root profiles
	Dialect  string   `json:"dialect"`
	Network  bool     `json:"network"` // profiles may be fetched
	Lint     bool     `json:"lint"`
	Delay    int      `json:"delay"` // milliseconds from a change to its diagnostics
}

func defaultOptions() options { return options{Lint: true, Delay: 150} }

// maxDelay limits options.Delay.
const maxDelay = 10_000

// delay returns how long diagnostics wait for the user to stop typing.
func (o options) delay() time.Duration {
	return time.Duration(min(max(o.Delay, 0), maxDelay)) * time.Millisecond
}

// with returns o changed by settings: {"profiles": …}, {"gobuild": {…}} or
// {"gobuild.profiles": …}. bad lists the names whose values are of a wrong type.
func (o options) with(settings json.RawMessage) (changed options, bad []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(settings, &members) != nil {
		return o, nil
	}
	if inner := members["gobuild"]; inner != nil {
		return o.with(inner)
	}
	for name, value := range members {
		name = strings.TrimPrefix(name, "gobuild.")
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		next := o
		if err == nil {
			err = json.Unmarshal(one, &next)
		}
		if err != nil {
			bad = append(bad, name)
			continue
		}
		o = next
	}
	if _, err := profile.ParseDialect(o.Dialect); o.Dialect != "" && err != nil {
		bad, o.Dialect = append(bad, "dialect"), ""
	}
	return o, bad
}

// capabilities is what the server wants to know of the client.
type capabilities struct {
	General struct {
		Encodings []encoding `json:"positionEncodings"`
	} `json:"general"`
	Workspace struct {
		Edit struct {
			DocumentChanges bool `json:"documentChanges"`
		} `json:"workspaceEdit"`
		Watched struct {
			Dynamic bool `json:"dynamicRegistration"`
		} `json:"didChangeWatchedFiles"`
	} `json:"workspace"`
	Document struct {
		Hover struct {
			Format []string `json:"contentFormat"`
		} `json:"hover"`
		Symbol struct {
			Hierarchical bool `json:"hierarchicalDocumentSymbolSupport"`
		} `json:"documentSymbol"`
		Publish struct {
			Related bool `json:"relatedInformation"`
			Version bool `json:"versionSupport"`
		} `json:"publishDiagnostics"`
	} `json:"textDocument"`
}

type folder struct {
	URI string `json:"uri"`
}

type initializeParams struct {
	RootURI      string          `json:"rootUri"`
	Folders      []folder        `json:"workspaceFolders"`
	Options      json.RawMessage `json:"initializationOptions"`
	Capabilities capabilities    `json:"capabilities"`
}

// setFolders notes the workspace folders and finds the profiles in them.
func (s *server) setFolders(list []folder) {
	s.folders = nil
	for _, f := range list {
		s.folders = append(s.folders, pathOf(f.URI, s.config.Dir))
	}
	s.findProfiles()
}

// findProfiles finds the root profiles that the user's settings name.
func (s *server) findProfiles() {
	s.roots.configured = nil
	for _, base := range append(s.folders[:len(s.folders):len(s.folders)], s.config.Dir) {
		for _, pattern := range s.options.Profiles {
			if !filepath.IsAbs(pattern) {
				pattern = filepath.Join(base, pattern)
			}
			s.roots.add(pattern)
		}
	}
	s.roots.reset()
}
