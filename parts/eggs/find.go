package eggs

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gobuild/parts/pep"
)

// candidate is a distribution that is there.
type candidate struct {
	key, version string
	location     string
	info         string // of a link; else it is looked for in location
	develop      bool
	own          bool // it is part of the Python
	parsed       pep.Version
}

// eggName is NAME-VERSION[-pyX.Y[-PLATFORM]].egg.
var eggName = regexp.MustCompile(`^([^-]+)-([^-]+)(?:-py([^-]+)(?:-(.+))?)?\.egg$`)

// ownProjects are the distributions that a Python may lend to eggs: what builds
// and installs others.
var ownProjects = []string{"pip", "setuptools", "wheel", "packaging"}

// environment is what is there, by key, the best first.
type environment map[string][]candidate

// look finds what is there.
func (w *workingSet) look() {
	w.have = environment{}
	w.addLinks(w.DevelopEggs)
	w.addEggs(w.DevelopEggs)
	w.addEggs(w.EggsDirectory)
	for _, dir := range w.python.Site {
		w.addOwn(dir)
	}
	for key := range w.have {
		w.sort(key)
	}
}

func (w *workingSet) sort(key string) {
	slices.SortStableFunc(w.have[key], func(a, b candidate) int {
		rank := func(c candidate) int {
			switch {
			case c.develop:
				return 0
			case c.own:
				return 2
			}
			return 1
		}
		return cmp.Or(-a.parsed.Compare(b.parsed), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.location, b.location))
	})
}

func (w *workingSet) add(c candidate) {
	var ok bool
	if c.parsed, ok = pep.ParseVersion(c.version); ok {
		w.have[c.key] = append(w.have[c.key], c)
	}
}

// addEggs finds the eggs of a directory that this Python can use.
func (w *workingSet) addEggs(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		m := eggName.FindStringSubmatch(e.Name())
		if m == nil || m[3] != "" && m[3] != w.python.Version || m[4] != "" && m[4] != w.python.Platform {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if isDir(path) {
			w.add(candidate{key: canonical(m[1]), version: strings.ReplaceAll(m[2], "_", "-"), location: path})
		}
	}
}

// addLinks finds the projects that develop-eggs links to.
func (w *workingSet) addLinks(dir string) {
	links, _ := filepath.Glob(filepath.Join(globQuote(dir), "*.egg-link"))
	for _, link := range links {
		text, err := readLimited(link)
		if err != nil {
			continue
		}
		key := canonical(strings.TrimSuffix(filepath.Base(link), ".egg-link"))
		path, _, _ := strings.Cut(string(text), "\n")
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		info := infoIn(dir, key) // of a build that leaves nothing in the project
		if own := infoIn(path, key); own != "" {
			info = own
		}
		if d, err := readDist(info); err == nil {
			w.add(candidate{key: key, version: d.Version, location: path, info: info, develop: true})
		}
	}
}

// addOwn finds what the Python itself lends.
func (w *workingSet) addOwn(dir string) {
	for _, key := range ownProjects {
		if info := infoIn(dir, key); info != "" {
			if d, err := readDist(info); err == nil {
				w.add(candidate{key: key, version: d.Version, location: dir, info: info, own: true})
			}
		}
	}
}

// read returns the distribution of a candidate.
func (c candidate) read() (*Dist, error) {
	info := c.info
	if info == "" {
		info = infoIn(c.location, "")
	}
	if info == "" {
		return nil, errors.New("it has no metadata")
	}
	d, err := readDist(info)
	if err != nil {
		return nil, err
	}
	d.Location, d.Develop, d.own = c.location, c.develop, c.own
	return d, nil
}
