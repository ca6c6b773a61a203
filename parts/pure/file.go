package pure

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A view is handed to launchers as a directory: `view` has records that end with
// NUL, of which the first byte is the kind, and the directories 0, 1, … are the
// layers, with their links, and empty files and directories where something is
// mounted. `L` and `H` start a layer, `H` one with .host; what is bound follows.
const (
	plainLayer kind = 'L'
	hostLayer  kind = 'H'

	viewName = "view"
)

// Save makes the directory of the view, for launchers.
func (v *View) Save(dir string) error {
	for i, l := range v.layers {
		if err := l.save(filepath.Join(dir, strconv.Itoa(i)), v.root); err != nil {
			return err
		}
	}
	const mode = 0o600
	return os.WriteFile(filepath.Join(dir, viewName), v.encode(), mode)
}

// save makes the directory of a layer.
func (l *layer) save(dir, root string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if l.host {
		if err := os.Mkdir(filepath.Join(dir, hostName), 0o755); err != nil {
			return err
		}
	}
	for _, e := range l.entries {
		if err := e.save(filepath.Join(dir, e.path), root+l.dir+"/"+e.path); err != nil {
			return err
		}
	}
	return nil
}

// save makes an entry at path; from is what the layer covers.
func (e entry) save(path, from string) error {
	switch e.kind {
	case directory:
		return os.Mkdir(path, 0o755)
	case link:
		return os.Symlink(e.text, path)
	}
	if info, err := os.Lstat(from); err == nil && info.IsDir() {
		return os.Mkdir(path, 0o755)
	}
	return os.WriteFile(path, nil, 0o755)
}

// encode returns the records of the view.
func (v *View) encode() []byte {
	var out bytes.Buffer
	put := func(k kind, text string) {
		out.WriteByte(byte(k))
		out.WriteString(text)
		out.WriteByte(0)
	}
	for _, l := range v.layers {
		if l.host {
			put(hostLayer, l.dir)
		} else {
			put(plainLayer, l.dir)
		}
		for _, e := range l.entries {
			if e.kind == bound {
				put(bound, e.path)
			}
		}
	}
	return out.Bytes()
}

// errFile says that the records of a view are none of encode.
var errFile = errors.New("the file of the view is damaged")

// load reads a view that Save has written.
func load(dir string) ([]*layer, error) {
	text, err := os.ReadFile(filepath.Join(dir, viewName))
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// decode reads what encode has written.
func decode(text []byte) ([]*layer, error) {
	var layers []*layer
	for record := range strings.SplitAfterSeq(string(text), "\x00") {
		if record == "" {
			break
		}
		record, whole := strings.CutSuffix(record, "\x00")
		if !whole || len(record) < 2 {
			return nil, errFile
		}
		switch k, text := kind(record[0]), record[1:]; {
		case k == plainLayer || k == hostLayer:
			layers = append(layers, &layer{dir: text, host: k == hostLayer})
		case k == bound && len(layers) > 0:
			last := layers[len(layers)-1]
			last.entries = append(last.entries, entry{kind: k, path: text})
		default:
			return nil, errFile
		}
	}
	return layers, nil
}
