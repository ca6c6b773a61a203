package profile

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
)

// Base is what [buildout] says to the engine, checked and absolute.
type Base struct {
	Directory      string
	BinDirectory   string
	PartsDirectory string
	DevelopEggs    string
	EggsDirectory  string
	Installed      string // "" when nothing is recorded
	DownloadCache  string
	Offline        bool
	Level          int // numeric log level less verbosity: 20 is INFO
	Timeout        int // seconds, 0 for none
}

// directories are the directory options of [buildout] that are joined to the
// buildout directory.
var directories = []string{"bin", "parts", "eggs", "develop-eggs"}

// Start evaluates [buildout] in the order of the reference's constructor
// (SPEC-engine 6) and returns what the engine needs of it.
func (ev *Evaluator) Start(ctx context.Context) (*Base, error) {
	defer ev.Doing("Initializing.", "", "")()
	ev.joinDirectories()
	offline, failed := ev.Profile.Bool("offline")
	_, err := ev.Profile.Bool("newest")
	failed = ev.collect(ev.located(failed), ev.located(err))
	e, err := ev.Section(ctx, "buildout", diag.Span{})
	b := &buildout{Evaluated: e, ctx: ctx, base: &Base{Offline: offline}}
	b.err = ev.collect(failed, err)
	b.fill()
	return b.base, b.err
}

// joinDirectories makes the standard directories absolute before anything
// reads them, except those that hold a reference.
func (ev *Evaluator) joinDirectories() {
	p := *ev.Profile
	p.Sections = maps.Clone(p.Sections)
	b := p.Sections["buildout"].clone()
	p.Sections["buildout"] = b
	ev.Profile = &p
	for _, name := range directories {
		key := name + "-directory"
		if v := b.Options[key]; v != nil && b.Options["directory"] != nil {
			b.Options[key] = &Value{Text: joined(b.Options["directory"].Text, v.Text), trail: v.trail}
		}
	}
}

// joined is the reference's join: plain text, nothing is normalised.
func joined(dir, path string) string {
	if strings.Contains(path, "${") || strings.HasPrefix(path, "/") {
		return path
	}
	return strings.TrimSuffix(dir, "/") + "/" + path
}

// buildout reads the options of [buildout]. What is wrong with one of them does
// not keep it from checking the others.
type buildout struct {
	*Evaluated
	ctx  context.Context
	base *Base
	err  error // the first
}

func (b *buildout) fill() {
	var set bool
	if b.base.Directory, set = b.need("directory"); set && b.base.Directory == "" {
		b.fail("directory", "the buildout directory is empty")
	}
	for _, name := range directories {
		b.join(name + "-directory")
	}
	if installed, _ := b.need("installed"); installed != "" {
		b.Set("installed", joined(b.base.Directory, installed))
	}
	b.base.Installed, _ = b.need("installed")
	b.logging()
	b.timeout()
	b.versions()
	for _, name := range []string{"prefer-final", "use-dependency-links", "allow-picked-versions", "show-picked-versions"} {
		b.bool(name)
	}
	b.caches()
	if b.bool("install-from-cache") && b.base.Offline {
		b.fail("install-from-cache", "install-from-cache can't be used with offline mode.\n"+
			"Nothing is installed, even from cache, in offline\nmode, which might better be called 'no-install mode'.")
	}
	for _, key := range DefaultKeys() {
		b.need(key) // used by the engine, so never reported as unused
	}
}

// need returns an option that must be there; ok is false when it is not.
func (b *buildout) need(key string) (value string, ok bool) {
	v, ok, err := b.Get(b.ctx, key)
	if err == nil && !ok {
		err = b.MissingOption(key)
	}
	b.err = b.eval.collect(b.err, err)
	return v, err == nil
}

// option returns an option, "" if there is none.
func (b *buildout) option(key string) string {
	v, _, err := b.Get(b.ctx, key)
	b.err = b.eval.collect(b.err, err)
	return v
}

func (b *buildout) join(key string) {
	if v, ok := b.need(key); ok {
		b.Set(key, joined(b.base.Directory, v))
	}
}

func (b *buildout) fail(key, format string, args ...any) {
	d := diag.At(b.At(key), "bad-buildout-option", format, args...).WithPath("buildout", key)
	b.err = b.eval.collect(b.err, b.eval.fail(d))
}

func (b *buildout) bool(key string) bool {
	v, ok := b.need(key)
	if ok && v != "true" && v != "false" {
		b.err = b.eval.collect(b.err, b.eval.fail(badBool(b.At(key), key, v)))
	}
	return v == "true"
}

// logging checks log-level and verbosity.
func (b *buildout) logging() {
	levels := map[string]int{"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
	text, ok := b.need("log-level")
	level, known := levels[text]
	if ok && !known {
		var err error
		if level, err = strconv.Atoi(strings.TrimSpace(text)); err != nil {
			b.fail("log-level", "Invalid logging level %s", text)
		}
	}
	verbosity := b.option("verbosity")
	n, err := strconv.Atoi(strings.TrimSpace(verbosity))
	if err != nil && b.Has("verbosity") {
		b.fail("verbosity", "Invalid verbosity %s", verbosity)
	}
	b.base.Level = level - n
}

func (b *buildout) timeout() {
	text, _ := b.need("socket-timeout")
	seconds, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil && text != "" {
		b.eval.Profile.warn(b.At("socket-timeout"), "socket-timeout",
			"Default socket timeout is used !\nValue in configuration is not numeric: [%s].", text)
	}
	b.base.Timeout = seconds
}

// versions evaluates the section that pins versions.
func (b *buildout) versions() {
	if name, _ := b.need("versions"); name != "" {
		_, err := b.eval.Section(b.ctx, name, b.At("versions"))
		b.err = b.eval.collect(b.err, err)
	}
}

func (b *buildout) caches() {
	base := b.base
	eggs, ok := b.need("eggs-directory")
	if version, _ := b.need("eggs-directory-version"); version != "" && ok {
		eggs = joined(eggs, version)
		b.Set("eggs-directory", eggs)
	}
	if b.Has("abi-tag-eggs") && b.bool("abi-tag-eggs") && ok {
		eggs = joined(eggs, b.eval.Profile.abiTag)
		b.Set("eggs-directory", eggs)
	}
	base.EggsDirectory = eggs
	base.BinDirectory, _ = b.need("bin-directory")
	base.PartsDirectory, _ = b.need("parts-directory")
	base.DevelopEggs, _ = b.need("develop-eggs-directory")
	base.DownloadCache = b.option("download-cache")
}
