package bridge

import (
	"encoding/json"

	"gobuild/parts"
)

// protocol is the version of the conversation (docs/bridge.md).
const protocol = 1

// maxMessage bounds what the process may send in one piece.
const maxMessage = 64 << 20

// hello is what the process is told first.
type hello struct {
	Hello     string            `json:"hello"`
	Protocol  int               `json:"protocol"`
	Token     string            `json:"token"`
	Directory string            `json:"directory"`
	Python    string            `json:"python"` // as the profile names it
	Dialect   string            `json:"dialect"`
	Level     int               `json:"level"`
	Modules   map[string]string `json:"modules"`
}

// order asks the process to do something.
type order struct {
	ID      int               `json:"id"`
	Do      string            `json:"do"`
	Part    string            `json:"part"`
	With    any               `json:"with,omitempty"`
	Environ map[string]string `json:"environ,omitempty"` // nil: as it was
}

// reply answers what the process has asked.
type reply struct {
	ID     int      `json:"id"`
	Result any      `json:"result"`
	Error  *problem `json:"error,omitempty"`
}

// incoming is a message of the process: its hello, a question, a note, or the
// answer to an order.
type incoming struct {
	Hello      string `json:"hello"`
	Protocol   int    `json:"protocol"`
	Version    string `json:"version"`
	Executable string `json:"executable"`

	ID      int                `json:"id"`
	Result  json.RawMessage    `json:"result"`
	Error   *problem           `json:"error"`
	Environ *parts.Environment `json:"environ"`

	Note  string `json:"note"`
	Level string `json:"level"`
	Text  string `json:"text"`

	question
}

// question is what the process asks. Which fields count depends on Ask.
type question struct {
	Ask      string                       `json:"ask"`
	Section  string                       `json:"section"`
	Key      string                       `json:"key"`
	Value    string                       `json:"value"`
	Sections map[string]map[string]string `json:"sections"`

	URL        string            `json:"url"`
	Alternates []string          `json:"alternates"`
	Sums       map[string]string `json:"sums"`
	Offline    bool              `json:"offline"`
	Folder     string            `json:"folder"`

	Archive  string            `json:"archive"`
	Dest     string            `json:"dest"`
	Path     string            `json:"path"`
	Versions map[string]string `json:"versions"`
	Options  [][2]string       `json:"options"` // of build_ext
}

// problem is an error as the other side sees it.
type problem struct {
	// Kind is section, option, exists or checksum to the process; from it user,
	// option, exception, exit, no-recipe, no-entry, or that of a MasterError.
	Kind string `json:"kind,omitempty"`
	Text string `json:"text,omitempty"`
	// Number names an error that gobuild has told of before.
	Number  int    `json:"number,omitempty"`
	Name    string `json:"name,omitempty"` // of an egg
	Section string `json:"section,omitempty"`
	Option  string `json:"option,omitempty"`
	// Line is that of the section's script where the error came up, or 0.
	Line    int      `json:"line,omitempty"`
	Tried   []string `json:"tried,omitempty"`
	Entries []string `json:"entries,omitempty"`
	Status  int      `json:"status,omitempty"` // of HTTP, or 0
}
