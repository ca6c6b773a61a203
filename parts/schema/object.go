package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gobuild/parts/literal"
)

// Object is the schema of an object whose properties are given one by one.
type Object struct {
	path string
	c    *checker
	root node
	// properties are those that the schema speaks of, where it may apply.
	properties map[string][]node
	open       bool
}

// Open reads the schema of a file.
func Open(path string) (*Object, error) {
	o := &Object{path: path, c: &checker{}, properties: map[string][]node{}}
	n, err := o.c.schema(path)
	if err != nil {
		return nil, err
	}
	if _, ok := n.value.(map[string]any); !ok {
		return nil, fmt.Errorf("%s is no schema of an object", path)
	}
	o.root = n
	return o, o.collect(n, 0)
}

// collect notes the properties of a schema and of those that it refers to.
func (o *Object) collect(n node, depth int) error {
	schema, ok := n.value.(map[string]any)
	if !ok || depth > depthLimit {
		return nil
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, inner := range properties {
		o.properties[name] = append(o.properties[name], node{n.file, inner})
	}
	_, patterns := schema["patternProperties"]
	if extra, said := schema["additionalProperties"]; patterns || said && extra != false {
		o.open = true
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := schema[key].([]any)
		for _, inner := range list {
			if err := o.collect(node{n.file, inner}, depth+1); err != nil {
				return err
			}
		}
	}
	for _, key := range []string{"if", "then", "else"} {
		if err := o.collect(node{n.file, schema[key]}, depth+1); err != nil {
			return err
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		target, err := o.c.resolve(n, ref)
		if err != nil {
			return err
		}
		return o.collect(target, depth+1)
	}
	return nil
}

// Names are the properties that the schema speaks of, sorted.
func (o *Object) Names() []string { return slices.Sorted(maps.Keys(o.properties)) }

// Knows reports whether a property may be given: the schema speaks of it, or says
// itself that there may be others.
func (o *Object) Knows(name string) bool { return o.open || o.properties[name] != nil }

// Missing are the properties that an object has to have and has not.
func (o *Object) Missing(object map[string]any) []string {
	required, _ := o.root.value.(map[string]any)["required"].([]any)
	var missing []string
	for _, name := range required {
		if text, ok := name.(string); ok && object[text] == nil {
			missing = append(missing, text)
		}
	}
	return missing
}

// Validate checks a whole object.
func (o *Object) Validate(object map[string]any) ([]Problem, error) {
	return Validate(o.path, object, false, false)
}

// Read returns the value that a text stands for, such as 80 or the text itself:
// the first that the schema of the property allows. Otherwise it tells what is
// wrong with it.
func (o *Object) Read(name, text string, parse func(string) (any, error)) (any, []Problem, error) {
	candidates := []any{text}
	if v, err := parse(text); err == nil {
		if _, isText := v.(string); !isText {
			candidates = append(candidates, v)
		}
	}
	var problems []Problem
	for _, v := range candidates {
		found, err := o.check(name, v)
		if err != nil || len(found) == 0 {
			return v, nil, err
		}
		if problems == nil || strings.Contains(problems[0].Msg, " is not of type ") {
			problems = found // one of the right type says more
		}
	}
	return nil, problems, nil
}

// check checks the value of a property by the schemas that always apply to it.
func (o *Object) check(name string, value any) ([]Problem, error) {
	properties, _ := o.root.value.(map[string]any)["properties"].(map[string]any)
	n := node{o.root.file, properties[name]}
	if properties[name] == nil {
		if len(o.properties[name]) == 0 {
			return nil, nil
		}
		n = o.properties[name][0]
	}
	c := &checker{files: o.c.files}
	problems := c.validate(n, value, "$."+name)
	return problems, c.err
}

// keyword is a keyword of the schema of a property.
func (o *Object) keyword(name, key string) any {
	for _, n := range o.properties[name] {
		if v, ok := o.c.keyword(n, key); ok {
			return v
		}
	}
	return nil
}

// Secret reports whether the schema says that nobody may see a property.
func (o *Object) Secret(name string) bool {
	return o.keyword(name, "writeOnly") == true || o.keyword(name, "format") == "password"
}

// Describe tells in words what a property may be; "" if the schema does not say.
func (o *Object) Describe(name string) string {
	var words []string
	add := func(format string, key string) {
		if v := o.keyword(name, key); v != nil {
			words = append(words, fmt.Sprintf(format, plain(v)))
		}
	}
	add("%s", "type")
	add("one of %s", "enum")
	add("just %s", "const")
	add("from %s", "minimum")
	add("to %s", "maximum")
	add("like %s", "pattern")
	add("with at least %s characters", "minLength")
	add("with at most %s characters", "maxLength")
	add("(by default %s)", "default")
	text := strings.Join(words, " ")
	for _, key := range []string{"title", "description"} {
		if about, ok := o.keyword(name, key).(string); ok && about != "" {
			return strings.TrimPrefix(text+": "+about, ": ")
		}
	}
	return text
}

// plain shows a value of a schema; lists are shown with commas.
func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i, x := range v {
			items[i] = plain(x)
		}
		return strings.Join(items, ", ")
	}
	return literal.Repr(value)
}
