// Package schema checks values by JSON schemas, as the Python library jsonschema
// does: with its messages, and so that it can tell which schemas apply to which
// objects, of which defaults and types of values are taken. It reads the drafts
// 4 to 2020-12. Formats are not checked, and references lead to local files.
package schema

import (
	"encoding/json"
	"fmt"
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

	"gobuild/parts/literal"
	"gobuild/parts/slap"
)

// checker is one check: it remembers which schemas apply to which objects.
type checker struct {
	// unstringify lets texts pass for the integers and booleans that they spell.
	unstringify bool
	files       map[string]any // by path
	patterns    map[string]*regexp.Regexp
	applied     []applied
	err         error // of a schema that cannot be used
	depth       int
	table       map[string]func(*keyword, any) []Problem
}

// applied is an object and a schema with properties that applies to it.
type applied struct {
	schema   node
	instance any
}

// node is a schema in a file.
type node struct {
	file  string
	value any
}

// Problem is one thing that is wrong with a value.
type Problem struct{ Path, Msg string }

// String is the place in the value, and what is wrong there.
func (e Problem) String() string { return e.Path + ": " + e.Msg }

// depthLimit is how deep schemas and values may lie in each other.
const depthLimit = 400

// Load reads a file with a schema or another JSON value.
func Load(path string) (any, error) { return (&checker{}).load(path) }

// load reads a file.
func (s *checker) load(path string) (any, error) {
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
func (s *checker) schema(path string) (node, error) {
	v, err := s.load(path)
	return node{path, v}, err
}

// resolve returns the schema that a reference names.
func (s *checker) resolve(from node, ref string) (node, error) {
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
	value, ok := pointer(root, fragment)
	if !ok {
		return from, fmt.Errorf("the schema refers to %s, which is not there", ref)
	}
	return node{file, value}, nil
}

// pointer returns what a JSON pointer, or an anchor, stands for.
func pointer(root any, path string) (any, bool) {
	if path == "" {
		return root, true
	}
	if !strings.HasPrefix(path, "/") {
		return anchor(root, path)
	}
	for step := range strings.SplitSeq(path[1:], "/") {
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

func anchor(root any, name string) (any, bool) {
	switch v := root.(type) {
	case map[string]any:
		if v["$anchor"] == name || v["$dynamicAnchor"] == name || v["$id"] == "#"+name || v["id"] == "#"+name {
			return v, true
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found, ok := anchor(v[key], name); ok {
				return found, true
			}
		}
	case []any:
		for _, x := range v {
			if found, ok := anchor(x, name); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// old reports whether the schema is of draft 4 to 7, where nothing counts beside
// a reference.
func (s *checker) old(n node) bool {
	root, _ := s.files[n.file].(map[string]any)
	dialect, _ := root["$schema"].(string)
	return strings.Contains(dialect, "json-schema.org/draft-0")
}

// draft4 reports whether the schema is of draft 4.
func (s *checker) draft4(n node) bool {
	root, _ := s.files[n.file].(map[string]any)
	dialect, _ := root["$schema"].(string)
	return strings.Contains(dialect, "json-schema.org/draft-04")
}

// validate returns what is wrong with a value, and remembers what applies to it.
func (s *checker) validate(n node, value any, path string) []Problem {
	mark := len(s.applied)
	errs := s.keywords(n, value, path)
	if len(errs) > 0 || s.err != nil {
		s.applied = s.applied[:mark]
		return errs
	}
	if schema, ok := n.value.(map[string]any); ok {
		if properties, ok := schema["properties"].(map[string]any); ok && len(properties) > 0 {
			s.applied = append(s.applied, applied{n, value})
		}
	}
	return nil
}

// valid reports whether nothing is wrong.
func (s *checker) valid(n node, value any) bool {
	return len(s.validate(n, value, "$")) == 0
}

func (s *checker) keywords(n node, value any, path string) []Problem {
	if s.err != nil {
		return nil
	}
	if s.depth++; s.depth > depthLimit {
		s.err = fmt.Errorf("the schema %s refers to itself without end", n.file)
	}
	defer func() { s.depth-- }()
	schema, ok := n.value.(map[string]any)
	if !ok {
		if n.value == false {
			return []Problem{{path, "False schema does not allow " + literal.Repr(value)}}
		}
		return nil
	}
	if ref, ok := schema["$ref"]; ok && s.old(n) {
		return s.reference(n, ref, value, path)
	}
	if s.table == nil {
		s.table = keywordTable()
	}
	k := &keyword{s, n, schema, value, path}
	var errs []Problem
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		if check := s.table[name]; check != nil {
			errs = append(errs, check(k, schema[name])...)
		}
	}
	return errs
}

func (s *checker) reference(n node, ref, value any, path string) []Problem {
	text, _ := ref.(string)
	target, err := s.resolve(n, text)
	if err != nil {
		s.err = err
		return nil
	}
	return s.validate(target, value, path)
}

// regexp returns a pattern of a schema.
func (s *checker) regexp(text string) *regexp.Regexp {
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
func (s *checker) isType(n node, value any, kind string) bool {
	if text, ok := value.(string); ok && s.unstringify {
		if spelt, ok := unstring(text, kind); ok {
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

// unstring returns the value of a type that a text spells.
func unstring(text, kind string) (any, bool) {
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

// number returns the value of a number.
func number(value any) (*big.Rat, bool) {
	n, ok := value.(json.Number)
	if !ok || len(n) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

// equal compares two values: 1 and 1.0 are the same, and 1 and true are not.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, equal)
	}
	return reflect.DeepEqual(a, b)
}
