package history

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"html"
	"io"
	"strings"
	"unicode/utf8"
)

//go:embed report.html
var reportPage string

// The marks of the page that are replaced.
const (
	titleMark = "{{title}}"
	dataMark  = "{{data}}"
)

// What a page holds of logs at most, in bytes.
const (
	pageLog  = 64 << 10
	pageLogs = 8 << 20
)

// page is what the script of the page reads.
type page struct {
	Run  *Run              `json:"run"`
	Logs map[string]string `json:"logs"` // ends, by part
	// Audits are those of what is installed now.
	Audits []audit `json:"audits,omitempty"`
}

// WriteReport writes a run as one HTML page that needs no network and no other
// file.
func WriteReport(w io.Writer, run *Run) error {
	head, tail, ok := strings.Cut(reportPage, dataMark)
	if !ok {
		return errors.New("the page has no " + dataMark)
	}
	// The encoder writes <, > and & as escapes, so that no text can end the
	// script element.
	data, err := json.Marshal(page{Run: run, Logs: run.logs(), Audits: run.audits()})
	if err != nil {
		return err
	}
	title := html.EscapeString(run.suite() + ": " + string(run.Result))
	head = strings.ReplaceAll(head, titleMark, title)
	_, err = io.Copy(w, io.MultiReader(strings.NewReader(head), bytes.NewReader(data), strings.NewReader(tail)))
	return err
}

// logs are the ends of the logs of failed parts.
func (r *Run) logs() map[string]string {
	logs := map[string]string{}
	room := pageLogs
	for _, p := range r.Parts {
		if p.Result != Failed && p.Result != Interrupted {
			continue
		}
		text := strings.ToValidUTF8(plain(r.logEnd(p, pageLog)), string(utf8.RuneError))
		if text != "" && len(text) <= room {
			logs[p.Part] = text
			room -= len(text)
		}
	}
	return logs
}
