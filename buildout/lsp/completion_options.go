package lsp

import (
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/profile"
)

// buildoutOptions are options of [buildout] that have no default.
var buildoutOptions = []string{"develop", "download-cache", "extends", "extends-cache", "extensions", "index",
	"networkcache-section", "optional-extends", "parts", "shared-part-list", "verbosity", "versions"}

// options offers names of options for the begin of a line: those of the recipe
// and of the macros of the section that the block does not set.
func (c *completer) options() {
	section := c.block.name
	taken := map[string]bool{}
	for _, o := range c.block.options {
		if o.first != c.line {
			taken[o.name] = true
		}
	}
	offer := func(name, detail, doc string) {
		if !taken[name] {
			taken[name] = true
			c.option(name, detail, doc)
		}
	}
	if section == "buildout" {
		for _, name := range append(profile.DefaultKeys(), buildoutOptions...) {
			offer(name, "", "")
		}
		return
	}
	if recipe := c.sn.recipe(section); recipe != "" {
		if spec, ok := c.config.Recipes.Find(recipe); ok {
			for _, o := range spec.Options {
				if !o.Computed {
					offer(o.Name, strings.TrimSpace(optionNote(o)), o.Doc)
				}
			}
		}
	}
	for _, name := range c.sn.optionNames(section) {
		if v := c.sn.value(section, name); v != nil && c.elsewhere(section, name) {
			detail, _, _ := strings.Cut(v.Text, "\n")
			offer(name, "overrides "+shortened(detail), "")
		}
	}
	offer("recipe", "what makes the part", "")
	offer("<", "macros: sections whose options this one takes over", "")
}

// elsewhere reports whether an option is set in another block than this.
func (c *completer) elsewhere(section, name string) bool {
	for _, p := range c.sn.settings(section, name) {
		if p.index != c.index || p.blockAt(p.lines.line(p.span.from)) != c.block {
			return true
		}
	}
	return false
}

// option offers a name, with a sign behind it where the line has none yet.
func (c *completer) option(name, detail, doc string) {
	text := name
	switch rest := c.text(c.over.to, c.lines.end[c.line]); {
	case strings.TrimSpace(rest) != "":
	case name == "<":
		text = "<= "
	default:
		text = name + " = "
	}
	c.add(completionItem{Label: name, Kind: itemProperty, Detail: detail, Documentation: doc}, text)
}

// maxEntries is how many entries of a directory are offered.
const maxEntries = 1000

// paths offers the directories and profiles that a half-written entry of
// extends may go on with.
func (c *completer) paths(word string) {
	slash := strings.LastIndexByte(word, '/') + 1
	dir := filepath.Dir(c.path)
	if slash > 0 {
		if dir = localPath(profile.Join(c.path, word[:slash]+".", c.config.Home)); dir == "" {
			return
		}
	}
	c.over.from += slash
	for _, name := range directory(dir) {
		folder := strings.HasSuffix(name, "/")
		switch {
		case strings.HasPrefix(name, ".") && !strings.HasPrefix(word[slash:], "."):
		case folder:
			c.add(completionItem{Label: name, Kind: itemFolder}, name)
		case strings.HasSuffix(name, ".cfg") && filepath.Join(dir, name) != c.path:
			c.add(completionItem{Label: name, Kind: itemFile}, name)
		}
	}
}

// directory returns the names in a directory, those of directories with a
// slash behind them.
func directory(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxEntries) // what could be read is offered
	var names []string
	for _, e := range entries {
		name := e.Name()
		if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	return names
}
