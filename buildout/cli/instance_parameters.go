package cli

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
	"gobuild/parts/schema"
	"gobuild/parts/slap"
)

// parameter is one that was given.
type parameter struct {
	name  string
	value any // a text, unless typed
	typed bool
	at    diag.Span
}

// givenParameters reads those of --set, of words, and of a file with a JSON
// object; `-` is standard input.
func (i *instances) givenParameters(words []string, file string) ([]parameter, error) {
	var list []parameter
	if file != "" {
		more, err := i.parametersOf(file)
		if err != nil {
			return nil, err
		}
		list = more
	}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, withHint(usage("%q is no parameter", ui.Mask(word)), "a parameter is NAME=VALUE")
		}
		shown := name + "=" + ui.MaskOption(name, value)
		src := diag.NewSource("<command line>", []byte(shown))
		list = append(list, parameter{name, value, false, diag.SpanOf(src, len(name)+1, len(shown))})
	}
	return list, nil
}

// parametersOf reads a file with a JSON object.
func (i *instances) parametersOf(file string) ([]parameter, error) {
	read := func() ([]byte, error) { return os.ReadFile(i.path(file)) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(i.Stdin) }
	}
	text, err := read()
	if err != nil {
		return nil, usage("%v", err)
	}
	value, err := slap.Parse(string(text))
	object, ok := value.(map[string]any)
	if err == nil && !ok {
		err = errors.New("it holds no JSON object")
	}
	if err != nil {
		return nil, usage("--parameters %s: %v", file, err)
	}
	var list []parameter
	for _, name := range slices.Sorted(maps.Keys(object)) {
		p := parameter{name: name, value: object[name], typed: true}
		if from := bytes.Index(text, []byte(strconv.Quote(name))); from >= 0 && !ui.IsSecret(name) {
			p.at = diag.SpanOf(diag.NewSource(file, text), from, from+len(name)+2)
		}
		list = append(list, p)
	}
	return list, nil
}

// checkedParameters adds given parameters to those that an instance has, with
// the types that the schema of the software says, and checks all of them.
func checkedParameters(s *software, has map[string]any, given []parameter, unset []string) (map[string]any, []string, error) {
	all := map[string]any{}
	maps.Copy(all, has)
	for _, name := range unset {
		if _, ok := all[name]; !ok {
			return nil, nil, refuse("instance-parameter", "the instance has no parameter %s", name).
				WithHint("%s", diag.DidYouMean(name, slices.Sorted(maps.Keys(all))))
		}
		delete(all, name)
	}
	secret := []string{}
	note := func(name string, more bool) {
		if (more || ui.IsSecret(name)) && !slices.Contains(secret, name) {
			secret = append(secret, name)
		}
	}
	if s.schema == "" {
		for _, p := range given {
			all[p.name] = p.value
		}
		for name := range all {
			note(name, false)
		}
		slices.Sort(secret)
		return all, secret, nil
	}
	o, err := schema.Open(s.schema)
	if err != nil {
		return nil, nil, refuse("instance-software", "the schema of parameters cannot be used: %v", err)
	}
	var problems diag.List
	for _, p := range given {
		value, bad := readParameter(o, p)
		if bad != nil {
			problems.Add(bad)
			continue
		}
		all[p.name] = value
	}
	for name := range all {
		note(name, o.Secret(name))
	}
	slices.Sort(secret)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	return all, secret, checkWhole(o, s, all, given)
}

// readParameter gives a parameter its type.
func readParameter(o *schema.Object, p parameter) (any, *diag.Diagnostic) {
	if !o.Knows(p.name) {
		d := diag.At(p.at, "instance-parameter", "the software has no parameter %s", p.name)
		if hint := diag.DidYouMean(p.name, o.Names()); hint != "" {
			return nil, d.WithHint("%s", hint)
		}
		return nil, d.WithHint("its parameters are %s", strings.Join(o.Names(), ", "))
	}
	if p.typed {
		return p.value, nil
	}
	value, problems, err := o.Read(p.name, p.value.(string), slap.Parse)
	if err != nil {
		return nil, diag.At(p.at, "instance-software", "the schema of parameters cannot be used: %v", err)
	}
	if len(problems) > 0 {
		return nil, badParameter(o, p, problems[0])
	}
	return value, nil
}

// badParameter says what is wrong with a parameter and what it may be.
func badParameter(o *schema.Object, p parameter, problem schema.Problem) *diag.Diagnostic {
	msg := problem.Msg
	if ui.IsSecret(p.name) || o.Secret(p.name) {
		msg, p.at = "its value is not allowed", diag.Span{}
	}
	d := diag.At(p.at, "instance-parameter", "parameter %s: %s", strings.TrimPrefix(problem.Path, "$."), msg)
	if about := o.Describe(p.name); about != "" {
		return d.WithHint("%s is %s", p.name, about)
	}
	return d
}

// checkWhole checks all parameters together.
func checkWhole(o *schema.Object, s *software, all map[string]any, given []parameter) error {
	problems, err := o.Validate(all)
	if err != nil {
		return refuse("instance-software", "the schema of parameters cannot be used: %v", err)
	}
	var list diag.List
	for _, name := range o.Missing(all) {
		d := refuse("instance-parameter", "the parameter %s is missing", name)
		list.Add(d.WithHint("--set %s=…: it is %s", name, cmp.Or(o.Describe(name), "described in "+s.schema)))
	}
	if len(list) > 0 {
		return list
	}
	for _, problem := range problems {
		name, _, _ := strings.Cut(strings.TrimPrefix(problem.Path, "$."), ".")
		name, _, _ = strings.Cut(name, "[")
		at := slices.IndexFunc(given, func(p parameter) bool { return p.name == name })
		if at >= 0 {
			list.Add(badParameter(o, given[at], problem))
			continue
		}
		if ui.IsSecret(name) || o.Secret(name) {
			problem.Msg = "its value is not allowed"
		}
		list.Add(refuse("instance-parameter", "parameters: %s", strings.TrimPrefix(problem.String(), "$: ")).
			WithHint("--set NAME=VALUE gives one; they are described in %s: %s", s.schema, strings.Join(o.Names(), ", ")))
	}
	return list.Err()
}

// sameParameters reports whether parameters have the same values.
func sameParameters(a, b map[string]any) bool {
	return len(a) == len(b) && maps.EqualFunc(a, b, func(x, y any) bool { return reflect.DeepEqual(x, y) })
}
