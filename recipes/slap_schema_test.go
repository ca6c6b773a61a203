package recipes

import (
	"gobuild/parts/literal"
	"slices"
	"strings"
	"testing"

	"gobuild/parts/slap"
)

// The texts are those of jsonschema 4.17.3.
func TestSlapSchema(t *testing.T) {
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
		s := newStand(t)
		s.write("schema.json", c.schema, 0o644)
		s.write("other.json", `{"$defs": {"x": {"$anchor": "here", "type": "string"}}}`, 0o644)
		value, err := slap.Parse(c.value)
		if err != nil {
			t.Fatal(err)
		}
		errs, err := slapValidate(s.at("schema.json"), value, false, false)
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
func TestSlapSchemaBad(t *testing.T) {
	for _, schema := range []string{`{"$ref": "#"}`, `{"$ref": "#/none"}`, `{"$ref": "none.json"}`, `{"$ref": "https://example.org/x"}`, `{"pattern": "(?=x)"}`, `{"type"`} {
		s := newStand(t)
		s.write("schema.json", schema, 0o644)
		if errs, err := slapValidate(s.at("schema.json"), "x", true, true); err == nil {
			t.Errorf("%s: %q", schema, errs)
		}
	}
}

func TestSlapSchemaDefaults(t *testing.T) {
	for _, c := range []struct{ schema, value, want string }{
		{`{"properties": {"a": {"default": 1}, "b": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"default": {}, "properties": {"c": {"default": "x"}}}}}`, `{}`, `{'a': 1, 'b': {'c': 'x'}}`},
		{`{"oneOf": [{"required": ["a"], "properties": {"x": {"default": 1}}}, {"required": ["b"], "properties": {"x": {"default": 2}}}]}`, `{"b": 0}`, `{'b': 0, 'x': 2}`},
		{`{"properties": {"n": {"type": "integer"}, "t": {"type": ["boolean", "string"]}, "s": {"type": "string"}}}`, `{"n": " 12 ", "t": "True", "s": "12"}`, `{'n': 12, 's': '12', 't': True}`},
		{`{"anyOf": [{"properties": {"n": {"type": "integer"}}, "required": ["x"]}, {"properties": {"n": {"type": "string"}}}]}`, `{"n": "1"}`, `{'n': '1'}`},
		{`{"properties": {"n": {"type": "integer", "minimum": 5}}}`, `{"n": "1"}`, `$.n: 1 is less than the minimum of 5`},
		{`{"properties": {"n": {"type": "integer", "default": "x"}}}`, `{}`, `$.default of n: 'x' is not of type 'integer'`},
		{`{"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"a": {"default": 2}}}]}`, `{}`, `conflicting defaults for key a: 1 and 2`},
	} {
		s := newStand(t)
		s.write("schema.json", c.schema, 0o644)
		value, err := slap.Parse(c.value)
		if err != nil {
			t.Fatal(err)
		}
		errs, err := slapValidate(s.at("schema.json"), value, true, true)
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

func TestSlapJsonschema(t *testing.T) {
	s := newSlapStand(t)
	s.write("software.cfg.json", `{"serialisation": "json-in-xml", "software-type": {"default": {"request": "in/main.json"},
		"sl": {"software-type": "default", "shared": true, "request": "in/shared.json"}, "xml": {"serialisation": "xml", "request": "in/main.json"}}}`, 0o644)
	s.write("in/main.json", `{"type": "object", "properties": {"n": {"type": "integer", "default": 7}}}`, 0o644)
	s.write("in/shared.json", `{"properties": {"ok": {"const": "yes"}}}`, 0o644)
	s.write("store/part/parameters.json", `{"_": {}, "slaves": [{"reference": "good", "_": {"ok": "yes"}}, {"reference": "bad", "_": {"ok": "no"}}]}`, 0o600)
	o := s.run(slapJsonschemaRecipe{}, "jsonschema = software.cfg.json\nset-default = main")
	s.checkOptions(o, map[string]string{
		"configuration": "!py!{'n': 7}", "configuration.n": "!py!7",
		"valid-shared-instance-list":   "!py![{'parameters': {'ok': 'yes'}, 'reference': 'good'}]",
		"invalid-shared-instance-list": `!py![{'errors': "  \x24.ok: 'yes' was expected", 'parameters': {'ok': 'no'}, 'reference': 'bad'}]`,
	})
	if _, _, ok := o.Lookup("slave-instance-list"); ok {
		t.Error("slave-instance-list is there")
	}
	s.check("store/part/errors.json", `store/part/errors.json file 0600 "{\n  \"version\": 1,\n  \"errors\": {\n    \"bad\": \"  $.ok: 'yes' was expected\"\n  }\n}\n"`)
	o = s.run(slapJsonschemaRecipe{}, "jsonschema = file://@ROOT@/software.cfg\nvalidate-parameters = none")
	s.checkOptions(o, map[string]string{"configuration": "!py!{}",
		"slave-instance-list": "!py![{'ok': 'yes', 'slap_software_type': 'default', 'slave_reference': 'good', 'slave_title': 'good'}, {'ok': 'no', 'slap_software_type': 'default', 'slave_reference': 'bad', 'slave_title': 'bad'}]"})
	for _, c := range []prepareCase{
		{"scope", "jsonschema = software.cfg.json\nunstringify = yes", "unstringify", "'yes' is not a valid value for option 'unstringify'. Accepted values are ('none', 'main', 'shared', 'all')"},
		{"type", "jsonschema = software.cfg.json\nslap-software-type = other\nvalidate-parameters = main", "jsonschema", "requested software-type 'other' seems to have no JSON schema entry in the software.cfg.json."},
		{"shared", "jsonschema = software.cfg.json\nslap-software-type = xml\nvalidate-parameters = shared", "jsonschema", "requested shared software-type 'xml' seems to have no JSON schema entry in the software.cfg.json."},
		{"parameters", "jsonschema = software.cfg.json\nconfiguration.n = 1\nslap-software-type = xml", "jsonschema", "Invalid parameters:\n  $.n: '1' is not of type 'integer'"},
	} {
		o := s.options(c.lines)
		_, err := slapJsonschemaRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, c.key, c.msg)
	}
}
