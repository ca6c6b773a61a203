//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// record is .installed.cfg, read as a program of its own would: sections with
// options, the last of each counting.
type record map[string]map[string]string

// readRecord reads the file. A file that is not there has no parts; blocks of
// parts that are no longer installed may be in it, and do not count.
func readRecord(path string) (record, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return nil, err
	}
	r := parseRecord(string(text))
	installed := r.parts()
	maps.DeleteFunc(r, func(name string, _ map[string]string) bool {
		return name != "buildout" && !slices.Contains(installed, name)
	})
	return r, nil
}

// parseRecord reads the text. A line without an end, which a kill may leave, is
// no line; a header begins the section anew, unless it is that of [buildout].
func parseRecord(text string) record {
	r := record{}
	var section map[string]string
	var key string
	for line := range strings.Lines(text) {
		body, whole := strings.CutSuffix(line, "\n")
		switch {
		case !whole:
			return r
		case strings.HasPrefix(body, "[") && strings.HasSuffix(body, "]"):
			name := body[1 : len(body)-1]
			if r[name] == nil || name != "buildout" {
				r[name] = map[string]string{}
			}
			section, key = r[name], ""
		case strings.HasPrefix(body, "\t") || strings.HasPrefix(body, " "):
			if section != nil && key != "" {
				section[key] = strings.TrimSpace(section[key] + "\n" + strings.TrimSpace(body))
			}
		case section != nil && strings.Contains(body, "="):
			k, v, _ := strings.Cut(body, "=")
			key = strings.TrimSpace(k)
			section[key] = strings.TrimSpace(v)
		}
	}
	return r
}

// parts returns the parts that count as installed, sorted.
func (r record) parts() []string {
	return slices.Sorted(slices.Values(strings.Fields(r["buildout"]["parts"])))
}

// paths returns what a part owns.
func (r record) paths(part string) []string {
	return strings.Split(r[part]["__buildout_installed__"], "\n")
}

// differences tells what is different in got. The order of parts is that of
// their installation, which an interruption may change.
func (r record) differences(got record) []string {
	if a, b := strings.Join(r.parts(), " "), strings.Join(got.parts(), " "); a != b {
		return []string{fmt.Sprintf("recorded parts: %s\nnot: %s", b, a)}
	}
	var lines []string
	for _, part := range r.parts() {
		for _, key := range slices.Sorted(maps.Keys(r[part])) {
			if r[part][key] != got[part][key] {
				lines = append(lines, fmt.Sprintf("record of %s: %s = %q, not %q", part, key, got[part][key], r[part][key]))
			}
		}
		if len(r[part]) != len(got[part]) {
			lines = append(lines, fmt.Sprintf("record of %s: %d options, not %d", part, len(got[part]), len(r[part])))
		}
	}
	return shorten(lines)
}
