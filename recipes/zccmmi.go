package recipes

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/parts"
)

func zcCmmiSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"zccmmi", "zc.recipe.cmmi"},
		Doc: `Builds software from source as zc.recipe.cmmi does.

The archive is unpacked into a temporary directory and configured, built and
installed there. The directory of the sources is that with a file configure (see
source-directory-contains), or the single one in the archive. A failed build
removes the location and leaves the temporary directory, which is named, until
the part is started again; gobuild resume goes on there. For new profiles use
cmmi.

The environment of a part is its own: zc.recipe.cmmi lets it reach the parts
that are installed later. Links in an archive stay links.`,
		Options: append([]parts.OptionSpec{
			{Name: "url", Required: true, Doc: "URL or path of the source archive."},
			{Name: "configure-command", Default: "./configure", Doc: "Command that configures."},
			{Name: "configure-options", Default: `--prefix="LOCATION"`, Doc: "Options of configure-command."},
			{Name: "extra_options", Doc: "Options that follow configure-options."},
			{Name: "environment", Doc: "NAME=value, separated by blanks. A word that is no NAME=value belongs to the value before it."},
			{Name: "patch", Doc: "URL or path of a patch. A relative path is one in the sources."},
			{Name: "patch-md5sum", Doc: "MD5 of the patch."},
			{Name: "patch_options", Default: "-p0", Doc: "Options of patch."},
			{Name: "autogen", Doc: "Script in the sources that makes the configure script."},
			{Name: "source-directory-contains", Default: "configure", Doc: "A file by which the directory of the sources is known."},
			{Name: "shared", Doc: "A directory: the part lives in cmmi in it, and is built once. Any other text: it lives in cmmi/build/DIGEST in the download-cache."},
			{Name: "location", Computed: true, Doc: "Where the part lives. If the profile sets it, the part lives in a directory NAME in it."},
		}, sumOptionSpecs()...),
		Open:      true,
		Builds:    true,
		Mountable: true,
		Version:   1,
		Recipe:    zccmmi{},
	}
}

// zccmmiCache is the folder of the download-cache for what the recipe fetches.
const zccmmiCache = "cmmi"

// zccmmi is the recipe.
type zccmmi struct{}

// zccmmiAction is a part that is ready to be built.
type zccmmiAction struct {
	options optionSnapshot
	request parts.FetchRequest
	patch   *sourceFile
	set     map[string]string // environment variables
	shared  bool
}

// Prepare reads and checks the options, and sets location.
func (zccmmi) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	a := &zccmmiAction{}
	var err error
	if a.request, err = hexagondownloadRequest(o); err != nil {
		return nil, err
	}
	a.request.CacheFolder = zccmmiCache
	if a.patch, err = zccmmiPatch(o); err != nil {
		return nil, err
	}
	if a.set, err = zccmmiEnvironment(o); err != nil {
		return nil, err
	}
	location, err := a.location(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Set("location", location)
	a.options = snapshotOptions(o)
	return a, nil
}

// zccmmiPatch reads patch and patch-md5sum.
func zccmmiPatch(o parts.Options) (*sourceFile, error) {
	url := optionText(o, "patch")
	if url == "" {
		return nil, nil
	}
	patch := sourceFile{url: url, folder: zccmmiCache, place: optionPlace(o, "patch")}
	if sum := strings.TrimSpace(optionText(o, "patch-md5sum")); sum != "" {
		checked, err := parseSourceFile(url+"#"+sum, optionPlace(o, "patch-md5sum"))
		if err != nil {
			return nil, err
		}
		patch.sums = checked.sums
	}
	return &patch, nil
}

// zccmmiAssignment is a word that starts a variable.
var zccmmiAssignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([\pL_][\pL\pN_]*)=`) })

// zccmmiEnvironment reads environment: words, of which those that are no
// NAME=value go on with the value before them.
func zccmmiEnvironment(o parts.Options) (map[string]string, error) {
	set, name := map[string]string{}, ""
	for _, word := range optionWords(o, "environment") {
		if match := zccmmiAssignment().FindStringSubmatch(word); match != nil {
			name = match[1]
			set[name] = word[len(match[0]):]
			continue
		}
		if name == "" {
			return nil, optionError(o, "environment", codeBadEnvironment, "Bad environment setting '%s'", word).
				WithHint("the first word must be NAME=value")
		}
		set[name] += " " + word
	}
	return set, nil
}

// location returns where the part lives.
func (a *zccmmiAction) location(ctx context.Context, o parts.Options) (string, error) {
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return "", err
	}
	root := optionText(buildout, "directory")
	shared := optionText(o, "shared")
	if shared != "" {
		a.shared = true
		return a.sharedLocation(o, zccmmiJoin(root, shared), zccmmiJoin(root, optionText(buildout, "download-cache")))
	}
	if base := optionText(o, "location"); base != "" {
		return filepath.Join(zccmmiJoin(root, base), o.Name()), nil
	}
	location, err := o.Location(false)
	return location.Path, err
}

// zccmmiJoin returns path, which may be relative to root. Blank stays blank.
func zccmmiJoin(root, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// sharedLocation returns where a shared part lives: in dir, if that exists,
// else in the cache.
func (a *zccmmiAction) sharedLocation(o parts.Options, dir, cache string) (string, error) {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return filepath.Join(dir, "cmmi"), nil
	}
	if cache == "" {
		return "", optionError(o, "shared", codeBadLocation, "Set the 'shared' option of zc.recipe.cmmi to an existing directory, or set ${buildout:download-cache}")
	}
	return filepath.Join(cache, "cmmi", "build", a.digest(o)), nil
}

// digest returns the name of a shared directory: it is that of zc.recipe.cmmi,
// which leaves out configure-command, configure-options and md5sum.
func (a *zccmmiAction) digest(o parts.Options) string {
	options := "-p0"
	if value, _, ok := o.Lookup("patch_options"); ok {
		options = value
	}
	state := optionText(o, "url") + strings.Join(optionWords(o, "extra_options"), " ") +
		optionText(o, "autogen") + optionText(o, "patch") + options
	for _, name := range slices.Sorted(maps.Keys(a.set)) {
		state += name + a.set[name]
	}
	sum := sha1.Sum([]byte(state))
	return hex.EncodeToString(sum[:])
}
