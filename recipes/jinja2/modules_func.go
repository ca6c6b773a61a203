package jinja2

import (
	"math"
	"math/big"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func functoolsModule() *Object {
	return newModule("functools", map[string]native{"partial": funcPartial, "reduce": funcReduce}, nil)
}

func funcPartial(c *call) (starlark.Value, error) {
	if len(c.args) == 0 || !isCallable(c.args[0]) {
		return nil, typeErrorf("the first argument must be callable")
	}
	bound, named := c.args, c.kwargs
	o := newObject("functools.partial", map[string]starlark.Value{"func": bound[0], "args": starlark.Tuple(bound[1:])})
	o.attrs["__call__"] = newFunc("partial", func(c *call) (starlark.Value, error) {
		args := append(append([]starlark.Value{}, bound[1:]...), c.args...)
		kwargs := append([]starlark.Tuple{}, named...)
		for _, kw := range c.kwargs {
			_, kwargs = pop(kwargs, string(kw[0].(starlark.String)))
			kwargs = append(kwargs, kw)
		}
		return c.r.call(bound[0], args, kwargs)
	})
	return o, nil
}

func funcReduce(c *call) (starlark.Value, error) {
	p, err := c.params(2, "function", "iterable", "initial")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[1])
	if err != nil {
		return nil, err
	}
	total := p[2]
	for _, item := range items {
		if total == nil {
			total = item
			continue
		}
		if total, err = c.r.call(p[0], []starlark.Value{total, item}, nil); err != nil {
			return nil, err
		}
	}
	if total == nil {
		return nil, typeErrorf("reduce() of empty iterable with no initial value")
	}
	return total, nil
}

func operatorModule() *Object {
	functions := map[string]native{
		"itemgetter": getterFactory(func(r *run, v, k starlark.Value) (starlark.Value, error) { return r.getitem(v, k) }),
		"attrgetter": getterFactory(func(r *run, v, k starlark.Value) (starlark.Value, error) {
			name, ok := asString(k)
			if !ok {
				return nil, typeErrorf("attribute name must be a string")
			}
			found, err := r.getattr(v, name)
			if found == nil && err == nil {
				err = errorf("AttributeError", "%s object has no attribute %s", literal.Quote(typeName(v)), literal.Quote(name))
			}
			return found, err
		}),
		"neg":      func(c *call) (starlark.Value, error) { return unaryOperator(c, "-") },
		"pos":      func(c *call) (starlark.Value, error) { return unaryOperator(c, "+") },
		"truth":    typeBool,
		"contains": func(c *call) (starlark.Value, error) { return flipped(c, comparisonTest("in")) },
		"getitem":  func(c *call) (starlark.Value, error) { return twoOperands(c, (*run).getitem) },
		"not_": func(c *call) (starlark.Value, error) {
			v, err := typeBool(c)
			if err != nil {
				return nil, err
			}
			return !v.(starlark.Bool), nil
		},
	}
	for name, op := range map[string]string{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "concat": "+"} {
		functions[name] = func(c *call) (starlark.Value, error) {
			return twoOperands(c, func(r *run, a, b starlark.Value) (starlark.Value, error) { return r.binary(op, a, b) })
		}
	}
	for name, op := range map[string]string{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="} {
		functions[name] = comparisonTest(op)
	}
	return newModule("operator", functions, nil)
}

func twoOperands(c *call, f func(r *run, a, b starlark.Value) (starlark.Value, error)) (starlark.Value, error) {
	p, err := c.params(2, "a", "b")
	if err != nil {
		return nil, err
	}
	return f(c.r, p[0], p[1])
}

func flipped(c *call, fn native) (starlark.Value, error) {
	if len(c.args) == 2 {
		c.args = []starlark.Value{c.args[1], c.args[0]}
	}
	return fn(c)
}

func unaryOperator(c *call, op string) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	return c.r.unary(op, v)
}

// getterFactory makes itemgetter and attrgetter.
func getterFactory(get func(r *run, v, k starlark.Value) (starlark.Value, error)) native {
	return func(c *call) (starlark.Value, error) {
		keys := c.args
		if len(keys) == 0 {
			return nil, typeErrorf("%s expected at least 1 argument, got 0", c.name)
		}
		return newFunc(c.name, func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			var all starlark.Tuple
			for _, k := range keys {
				found, err := get(c.r, v, k)
				if err != nil {
					return nil, err
				}
				all = append(all, found)
			}
			if len(all) == 1 {
				return all[0], nil
			}
			return all, nil
		}), nil
	}
}

// mathFunction makes a function of one float.
func mathFunction(f func(float64) float64) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		x, err := asFloat(v)
		if err != nil {
			return nil, err
		}
		y := f(x)
		if math.IsNaN(y) && !math.IsNaN(x) || math.IsInf(y, 0) && !math.IsInf(x, 0) {
			return nil, valueErrorf("math domain error")
		}
		return starlark.Float(y), nil
	}
}

// mathWhole makes a function that rounds to an integer.
func mathWhole(f func(float64) float64) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		if n, ok := number(v).(starlark.Int); ok {
			return n, nil
		}
		x, err := asFloat(v)
		if err != nil {
			return nil, err
		}
		return truncate(f(x))
	}
}

func mathModule() *Object {
	functions := map[string]native{"ceil": mathWhole(math.Ceil), "floor": mathWhole(math.Floor), "trunc": mathWhole(math.Trunc), "log": mathLog,
		"isqrt": func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			n, err := c.integer(v)
			if err == nil && n.Sign() < 0 {
				err = valueErrorf("isqrt() argument must be nonnegative")
			}
			if err != nil {
				return nil, err
			}
			return starlark.MakeBigInt(new(big.Int).Sqrt(bigOf(n))), nil
		},
		"pow": func(c *call) (starlark.Value, error) {
			p, err := c.params(2, "x", "y")
			if err != nil {
				return nil, err
			}
			x, err := asFloat(p[0])
			if err != nil {
				return nil, err
			}
			y, err := asFloat(p[1])
			if err != nil {
				return nil, err
			}
			return floatPower(x, y)
		},
	}
	for name, f := range map[string]func(float64) float64{"sqrt": math.Sqrt, "exp": math.Exp, "log2": math.Log2, "log10": math.Log10, "fabs": math.Abs,
		"sin": math.Sin, "cos": math.Cos, "tan": math.Tan} {
		functions[name] = mathFunction(f)
	}
	return newModule("math", functions, map[string]starlark.Value{"pi": starlark.Float(math.Pi), "e": starlark.Float(math.E),
		"inf": starlark.Float(math.Inf(1)), "nan": starlark.Float(math.NaN())})
}

func mathLog(c *call) (starlark.Value, error) {
	p, err := c.params(1, "x", "base")
	if err != nil {
		return nil, err
	}
	var logs [2]float64
	for i, v := range p {
		if v == nil {
			logs[i] = 1
			continue
		}
		x, err := asFloat(v)
		if err != nil {
			return nil, err
		}
		if x <= 0 {
			return nil, valueErrorf("math domain error")
		}
		logs[i] = math.Log(x)
	}
	if logs[1] == 0 {
		return nil, errorf("ZeroDivisionError", "float division by zero")
	}
	return starlark.Float(logs[0] / logs[1]), nil
}
