package recipes

import (
	"encoding/json"
	"fmt"
	"gobuild/parts/literal"
	"maps"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gobuild/parts/slap"
)

// slapSchema validates values by JSON schemas, as the Python library jsonschema
// does: with its messages, and so that it can tell which schemas apply to which
// objects, of which defaults and types of values are taken. It reads the drafts
// 4 to 2020-12. Formats are not checked.
type slapSchema struct {
	// unstringify lets texts pass for the integers and booleans that they spell.
	unstringify bool
	files       map[string]any // by path
	patterns    map[string]*regexp.Regexp
	applied     []slapApplied
	err         error // of a schema that cannot be used
	depth       int
	table       map[string]func(*slapKeyword, any) []slapSchemaError
}

// slapApplied is an object and a schema with properties that applies to it.
type slapApplied struct {
	schema   slapNode
	instance any
}

// slapNode is a schema in a file.
type slapNode struct {
	file  string
	value any
}

// slapSchemaError is one thing that is wrong with a value.
type slapSchemaError struct{ path, msg string }

func (e slapSchemaError) String() string { return e.path + ": " + e.msg }

// slapSchemaDepth is how deep schemas and values may lie in each other.
const slapSchemaDepth = 400

// load reads a file.
func (s *slapSchema) load(path string) (any, error) {
	if v, ok := s.files[path]; ok {
		return v, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := slap.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.files == nil {
		s.files = map[string]any{}
	}
	s.files[path] = v
	return v, nil
}

// schema returns the schema of a file.
func (s *slapSchema) schema(path string) (slapNode, error) {
	v, err := s.load(path)
	return slapNode{path, v}, err
}

// resolve returns the schema that a reference names.
func (s *slapSchema) resolve(from slapNode, ref string) (slapNode, error) {
	name, fragment, _ := strings.Cut(ref, "#")
	if strings.Contains(name, "://") && !strings.HasPrefix(name, "file://") {
		return from, fmt.Errorf("the schema refers to %s, which is no local file", ref)
	}
	file := from.file
	if name = strings.TrimPrefix(name, "file://"); name != "" {
		if file = name; !filepath.IsAbs(name) {
			file = filepath.Join(filepath.Dir(from.file), filepath.FromSlash(name))
		}
	}
	root, err := s.load(file)
	if err != nil {
		return from, err
	}
	if fragment, err = url.PathUnescape(fragment); err != nil {
		return from, err
	}
	value, ok := slapPointer(root, fragment)
	if !ok {
		return from, fmt.Errorf("the schema refers to %s, which is not there", ref)
	}
	return slapNode{file, value}, nil
}

// slapPointer returns what a JSON pointer, or an anchor, stands for.
func slapPointer(root any, pointer string) (any, bool) {
	if pointer == "" {
		return root, true
	}
	if !strings.HasPrefix(pointer, "/") {
		return slapAnchor(root, pointer)
	}
	for step := range strings.SplitSeq(pointer[1:], "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch v := root.(type) {
		case map[string]any:
			inner, ok := v[step]
			if !ok {
				return nil, false
			}
			root = inner
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			root = v[i]
		default:
			return nil, false
		}
	}
	return root, true
}

