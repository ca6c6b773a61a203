package buildout

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// LogFile is the log of the last run of a part.
type LogFile struct {
	Part   string    `json:"part"`
	Path   string    `json:"path"`
	Time   time.Time `json:"time"` // of the last line
	Size   int64     `json:"bytes"`
	Result string    `json:"result"` // installed, failed, interrupted or unknown
	Step   string    `json:"step,omitempty"`
}

// The results of a run of a part. That of a part which was neither finished
// nor failed, as it is under way or was killed, is unknown.
const (
	ResultInstalled   = "installed"
	ResultFailed      = "failed"
	ResultInterrupted = "interrupted"
	ResultUnknown     = "unknown"
)

// Logs returns the logs of all parts, the oldest first. Start, with recipes or
// without, comes before.
func (e *Engine) Logs() ([]LogFile, error) {
	installed, err := e.installed()
	if err != nil {
		return nil, err
	}
	entries, _ := os.ReadDir(filepath.Dir(e.logPath("x")))
	var logs []LogFile
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".log")
		info, err := entry.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue
		}
		l := LogFile{Part: sectionName(name), Path: e.logPath(sectionName(name)), Time: info.ModTime(), Size: info.Size()}
		l.Result, l.Step = e.result(l.Part, installed)
		logs = append(logs, l)
	}
	slices.SortStableFunc(logs, func(a, b LogFile) int { return a.Time.Compare(b.Time) })
	return logs, nil
}

// result is what became of the last run of a part.
func (e *Engine) result(part string, installed []string) (result, step string) {
	f, _ := e.Failure(part)
	switch {
	case f != nil && f.Interrupted:
		return ResultInterrupted, f.Step
	case f != nil:
		return ResultFailed, f.Step
	case slices.Contains(installed, part):
		return ResultInstalled, ""
	}
	return ResultUnknown, ""
}

// installed returns the names of the installed parts.
func (e *Engine) installed() ([]string, error) {
	db, err := e.state()
	if err != nil {
		return nil, err
	}
	return db.Parts(), nil
}

// IsInstalled reports whether a part is installed.
func (e *Engine) IsInstalled(part string) bool {
	installed, err := e.installed()
	return err == nil && slices.Contains(installed, part)
}

// LogPath is where the log of a part is or will be.
func (e *Engine) LogPath(part string) string { return e.logPath(part) }
