package run

import (
	"maps"
	"slices"
	"testing"
)

func TestMergeEnv(t *testing.T) {
	for _, c := range []struct {
		base []string
		set  map[string]string
		want []string
	}{
		{nil, nil, []string{}},
		{[]string{"B=2", "A=1"}, nil, []string{"A=1", "B=2"}},
		{[]string{"A=1", "A=2"}, nil, []string{"A=2"}},
		{[]string{"A=1", "B=x=y"}, map[string]string{"A": "", "C": "3"}, []string{"A=", "B=x=y", "C=3"}},
		{[]string{"A_B=1", "A=2"}, nil, []string{"A=2", "A_B=1"}},
		{[]string{"", "=x", "noname"}, nil, []string{}},
	} {
		if got := MergeEnv(c.base, c.set); !slices.Equal(got, c.want) {
			t.Errorf("MergeEnv(%q, %q): got %q, want %q", c.base, c.set, got, c.want)
		}
	}
}

func TestParseEnv(t *testing.T) {
	env := []string{"A=1", "B=", "A=2=3", "x", "=y"}
	want := map[string]string{"A": "2=3", "B": ""}
	if got := ParseEnv(env); !maps.Equal(got, want) {
		t.Errorf("ParseEnv(%q): got %q, want %q", env, got, want)
	}
	if got, ok := LookupEnv(env, "A"); got != "2=3" || !ok {
		t.Errorf("LookupEnv A: got %q, %t", got, ok)
	}
	if got, ok := LookupEnv(env, "x"); ok {
		t.Errorf("LookupEnv x: got %q", got)
	}
}
