package bom

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/fetch"
	"gobuild/parts/manifest"
)

// Kind says what a part is.
type Kind string

// The kinds.
const (
	Library     Kind = "library"
	Application Kind = "application"
	Data        Kind = "file"
)

// Component is an installed part, as a bill of materials tells of it.
type Component struct {
	Part     string `json:"part"`
	Recipe   string `json:"recipe"`
	Kind     Kind   `json:"kind"`
	Upstream string `json:"upstream,omitempty"` // name of what it was made from
	Version  string `json:"version,omitempty"`  // "" when it is not known
	PURL     string `json:"purl,omitempty"`
	// Known says that the sources were noted while the part was installed.
	// Otherwise they are what the options say.
	Known   bool     `json:"known"`
	Sources []Source `json:"sources,omitempty"`
	Git     *Git     `json:"git,omitempty"`
	License License  `json:"license"`
	// Truncated says that there are more licence files than Files has.
	Truncated bool   `json:"truncated,omitempty"`
	Needs     []Need `json:"needs,omitempty"`
}

// Need is a part that another one needs.
type Need struct {
	Part string `json:"part"`
	When When   `json:"when,omitempty"`
}

// When says what a part is needed for. "" is not known.
type When string

// When parts are needed.
const (
	Run   When = "run"   // installed files name it
	Build When = "build" // no installed file does
)

// Shelf is what is kept of the parts of one buildout directory. One goroutine
// uses it.
type Shelf struct {
	// Said are licences that a profile gives parts now. It may differ from the
	// option that is recorded: such a change installs nothing anew.
	Said map[string]string

	stateDir string
	corpus   *corpus
	known    map[string]Identity // by sum of the text
	learnt   bool                // known has more than the file
}

// Open returns the shelf of a state directory: .gobuild of a buildout
// directory.
func Open(stateDir string) *Shelf { return &Shelf{stateDir: stateDir, known: readIdentified(stateDir)} }

// Component returns what is known of an installed part, without its needs.
func (s *Shelf) Component(r parts.Record) (*Component, error) {
	p := Load(s.stateDir, r.Part, manifest.Digest(r))
	derived := derive(r.Options)
	if len(p.Sources) == 0 && p.Git == nil && (len(derived.Sources) > 0 || derived.Git != nil) {
		p = derived // it was installed by others, or found in a shared directory
	}
	c := &Component{Part: r.Part, Recipe: r.Options["recipe"], Known: p.Known, Sources: p.Sources, Git: p.Git, Truncated: p.Truncated}
	c.Kind = kindOf(r)
	c.setVersion(r.Options)
	c.PURL = c.purl()
	var files []Found
	for _, l := range p.Licenses {
		id, err := s.identify(l.SHA256)
		if err != nil {
			return nil, err
		}
		files = append(files, Found{l, id})
	}
	c.License = conclude(cmp.Or(s.Said[r.Part], r.Options[LicenseOption]), files, p.Headers)
	switch {
	case c.License.Expression != "" || len(files) > 0:
	case !c.HasSources():
		c.License.Basis = "it was made from no source"
	case !c.Known:
		c.License.Basis = "its sources were not seen: it was installed before gobuild noted them, or by others"
	}
	return c, nil
}

// HasSources reports whether the part was made from files of others.
func (c *Component) HasSources() bool { return len(c.Sources) > 0 || c.Git != nil }

// identify finds the licences of a text that is kept. One that is lost or
// damaged has none.
func (s *Shelf) identify(sum string) (Identity, error) {
	if id, ok := s.known[sum]; ok {
		return id, nil
	}
	text, err := ReadText(s.stateDir, sum)
	if err != nil {
		return Identity{}, nil
	}
	if s.corpus == nil {
		if s.corpus, err = newCorpus(); err != nil {
			return Identity{}, err
		}
	}
	id := s.corpus.identify(text)
	s.known[sum] = id
	return id, nil
}

// sumOptions are the options that hold sums of the file at option url.
var sumOptions = []string{"md5sum", "sha1sum", "sha256sum", "sha512sum"}

// derive returns what options say of the sources of a part.
func derive(options map[string]string) *Provenance {
	p := &Provenance{Version: recordVersion}
	if address := strings.TrimSpace(options["url"]); address != "" {
		s := Source{Role: Archive, URL: fetch.Mask(address), Local: isLocal(address)}
		for _, o := range sumOptions {
			if sum := strings.ToLower(strings.TrimSpace(options[o])); sum != "" {
				s.Sums = append(s.Sums, Sum{strings.TrimSuffix(o, "sum"), sum})
			}
		}
		s.SHA256 = strings.ToLower(strings.TrimSpace(options["sha256sum"]))
		p.Sources = append(p.Sources, s)
	}
	for _, address := range patchWords(options["patches"]) {
		p.Sources = append(p.Sources, Source{Role: Patch, URL: fetch.Mask(address), Local: isLocal(address)})
	}
	if repository := options["repository"]; repository != "" {
		p.Git = &Git{Repository: fetch.Mask(repository), Revision: options["revision"]}
	}
	return p
}

// isLocal reports whether a URL or path names a file of this machine.
func isLocal(address string) bool {
	return !strings.Contains(address, "://") || strings.HasPrefix(strings.ToLower(address), "file:")
}

// setVersion finds the version of the part, and what it is called by those who
// made it.
func (c *Component) setVersion(options map[string]string) {
	var u Upstream
	if s := c.primary(); s != nil {
		u = ParseURL(s.URL)
	} else if c.Git != nil {
		name := strings.TrimSuffix(strings.TrimRight(fileOf(c.Git.Repository), "/"), ".git")
		ref := options["revision"]
		if ref == "" || ref == c.Git.Revision {
			ref = cmp.Or(c.Git.Revision, ref)
		}
		u = Upstream{name, tagVersion(name, ref)}
	}
	said := repackaged().ReplaceAllString(strings.TrimSpace(options["version"]), "")
	c.Upstream, c.Version = u.Name, cmp.Or(said, u.Version)
}

// primary is the file that the part was made from, or nil.
func (c *Component) primary() *Source {
	for _, role := range []Role{Archive, File} {
		for i := range c.Sources {
			if c.Sources[i].Role == role {
				return &c.Sources[i]
			}
		}
	}
	return nil
}

// kindOf looks at what a part has installed.
func kindOf(r parts.Record) Kind {
	has := func(name string) bool {
		for _, dir := range append([]string{r.Options["location"]}, r.Paths...) {
			if info, err := os.Stat(filepath.Join(dir, name)); dir != "" && err == nil && info.IsDir() {
				return true
			}
		}
		return false
	}
	switch {
	case has("bin") || has("sbin"):
		return Application
	case has("lib") || has("lib64") || has("include"):
		return Library
	}
	return Data
}
