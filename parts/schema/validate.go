package schema

import (
	"fmt"
	"maps"
	"slices"

	"gobuild/parts/literal"
)

// Validate checks a value by the schema of a file. With defaults, what it
// lacks is added; with unstringify, texts in it become what they spell.
func Validate(path string, value any, defaults, unstringify bool) ([]Problem, error) {
	s := &checker{unstringify: unstringify}
	n, err := s.schema(path)
	if err != nil {
		return nil, err
	}
	errs := s.validate(n, value, "$")
	if len(errs) > 0 || s.err != nil || !defaults && !unstringify {
		return errs, s.err
	}
	if unstringify {
		s.applyTypes()
	}
	if defaults {
		if errs := s.applyDefaults(); len(errs) > 0 || s.err != nil {
			return errs, s.err
		}
	}
	s.applied = nil
	return s.validate(n, value, "$"), s.err
}

// keyword finds a keyword in a schema, or in one that it refers to.
func (s *checker) keyword(n node, name string) (any, bool) {
	for range depthLimit {
		schema, _ := n.value.(map[string]any)
		if v, ok := schema[name]; ok {
			return v, true
		}
		ref, ok := schema["$ref"].(string)
		if !ok {
			return nil, false
		}
		target, err := s.resolve(n, ref)
		if err != nil {
			return nil, false
		}
		n = target
	}
	return nil, false
}

// applyTypes turns properties that are texts into what the schemas want that
// apply.
func (s *checker) applyTypes() {
	for _, a := range s.applied {
		object, ok := a.instance.(map[string]any)
		if !ok {
			continue
		}
		properties := a.schema.value.(map[string]any)["properties"].(map[string]any)
		for name, schema := range properties {
			text, isText := object[name].(string)
			kinds, known := s.keyword(node{a.schema.file, schema}, "type")
			if !isText || !known {
				continue
			}
			list, ok := kinds.([]any)
			if !ok {
				list = []any{kinds}
			}
			for _, kind := range list {
				kind, _ := kind.(string)
				if value, ok := unstring(text, kind); ok {
					object[name] = value
					break
				}
			}
		}
	}
}

// missing is a property that gets a default.
type missing struct {
	object map[string]any
	name   string
	value  any
}

// applyDefaults adds the defaults of the schemas that apply; those of objects in
// defaults too.
func (s *checker) applyDefaults() (errs []Problem) {
	var found []missing
	for i := 0; i < len(s.applied); i++ { // it grows
		a := s.applied[i]
		object, ok := a.instance.(map[string]any)
		if !ok {
			continue
		}
		properties := a.schema.value.(map[string]any)["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			n := node{a.schema.file, properties[name]}
			value, has := s.keyword(n, "default")
			if _, there := object[name]; there || !has {
				continue
			}
			value = copyOf(value) // a copy
			found = append(found, missing{object, name, value})
			errs = append(errs, s.validate(n, value, "$.default of "+name)...)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	for _, d := range found {
		before, there := d.object[d.name] // it is of found, too
		if there && !equal(before, d.value) {
			s.err = said(fmt.Sprintf("conflicting defaults for key %s: %s and %s", d.name, literal.Repr(before), literal.Repr(d.value)))
			return nil
		}
		if !there {
			d.object[d.name] = d.value
		}
	}
	return nil
}

// said is an error with a text of the Python library.
type said string

func (s said) Error() string { return string(s) }

// copyOf is a copy of a JSON value.
func copyOf(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = copyOf(x)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, x := range v {
			object[key] = copyOf(x)
		}
		return object
	}
	return value
}
