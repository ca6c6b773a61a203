package buildout

import (
	"testing"

	"gobuild/buildout/profile"
)

func TestTooWide(t *testing.T) {
	c := &changes{Engine: &Engine{Config: Config{Home: "/home/me/"},
		Base: &profile.Base{Directory: "/srv/app", BinDirectory: "/srv/app/bin", PartsDirectory: "/srv/app/parts"}}}
	for path, want := range map[string]bool{
		"/": true, "/usr": true, "/home/": true, "/home/me": true, "/home/me/": true, "/srv/app/parts": true, "/srv/app/bin/": true,
		"/srv/app/parts/../../other": true, "/srv/../x/y": true,
		"/srv/app/parts/a": false, "/home/me/a": false, "/srv/app/bin/tool": false, "/srv/a..b/c": false,
	} {
		if got := c.isTooWide(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
