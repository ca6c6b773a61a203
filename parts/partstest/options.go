package partstest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Options is one section of a profile in memory. Values may hold simple
// references, ${section:option} and ${:option}. A section [buildout] with
// directory, parts-directory, bin-directory and offline is added when missing.
// Places are those of the text that Source holds. It is used by one goroutine.
type Options struct {
	Part     string // the section that this is
	Dir      string // the buildout directory
	Sections map[string]map[string]string
	// SharedDirs is shared-part-list.
	SharedDirs []string
	// Records is what an earlier run has recorded.
	Records map[string]parts.Record

	*profile
}

// profile is what all sections of one profile have in common.
type profile struct {
	source *diag.Source
	spans  map[string]diag.Span         // by "section" and "section:option"
	values map[string]map[string]string // Sections, and what was set
	read   map[string]bool              // by "section:option"
	frozen map[string]bool              // by section
	// What Hide and Secret were told.
	hidden  map[string]bool // by "section:option"
	secrets []string
	claims  map[string]string // what sections have reserved
	provide map[string]func(key string) (string, bool, error)
	asked   map[string]bool // sections that others have read
}

func (o *Options) lazy() *profile {
	if o.profile != nil {
		return o.profile
	}
	p := &profile{
		spans: map[string]diag.Span{}, values: map[string]map[string]string{},
		read: map[string]bool{}, frozen: map[string]bool{}, hidden: map[string]bool{}, claims: map[string]string{},
		provide: map[string]func(string) (string, bool, error){}, asked: map[string]bool{},
	}
	for name, options := range o.Sections {
		p.values[name] = maps.Clone(options)
		if options == nil {
			p.values[name] = map[string]string{}
		}
	}
	p.print()
	p.setBuildout(o.Dir)
	o.profile = p
	return p
}

// print makes the text that places point into.
func (p *profile) print() {
	type place struct {
		name     string
		from, to int
	}
	var places []place
	var b strings.Builder
	add := func(name, before, text, after string) {
		b.WriteString(before)
		from := b.Len()
		b.WriteString(text)
		places = append(places, place{name, from, b.Len()})
		b.WriteString(after)
	}
	for _, section := range slices.Sorted(maps.Keys(p.values)) {
		add(section, "[", section, "]\n")
		for _, key := range slices.Sorted(maps.Keys(p.values[section])) {
			text := strings.ReplaceAll(p.values[section][key], "\n", "\n  ")
			add(section+":"+key, key+" = ", text, "\n")
		}
	}
	p.source = diag.NewSource("profile.cfg", []byte(b.String()))
	for _, at := range places {
		p.spans[at.name] = diag.SpanOf(p.source, at.from, at.to)
	}
}

func (p *profile) setBuildout(dir string) {
	section := p.values["buildout"]
	if section == nil {
		section = map[string]string{}
		p.values["buildout"] = section
	}
	for key, value := range map[string]string{
		"directory": dir, "parts-directory": filepath.Join(dir, "parts"),
		"bin-directory": filepath.Join(dir, "bin"), "offline": "false",
	} {
		if _, ok := section[key]; !ok {
			section[key] = value
		}
	}
}

// Source returns the text of the profile, in which the places are.
func (o *Options) Source() *diag.Source { return o.lazy().source }

// Name returns the name of the section.
func (o *Options) Name() string { return o.Part }

// Keys returns the names of all options, sorted.
func (o *Options) Keys() []string {
	return slices.Sorted(maps.Keys(o.lazy().values[o.Part]))
}

// Lookup returns the value of an option. A reference to nothing stays as it
// is. A computed option is placed at the header.
func (o *Options) Lookup(key string) (value string, at diag.Span, ok bool) {
	p := o.lazy()
	p.read[o.Part+":"+key] = true
	value, ok = p.values[o.Part][key]
	if provide := p.provide[o.Part]; !ok && provide != nil {
		value, ok, _ = provide(key)
	}
	if !ok {
		return "", diag.Span{}, false
	}
	at, placed := p.spans[o.Part+":"+key]
	if !placed {
		at = o.Header()
	}
	value, _ = p.expand(value, o.Part, maxDepth)
	return value, at, true
}

