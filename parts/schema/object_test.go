package schema

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"gobuild/parts/slap"
)

const objectSchema = `{"required": ["name"], "allOf": [{"$ref": "other.json"}], "properties": {
	"name": {"type": "string", "minLength": 2, "pattern": "^[a-z0-9]*$"},
	"port": {"type": "integer", "minimum": 1, "maximum": 9, "default": 5, "title": "TCP port"},
	"mode": {"enum": ["a", 1]}, "list": {"type": ["array", "null"]}, "secret": {"type": "string", "writeOnly": true}}}`

func openObject(t *testing.T) *Object {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "schema.json", objectSchema)
	write(t, dir, "other.json", `{"properties": {"extra": {"type": "boolean", "description": "More."}}}`)
	o, err := Open(filepath.Join(dir, "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestObjectRead(t *testing.T) {
	o := openObject(t)
	for _, c := range []struct {
		name, text string
		want       any
		problem    string
	}{
		{"name", "12", "12", ""},
		{"name", "7", nil, "'7' is too short"},
		{"port", "3", json.Number("3"), ""},
		{"port", "10", nil, "10 is greater than the maximum of 9"},
		{"port", "x", nil, "'x' is not of type 'integer'"},
		{"mode", "1", json.Number("1"), ""},
		{"mode", "a", "a", ""},
		{"list", "[1]", []any{json.Number("1")}, ""},
		{"extra", "true", true, ""},
		{"extra", "yes", nil, "'yes' is not of type 'boolean'"},
	} {
		got, problems, err := o.Read(c.name, c.text, slap.Parse)
		msg := ""
		if len(problems) > 0 {
			msg = problems[0].Msg
		}
		if err != nil || !reflect.DeepEqual(got, c.want) || msg != c.problem {
			t.Errorf("%s=%s: got %#v, %q (%v), want %#v, %q", c.name, c.text, got, msg, err, c.want, c.problem)
		}
	}
}

func TestObjectKnows(t *testing.T) {
	o := openObject(t)
	if want := []string{"extra", "list", "mode", "name", "port", "secret"}; !slices.Equal(o.Names(), want) {
		t.Errorf("names %q, want %q", o.Names(), want)
	}
	if o.Knows("nane") || !o.Knows("extra") || !o.Secret("secret") || o.Secret("name") {
		t.Error("wrong about what there is and what is secret")
	}
	if got := o.Missing(map[string]any{}); !slices.Equal(got, []string{"name"}) {
		t.Errorf("missing %q", got)
	}
	for name, want := range map[string]string{
		"port": "integer from 1 to 9 (by default 5): TCP port", "extra": "boolean: More.", "mode": "one of a, 1",
		"name": "string like ^[a-z0-9]*$ with at least 2 characters", "none": "",
	} {
		if got := o.Describe(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
