package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// policies are all there are.
var policies = []policy{{true, true}, {true, false}, {false, true}, {false, false}}

func TestSimulate(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name  string
		parts []part
		cores int
		want  time.Duration
	}{
		{"nothing", nil, 2, 0},
		{"no time", []part{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}, 2, 0},
		{"one core", []part{{Name: "a", Seconds: 3, Serial: 1}, {Name: "b", Seconds: 2}}, 1, 5 * s},
		{"make takes both cores", []part{{Name: "a", Seconds: 3, Serial: 1}}, 2, 2 * s},
		{"serial parts run side by side", []part{{Name: "a", Seconds: 2, Serial: 2}, {Name: "b", Seconds: 2, Serial: 2}}, 2, 2 * s},
		{"a make gives way", []part{{Name: "a", Seconds: 4}, {Name: "b", Seconds: 2, Serial: 2}}, 2, 3 * s},
		{"a chain", []part{{Name: "a", Seconds: 4, Needs: []string{"b"}}, {Name: "b", Seconds: 2, Serial: 2}}, 4, 3 * s},
	} {
		for _, p := range policies {
			took, err := simulate(c.parts, c.cores, p)
			if err != nil || took != c.want {
				t.Errorf("%s, %+v: got %v, %v, want %v", c.name, p, took, err, c.want)
			}
		}
	}
}

// The recorded stacks: within the bounds, and near them on few cores.
func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file  string
		cores int
		most  float64 // times the lower bound
		least float64 // times faster than one part after the other
	}{
		{"small.json", 1, 1, 1}, {"small.json", 2, 1.001, 1.36}, {"small.json", 4, 1.06, 2}, {"small.json", 8, 1.14, 3}, {"small.json", 16, 1.08, 3.5},
		{"medium.json", 1, 1, 1}, {"medium.json", 2, 1.001, 1.16}, {"medium.json", 4, 1.001, 1.49}, {"medium.json", 8, 1.06, 2}, {"medium.json", 16, 1.09, 3.16},
	} {
		parts, err := read(c.file)
		if err != nil {
			t.Fatal(err)
		}
		took, err := simulate(parts, c.cores, policies[0])
		if err != nil {
			t.Fatal(err)
		}
		ratio := took.Seconds() / bound(parts, c.cores).Seconds()
		gain := oneByOne(parts, c.cores).Seconds() / took.Seconds()
		if ratio < 1-1e-9 || ratio > c.most+1e-9 || gain < c.least-1e-9 {
			t.Errorf("%s, %d cores: %.3f times the bound, gain %.3f", c.file, c.cores, ratio, gain)
		}
	}
}

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	for _, c := range []struct{ text, cores, first, share, want string }{
		{`{"parts": [{"name": "a", "needs": ["before"], "seconds": 3, "serial": 1}]}`, "2", "parts", "path", `FILE: 1 parts, 3 s, of it 1 s serial
cores  one at a time  simulated    bound    ratio   gain
    2          2.0 s      2.0 s    2.0 s    1.000   1.00
`},
		{`{"parts": []}`, "2,x", "parts", "path", `-cores 2,x: "x" is no number from 1 to 1024`},
		{`{"parts": []}`, "0", "parts", "path", `-cores 0: "0" is no number from 1 to 1024`},
		{`{"parts": []}`, "2", "all", "path", `-first all: want parts or makes`},
		{`{"parts": []}`, "2", "makes", "all", `-share all: want path or turns`},
		{`{`, "2", "parts", "turns", `read FILE: unexpected end of JSON input`},
		{`{"parts": [{"name": "a", "seconds": 1, "serial": 2}]}`, "2", "parts", "turns", `read FILE: part "a": 1 s, of it 2 s serial`},
		{`{"parts": [{"name": "a", "needs": ["a"], "seconds": 1}]}`, "2", "parts", "turns", `simulate FILE: tasks need each other: "a" needs "a"`},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err := run(&out, []string{file}, c.cores, c.first, c.share)
		got := out.String()
		if err != nil {
			got = err.Error()
		}
		if got = strings.ReplaceAll(got, file, "FILE"); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.text, got, c.want)
		}
	}
	if err := run(new(strings.Builder), nil, "1", "parts", "path"); err == nil || err.Error() != "no file is named" {
		t.Errorf("no file: got %v", err)
	}
}
