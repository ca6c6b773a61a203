package lint

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func unusedExtends() Rule {
	return Rule{
		Code: "unused-extends",
		Doc: `A file is extended and nothing of it is used.

None of the sections in the file or in what it extends is named or continued by
the file that extends it, it says nothing about ` + "`[buildout]` or `[versions]`" + `, and no
section that the profile uses would be gone without it. Files that hold little but
` + "`extends`" + ` are collections and left out.`,
		Check: checkExtends,
	}
}

func checkExtends(_ context.Context, s *Subject) {
	x := &extending{Subject: s, entries: map[*file][]entry{}}
	for _, f := range s.files {
		x.entries[f] = s.entriesOf(f)
	}
	x.all = x.closure(s.root(), entry{})
	for _, f := range s.files {
		if !isCollection(f) {
			x.check(f)
		}
	}
}

// extending is the graph of files.
type extending struct {
	*Subject
	entries map[*file][]entry
	all     map[*file]bool // reached from the profile
}

// isCollection reports whether a file has no section of its own.
func isCollection(f *file) bool {
	for _, b := range f.blocks {
		if b.Name != "buildout" && b.Name != "versions" {
			return false
		}
	}
	return true
}

func (x *extending) check(f *file) {
	words := x.words(f)
	for _, e := range x.entries[f] {
		used := e.file == nil || e.file == f
		for g := range x.closure(e.file, entry{}) {
			used = used || g.contributesTo(words)
		}
		if used || x.needs(e) {
			continue
		}
		found := x.report(e.at, "nothing of this file is used here")
		found.WithPath("buildout", "extends")
		found.WithHint("take it out of extends, unless files that extend this one rely on it")
	}
}

// needs reports whether the profile uses a section of a file that would not be
// read without the entry.
func (x *extending) needs(without entry) bool {
	left := x.closure(x.root(), without)
	for f := range x.all {
		if !left[f] && slices.ContainsFunc(f.blocks, func(b cfg.Block) bool { return b.Name != "buildout" && x.reached[b.Name] }) {
			return true
		}
	}
	return false
}

// entry is one name in an extends list and the file that it stands for.
type entry struct {
	at   diag.Span
	file *file
}

func (s *Subject) entriesOf(f *file) []entry {
	var list []entry
	for _, b := range f.blocks {
		for _, it := range b.Options {
			if b.Name != "buildout" || it.Base() != "extends" {
				continue
			}
			at := f.ValueSpan(it)
			offset := at.From.Offset
			for _, line := range strings.SplitAfter(at.Text(), "\n") {
				list = append(list, s.lineEntries(f, line, offset)...)
				offset += len(line)
			}
		}
	}
	return list
}

func (s *Subject) lineEntries(f *file, line string, offset int) []entry {
	if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
		return nil
	}
	var list []entry
	at := 0
	for _, name := range cfg.Fields(line) {
		at += strings.Index(line[at:], name)
		target := s.byName[profile.Join(f.Src.Name, name, s.Home)]
		list = append(list, entry{diag.SpanOf(f.Src, offset+at, offset+at+len(name)), target})
		at += len(name)
	}
	return list
}

// closure returns f and all that it extends, not by way of one entry.
func (x *extending) closure(f *file, without entry) map[*file]bool {
	all := map[*file]bool{}
	var follow func(g *file)
	follow = func(g *file) {
		if g == nil || all[g] {
			return
		}
		all[g] = true
		for _, e := range x.entries[g] {
			if e.at != without.at {
				follow(e.file)
			}
		}
	}
	follow(f)
	return all
}

// words returns all that may be the name of a section in the file or in a
// template of one of its sections.
func (s *Subject) words(f *file) map[string]bool {
	words := map[string]bool{}
	for _, b := range f.blocks {
		words[b.Name] = true
		if x := s.sections[b.Name]; x != nil {
			maps.Copy(words, s.templateWords(x))
		}
		for _, it := range b.Options {
			for _, w := range separators().Split(f.ValueSpan(it).Text(), -1) {
				words[w] = true
			}
		}
	}
	return words
}

// contributesTo reports whether a file has a section that words name, or
// speaks to the whole profile.
func (f *file) contributesTo(words map[string]bool) bool {
	for _, b := range f.blocks {
		if words[b.Name] && b.Name != "buildout" || b.Name == "versions" {
			return true
		}
		for _, it := range b.Options {
			if b.Name == "buildout" && it.Base() != "extends" && it.Base() != "parts" {
				return true
			}
		}
	}
	return false
}
