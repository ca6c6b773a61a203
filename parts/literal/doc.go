// Package literal reads and writes values as Python's literals, as they stand in
// options of profiles (SPEC-engine 5), in modules of promises and in messages.
//
// In Go a value is what encoding/json decodes with UseNumber, besides Tuple and
// Set: nil, bool, string, json.Number, []any and map[string]any.
package literal

type (
	// Tuple is a tuple.
	Tuple []any
	// Set is a set or a frozenset, without an order.
	Set []any
)
