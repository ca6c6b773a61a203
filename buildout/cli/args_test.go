package cli

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// assigned is the assignments of a line as section:option=value.
func assigned(line commandLine) string {
	var list []string
	for _, a := range line.assignments {
		list = append(list, a.Section+":"+a.Option+"="+a.Value)
	}
	return strings.Join(list, ";")
}

func TestSplit(t *testing.T) {
	for _, c := range []struct{ args, rest, assigned string }{
		{"", "", ""},
		{"install", "install", ""},
		{"a=1", "", "buildout:a=1"},
		{"s:a=1 b=2 install x y=3", "install x y=3", "s:a=1;buildout:b=2"},
		{"s:a= -v b=2", "-v", "s:a=;buildout:b=2"},
		{"s:a=b:c=d", "", "s:a=b:c=d"},
		{"s:a=http://x/y?z=1", "", "s:a=http://x/y?z=1"},
		{"s:a+=1 s:b-=2", "", "s:a+=1;s:b-=2"},
		{"-c f.cfg a=1", "-c=f.cfg", "buildout:a=1"},
		{"-cf.cfg a=1", "-cf.cfg", "buildout:a=1"},
		{"-c a=b.cfg install", "-c=a=b.cfg install", ""},
		{"-vUc f.cfg a=1", "-vU -c=f.cfg", "buildout:a=1"},
		{"-vUcf.cfg a=1", "-vUcf.cfg", "buildout:a=1"},
		{"-Uot 5 a=1", "-Uo -t=5", "buildout:a=1"},
		{"-Uot5 a=1", "-Uot5", "buildout:a=1"},
		{"-j 3 a=1", "-j=3", "buildout:a=1"},
		{"-ct install", "-ct install", ""}, // a file named t
		{"-v -q -o a=1", "-v -q -o", "buildout:a=1"},
		{"--config f.cfg a=1", "--config=f.cfg", "buildout:a=1"},
		{"--config=f.cfg a=1", "--config=f.cfg", "buildout:a=1"},
		{"--dialect slapos query x", "--dialect=slapos query x", ""},
		{"--json a=1 annotate", "--json annotate", "buildout:a=1"},
		{"a=1 -- b=2", "-- b=2", "buildout:a=1"},
		{"query -v x", "query -v x", ""},
		{"-c", "-c", ""},
		{"--config", "--config", ""},
		{"- a=1", "-", "buildout:a=1"},
	} {
		line, err := split(strings.Fields(c.args))
		if err != nil || strings.Join(line.rest, " ") != c.rest || assigned(line) != c.assigned {
			t.Errorf("%q: rest %q, assigned %q, %v; want %q, %q", c.args, line.rest, assigned(line), err, c.rest, c.assigned)
		}
	}
}

func TestSplitStrips(t *testing.T) {
	line, err := split([]string{" s :\u2003a = 1  2\x1f "})
	if err != nil || assigned(line) != "s:a=1  2" {
		t.Errorf("got %q, %v", assigned(line), err)
	}
}

func TestSplitColons(t *testing.T) {
	_, err := split([]string{"a:b:c=1"})
	var status *statusError
	if !errors.As(err, &status) || status.status != StatusUsage || !strings.HasPrefix(err.Error(), "Invalid option: a:b:c=1") {
		t.Errorf("got %v", err)
	}
}

// TestSplitPlaces checks that a value is found in the command line that is
// shown with its errors.
func TestSplitPlaces(t *testing.T) {
	args := []string{"-vUc", "my file.cfg", "a=1", "--dialect", "auto", "-N", "s:b=two words", "c="}
	line, err := split(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range line.assignments {
		if a.At.Text() != a.Value || a.At.From.Src.Name != "<command line>" || string(a.At.From.Src.Text) != strings.Join(args, " ") {
			t.Errorf("%s is at %q of %q", a.Option, a.At.Text(), a.At.From.Src.Text)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", "-c f a=1", "-vUct\n", "--config\na=1\n--\nx", "a:b:c=1", "=\n-\n--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, err := split(strings.Split(text, "\n"))
		if err != nil {
			return
		}
		for _, a := range line.assignments {
			if cfg.Trim(a.At.Text()) != a.Value {
				t.Errorf("%q of %s stands at %q", a.Value, a.Option, a.At.Text())
			}
		}
	})
}

// TestValueFlags checks that the list of flags with a value is that of the
// flags there are: a value must not be taken for the command.
func TestValueFlags(t *testing.T) {
	a := &app{}
	root := newRoot(a)
	form := regexp.MustCompile(`(?m)^ +(?:(-\w), )?(--[\w-]+) ?(\w*)(\[?)`)
	var want []string
	for _, m := range form.FindAllStringSubmatch(root.PersistentFlags().FlagUsages()+root.LocalNonPersistentFlags().FlagUsages(), -1) {
		if m[3] == "" || m[3] == "count" || m[4] != "" || !strings.Contains(m[0], m[2]+" ") {
			continue
		}
		if m[1] != "" {
			want = append(want, m[1])
		}
		want = append(want, m[2])
	}
	got := slices.Sorted(slices.Values(valueFlags))
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("valueFlags is %q, the flags with a value are %q", got, want)
	}
}

func TestFlagError(t *testing.T) {
	const lists = "`gobuild --help` lists the options"
	for _, c := range []struct{ err, msg, hint string }{
		{"unknown shorthand flag: 'z' in -z", "Invalid option -z", lists},
		{"unknown shorthand flag: 'z' in -vzc", "Invalid option -z", lists},
		{"unknown flag: --ofline", "Invalid option --ofline", `did you mean "--offline"?`},
		{"unknown flag: --frobnicate", "Invalid option --frobnicate", lists},
		{"flag needs an argument: 'c' in -c", "No file name specified for option -c", ""},
		{"flag needs an argument: 't' in -t", "No timeout value specified for option -t", ""},
		{`invalid argument "many" for "-j, --jobs" flag: strconv.ParseInt: parsing "many": invalid syntax`, `Invalid value for option --jobs: "many"`, lists},
		{`invalid argument "a \" b" for "--json" flag: x`, `Invalid value for option --json: "a \" b"`, lists},
		{"bad flag syntax: --=", "Invalid option: bad flag syntax: --=", lists},
	} {
		err := flagError(newRoot(&app{}), errors.New(c.err))
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Msg != c.msg || d.Hint != c.hint {
			t.Errorf("%s: got %v, want %q with the hint %q", c.err, err, c.msg, c.hint)
		}
		if s := (*statusError)(nil); !errors.As(err, &s) || s.status != StatusUsage {
			t.Errorf("%s: status %v", c.err, s)
		}
	}
}

func TestSplitArgsOfCompletion(t *testing.T) {
	for _, c := range []struct{ args, rest, assigned string }{
		{"__complete|install|", "__complete|install|", ""},
		{"__complete|a=1|-c|f.cfg|install|x", "__complete|-c=f.cfg|install|x", "buildout:a=1"},
		{"__complete|a=1", "__complete|a=1", ""}, // the word that is being written
		{"__completeNoDesc|a=1|", "__completeNoDesc|", "buildout:a=1"},
	} {
		line, err := (&app{Env: Env{Args: strings.Split(c.args, "|")}}).splitArgs()
		if err != nil || strings.Join(line.rest, "|") != c.rest || assigned(line) != c.assigned {
			t.Errorf("%s: rest %q, assigned %q, %v", c.args, line.rest, assigned(line), err)
		}
	}
}
