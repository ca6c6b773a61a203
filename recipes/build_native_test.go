package recipes

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
)

// environOf runs an action and returns what it changes of the environment.
func environOf(s *stand, a parts.Action) map[string]string {
	s.t.Helper()
	set := map[string]string{}
	s.Work.Setenv = func(c parts.Environment) { set = c.Set }
	if err := a.Run(s.t.Context(), s.Work); err != nil {
		s.t.Fatal(err)
	}
	if o, ok := a.(parts.Ordered); !ok || !o.InOrder() {
		s.t.Error("later parts do not wait for it")
	}
	return set
}

func TestBuildPython(t *testing.T) {
	s := newStand(t)
	o := s.Options("foo", map[string]map[string]string{"foo": {"part": "own"}, "own": {"location": "/p", "executable": "/p/bin/python3", "version": "3.9"}})
	a, err := buildPython(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.checkSet(o, map[string]string{"location": "/p", "executable": "/p/bin/python3", "version": "3.9"})
	s.Runner.Env = []string{"PATH=/usr/bin:/bin"}
	if set := environOf(s, a); set["PATH"] != "/p/bin:/usr/bin:/bin" || set["PYTHON"] != "python3" {
		t.Errorf("%q", set)
	}
	s.Runner.Env = []string{"PATH=/usr/bin:/p/bin"}
	if set := environOf(s, a); set["PATH"] != "" {
		t.Errorf("it is in PATH already: %q", set)
	}
}

func TestBuildGCC(t *testing.T) {
	for _, c := range []struct {
		name, version, lines, prefix, msg string
	}{
		{"of the system", "12.2.0", "min-version = 5.4 8.1", "@ROOT@/system", ""},
		{"equal", "12.2.0", "min-version = 12.2.0\nmax-version = 12.2.0", "@ROOT@/system", ""},
		{"too old", "4.9", "min-version = 5.4", "/gcc/14.3", ""},
		{"too new", "13.1", "min-version = 5.4\nmax-version = 12.9 13", "/gcc/12.3", ""},
		{"none", "", "min-version = 5.4", "/gcc/14.3", ""},
		{"forced", "13.1", "min-version = 5.4\nforce-build = true", "/gcc/14.3", ""},
		{"nowhere", "4.9", "min-version = 99", "", "[foo] no available version given min-version=99 and max-version=inf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("system/bin/gcc", "", 0o755)
			s.Runner.Env = []string{"PATH=" + s.at("system/bin")}
			s.Runner.On("gcc", func(cmd parts.Command) error {
				if c.version == "" {
					return &parts.ExitError{Code: 1, Err: errors.New("no gcc")}
				}
				_, err := cmd.Stdout.Write([]byte(c.version + "\n"))
				return err
			})
			o := s.section("available = 10.5 9.5 12.3 14.3\n" + c.lines)
			for _, v := range []string{"9.5", "10.5", "12.3", "14.3"} {
				o.Sections["gcc-"+v] = map[string]string{"location": "/gcc/" + v}
			}
			o.Sections["binutils"] = map[string]string{"location": "/binutils"}
			_, err := buildGCC(t.Context(), probeOptions{o, s.Kit})
			if c.msg != "" {
				s.checkFails(err, o, "none", c.msg)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if prefix, _, _ := o.Lookup("prefix"); prefix != s.fill(c.prefix) {
				t.Errorf("prefix is %q", prefix)
			}
			if keys := o.Keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, "version") || k == "available" }) {
				t.Errorf("options: %q", keys)
			}
		})
	}
}

// The scripts of another section of that name are run by Python.
func TestBuildNativeOnlyKnown(t *testing.T) {
	s := newStand(t)
	for _, name := range []string{"gcc", "python"} {
		o := s.Options(name, map[string]map[string]string{name: {"init": "pass", "update": "pass"}})
		if _, _, ok := buildNative(t.Context(), o); ok {
			t.Errorf("[%s] is taken for that of SlapOS", name)
		}
		if _, err := (buildRecipe{}).Prepare(context.Background(), o); !errors.Is(err, parts.ErrNotRun) {
			t.Errorf("[%s]: %v", name, err)
		}
	}
	if _, err := os.Stat(s.at("parts")); err == nil {
		t.Error("something was made")
	}
}
