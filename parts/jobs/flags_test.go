package jobs

import (
	"slices"
	"strings"
	"testing"
)

func TestOwnJobs(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  int
	}{
		{nil, 0}, {[]string{""}, 0}, {[]string{"install", "V=1"}, 0},
		{[]string{"-j4"}, 4}, {[]string{"-j 4"}, 4}, {[]string{"-j", "4"}, Unlimited},
		{[]string{"-j"}, Unlimited}, {[]string{"-j install"}, Unlimited}, {[]string{"-j0"}, Unlimited},
		{[]string{"--jobs=3"}, 3}, {[]string{"--jobs 3"}, 3}, {[]string{"--jobs"}, Unlimited},
		{[]string{"--parallel 5"}, 5}, {[]string{"--parallel=5"}, 5},
		{[]string{"-j2 -j3"}, 3}, {[]string{"-j3 -j2"}, 2}, {[]string{"-j2", "-j3"}, 3}, {[]string{"-j2", "-j"}, Unlimited},
		{[]string{"-kj4"}, 4}, {[]string{"-sj"}, Unlimited}, {[]string{"-j4k"}, 4}, {[]string{"-jk"}, Unlimited},
		{[]string{"-j$(nproc)"}, Unlimited}, {[]string{"-j`nproc`"}, Unlimited}, {[]string{`"-j$N"`}, Unlimited},
		{[]string{`-j"4"`}, 4}, {[]string{"--jobs=$(nproc)"}, Unlimited},
		{[]string{"-xjf a.tar"}, 0}, {[]string{"-java"}, 0}, {[]string{"--jobserver-auth=3,4"}, 0}, {[]string{"--j4"}, 0},
		{[]string{"CFLAGS=-j4"}, 0}, {[]string{"CFLAGS = -j4"}, 0}, {[]string{"A = b\nMAKEFLAGS = -k -j4"}, 4}, {[]string{"MAKEFLAGS=-j6"}, 6},
		{[]string{"CMAKE_BUILD_PARALLEL_LEVEL = 5\nA=b"}, 5}, {[]string{"MAKEFLAGS=-k"}, 0}, {[]string{"-Cj4"}, 0}, {[]string{"-"}, 0}, {[]string{"-j+4"}, 0}, {[]string{"-j99999999999999999999"}, Unlimited},
	} {
		if got := OwnJobs(c.texts...); got != c.want {
			t.Errorf("%q: got %d, want %d", c.texts, got, c.want)
		}
	}
}

func TestMakeflagsJobs(t *testing.T) {
	for flags, want := range map[string]int{
		"": 0, "k": 0, "kj3": 3, "j": Unlimited, " -j7": 7, "ks -j2 --jobserver-auth=3,4": 2, "CC=x": 0,
		"-- X=-j4 -j4": 0, "w -- -j4": 0, "-j5 -- -j4": 5, "--no-print-directory": 0,
	} {
		if got := makeflagsJobs(flags); got != want {
			t.Errorf("%q: got %d, want %d", flags, got, want)
		}
	}
}

func TestJobserverInMakeflags(t *testing.T) {
	for _, c := range []struct {
		flags string
		style style
		want  string
	}{
		{"", fifoPath, " -j4 --jobserver-auth=W"},
		{"", pipe, " -j4 --jobserver-fds=W --jobserver-auth=W"},
		{"k", fifoPath, "k -j4 --jobserver-auth=W"},
		{"k --no-print-directory", fifoPath, "k -j4 --jobserver-auth=W --no-print-directory"},
		{" --no-print-directory", fifoPath, " -j4 --jobserver-auth=W --no-print-directory"},
		{"CC=gcc -k", fifoPath, " -j4 --jobserver-auth=W CC=gcc -k"},
		{"ks -- A=b\\ c", fifoPath, "ks -j4 --jobserver-auth=W -- A=b\\ c"},
		{" -- A=b", fifoPath, " -j4 --jobserver-auth=W -- A=b"},
	} {
		got := addJobserver(c.flags, 4, "W", c.style)
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.flags, got, c.want)
		}
		if a := auth(got); a != "W" || makeflagsJobs(got) != 4 {
			t.Errorf("%q: read back %q, %d", got, a, makeflagsJobs(got))
		}
		if back := strip(got); strings.TrimSpace(back) != strings.TrimSpace(c.flags) {
			t.Errorf("%q without the jobserver: got %q, want %q", got, back, c.flags)
		}
	}
	for flags, want := range map[string]string{
		"": "", "--jobserver-auth=3,4": "3,4", "--jobserver-fds=3,4": "3,4", "k --jobserver-auth=3,4 --jobserver-auth=fifo:/x": "fifo:/x",
		"-- --jobserver-auth=3,4": "", "--jobserver-auth": "",
	} {
		if got := auth(flags); got != want {
			t.Errorf("auth of %q: got %q, want %q", flags, got, want)
		}
	}
}

func TestWith(t *testing.T) {
	got := with([]string{"A=1", "B=2", "AB=3", "B=4"}, "B", "x")
	if want := []string{"A=1", "B=x", "AB=3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := with(nil, "B", ""), []string{"B="}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzMakeflags(f *testing.F) {
	for _, flags := range []string{"", "k", " -j4 --jobserver-auth=3,4 -- A=b", "A=b", "-j", "--", "kj3 -j"} {
		f.Add(flags)
	}
	f.Fuzz(func(t *testing.T, flags string) {
		clean := strip(flags)
		if auth(clean) != "" {
			t.Fatalf("%q without a jobserver has one: %q", flags, clean)
		}
		if got := strip(clean); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(clean), " ") {
			t.Fatalf("%q: got %q when it is cleaned again, want %q", flags, got, clean)
		}
		for _, s := range []style{pipe, fifoPath} {
			added := addJobserver(clean, 4, "fifo:/a", s)
			if auth(added) != "fifo:/a" {
				t.Fatalf("%q with a jobserver: %q", clean, added)
			}
		}
	})
}

func TestWithoutOwnJobs(t *testing.T) {
	for _, c := range []struct {
		options, rest string
		n             int
	}{
		{"", "", 0},
		{"V=1", "V=1", 0},
		{"-j2", "", 2},
		{"-j 8 V=1", "V=1", 8},
		{"V=1 -j8", "V=1", 8},
		{"CC=gcc --jobs=4 V=1", "CC=gcc V=1", 4},
		{"--jobs 4 V=1", "V=1", 4},
		{"-j V=1", "V=1", Unlimited},
		{"-j1 V=1", "-j1 V=1", 0},
		{"-kj4", "-kj4", 0},
		{"-j$(nproc)", "-j$(nproc)", 0},
		{"-j2 -j4 all", "all", 4},
		{"-jx", "-jx", 0},
		{"CFLAGS='-O2 -j2x'", "CFLAGS='-O2 -j2x'", 0},
	} {
		if rest, n := WithoutOwnJobs("/usr/bin/make", c.options); rest != c.rest || n != c.n {
			t.Errorf("%q: %q, %d; want %q, %d", c.options, rest, n, c.rest, c.n)
		}
	}
	if rest, n := WithoutOwnJobs("ninja", "-j2"); rest != "-j2" || n != 0 {
		t.Errorf("ninja: %q, %d", rest, n)
	}
}
