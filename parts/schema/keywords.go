package schema

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gobuild/parts/literal"
)

// keyword is one keyword of a schema at work.
type keyword struct {
	*checker
	node   node
	schema map[string]any
	value  any
	path   string
}

func (k *keyword) wrong(format string, args ...any) []Problem {
	return []Problem{{k.path, fmt.Sprintf(format, args...)}}
}

// in returns a schema that stands in this one.
func (k *keyword) in(schema any) node { return node{k.node.file, schema} }

// member is the path of a property.
func (k *keyword) member(name string) string { return k.path + "." + name }

// item is the path of an element.
func (k *keyword) item(i int) string { return k.path + "[" + strconv.Itoa(i) + "]" }

func (k *keyword) object() (map[string]any, bool) {
	object, ok := k.value.(map[string]any)
	return object, ok
}

func keywordType(k *keyword, arg any) []Problem {
	kinds, ok := arg.([]any)
	if !ok {
		kinds = []any{arg}
	}
	var names []string
	for _, kind := range kinds {
		name, _ := kind.(string)
		if k.isType(k.node, k.value, name) {
			return nil
		}
		names = append(names, literal.Quote(name))
	}
	return k.wrong("%s is not of type %s", literal.Repr(k.value), strings.Join(names, ", "))
}

func keywordEnum(k *keyword, arg any) []Problem {
	list, _ := arg.([]any)
	if slices.ContainsFunc(list, func(x any) bool { return equal(x, k.value) }) {
		return nil
	}
	return k.wrong("%s is not one of %s", literal.Repr(k.value), literal.Repr(arg))
}

func keywordConst(k *keyword, arg any) []Problem {
	if equal(arg, k.value) {
		return nil
	}
	return k.wrong("%s was expected", literal.Repr(arg))
}

func keywordRequired(k *keyword, arg any) (errs []Problem) {
	object, isObject := k.object()
	names, ok := arg.([]any)
	if !ok || !isObject {
		return nil
	}
	for _, name := range names {
		text, _ := name.(string)
		if _, there := object[text]; !there {
			errs = append(errs, k.wrong("%s is a required property", literal.Quote(text))...)
		}
	}
	return errs
}

func keywordProperties(k *keyword, arg any) (errs []Problem) {
	object, _ := k.object()
	properties, _ := arg.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if value, ok := object[name]; ok {
			errs = append(errs, k.validate(k.in(properties[name]), value, k.member(name))...)
		}
	}
	return errs
}

func keywordPatternProperties(k *keyword, arg any) (errs []Problem) {
	object, _ := k.object()
	patterns, _ := arg.(map[string]any)
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if k.regexp(pattern).MatchString(name) {
				errs = append(errs, k.validate(k.in(patterns[pattern]), object[name], k.member(name))...)
			}
		}
	}
	return errs
}

// extras are the properties that the schema does not speak of by name or
// pattern, sorted.
func (k *keyword) extras() []string {
	object, _ := k.object()
	properties, _ := k.schema["properties"].(map[string]any)
	patterns, _ := k.schema["patternProperties"].(map[string]any)
	var extras []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, known := properties[name]; known {
			continue
		}
		known := false
		for pattern := range patterns {
			known = known || k.regexp(pattern).MatchString(name)
		}
		if !known {
			extras = append(extras, name)
		}
	}
	return extras
}

func keywordAdditionalProperties(k *keyword, arg any) (errs []Problem) {
	object, isObject := k.object()
	if !isObject {
		return nil
	}
	extras := k.extras()
	if _, ok := arg.(map[string]any); ok {
		for _, name := range extras {
			errs = append(errs, k.validate(k.in(arg), object[name], k.member(name))...)
		}
		return errs
	}
	if arg != false || len(extras) == 0 {
		return nil
	}
	if patterns, _ := k.schema["patternProperties"].(map[string]any); len(patterns) > 0 {
		verb := "does"
		if len(extras) > 1 {
			verb = "do"
		}
		return k.wrong("%s %s not match any of the regexes: %s", quoted(extras), verb, quoted(slices.Sorted(maps.Keys(patterns))))
	}
	return k.wrong("Additional properties are not allowed (%s)", unexpected(extras))
}

func quoted(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = literal.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

func unexpected(names []string) string {
	if len(names) == 1 {
		return quoted(names) + " was unexpected"
	}
	return quoted(names) + " were unexpected"
}

func keywordPropertyNames(k *keyword, arg any) (errs []Problem) {
	object, _ := k.object()
	for _, name := range slices.Sorted(maps.Keys(object)) {
		errs = append(errs, k.validate(k.in(arg), name, k.path)...)
	}
	return errs
}

// keywordOldDependencies is a keyword that new drafts do not have any more.
func keywordOldDependencies(k *keyword, arg any) []Problem {
	if !k.old(k.node) {
		return nil
	}
	return keywordDependencies(k, arg)
}

func keywordDependencies(k *keyword, arg any) (errs []Problem) {
	object, _ := k.object()
	all, _ := arg.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, there := object[name]; !there {
			continue
		}
		list, ok := all[name].([]any)
		if text, isText := all[name].(string); isText {
			list, ok = []any{text}, true
		}
		if !ok {
			errs = append(errs, k.validate(k.in(all[name]), k.value, k.path)...)
		}
		for _, other := range list {
			text, _ := other.(string)
			if _, there := object[text]; !there {
				errs = append(errs, k.wrong("%s is a dependency of %s", literal.Quote(text), literal.Quote(name))...)
			}
		}
	}
	return errs
}

