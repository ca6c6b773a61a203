package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gobuild/buildout/diag"
)

// Code is the code of what is wrong with a supervisor or with what it is to run.
const Code = "supervisor"

func fail(format string, args ...any) *diag.Diagnostic {
	return diag.At(diag.Span{}, Code, format, args...)
}

// Unit is a program of an instance.
type Unit struct {
	Name   string // of the file
	Path   string
	Daemon bool   // of etc/service
	Sum    string // SHA-256 of the file
}

// Instance is what a supervisor has to know of an instance.
type Instance struct {
	Name  string
	Dir   string
	Units []Unit
}

// folders are those that hold programs.
var folders = []struct {
	dir    string
	daemon bool
}{{"etc/service", true}, {"etc/run", false}}

// Find returns the programs of an instance, those of etc/service first, each by
// name. Hidden files and copies that editors make are none.
func Find(name, dir string) (Instance, error) {
	i := Instance{Name: name, Dir: dir}
	seen := map[string]string{}
	for _, f := range folders {
		entries, err := os.ReadDir(filepath.Join(dir, f.dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return i, err
		}
		for _, e := range entries {
			path := filepath.Join(dir, f.dir, e.Name())
			info, err := os.Stat(path)
			if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") || err == nil && info.IsDir() {
				continue
			}
			if err != nil {
				return i, err
			}
			if info.Mode()&0o111 == 0 {
				return i, fail("%s is not executable", path)
			}
			if other := seen[e.Name()]; other != "" {
				return i, fail("%s and %s have the same name", other, path).WithHint("a program is known by its name: rename one")
			}
			seen[e.Name()] = path
			sum, err := sumOf(path)
			if err != nil {
				return i, err
			}
			i.Units = append(i.Units, Unit{e.Name(), path, f.daemon, sum})
		}
	}
	return i, nil
}

func sumOf(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// id is the name under which a supervisor knows a program.
func id(instance, unit string) string { return instance + "." + encode(unit) }

// encode writes the characters of a name that supervisors do not allow, and
// those that would make it another one, as _XX.
func encode(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
		if plain || c == '_' && !isEscape(name[i:]) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02X", c)
		}
	}
	return b.String()
}

// isEscape reports whether a text begins with an underscore and two hexadecimal
// digits.
func isEscape(text string) bool {
	_, err := hex.DecodeString(text[1:min(3, len(text))])
	return err == nil && len(text) > 2
}

// State is that of a program, in a word.
type State string

// The states.
const (
	Running  State = "running"
	Starting State = "starting"
	Stopping State = "stopping"
	Stopped  State = "stopped"  // as it was told to
	Done     State = "done"     // it ran to its end
	Retrying State = "retrying" // it did not stay up, and is tried again
	Failed   State = "failed"   // it is not tried any more
	Unknown  State = "unknown"  // the supervisor does not know it
)

// Process is a program as the supervisor sees it.
type Process struct {
	Unit   string    `json:"program"`
	Daemon bool      `json:"service"`
	State  State     `json:"state"`
	PID    int       `json:"pid,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Detail string    `json:"detail,omitempty"`
	Log    string    `json:"log"`
}

// up reports whether nothing more is to be waited for.
func (p Process) up() bool {
	return p.State == Running || !p.Daemon && p.State == Done
}

// LogOf is the file that takes the output of a program.
func LogOf(dir, unit string) string { return filepath.Join(dir, "."+encode(unit)+".log") }
