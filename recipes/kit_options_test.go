package recipes

import (
	"errors"
	"os"
	"slices"
	"testing"

	"gobuild/buildout/diag"
)

func TestOptionBool(t *testing.T) {
	for _, c := range []struct {
		lines string
		def   bool
		want  bool
		msg   string
		hint  string
	}{
		{lines: "a = 1", def: true, want: true},
		{lines: "a = 1", def: false, want: false},
		{lines: "b = true", want: true},
		{lines: "b = false", def: true, want: false},
		{lines: "b = True", msg: `"True" is not a boolean: it must be true or false`, hint: "write true"},
		{lines: "b = yes", msg: `"yes" is not a boolean: it must be true or false`, hint: "write true"},
		{lines: "b = 0", msg: `"0" is not a boolean: it must be true or false`, hint: "write false"},
		{lines: "b = perhaps", msg: `"perhaps" is not a boolean: it must be true or false`},
		{lines: "b =", msg: `"" is not a boolean: it must be true or false`},
	} {
		s := newStand(t)
		o := s.section(c.lines)
		got, err := optionBool(o, "b", c.def)
		if c.msg == "" {
			if err != nil || got != c.want {
				t.Errorf("%q: got %v, %v, want %v", c.lines, got, err, c.want)
			}
			continue
		}
		s.checkFails(err, o, "b", c.msg)
		var d *diag.Diagnostic
		if errors.As(err, &d) && (d.Hint != c.hint || !slices.Equal(d.Path, []string{"foo", "b"})) {
			t.Errorf("%q: hint %q, path %q", c.lines, d.Hint, d.Path)
		}
	}
}

func TestOptionBoolWords(t *testing.T) {
	yes, no := []string{"yes", "on"}, []string{"no", "off"}
	for _, c := range []struct {
		value   string
		no      []string
		want    bool
		refused bool
	}{
		{"YES", no, true, false},
		{"on", nil, true, false},
		{"Off", no, false, false},
		{"maybe", nil, false, false},
		{"maybe", no, false, true},
		{"", no, true, false},
	} {
		s := newStand(t)
		o := s.section("b = " + c.value)
		got, err := optionBoolWords(o, "b", true, yes, c.no)
		if c.refused {
			s.checkFails(err, o, "b", `"maybe" is not a boolean: it must be one of yes, on, no, off`)
		} else if err != nil || got != c.want {
			t.Errorf("%q: got %v, %v, want %v", c.value, got, err, c.want)
		}
	}
}

func TestOptionLists(t *testing.T) {
	o := newStand(t).section("a =\n    one  two \n\n  three\nb =")
	if got := optionLines(o, "a"); !slices.Equal(got, []string{"one  two", "three"}) {
		t.Errorf("lines %q", got)
	}
	if got := optionWords(o, "a"); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("words %q", got)
	}
	if got := append(optionLines(o, "b"), optionWords(o, "c")...); len(got) > 0 {
		t.Errorf("blank and missing options give %q", got)
	}
	if got := optionText(o, "c"); got != "" {
		t.Errorf("a missing option gives %q", got)
	}
	if !slices.Contains(o.Read(), "a") {
		t.Errorf("a is not marked as used: %q", o.Read())
	}
}

func TestOptionMode(t *testing.T) {
	for text, want := range map[string]os.FileMode{
		"755": 0o755, "0644": 0o644, "0o600": 0o600, "4755": os.ModeSetuid | 0o755,
		"2770": os.ModeSetgid | 0o770, "1777": os.ModeSticky | 0o777, "0": 0,
		"100644": 0o644, "+640": 0o640, "7_5_5": 0o755, "0O_17": 0o17,
	} {
		mode, set, err := optionMode(newStand(t).section("mode = "+text), "mode")
		if err != nil || !set || mode != want {
			t.Errorf("%q: got %v, %v, %v, want %v", text, mode, set, err, want)
		}
	}
	for _, lines := range []string{"mode =", "a = 1"} {
		if _, set, err := optionMode(newStand(t).section(lines), "mode"); err != nil || set {
			t.Errorf("%q: got %v, %v, want nothing", lines, set, err)
		}
	}
	for _, text := range []string{"rwx", "0888", "-1", "644x", "_644", "6__4", "644_", "0x1ff", "20000000000"} {
		s := newStand(t)
		o := s.section("mode = " + text)
		_, _, err := optionMode(o, "mode")
		s.checkFails(err, o, "mode", `"`+text+`" is not a file mode: it must be octal digits such as 0644`)
	}
}

func TestOptionModeGiven(t *testing.T) {
	s := newStand(t)
	o := s.section("blank =\nmode = 755")
	_, _, err := optionModeGiven(o, "blank")
	s.checkFails(err, o, "blank", "the mode is blank: it must be octal digits such as 0644")
	if mode, set, err := optionModeGiven(o, "mode"); err != nil || !set || mode != 0o755 {
		t.Errorf("got %v, %v, %v, want 0755", mode, set, err)
	}
	if _, set, err := optionModeGiven(o, "none"); err != nil || set {
		t.Errorf("a missing mode gives %v, %v", set, err)
	}
}

func TestRequireOption(t *testing.T) {
	s := newStand(t)
	o := s.section("urll = x\nempty =")
	_, err := requireOption(o, "url")
	s.checkFails(err, o, "url", "Missing option: foo:url")
	var d *diag.Diagnostic
	if errors.As(err, &d) && d.Hint != `section [foo] has an option "urll": should its name be "url"?` {
		t.Errorf("hint %q", d.Hint)
	}
	if value, err := requireOption(o, "empty"); err != nil || value != "" {
		t.Errorf("a blank option gives %q, %v", value, err)
	}
	_, err = requirePath(o, "empty")
	s.checkFails(err, o, "empty", "the path is blank")
}
