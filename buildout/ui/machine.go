package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"gobuild/buildout/diag"
)

// jsonPlace is a place in a source; lines and columns are counted from 1,
// columns in bytes. The end is the first byte behind.
type jsonPlace struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndLine   int    `json:"end_line,omitempty"`
	EndColumn int    `json:"end_column,omitempty"`
}

type jsonRelated struct {
	jsonPlace
	Message string `json:"message"`
}

type jsonDiagnostic struct {
	Severity string `json:"severity"`
	Code     string `json:"code,omitempty"`
	jsonPlace
	Path    []string      `json:"path,omitempty"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty"`
	Related []jsonRelated `json:"related,omitempty"`
	Trail   []string      `json:"trail,omitempty"`
	Excerpt string        `json:"excerpt,omitempty"`
}

// DiagnosticsJSON writes list, sorted and without doubles, as one JSON object
// a line.
func DiagnosticsJSON(w io.Writer, list diag.List) error {
	e := newEncoder(w)
	for _, d := range list.Sorted() {
		j := jsonDiagnostic{
			Severity: d.Severity.String(), Code: d.Code, jsonPlace: placeOf(d.At), Path: maskAll(d.Path),
			Message: Mask(message(d)), Hint: Mask(d.Hint), Trail: maskAll(d.Trail), Excerpt: Mask(d.Excerpt),
		}
		for _, r := range d.Related {
			j.Related = append(j.Related, jsonRelated{placeOf(r.At), Mask(r.Msg)})
		}
		if err := e.Encode(j); err != nil {
			return err
		}
	}
	return nil
}

func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

func maskAll(list []string) []string {
	var out []string
	for _, text := range list {
		out = append(out, Mask(text))
	}
	return out
}

func placeOf(at diag.Span) jsonPlace {
	if !at.IsValid() {
		return jsonPlace{}
	}
	p := jsonPlace{File: Mask(at.From.Src.Name)}
	p.Line, p.Column = at.From.LineColumn()
	p.EndLine, p.EndColumn = endOf(at).LineColumn()
	return p
}

// endOf returns the end of a span, its beginning when it has none.
func endOf(at diag.Span) diag.Pos {
	if at.To.Src != at.From.Src || at.To.Offset < at.From.Offset {
		return at.From
	}
	return at.To
}

// characterColumn returns the line of p and its column in characters.
func characterColumn(p diag.Pos) (line, column int) {
	line, column = p.LineColumn()
	text := p.Src.Line(line)
	return line, utf8.RuneCountInString(text[:min(column-1, len(text))]) + 1
}

// GitHub writes list as the commands that GitHub Actions shows beside the
// lines of a file. Names are relative to o.Dir.
func GitHub(w io.Writer, list diag.List, o Style) error {
	for _, d := range list.Sorted() {
		if _, err := fmt.Fprintf(w, "::%s%s::%s\n", githubCommand(d.Severity), o.githubProperties(d), githubData(githubText(d))); err != nil {
			return err
		}
	}
	return nil
}

func githubCommand(s diag.Severity) string {
	if s == diag.Note {
		return "notice"
	}
	return s.String()
}

func (s Style) githubProperties(d *diag.Diagnostic) string {
	var list []string
	if d.At.IsValid() {
		line, column := characterColumn(d.At.From)
		endLine, endColumn := characterColumn(endOf(d.At))
		list = append(list, "file="+githubProperty(s.name(d.At.From.Src.Name)), fmt.Sprintf("line=%d,endLine=%d", line, endLine))
		if line == endLine { // GitHub refuses columns of a span of more lines
			list = append(list, fmt.Sprintf("col=%d,endColumn=%d", column, max(column, endColumn-1)))
		}
	}
	if d.Code != "" {
		list = append(list, "title="+githubProperty(d.Code))
	}
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, ",")
}

// githubText returns the message with its path and hint.
func githubText(d *diag.Diagnostic) string {
	text := message(d)
	if len(d.Path) > 0 {
		text = strings.Join(d.Path, ":") + ": " + text
	}
	if d.Hint != "" {
		text += "\nhint: " + d.Hint
	}
	return text
}

func githubData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(Mask(text))
}

func githubProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubData(text))
}

// SARIF writes list as one SARIF 2.1.0 log. Version is that of gobuild; names
// are relative to o.Dir.
func SARIF(w io.Writer, list diag.List, version string, o Style) error {
	list = list.Sorted()
	rules, seen := []object{}, map[string]bool{}
	results := make([]object, 0, len(list))
	for _, d := range list {
		if d.Code != "" && !seen[d.Code] {
			seen[d.Code] = true
			rules = append(rules, object{"id": d.Code})
		}
		results = append(results, o.sarifResult(d))
	}
	e := newEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool":       object{"driver": object{"name": "gobuild", "version": version, "rules": rules}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	})
}

// object is a JSON object whose keys are written in alphabetical order.
type object map[string]any

func (s Style) sarifResult(d *diag.Diagnostic) object {
	r := object{"level": d.Severity.String(), "message": object{"text": Mask(githubText(d))}}
	if d.Code != "" {
		r["ruleId"] = d.Code
	}
	location := object{}
	if d.At.IsValid() {
		location["physicalLocation"] = s.sarifPlace(d.At)
	}
	if len(d.Path) > 0 {
		location["logicalLocations"] = []object{{"fullyQualifiedName": Mask(strings.Join(d.Path, ":"))}}
	}
	if len(location) > 0 {
		r["locations"] = []object{location}
	}
	related := []object{}
	for i, rel := range d.Related {
		if rel.At.IsValid() {
			related = append(related, object{
				"id": i, "message": object{"text": Mask(rel.Msg)}, "physicalLocation": s.sarifPlace(rel.At)})
		}
	}
	if len(related) > 0 {
		r["relatedLocations"] = related
	}
	return r
}

func (s Style) sarifPlace(at diag.Span) object {
	line, column := characterColumn(at.From)
	endLine, endColumn := characterColumn(endOf(at))
	return object{
		"artifactLocation": object{"uri": fileURI(s.name(at.From.Src.Name))},
		"region":           object{"startLine": line, "startColumn": column, "endLine": endLine, "endColumn": endColumn},
	}
}

// fileURI returns the URI reference of a source name.
func fileURI(name string) string {
	switch {
	case strings.Contains(name, "://"):
		return Mask(name)
	case filepath.IsAbs(name):
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	return (&url.URL{Path: name}).String()
}
