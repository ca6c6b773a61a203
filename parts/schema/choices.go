package schema

import (
	"maps"
	"slices"
	"strings"

	"gobuild/parts/literal"
)

// keywordTable is the table of the keywords that can find something wrong.
func keywordTable() map[string]func(k *keyword, arg any) []Problem {
	return map[string]func(k *keyword, arg any) []Problem{
		"$ref": keywordRef, "$dynamicRef": keywordRef, "$recursiveRef": keywordRef,
		"type": keywordType, "enum": keywordEnum, "const": keywordConst,
		"required": keywordRequired, "properties": keywordProperties, "patternProperties": keywordPatternProperties,
		"additionalProperties": keywordAdditionalProperties, "propertyNames": keywordPropertyNames,
		"dependencies": keywordOldDependencies, "dependentRequired": keywordDependencies, "dependentSchemas": keywordDependencies,
		"unevaluatedProperties": keywordUnevaluated,
		"items":                 keywordItems, "prefixItems": keywordPrefixItems, "additionalItems": keywordAdditionalItems, "contains": keywordContains,
		"minLength": keywordSize(length, false, "is too short"), "maxLength": keywordSize(length, true, "is too long"),
		"minItems": keywordSize(elements, false, "is too short"), "maxItems": keywordSize(elements, true, "is too long"),
		"minProperties": keywordSize(members, false, "does not have enough properties"),
		"maxProperties": keywordSize(members, true, "has too many properties"),
		"uniqueItems":   keywordUniqueItems, "pattern": keywordPattern,
		"minimum": keywordLimit(false, false), "maximum": keywordLimit(true, false),
		"exclusiveMinimum": keywordLimit(false, true), "exclusiveMaximum": keywordLimit(true, true),
		"multipleOf": keywordMultipleOf,
		"allOf":      keywordAllOf, "anyOf": keywordAnyOf, "oneOf": keywordOneOf, "not": keywordNot, "if": keywordIf,
	}
}

func keywordRef(k *keyword, arg any) []Problem {
	return k.reference(k.node, arg, k.value, k.path)
}

func keywordAllOf(k *keyword, arg any) (errs []Problem) {
	schemas, _ := arg.([]any)
	for _, schema := range schemas {
		errs = append(errs, k.validate(k.in(schema), k.value, k.path)...)
	}
	return errs
}

// first returns the index of the first schema that fits, or -1.
func (k *keyword) first(schemas []any) int {
	return slices.IndexFunc(schemas, func(schema any) bool { return k.valid(k.in(schema), k.value) })
}

func keywordAnyOf(k *keyword, arg any) []Problem {
	schemas, _ := arg.([]any)
	if len(schemas) == 0 || k.first(schemas) >= 0 {
		return nil
	}
	return k.wrong("%s is not valid under any of the given schemas", literal.Repr(k.value))
}

func keywordOneOf(k *keyword, arg any) []Problem {
	schemas, _ := arg.([]any)
	first := k.first(schemas)
	if first < 0 {
		return k.wrong("%s is not valid under any of the given schemas", literal.Repr(k.value))
	}
	var more []string
	for _, schema := range schemas[first+1:] {
		if k.valid(k.in(schema), k.value) {
			more = append(more, literal.Repr(schema))
		}
	}
	if len(more) == 0 {
		return nil
	}
	return k.wrong("%s is valid under each of %s", literal.Repr(k.value), strings.Join(append(more, literal.Repr(schemas[first])), ", "))
}

func keywordNot(k *keyword, arg any) []Problem {
	if k.valid(k.in(arg), k.value) {
		return k.wrong("%s should not be valid under %s", literal.Repr(k.value), literal.Repr(arg))
	}
	return nil
}

func keywordIf(k *keyword, arg any) []Problem {
	branch := "else"
	if k.valid(k.in(arg), k.value) {
		branch = "then"
	}
	if schema, ok := k.schema[branch]; ok {
		return k.validate(k.in(schema), k.value, k.path)
	}
	return nil
}

// keywordUnevaluated checks the properties that no schema which applies
// speaks of.
func keywordUnevaluated(k *keyword, arg any) (errs []Problem) {
	object, isObject := k.object()
	if !isObject {
		return nil
	}
	mark := len(k.applied)
	known := map[string]bool{}
	k.evaluated(k.node, known)
	var extras []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !known[name] && (arg == false || !k.valid(k.in(arg), object[name])) {
			extras = append(extras, name)
		}
	}
	k.applied = k.applied[:mark]
	if len(extras) == 0 {
		return nil
	}
	return k.wrong("Unevaluated properties are not allowed (%s)", unexpected(extras))
}

// evaluated notes the properties that a schema speaks of, as far as it applies.
func (k *keyword) evaluated(n node, known map[string]bool) {
	schema, ok := n.value.(map[string]any)
	if !ok || k.err != nil {
		return
	}
	here := &keyword{k.checker, n, schema, k.value, k.path}
	object, _ := k.object()
	_, additional := schema["additionalProperties"]
	extras := here.extras()
	for name := range object {
		if additional || !slices.Contains(extras, name) {
			known[name] = true
		}
	}
	for _, key := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
		if ref, ok := schema[key].(string); ok {
			if target, err := k.resolve(n, ref); err == nil {
				k.evaluated(target, known)
			}
		}
	}
	for _, inner := range here.applicable() {
		if k.valid(here.in(inner), k.value) {
			k.evaluated(here.in(inner), known)
		}
	}
}

// applicable returns the schemas in this one that may apply to the same value.
func (k *keyword) applicable() []any {
	var list []any
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		schemas, _ := k.schema[key].([]any)
		list = append(list, schemas...)
	}
	if condition, ok := k.schema["if"]; ok {
		list = append(list, condition)
		if k.valid(k.in(condition), k.value) {
			list = append(list, k.schema["then"])
		} else {
			list = append(list, k.schema["else"])
		}
	}
	object, _ := k.object()
	dependent, _ := k.schema["dependentSchemas"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(dependent)) {
		if _, there := object[name]; there {
			list = append(list, dependent[name])
		}
	}
	return list
}
