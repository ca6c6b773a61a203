package recipes

import (
	"errors"
	"slices"
	"testing"

	"gobuild/parts"
)

const unpackedArchive = "-- top/x --\nX\n-- top/d/y --\nY\n"

func TestUnpacked(t *testing.T) {
	for _, c := range []struct {
		name, lines, place string
		want               []string
	}{
		{"stripped", "", "parts/foo", []string{"x", "d/y"}},
		{"kept", "strip-top-level-dir = false", "parts/foo", []string{"top/x", "top/d/y"}},
		{"forced", "strip-top-level-dir = true", "parts/foo", []string{"x", "d/y"}},
		{"destination", "destination = @ROOT@/out/q/", "out/q/", []string{"x", "d/y"}},
		{"relative", "destination = out", "out", []string{"x", "d/y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("p.tar", unpackedArchive, 0o644)
			s.write("parts/foo/old", "", 0o644)
			o := s.section("url = @ROOT@/p.tar\n" + c.lines)
			a := s.prepare(unpackedRecipe{}, o)
			place := s.at(c.place)
			if c.name == "relative" {
				place = c.place
			} else if c.name == "destination" {
				place += "/"
			}
			s.checkSet(o, map[string]string{"location": place, "target": place})
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			s.checkOwned(place) // as the profile has it
			for _, name := range c.want {
				s.check(c.place+"/"+name, s.rel(c.place+"/"+name)+` file 0755 "`+map[bool]string{true: "X", false: "Y"}[name[len(name)-1] == 'x']+`\n"`)
			}
			if c.place == "parts/foo" {
				s.check("parts/foo/old")
			}
			if got := s.Events.Steps(); !slices.Equal(got, []string{"fetch", "unpack"}) {
				t.Errorf("steps %q", got)
			}
			if err := s.update(a); err != nil || len(s.Fetcher.Requests()) != 1 {
				t.Errorf("update fetched again: %v", err)
			}
		})
	}
}

func TestUnpackedStrip(t *testing.T) {
	for lines, want := range map[string]parts.Strip{
		"a = b": parts.StripAuto, "strip-top-level-dir = true": parts.StripAlways, "strip-top-level-dir = false": parts.StripNever,
	} {
		got, err := unpackedStrip(newStand(t).section(lines))
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", lines, got, err, want)
		}
	}
}

func TestUnpackedFailsAndRemoves(t *testing.T) {
	s := newStand(t)
	s.write("p.txt", "hi\n", 0o644)
	s.Fetcher.UnpackFunc = func(archive, dest string, _ parts.Strip) error {
		s.write("parts/foo/half", "", 0o644)
		return errors.New("Not a recognized archive type: " + archive)
	}
	o := s.section("url = @ROOT@/p.txt")
	err := s.prepare(unpackedRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "url", "Not a recognized archive type: @ROOT@/p.txt")
	s.check("parts", "parts dir 0755")
}

func TestUnpackedRefused(t *testing.T) {
	checkRefused(t, unpackedRecipe{}, []prepareCase{
		{"no url", "a = b", "url", "Missing option: foo:url"},
		{"strip", "url = u\nstrip-top-level-dir = 1", "strip-top-level-dir", `"1" is not a boolean: it must be true or false`},
		{"environment", "url = u\nenvironment =\n  A=1\n  B", "environment", "Line 'B' in environment is incorrect"},
		{"repeated", "url = u\nenvironment =\n  A=1\n  A=2", "environment", "Key 'A' is repeated"},
		{"shared", "url = u\nshared = true\ndestination = d", "destination", "When shared=true, option 'destination' can't be set"},
		{"sha256sum", "url = u\nsha256sum = x", "sha256sum", `"x" is not an SHA256 checksum: it must be 64 hexadecimal digits`},
	})
}

func TestUnpackedRefusesTheBuildout(t *testing.T) {
	s := newStand(t)
	s.write("p.tar", unpackedArchive, 0o644)
	err := s.prepare(unpackedRecipe{}, s.section("url = @ROOT@/p.tar\ndestination = @ROOT@/.")).Run(t.Context(), s.Work)
	if err == nil {
		t.Error("the buildout directory was deleted")
	}
	s.check("p.tar", `p.tar file 0644 "-- top/x --\nX\n-- top/d/y --\nY\n"`)
}