// Read returns the names of the options of this section that were looked up,
// sorted.
func (o *Options) Read() []string {
	var keys []string
	for name := range o.lazy().read {
		if key, ok := strings.CutPrefix(name, o.Part+":"); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Set sets a computed option.
func (o *Options) Set(key, value string) {
	p := o.lazy()
	if p.values[o.Part] == nil {
		p.values[o.Part] = map[string]string{}
	}
	p.values[o.Part][key] = value
}

// Substitute expands the simple references of text.
func (o *Options) Substitute(_ context.Context, text string, at diag.Span) (string, error) {
	value, missing := o.lazy().expand(text, o.Part, maxDepth)
	if missing != "" {
		return "", diag.At(at, "reference", "Referenced option does not exist: %s", missing)
	}
	return value, nil
}

// Section returns another section.
func (o *Options) Section(_ context.Context, name string) (parts.Options, error) {
	p := o.lazy()
	if p.frozen[o.Part] {
		return nil, diag.At(o.Header(), "frozen", "section %q is read after the location was asked", name)
	}
	if !o.Has(name) {
		return nil, diag.At(o.Header(), "section", "The referenced section, '%s', was not defined.", name)
	}
	p.asked[name] = true
	return &Options{Part: name, Dir: o.Dir, Sections: o.Sections, SharedDirs: o.SharedDirs, profile: p}, nil
}

// Has reports whether a section exists.
func (o *Options) Has(section string) bool {
	_, ok := o.lazy().values[section]
	return ok
}

// Header is the place of the section's name.
func (o *Options) Header() diag.Span { return o.lazy().spans[o.Part] }

// Location returns DIR/parts/NAME, or the shared place when shared is set and
// SharedDirs has a usable directory. SPEC-recipes 1.3.
func (o *Options) Location(shared bool) (parts.Location, error) {
	p := o.lazy()
	p.frozen[o.Part] = true
	private := parts.Location{Path: filepath.Join(p.values["buildout"]["parts-directory"], o.Part)}
	if !shared {
		return private, nil
	}
	text, err := o.signature()
	if err != nil {
		return parts.Location{}, err
	}
	sum := md5.Sum([]byte(text))
	tail := filepath.Join(o.Part, hex.EncodeToString(sum[:]))
	if dir, ok := sharedDir(o.SharedDirs, tail); ok {
		return parts.Location{Path: filepath.Join(dir, tail), Signature: text}, nil
	}
	return private, nil
}

// signature returns the JSON text of the options as the profile has them.
func (o *Options) signature() (string, error) {
	const base = "_profile_base_location_"
	values := map[string]string{}
	for key, value := range o.Sections[o.Part] {
		value, _ = o.expand(value, o.Part, maxDepth)
		if b := o.Sections[o.Part][base]; b != "" {
			value = strings.ReplaceAll(value, b, "${:"+base+"}")
		}
		values[key] = value
	}
	delete(values, base)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(values)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func sharedDir(dirs []string, tail string) (string, bool) {
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, tail, ".buildout-shared.json")); err == nil {
			return dir, true
		}
	}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && info.Mode()&0o222 != 0 {
			return dir, true
		}
	}
	return "", false
}

// maxDepth ends references that go in a circle.
const maxDepth = 20

// expand replaces the references of text. It leaves those to nothing and
// returns the last of them as "section option".
func (p *profile) expand(text, part string, depth int) (value, missing string) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		reference, after, closed := strings.Cut(rest, "}")
		section, key, colon := strings.Cut(reference, ":")
		if !ok || !closed || !colon || depth == 0 {
			b.WriteString(text)
			return b.String(), missing
		}
		if section == "" {
			section = part
		}
		v, found := p.option(section, key)
		inner := ""
		if found {
			v, inner = p.expand(v, section, depth-1)
		} else {
			v, inner = "${"+reference+"}", section+" "+key
		}
		if inner != "" {
			missing = inner
		}
		b.WriteString(before + v)
		text = after
	}
}

func (p *profile) option(section, key string) (string, bool) {
	v, ok := p.values[section][key]
	if !ok && key == "_buildout_section_name_" {
		_, ok = p.values[section]
		return section, ok
	}
	return v, ok
}
