package eggs

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// Python is what has to be known of an interpreter.
type Python struct {
	Path string `json:"path"` // absolute
	// Executable is what it calls itself: what Path leads to, where that is a
	// script which chooses one.
	Executable string            `json:"executable"`
	Version    string            `json:"version"`  // 3.11
	Full       string            `json:"full"`     // 3.11.7
	Platform   string            `json:"platform"` // linux-x86_64
	Tags       []string          `json:"tags"`     // of wheels, the best first
	Markers    map[string]string `json:"markers"`
	Site       []string          `json:"site"` // where its own distributions are
	Prefix     string            `json:"prefix"`
	Pip        bool              `json:"pip"`     // `python -m pip` works
	Bundled    string            `json:"bundled"` // the wheel of pip that comes with it, or ""
	// Linker links modules without the directory of the Python's own library in
	// them; "" when that of the Python does so.
	Linker string `json:"linker"`
	Stamp  string `json:"stamp"`
}

//go:embed probe.py
var probeScript string

// FindPython describes an interpreter. state is a directory that remembers what
// was found out; "" remembers nothing.
func FindPython(ctx context.Context, name, dir, state string, proc parts.Runner) (*Python, error) {
	if name == "" {
		name = "python3"
	}
	path, err := run.LookPath(name, dir, proc.Environ())
	if err != nil {
		return nil, diag.At(diag.Span{}, "egg-python", "there is no Python %s", name).WithCause(err).
			WithHint("set `executable` of the section that [buildout] python names, or put python3 into PATH")
	}
	known := readPythons(state)
	if p := known[path]; p != nil && p.Stamp == p.stamp() {
		return p, nil
	}
	var out bytes.Buffer
	err = proc.Run(ctx, parts.Command{Argv: []string{path, "-c", probeScript}, Stdout: &out, Step: "python", Show: path + " (what it is)"})
	if err != nil {
		return nil, err
	}
	p := &Python{}
	text := out.Bytes()
	if i := bytes.LastIndexByte(bytes.TrimSpace(text), '\n'); i >= 0 {
		text = text[i:] // what sitecustomize has to say
	}
	if err := json.Unmarshal(text, p); err != nil || p.Version == "" {
		return nil, diag.At(diag.Span{}, "egg-python", "%s does not answer as a Python does", path).WithCause(err)
	}
	p.Path = path
	p.Stamp = p.stamp()
	known[path] = p
	writePythons(state, known)
	return p, nil
}

// stamp changes when the interpreter or its own distributions do, or what is
// asked.
func (p *Python) stamp() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%08x ", crc32.ChecksumIEEE([]byte(probeScript)))
	for _, path := range append([]string{p.Path}, p.Site...) {
		if info, err := os.Stat(path); err == nil {
			b.WriteString(info.ModTime().UTC().Format("20060102150405.000000000 "))
		}
	}
	return b.String()
}

const pythonsFile = "python.json"

func readPythons(state string) map[string]*Python {
	known := map[string]*Python{}
	if state == "" {
		return known
	}
	if text, err := os.ReadFile(filepath.Join(state, pythonsFile)); err == nil {
		if json.Unmarshal(text, &known) != nil {
			return map[string]*Python{}
		}
	}
	return known
}

// writePythons remembers interpreters. What cannot be written is found out again.
func writePythons(state string, known map[string]*Python) {
	if state == "" {
		return
	}
	if text, err := json.Marshal(known); err == nil {
		_ = replaceFile(filepath.Join(state, pythonsFile), append(text, '\n'))
	}
}

// replaceFile writes a file as a whole.
func replaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".eggs-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(0o644), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}
