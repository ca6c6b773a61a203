package bom

import (
	"cmp"
	"net/url"
	"path"
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

// purl is the package URL of the part, or "" when it was made from nothing of
// others. Only a URL that others can open stands in it.
func (c *Component) purl() string {
	s := c.primary()
	switch {
	case s != nil:
		return c.sourcePURL(s)
	case c.Git != nil:
		return c.gitPURL()
	}
	return ""
}

func (c *Component) sourcePURL(s *Source) string {
	if repository, ref, ok := githubArchive(s.URL); ok {
		return github(repository, strings.TrimPrefix(ref, "refs/heads/"))
	}
	qualifiers := map[string]string{}
	if !s.Local {
		qualifiers["download_url"] = s.URL
	}
	if s.SHA256 != "" {
		qualifiers["checksum"] = "sha256:" + s.SHA256
	}
	return packageURL("generic", "", cmp.Or(c.Upstream, c.Part), c.Version, qualifiers)
}

func (c *Component) gitPURL() string {
	u, err := url.Parse(c.Git.Repository)
	if err == nil && u.Host == "github.com" && strings.Count(strings.Trim(u.Path, "/"), "/") == 1 {
		return github(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), c.Git.Revision)
	}
	qualifiers := map[string]string{}
	if err == nil && u.Host != "" {
		qualifiers["vcs_url"] = c.Git.address()
	}
	return packageURL("generic", "", cmp.Or(c.Upstream, c.Part), c.Version, qualifiers)
}

// address is the URL of a commit in the form that package URLs and SPDX share.
func (g *Git) address() string {
	address := "git+" + strings.TrimPrefix(g.Repository, "git+")
	if strings.HasPrefix(g.Repository, "git:") {
		address = g.Repository
	}
	if g.Revision != "" {
		address += "@" + g.Revision
	}
	return address
}

func github(repository, ref string) string {
	return packageURL("github", strings.ToLower(path.Dir(repository)), strings.ToLower(path.Base(repository)), ref, nil)
}

func packageURL(kind, namespace, name, version string, qualifiers map[string]string) string {
	p := packageurl.NewPackageURL(kind, namespace, name, version, packageurl.QualifiersFromMap(qualifiers), "")
	if err := p.Normalize(); err != nil {
		return ""
	}
	return p.ToString()
}