func slapAnchor(root any, name string) (any, bool) {
	switch v := root.(type) {
	case map[string]any:
		if v["$anchor"] == name || v["$dynamicAnchor"] == name || v["$id"] == "#"+name || v["id"] == "#"+name {
			return v, true
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found, ok := slapAnchor(v[key], name); ok {
				return found, true
			}
		}
	case []any:
		for _, x := range v {
			if found, ok := slapAnchor(x, name); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// old reports whether the schema is of draft 4 to 7, where nothing counts beside
// a reference.
func (s *slapSchema) old(n slapNode) bool {
	root, _ := s.files[n.file].(map[string]any)
	dialect, _ := root["$schema"].(string)
	return strings.Contains(dialect, "json-schema.org/draft-0")
}

// draft4 reports whether the schema is of draft 4.
func (s *slapSchema) draft4(n slapNode) bool {
	root, _ := s.files[n.file].(map[string]any)
	dialect, _ := root["$schema"].(string)
	return strings.Contains(dialect, "json-schema.org/draft-04")
}

// validate returns what is wrong with a value, and remembers what applies to it.
func (s *slapSchema) validate(n slapNode, value any, path string) []slapSchemaError {
	mark := len(s.applied)
	errs := s.keywords(n, value, path)
	if len(errs) > 0 || s.err != nil {
		s.applied = s.applied[:mark]
		return errs
	}
	if schema, ok := n.value.(map[string]any); ok {
		if properties, ok := schema["properties"].(map[string]any); ok && len(properties) > 0 {
			s.applied = append(s.applied, slapApplied{n, value})
		}
	}
	return nil
}

// valid reports whether nothing is wrong.
func (s *slapSchema) valid(n slapNode, value any) bool {
	return len(s.validate(n, value, "$")) == 0
}

func (s *slapSchema) keywords(n slapNode, value any, path string) []slapSchemaError {
	if s.err != nil {
		return nil
	}
	if s.depth++; s.depth > slapSchemaDepth {
		s.err = fmt.Errorf("the schema %s refers to itself without end", n.file)
	}
	defer func() { s.depth-- }()
	schema, ok := n.value.(map[string]any)
	if !ok {
		if n.value == false {
			return []slapSchemaError{{path, "False schema does not allow " + literal.Repr(value)}}
		}
		return nil
	}
	if ref, ok := schema["$ref"]; ok && s.old(n) {
		return s.reference(n, ref, value, path)
	}
	if s.table == nil {
		s.table = slapKeywordTable()
	}
	k := &slapKeyword{s, n, schema, value, path}
	var errs []slapSchemaError
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		if check := s.table[name]; check != nil {
			errs = append(errs, check(k, schema[name])...)
		}
	}
	return errs
}

func (s *slapSchema) reference(n slapNode, ref, value any, path string) []slapSchemaError {
	text, _ := ref.(string)
	target, err := s.resolve(n, text)
	if err != nil {
		s.err = err
		return nil
	}
	return s.validate(target, value, path)
}

// regexp returns a pattern of a schema.
func (s *slapSchema) regexp(text string) *regexp.Regexp {
	re, ok := s.patterns[text]
	if !ok {
		var err error
		if re, err = regexp.Compile(text); err != nil {
			s.err = fmt.Errorf("the pattern %q of a schema cannot be used: %w", text, err)
			return regexp.MustCompile("")
		}
		if s.patterns == nil {
			s.patterns = map[string]*regexp.Regexp{}
		}
		s.patterns[text] = re
	}
	return re
}

// isType reports whether a value has a type of JSON schemas.
func (s *slapSchema) isType(n slapNode, value any, kind string) bool {
	if text, ok := value.(string); ok && s.unstringify {
		if spelt, ok := slapUnstring(text, kind); ok {
			value = spelt
		}
	}
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	case json.Number:
		if kind != "integer" {
			return kind == "number"
		}
		if strings.ContainsAny(v.String(), ".eE") && s.draft4(n) {
			return false
		}
		r, ok := new(big.Rat).SetString(v.String())
		return ok && r.IsInt()
	}
	return false
}

// slapUnstring returns the value of a type that a text spells.
func slapUnstring(text, kind string) (any, bool) {
	switch kind {
	case "boolean":
		return text == "True", text == "True" || text == "False"
	case "integer":
		digits := strings.TrimPrefix(strings.TrimSpace(text), "+")
		i, ok := new(big.Int).SetString(digits, 10)
		if !ok || strings.HasPrefix(digits, "+") {
			return nil, false
		}
		return json.Number(i.String()), true
	}
	return nil, false
}

// slapNumber returns the value of a number.
func slapNumber(value any) (*big.Rat, bool) {
	n, ok := value.(json.Number)
	if !ok || len(n) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

// slapEqual compares two values: 1 and 1.0 are the same, and 1 and true are not.
func slapEqual(a, b any) bool {
	if x, ok := slapNumber(a); ok {
		y, ok := slapNumber(b)
		return ok && x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, slapEqual)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, slapEqual)
	}
	return reflect.DeepEqual(a, b)
}