// keywordItems checks elements: by one schema, or by one for each place.
func keywordItems(k *keyword, arg any) (errs []Problem) {
	list, _ := k.value.([]any)
	if schemas, ok := arg.([]any); ok {
		return k.places(schemas, list)
	}
	prefix, _ := k.schema["prefixItems"].([]any)
	if arg == false && len(list) > len(prefix) {
		return k.wrong("Expected at most %d items, but found %d", len(prefix), len(list))
	}
	for i := len(prefix); i < len(list); i++ {
		errs = append(errs, k.validate(k.in(arg), list[i], k.item(i))...)
	}
	return errs
}

// places checks elements by one schema for each.
func (k *keyword) places(schemas, list []any) (errs []Problem) {
	for i := range min(len(schemas), len(list)) {
		errs = append(errs, k.validate(k.in(schemas[i]), list[i], k.item(i))...)
	}
	return errs
}

func keywordPrefixItems(k *keyword, arg any) []Problem {
	list, _ := k.value.([]any)
	schemas, _ := arg.([]any)
	return k.places(schemas, list)
}

func keywordAdditionalItems(k *keyword, arg any) (errs []Problem) {
	list, _ := k.value.([]any)
	schemas, ok := k.schema["items"].([]any)
	if !ok || len(list) <= len(schemas) {
		return nil
	}
	if arg == false {
		var extra []string
		for _, x := range list[len(schemas):] {
			extra = append(extra, literal.Repr(x))
		}
		verb := "was"
		if len(extra) > 1 {
			verb = "were"
		}
		return k.wrong("Additional items are not allowed (%s %s unexpected)", strings.Join(extra, ", "), verb)
	}
	for i := len(schemas); i < len(list); i++ {
		errs = append(errs, k.validate(k.in(arg), list[i], k.item(i))...)
	}
	return errs
}

func keywordContains(k *keyword, arg any) []Problem {
	list, isList := k.value.([]any)
	if !isList {
		return nil
	}
	least, most := 1, len(list)
	if n, ok := countOf(k.schema["minContains"]); ok {
		least = n
	}
	if n, ok := countOf(k.schema["maxContains"]); ok {
		most = n
	}
	found := 0
	for _, x := range list {
		if k.valid(k.in(arg), x) {
			found++
		}
	}
	switch {
	case found == 0 && least > 0 && k.old(k.node):
		return k.wrong("None of %s are valid under the given schema", literal.Repr(k.value))
	case found == 0 && least > 0:
		return k.wrong("%s does not contain items matching the given schema", literal.Repr(k.value))
	case found < least:
		return k.wrong("Too few items match the given schema (expected at least %d but only %d matched)", least, found)
	case found > most:
		return k.wrong("Too many items match the given schema (expected at most %d)", most)
	}
	return nil
}

// countOf reads a number that counts.
func countOf(arg any) (int, bool) {
	r, ok := number(arg)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return int(r.Num().Int64()), true
}

// keywordSize checks how many there are: size returns that, and whether the
// value has a number of what is counted.
func keywordSize(size func(any) (int, bool), most bool, msg string) func(*keyword, any) []Problem {
	return func(k *keyword, arg any) []Problem {
		limit, ok := countOf(arg)
		n, counts := size(k.value)
		if ok && counts && (most && n > limit || !most && n < limit) {
			return k.wrong("%s %s", literal.Repr(k.value), msg)
		}
		return nil
	}
}

func length(value any) (int, bool) {
	text, ok := value.(string)
	return utf8.RuneCountInString(text), ok
}

func elements(value any) (int, bool) {
	list, ok := value.([]any)
	return len(list), ok
}

func members(value any) (int, bool) {
	object, ok := value.(map[string]any)
	return len(object), ok
}

func keywordUniqueItems(k *keyword, arg any) []Problem {
	list, _ := k.value.([]any)
	for i := range list {
		if arg == true && slices.ContainsFunc(list[:i], func(x any) bool { return equal(x, list[i]) }) {
			return k.wrong("%s has non-unique elements", literal.Repr(k.value))
		}
	}
	return nil
}

func keywordPattern(k *keyword, arg any) []Problem {
	text, isText := k.value.(string)
	pattern, ok := arg.(string)
	if isText && ok && !k.regexp(pattern).MatchString(text) {
		return k.wrong("%s does not match %s", literal.Quote(text), literal.Quote(pattern))
	}
	return nil
}

// keywordLimit checks a number against a limit that it may not pass, or not
// reach.
func keywordLimit(greatest, exclusive bool) func(*keyword, any) []Problem {
	return func(k *keyword, arg any) []Problem {
		limit, ok := number(arg)
		n, isNumber := number(k.value)
		if !ok || !isNumber {
			return nil
		}
		word, name, excludes := "less than", "minimum", exclusive
		c := n.Cmp(limit)
		if greatest {
			word, name, c = "greater than", "maximum", -c
		}
		if other := "exclusive" + strings.ToUpper(name[:1]) + name[1:]; !exclusive && k.schema[other] == true {
			excludes = true
		}
		switch {
		case excludes && c <= 0:
			word += " or equal to"
		case c >= 0:
			return nil
		}
		return k.wrong("%s is %s the %s of %s", literal.Repr(k.value), word, name, literal.Repr(arg))
	}
}

func keywordMultipleOf(k *keyword, arg any) []Problem {
	divisor, ok := number(arg)
	n, isNumber := number(k.value)
	if !ok || !isNumber || divisor.Sign() == 0 || new(big.Rat).Quo(n, divisor).IsInt() {
		return nil
	}
	return k.wrong("%s is not a multiple of %s", literal.Repr(k.value), literal.Repr(arg))
}
