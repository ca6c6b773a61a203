package lint

import "path/filepath"

// templateOptions are the options that name a file with references in it.
var templateOptions = []string{"url", "template", "input", "source"}

// maxTemplate is the size above which a file is taken for no template.
const maxTemplate = 1 << 20

// templateWords returns what may be names of sections in the local files that
// a section takes as templates.
func (s *Subject) templateWords(x *section) map[string]bool {
	words := map[string]bool{}
	for _, option := range templateOptions {
		path := s.text(x, option)
		if s.Read == nil || x.recipe == "" || !filepath.IsAbs(path) {
			continue
		}
		for word := range s.fileWords(filepath.Clean(path)) {
			words[word] = true
		}
	}
	return words
}

// fileWords returns the words of a file, read once.
func (s *Subject) fileWords(path string) map[string]bool {
	if words, ok := s.templates[path]; ok {
		return words
	}
	words := map[string]bool{}
	s.templates[path] = words
	text, err := s.Read(path)
	if err != nil || len(text) > maxTemplate {
		return words
	}
	for _, word := range separators().Split(string(text), -1) {
		words[word] = true
	}
	return words
}
