package slap

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gobuild/buildout/diag"
)

// version is that of the formats of all files of a store.
const version = 1

// wishFile is parameters.json: what a partition is asked to be. All that is
// missing has a default.
type wishFile struct {
	Version        int            `json:"version,omitempty"`
	SoftwareType   string         `json:"software-type,omitempty"`
	SoftwareURL    string         `json:"software-release-url,omitempty"`
	Title          string         `json:"title,omitempty"`
	RootTitle      string         `json:"root-title,omitempty"`
	RootShortTitle string         `json:"root-short-title,omitempty"`
	State          string         `json:"state,omitempty"`
	Root           string         `json:"root,omitempty"`
	RequestedBy    string         `json:"requested-by,omitempty"`
	Parameters     map[string]any `json:"parameters,omitempty"`
	Serialised     any            `json:"_,omitempty"`
	Secret         []string       `json:"secret,omitempty"`
	IPv4           *[]string      `json:"ipv4,omitempty"`
	IPv6           *[]string      `json:"ipv6,omitempty"`
	Slaves         []slaveEntry   `json:"slaves,omitempty"`
}

// slaveEntry is a slave in parameters.json or slaves.json.
type slaveEntry struct {
	Reference    string         `json:"reference"`
	Title        string         `json:"title,omitempty"`
	SoftwareType string         `json:"software-type,omitempty"`
	RequestedBy  string         `json:"requested-by,omitempty"`
	Parameters   map[string]any `json:"parameters,omitempty"`
	Serialised   any            `json:"_,omitempty"`
	Secret       []string       `json:"secret,omitempty"`
}

// slavesFile is slaves.json: the slaves that other partitions have asked for.
type slavesFile struct {
	Version int          `json:"version"`
	Slaves  []slaveEntry `json:"slaves"`
}

// publishedFile is published.json.
type publishedFile struct {
	Version int `json:"version"`
	publishedEntry
	Slaves map[string]publishedEntry `json:"slaves,omitempty"`
}

// publishedEntry is what is published for one reader.
type publishedEntry struct {
	Serialised bool     `json:"serialised,omitempty"`
	Parameters any      `json:"parameters"`
	Secret     []string `json:"secret,omitempty"`
}

// requestsFile is requests.json: what a partition has asked for, by name.
type requestsFile struct {
	Version  int                     `json:"version"`
	Requests map[string]requestEntry `json:"requests"`
}

type requestEntry struct {
	Partition    string            `json:"partition,omitempty"` // of the instance, or of that which serves it
	SoftwareURL  string            `json:"software-release-url"`
	SoftwareType string            `json:"software-type"`
	State        string            `json:"state"`
	Shared       bool              `json:"shared,omitempty"`
	Filter       map[string]string `json:"filter,omitempty"`
}

// errorsFile is errors.json: what is wrong with slaves, by reference.
type errorsFile struct {
	Version int               `json:"version"`
	Errors  map[string]string `json:"errors"`
}

// values are those of an entry: `_` is what counts when it is there.
func values(plain map[string]any, serialised any, secret []string) Values {
	v := Values{Secret: secret}
	if serialised != nil {
		v.Serialised, v.Value = true, serialised
		if text, ok := serialised.(string); ok { // the text of the value
			if value, err := Parse(text); err == nil {
				v.Value = value
			}
		}
		return v
	}
	v.Value = plain
	if plain == nil {
		v.Value = map[string]any{}
	}
	v.Texts = map[string]string{}
	for name, value := range plain {
		if text, ok := value.(string); ok {
			v.Texts[name] = text
		} else if text, err := Dump(value); err == nil {
			v.Texts[name] = text
		}
	}
	return v
}

// fields are the two ways in which an entry keeps values.
func (v Values) fields() (plain map[string]any, serialised any) {
	if v.Serialised {
		return nil, v.Value
	}
	if object, ok := v.Value.(map[string]any); ok {
		return object, nil
	}
	plain = map[string]any{}
	for name, text := range v.Texts {
		plain[name] = text
	}
	return plain, nil
}

// maxFile is how large a file of a store may be.
const maxFile = 64 << 20

// read decodes a file; found is false when it is not there.
func read(path string, into any) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return false, err
	}
	if len(text) > maxFile {
		return false, diag.At(diag.Span{}, "slap-file", "%s is larger than %d bytes", path, maxFile)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return false, badFile(path, text, d.InputOffset(), err)
	}
	if d.More() {
		return false, badFile(path, text, d.InputOffset(), errors.New("there is something behind the JSON value"))
	}
	return true, nil
}

// unknownField finds the name in the error of a decoder.
var unknownField = regexp.MustCompile(`^json: unknown field "(.*)"$`)

// badFile says where a file is wrong.
func badFile(path string, text []byte, offset int64, err error) error {
	src := diag.NewSource(path, text)
	at := func(from, to int) diag.Span {
		from = min(max(from, 0), len(text))
		return diag.SpanOf(src, from, min(max(to, from), len(text)))
	}
	span, msg := at(int(offset), int(offset)+1), strings.TrimPrefix(err.Error(), "json: ")
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) {
		span = at(int(syntax.Offset)-1, int(syntax.Offset))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		span, msg = at(len(text)-1, len(text)), "the file ends within a value"
	}
	if errors.As(err, &kind) {
		span, msg = at(int(kind.Offset)-1, int(kind.Offset)), kind.Field+" may not be a "+kind.Value
	}
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		from := bytes.Index(text, []byte(`"`+m[1]+`"`))
		span, msg = at(from, from+len(m[1])+2), `there is no "`+m[1]+`" in this file`
	}
	return diag.At(span, "slap-file", "%s", msg).WithCause(err).
		WithHint("`gobuild recipe show slap-configuration` tells what %s may hold", filepath.Base(path))
}

// write makes a file with this content in one step, readable for its owner
// alone. A file that has it already is not written.
func (s *Store) write(path string, content any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(content); err != nil {
		return err
	}
	if has, err := os.ReadFile(path); err == nil && bytes.Equal(has, b.Bytes()) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b.Bytes())
	if err == nil && !s.NoSync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
