package recipes

import (
	"gobuild/parts/literal"
	"maps"
	"slices"
	"strings"
)

// slapKeywordTable is the table of the keywords that can find something wrong.
func slapKeywordTable() map[string]func(k *slapKeyword, arg any) []slapSchemaError {
	return map[string]func(k *slapKeyword, arg any) []slapSchemaError{
		"$ref": slapKeywordRef, "$dynamicRef": slapKeywordRef, "$recursiveRef": slapKeywordRef,
		"type": slapKeywordType, "enum": slapKeywordEnum, "const": slapKeywordConst,
		"required": slapKeywordRequired, "properties": slapKeywordProperties, "patternProperties": slapKeywordPatternProperties,
		"additionalProperties": slapKeywordAdditionalProperties, "propertyNames": slapKeywordPropertyNames,
		"dependencies": slapKeywordOldDependencies, "dependentRequired": slapKeywordDependencies, "dependentSchemas": slapKeywordDependencies,
		"unevaluatedProperties": slapKeywordUnevaluated,
		"items":                 slapKeywordItems, "prefixItems": slapKeywordPrefixItems, "additionalItems": slapKeywordAdditionalItems, "contains": slapKeywordContains,
		"minLength": slapKeywordSize(slapLength, false, "is too short"), "maxLength": slapKeywordSize(slapLength, true, "is too long"),
		"minItems": slapKeywordSize(slapElements, false, "is too short"), "maxItems": slapKeywordSize(slapElements, true, "is too long"),
		"minProperties": slapKeywordSize(slapMembers, false, "does not have enough properties"),
		"maxProperties": slapKeywordSize(slapMembers, true, "has too many properties"),
		"uniqueItems":   slapKeywordUniqueItems, "pattern": slapKeywordPattern,
		"minimum": slapKeywordLimit(false, false), "maximum": slapKeywordLimit(true, false),
		"exclusiveMinimum": slapKeywordLimit(false, true), "exclusiveMaximum": slapKeywordLimit(true, true),
		"multipleOf": slapKeywordMultipleOf,
		"allOf":      slapKeywordAllOf, "anyOf": slapKeywordAnyOf, "oneOf": slapKeywordOneOf, "not": slapKeywordNot, "if": slapKeywordIf,
	}
}

func slapKeywordRef(k *slapKeyword, arg any) []slapSchemaError {
	return k.reference(k.node, arg, k.value, k.path)
}

func slapKeywordAllOf(k *slapKeyword, arg any) (errs []slapSchemaError) {
	schemas, _ := arg.([]any)
	for _, schema := range schemas {
		errs = append(errs, k.validate(k.in(schema), k.value, k.path)...)
	}
	return errs
}

// first returns the index of the first schema that fits, or -1.
func (k *slapKeyword) first(schemas []any) int {
	return slices.IndexFunc(schemas, func(schema any) bool { return k.valid(k.in(schema), k.value) })
}

func slapKeywordAnyOf(k *slapKeyword, arg any) []slapSchemaError {
	schemas, _ := arg.([]any)
	if len(schemas) == 0 || k.first(schemas) >= 0 {
		return nil
	}
	return k.wrong("%s is not valid under any of the given schemas", literal.Repr(k.value))
}

func slapKeywordOneOf(k *slapKeyword, arg any) []slapSchemaError {
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

func slapKeywordNot(k *slapKeyword, arg any) []slapSchemaError {
	if k.valid(k.in(arg), k.value) {
		return k.wrong("%s should not be valid under %s", literal.Repr(k.value), literal.Repr(arg))
	}
	return nil
}

func slapKeywordIf(k *slapKeyword, arg any) []slapSchemaError {
	branch := "else"
	if k.valid(k.in(arg), k.value) {
		branch = "then"
	}
	if schema, ok := k.schema[branch]; ok {
		return k.validate(k.in(schema), k.value, k.path)
	}
	return nil
}

// slapKeywordUnevaluated checks the properties that no schema which applies
// speaks of.
func slapKeywordUnevaluated(k *slapKeyword, arg any) (errs []slapSchemaError) {
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
	return k.wrong("Unevaluated properties are not allowed (%s)", slapUnexpected(extras))
}

// evaluated notes the properties that a schema speaks of, as far as it applies.
func (k *slapKeyword) evaluated(n slapNode, known map[string]bool) {
	schema, ok := n.value.(map[string]any)
	if !ok || k.err != nil {
		return
	}
	here := &slapKeyword{k.slapSchema, n, schema, k.value, k.path}
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
func (k *slapKeyword) applicable() []any {
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
