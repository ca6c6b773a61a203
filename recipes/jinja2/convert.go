package jinja2

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"

	"go.starlark.net/starlark"
)

// FromGo converts data as encoding/json makes it, and the usual Go types, to
// values. Maps are sorted by key; to keep an order, use pairs of [Entry].
func FromGo(data any) (starlark.Value, error) {
	switch d := data.(type) {
	case nil:
		return starlark.None, nil
	case starlark.Value:
		return d, nil
	case bool:
		return starlark.Bool(d), nil
	case string:
		return starlark.String(d), nil
	case []byte:
		return starlark.Bytes(d), nil
	case int:
		return starlark.MakeInt(d), nil
	case int64:
		return starlark.MakeInt64(d), nil
	case uint64:
		return starlark.MakeUint64(d), nil
	case float64:
		return starlark.Float(d), nil
	case *big.Int:
		return starlark.MakeBigInt(d), nil
	case json.Number:
		if n, ok := new(big.Int).SetString(string(d), 10); ok {
			return starlark.MakeBigInt(n), nil
		}
		return parseFloat(string(d))
	case []string:
		items := make([]starlark.Value, len(d))
		for i, s := range d {
			items[i] = starlark.String(s)
		}
		return starlark.NewList(items), nil
	}
	return fromContainer(data)
}

// Entry is an entry of a dict whose order is kept.
type Entry struct {
	Key   string
	Value any
}

func fromContainer(data any) (starlark.Value, error) {
	var entries []Entry
	switch d := data.(type) {
	case []any:
		items := make([]starlark.Value, len(d))
		for i, x := range d {
			v, err := FromGo(x)
			if err != nil {
				return nil, err
			}
			items[i] = v
		}
		return starlark.NewList(items), nil
	case []Entry:
		entries = d
	case map[string]any:
		for _, k := range sortedKeys(d) {
			entries = append(entries, Entry{k, d[k]})
		}
	case map[string]string:
		for _, k := range sortedKeys(d) {
			entries = append(entries, Entry{k, d[k]})
		}
	default:
		return nil, fmt.Errorf("convert a value of type %T", data)
	}
	dict := starlark.NewDict(len(entries))
	for _, e := range entries {
		v, err := FromGo(e.Value)
		if err != nil {
			return nil, err
		}
		if err := dict.SetKey(starlark.String(e.Key), v); err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// ToGo converts a value to data as encoding/json makes it, with []Entry for
// dicts, int64 or *big.Int for ints, and []byte for bytes.
func ToGo(v starlark.Value) (any, error) {
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.String:
		return string(v), nil
	case Markup:
		return string(v), nil
	case starlark.Bytes:
		return []byte(v), nil
	case starlark.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		return v.BigInt(), nil
	case starlark.Float:
		return float64(v), nil
	case *starlark.Dict:
		entries := make([]Entry, 0, v.Len())
		for k, x := range v.Entries() {
			data, err := ToGo(x)
			if err != nil {
				return nil, err
			}
			entries = append(entries, Entry{Str(k), data})
		}
		return entries, nil
	case *starlark.Set:
		return toSlice(setElements(v))
	case *starlark.List:
		items := make([]starlark.Value, v.Len())
		for i := range items {
			items[i] = v.Index(i)
		}
		return toSlice(items)
	case starlark.Tuple:
		return toSlice(v)
	}
	return nil, fmt.Errorf("convert a value of type %s", typeName(v))
}

func toSlice(values []starlark.Value) (any, error) {
	items := make([]any, len(values))
	for i, v := range values {
		data, err := ToGo(v)
		if err != nil {
			return nil, err
		}
		items[i] = data
	}
	return items, nil
}

// ParseJSON converts a JSON text to a value, as Python's json.loads does.
func ParseJSON(text string) (starlark.Value, error) {
	limits := Limits{Output: math.MaxInt32, Steps: math.MaxInt32, Depth: 500}
	r := &run{ctx: context.Background(), env: &Environment{Limits: limits}, steps: limits.Steps}
	return (&jsonDecoder{r: r, s: text}).document()
}
