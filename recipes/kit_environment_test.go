package recipes

import (
	"maps"
	"testing"

	"gobuild/parts/partstest"
)

// readEnvironment reads the option of a section.
func readEnvironment(s *stand, lines string) (environment, *partstest.Options, error) {
	o := s.section(lines)
	env, err := environmentOption(s.t.Context(), o, "environment")
	return env, o, err
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        map[string]string
	}{
		{"missing", "", map[string]string{}},
		{"blank", "environment =", map[string]string{}},
		{"trimmed", "environment =\n  PATH=/x:%(PATH)s\n\n   B  =  two words \n  A=a=b", map[string]string{"PATH": "/x:/bin", "B": "two words", "A": "a=b"}},
		{"one line", "environment = A=", map[string]string{"A": ""}},
		{"not of each other", "environment =\n  OUTER=1\n  B=%(OUTER)s", map[string]string{"OUTER": "1", "B": "outer"}},
		{"percent sign", "environment = A=50%%", map[string]string{"A": "50%"}},
		{"section", "environment = sec", map[string]string{"x": "X"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, _, err := readEnvironment(newStand(t), c.lines)
			if err != nil {
				t.Fatal(err)
			}
			got, err := env.resolve([]string{"PATH=/bin", "OUTER=outer"})
			if err != nil || !maps.Equal(got, c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestEnvironmentFails(t *testing.T) {
	for _, c := range []struct{ name, lines, msg string }{
		{"no assignment", "environment =\n  A=1\n  junk", "Line 'junk' in environment is incorrect"},
		{"no name", "environment = =1", "Line '=1' in environment is incorrect"},
		{"repeated", "environment =\n  A=1\n  A =2", "Key 'A' is repeated"},
		{"no section", "environment = none", "The referenced section, 'none', was not defined."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			_, o, err := readEnvironment(s, c.lines)
			s.checkFails(err, o, "environment", c.msg)
		})
	}
}

func TestEnvironmentDoesNotResolve(t *testing.T) {
	for value, msg := range map[string]string{
		"A=%(NONE)s": "the value of A needs the environment variable NONE, which is not set",
		"A=100%":     "incomplete format",
		"A=%(PATH)d": "%(PATH)d does not fit: values are text, written as %(PATH)s",
	} {
		s := newStand(t)
		env, o, err := readEnvironment(s, "environment = "+value)
		if err != nil {
			t.Fatal(err)
		}
		_, err = env.resolve([]string{"PATH=/bin"})
		s.checkFails(err, o, "environment", msg)
	}
}
