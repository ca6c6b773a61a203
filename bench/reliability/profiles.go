//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The profiles that sites are brought to: first is installed first, second has
// other options for a third of the parts, third lacks some of them.
const (
	first  = "first"
	second = "second"
	third  = "third"
)

// stack makes profiles of n parts out of sources. The kinds of parts take
// turns, beginning with that of number shift.
type stack struct {
	n     int
	from  *sources
	shift int
}

// write writes the three profiles into the site.
func (k stack) write(s *site) error {
	for i := range k.n {
		for _, with := range []string{"one", "two"} { // what links lead to
			if err := os.WriteFile(filepath.Join(k.from.dir, with+"-"+partName(i)), nil, 0o644); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{first, second, third} {
		if err := s.profile(name, k.text(name)); err != nil {
			return err
		}
	}
	return nil
}

func (k stack) text(profile string) string {
	var names []string
	var sections strings.Builder
	for i := range k.n {
		if profile == third && (i%5 == 4 || i%10 == 1) {
			continue
		}
		with := "one"
		if profile != first && i%3 == 1 {
			with = "two"
		}
		names = append(names, partName(i))
		sections.WriteString(k.part(i, with))
	}
	return "[buildout]\nparts =\n  " + strings.Join(names, "\n  ") + "\n\n" + sections.String() +
		section("place", "slapos.recipe.build:mkdirectory", "etc = ${buildout:directory}/etc\nbin = ${buildout:directory}/bin\nlinks = ${buildout:directory}/links\n")
}

func partName(i int) string { return fmt.Sprintf("p%02d", i) }

// kindCount is the number of kinds of parts, which take turns.
const kindCount = 10

func (k stack) part(i int, with string) string {
	kinds := [kindCount]func(i int, with string) string{
		k.build, k.download, k.template, k.wrapper, k.symlink,
		k.build, k.command, k.unpacked, k.template, k.build,
	}
	return kinds[(i+k.shift)%kindCount](i, with)
}

// build is a part that is built from source; the next one of its kind depends
// on it, and sees what it was told.
func (k stack) build(i int, with string) string {
	options := "configure-options = --with=" + with + "\n"
	if (i+k.shift)%kindCount == 5 {
		options = fmt.Sprintf("configure-options = --with=%s --dep=${%s:location}\n", with, partName(i-5))
	}
	return section(partName(i), "slapos.recipe.cmmi", k.from.at(fmt.Sprintf("pkg%d.tar.gz", i%4), i%2 == 1), options)
}

func (k stack) download(i int, with string) string {
	n := i % 4
	if with == "two" {
		n = (i + 1) % 4
	}
	return section(partName(i), "slapos.recipe.build:download", k.from.at(fmt.Sprintf("file%d", n), true))
}

func (k stack) unpacked(i int, with string) string {
	n := i % 4
	if with == "two" {
		n = (i + 1) % 4
	}
	return section(partName(i), "slapos.recipe.build:download-unpacked", k.from.at(fmt.Sprintf("pkg%d.tar.gz", n), i%2 == 0))
}

func (k stack) template(i int, with string) string {
	return section(partName(i), "slapos.recipe.template",
		"output = ${place:etc}/", partName(i), ".conf\ninline =\n  with = ", with, "\n  path = ${buildout:directory}\n")
}

func (k stack) wrapper(i int, with string) string {
	return section(partName(i), "slapos.cookbook:wrapper",
		"command-line = /bin/echo ", with, "\nwrapper-path = ${place:bin}/", partName(i), "\n")
}

func (k stack) symlink(i int, with string) string {
	return section(partName(i), "slapos.cookbook:symbolic.link",
		"link-binary = ", k.from.dir, "/", with, "-", partName(i), "\ntarget-directory = ${place:links}\n")
}

func (k stack) command(i int, with string) string {
	out := "${buildout:directory}/made-" + partName(i)
	return section(partName(i), "plone.recipe.command",
		"command = mkdir -p ", out, " && echo ", with, " > ", out, "/file\nlocation = ", out, "\nstop-on-error = true\n")
}

// step is a way from one profile to another; from is "" for an empty site.
type step struct{ name, from, to string }

// steps is a tour through all ways, each beginning where the one before ends.
func steps() []step {
	return []step{
		{"install", "", first}, {"upgrade", first, second}, {"uninstall", second, third}, {"return", third, first},
	}
}

// references takes the tour undisturbed and returns the condition after each
// step, and how long it took, by its name.
func (s *site) references() (map[string]condition, map[string]time.Duration, error) {
	after, took := map[string]condition{}, map[string]time.Duration{}
	if err := s.wipe(); err != nil {
		return nil, nil, err
	}
	for _, st := range steps() {
		begin := time.Now()
		if err := s.plain(st.to); err != nil {
			return nil, nil, err
		}
		took[st.name] = time.Since(begin)
		c, err := s.condition()
		if err != nil {
			return nil, nil, err
		}
		after[st.name] = c
	}
	return after, took, nil
}

// stepNames returns the names in the order of the tour.
func stepNames() []string {
	var names []string
	for _, st := range steps() {
		names = append(names, st.name)
	}
	return slices.Clip(names)
}
