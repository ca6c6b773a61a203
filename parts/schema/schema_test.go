package schema

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts/literal"
	"gobuild/parts/slap"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The texts are those of jsonschema 4.17.3.
func TestSchema(t *testing.T) {
	for _, c := range []struct{ schema, value, want string }{
		{`{"type": "integer"}`, `"x"`, `$: 'x' is not of type 'integer'`},
		{`{"type": ["integer", "null"]}`, `true`, `$: True is not of type 'integer', 'null'`},
		{`{"type": "integer"}`, `1.0`, ``},
		{`{"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}`, `1.0`, `$: 1.0 is not of type 'integer'`},
		{`{"properties": {"a": {"type": "string"}}, "required": ["b"]}`, `{"a": [1]}`, "$.a: [1] is not of type 'string'\n$: 'b' is a required property"},
		{`{"items": {"enum": ["a", 1]}}`, `["a", 1.0, true]`, `$[2]: True is not one of ['a', 1]`},
		{`{"const": "a"}`, `"b"`, `$: 'a' was expected`},
		{`{"minimum": 2, "maximum": 3}`, `1`, `$: 1 is less than the minimum of 2`},
		{`{"exclusiveMinimum": 2}`, `2`, `$: 2 is less than or equal to the minimum of 2`},
		{`{"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 2, "exclusiveMaximum": true}`, `2`, `$: 2 is greater than or equal to the maximum of 2`},
		{`{"multipleOf": 0.1}`, `0.25`, `$: 0.25 is not a multiple of 0.1`},
		{`{"minLength": 2}`, `"é"`, `$: 'é' is too short`},
		{`{"maxItems": 1}`, `[1, 2]`, `$: [1, 2] is too long`},
		{`{"minProperties": 1}`, `{}`, `$: {} does not have enough properties`},
		{`{"uniqueItems": true}`, `[1, 1.0]`, `$: [1, 1.0] has non-unique elements`},
		{`{"uniqueItems": true}`, `[1, true]`, ``},
		{`{"pattern": "^a"}`, `"b"`, `$: 'b' does not match '^a'`},
		{`{"additionalProperties": false, "properties": {"a": {}}}`, `{"a": 1, "c": 1, "b": 2}`, `$: Additional properties are not allowed ('b', 'c' were unexpected)`},
		{`{"additionalProperties": false, "patternProperties": {"^x": {}}}`, `{"a": 1, "x1": 2}`, `$: 'a' does not match any of the regexes: '^x'`},
		{`{"additionalProperties": {"type": "null"}}`, `{"a": 1}`, `$.a: 1 is not of type 'null'`},
		{`{"propertyNames": {"maxLength": 1}}`, `{"ab": 1}`, `$: 'ab' is too long`},
		{`{"anyOf": [{"type": "string"}, {"type": "null"}]}`, `1`, `$: 1 is not valid under any of the given schemas`},
		{`{"oneOf": [{"type": "number"}, {"minimum": 0}]}`, `1`, `$: 1 is valid under each of {'minimum': 0}, {'type': 'number'}`},
		{`{"not": {"type": "null"}}`, `null`, `$: None should not be valid under {'type': 'null'}`},
		{`{"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}`, `{"a": 1}`, `$: 'b' is a required property`},
		{`{"dependentRequired": {"a": ["b"]}}`, `{"a": 1}`, `$: 'b' is a dependency of 'a'`},
		{`{"dependencies": {"a": ["b"]}}`, `{"a": 1}`, ``},
		{`{"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}}`, `{"a": 1}`, `$: 'b' is a dependency of 'a'`},
		{`{"prefixItems": [{"type": "null"}], "items": false}`, `[null, 1]`, `$: Expected at most 1 items, but found 2`},
		{`{"contains": {"type": "null"}}`, `[1]`, `$: [1] does not contain items matching the given schema`},
		{`{"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}`, `{"a": 1, "b": 2}`, `$: Unevaluated properties are not allowed ('b' was unexpected)`},
		{`{"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}, "maximum": 1}`, `2`, "$: 2 is not of type 'null'\n$: 2 is greater than the maximum of 1"},
		{`{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "null"}}, "maximum": 1}`, `2`, "$: 2 is not of type 'null'"},
		{`{"$ref": "other.json#here"}`, `2`, "$: 2 is not of type 'string'"},
		{`{"properties": {"a": false}}`, `{"a": 1}`, `$.a: False schema does not allow 1`},
	} {
		dir := t.TempDir()
		write(t, dir, "schema.json", c.schema)
		write(t, dir, "other.json", `{"$defs": {"x": {"$anchor": "here", "type": "string"}}}`)
		value, err := slap.Parse(c.value)
		if err != nil {
			t.Fatal(err)
		}
		errs, err := Validate(filepath.Join(dir, "schema.json"), value, false, false)
		var got []string
		for _, e := range errs {
			got = append(got, e.String())
		}
		if want := strings.Split(c.want, "\n"); err != nil || !slices.Equal(got, want) && c.want != "" || c.want == "" && len(got) > 0 {
			t.Errorf("%s of %s:\n got %q (%v)\nwant %q", c.value, c.schema, got, err, want)
		}
	}
}

// Schemas that cannot be used are errors, not crashes.
func TestSchemaBad(t *testing.T) {
	for _, schema := range []string{`{"$ref": "#"}`, `{"$ref": "#/none"}`, `{"$ref": "none.json"}`, `{"$ref": "https://example.org/x"}`, `{"pattern": "(?=x)"}`, `{"type"`} {
		dir := t.TempDir()
		write(t, dir, "schema.json", schema)
		if errs, err := Validate(filepath.Join(dir, "schema.json"), "x", true, true); err == nil {
			t.Errorf("%s: %q", schema, errs)
		}
	}
}

func TestSchemaDefaults(t *testing.T) {
	for _, c := range []struct{ schema, value, want string }{
		{`{"properties": {"a": {"default": 1}, "b": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"default": {}, "properties": {"c": {"default": "x"}}}}}`, `{}`, `{'a': 1, 'b': {'c': 'x'}}`},
		{`{"oneOf": [{"required": ["a"], "properties": {"x": {"default": 1}}}, {"required": ["b"], "properties": {"x": {"default": 2}}}]}`, `{"b": 0}`, `{'b': 0, 'x': 2}`},
		{`{"properties": {"n": {"type": "integer"}, "t": {"type": ["boolean", "string"]}, "s": {"type": "string"}}}`, `{"n": " 12 ", "t": "True", "s": "12"}`, `{'n': 12, 's': '12', 't': True}`},
		{`{"anyOf": [{"properties": {"n": {"type": "integer"}}, "required": ["x"]}, {"properties": {"n": {"type": "string"}}}]}`, `{"n": "1"}`, `{'n': '1'}`},
		{`{"properties": {"n": {"type": "integer", "minimum": 5}}}`, `{"n": "1"}`, `$.n: 1 is less than the minimum of 5`},
		{`{"properties": {"n": {"type": "integer", "default": "x"}}}`, `{}`, `$.default of n: 'x' is not of type 'integer'`},
		{`{"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"a": {"default": 2}}}]}`, `{}`, `conflicting defaults for key a: 1 and 2`},
	} {
		dir := t.TempDir()
		write(t, dir, "schema.json", c.schema)
		value, err := slap.Parse(c.value)
		if err != nil {
			t.Fatal(err)
		}
		errs, err := Validate(filepath.Join(dir, "schema.json"), value, true, true)
		got := literal.Repr(value)
		if len(errs) > 0 {
			got = errs[0].String()
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s of %s:\n got %s\nwant %s", c.value, c.schema, got, c.want)
		}
	}
}
