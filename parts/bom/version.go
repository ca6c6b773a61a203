package bom

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
)

// archiveEndings are taken from the names of archives, the longest first.
var archiveEndings = []string{".tar.bz2", ".tar.zst", ".tar.lzma", ".tar.gz", ".tar.xz", ".tar.lz", ".tar.z", ".tar", ".tgz", ".tbz2",
	".tbz", ".txz", ".zip", ".whl", ".gem", ".crate", ".jar", ".gz", ".bz2", ".xz", ".zst"}

// notVersion are words behind a version that do not belong to it.
var notVersion = []string{"src", "source", "sources", "all", "full", "bin", "linux", "linux64", "linux32", "x86_64", "x86", "x64", "amd64",
	"arm64", "aarch64", "i386", "i686", "gnu", "musl", "glibc", "any", "none", "py2.py3", "py3", "py2", "unix", "release", "english"}

// Upstream is what the name of a file says.
type Upstream struct{ Name, Version string }

// versionForm is what a version looks like: numbers, and words that tell of
// releases.
var versionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[0-9]+([._-]?[0-9]+)*[a-z]?[0-9]*(\.[a-z]{1,2}[0-9]*)?` +
		`([._~+-]?(alpha|beta|rc|pre|preview|dev|stable|final|git|snapshot|patch|post|p|b|a|r|m|t|esr|lts|rel|ga|[0-9]+[a-z]?|g[0-9a-f]{7,})[._-]?[0-9]*)*$`)
})

// nameAndVersion splits where a version begins.
var nameAndVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(.*?[a-z0-9+])(?:[-_ ](?:v|version[-_]?|release[-_]?|rel[-_]?|r)?|\.v)([0-9].*)$`)
})

// glued splits a name that has no separator before its version: tcl8.6.13.
var glued = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z]+)([0-9]+(?:\.[0-9]+){2,})$`)
})

// onlyVersion are tags: v1.2.3, release-1.2.3.
var onlyVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:v|version[-_]?|release[-_]?|rel[-_]?|r[-_]?)?([0-9].*)$`)
})

// repackaged are what Debian adds to the version of sources that it changes.
var repackaged = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)[.+~-](dfsg|ds|repack)[0-9.+~-]*$`)
})

// ParseURL returns what a URL or a path says of what it leads to. What it does
// not say is "".
func ParseURL(text string) Upstream {
	if repository, ref, ok := githubArchive(text); ok {
		return Upstream{path.Base(repository), tagVersion(path.Base(repository), ref)}
	}
	return parseName(fileOf(text), repositoryOf(text))
}

// fileOf is the name of the file at a URL or path.
func fileOf(text string) string {
	name := text
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		if name = u.Path; name == "" {
			name = u.Opaque
		}
	}
	if path.Base(name) == "download" {
		name = path.Dir(name)
	}
	if name = path.Base(name); name == "." || name == "/" {
		return ""
	}
	return name
}

// parseName takes the name of a file apart. A name that is a version only is
// that of repository, if there is one.
func parseName(file, repository string) Upstream {
	name, isArchive := withoutEnding(file)
	if !isArchive {
		return Upstream{Name: name}
	}
	if debian, kind, ok := strings.Cut(name, ".orig"); ok && (kind == "" || kind[0] == '-') {
		if source, version, ok := strings.Cut(debian, "_"); ok {
			return Upstream{source, plainVersion(repackaged().ReplaceAllString(version, ""))}
		}
		name = debian
	}
	if m := onlyVersion().FindStringSubmatch(name); m != nil {
		if version := plainVersion(m[1]); version != "" {
			return Upstream{repository, version}
		}
	}
	for _, pattern := range []*regexp.Regexp{nameAndVersion(), glued()} {
		if m := pattern.FindStringSubmatch(withoutWords(name)); m != nil {
			if version := plainVersion(m[2]); version != "" {
				return Upstream{m[1], version}
			}
		}
	}
	return Upstream{Name: name}
}

func withoutEnding(file string) (name string, isArchive bool) {
	lower := strings.ToLower(file)
	for _, ending := range archiveEndings {
		if strings.HasSuffix(lower, ending) {
			return file[:len(file)-len(ending)], true
		}
	}
	return file, false
}

// withoutWords takes words like -src and -linux-x64 from the end of a name.
func withoutWords(name string) string {
	for {
		short := name
		for _, word := range notVersion {
			if n := len(name) - len(word); n > 1 && strings.EqualFold(name[n:], word) && strings.ContainsRune("-_.", rune(name[n-1])) {
				short = name[:n-1]
			}
		}
		if short == name {
			return name
		}
		name = short
	}
}

// plainVersion returns a version, or "" for what does not look like one. As in
// boost_1_84_0, underscores can stand for dots.
func plainVersion(text string) string {
	text = withoutWords(text)
	if !versionForm().MatchString(text) {
		return ""
	}
	if !strings.Contains(text, ".") && strings.Count(text, "_") > 0 && strings.Trim(text, "0123456789_") == "" {
		text = strings.ReplaceAll(text, "_", ".")
	}
	return text
}

// tagVersion returns the version that a tag of a repository names. Any other
// ref is its own version.
func tagVersion(repository, ref string) string {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/tags/"), "refs/heads/")
	tag := ref
	if begin := strings.ToLower(repository) + "-"; strings.HasPrefix(strings.ToLower(tag), begin) {
		tag = tag[len(begin):]
	}
	if m := onlyVersion().FindStringSubmatch(tag); m != nil {
		return cmp.Or(plainVersion(m[1]), ref)
	}
	if m := nameAndVersion().FindStringSubmatch(tag); m != nil {
		return cmp.Or(plainVersion(m[2]), ref)
	}
	return ref
}

// githubArchive takes the URL of an archive that GitHub makes of a repository
// apart.
func githubArchive(text string) (repository, ref string, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host != "github.com" && u.Host != "codeload.github.com" && u.Host != "www.github.com" {
		return "", "", false
	}
	words := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 4)
	if len(words) < 4 || words[0] == "" || words[1] == "" {
		return "", "", false
	}
	switch words[2] {
	case "archive":
		ref, ok = withoutEnding(words[3])
	case "tar.gz", "zip", "legacy.tar.gz", "tarball", "zipball":
		ref, ok = words[3], true
	}
	return words[0] + "/" + strings.TrimSuffix(words[1], ".git"), strings.TrimPrefix(ref, "refs/tags/"), ok && ref != ""
}

// repositoryOf is the name of the repository in a URL of a forge, or "":
// HOST/OWNER/NAME/archive/v1.tar.gz, HOST/GROUP/NAME/-/archive/v1/NAME-v1.tar.gz.
func repositoryOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	for _, mark := range []string{"/-/archive/", "/archive/", "/releases/download/", "/get/", "/snapshot/"} {
		if before, _, ok := strings.Cut(u.Path, mark); ok {
			return strings.TrimSuffix(path.Base(before), ".git")
		}
	}
	return ""
}
