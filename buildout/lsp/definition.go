package lsp

import (
	"context"

	"gobuild/buildout/profile"
)

// definition answers where the thing at the cursor is defined: a section at
// its first header, an option at its last setting (from its own name: at the
// setting below), an entry of extends in its file.
func (s *server) definition(ctx context.Context, p *placeParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	list := []location{}
	switch sub := v.subject(s.place(v, p.Position)); {
	case sub == nil:
	case sub.what == aSection:
		list = s.sectionPlace(v.sn, sub.section)
	case sub.what == anOption:
		list = s.optionPlace(v, sub)
	case sub.what == aFile:
		list = s.filePlace(v, sub.text)
	}
	return list, nil
}

func (s *server) sectionPlace(sn *snapshot, name string) []location {
	if section := sn.profile.Sections[name]; section != nil {
		if at, ok := s.locationOf(sn, section.Header); ok {
			return []location{at}
		}
	}
	for _, x := range sn.files { // of a section whose condition is false
		for _, b := range x.blocks {
			if b.name == name {
				return []location{s.location(x, b.at)}
			}
		}
	}
	return []location{}
}

func (s *server) optionPlace(v view, sub *subject) []location {
	section := v.sn.whose(sub.section, sub.option)
	list := v.sn.settings(section, sub.option)
	if sub.setting != nil && len(list) > 1 && list[0].index == v.index && list[0].span.from == sub.setting.at.from {
		list = list[1:]
	}
	if len(list) == 0 && v.sn.has(section, sub.option) {
		list = v.sn.settings(section, "recipe") // which sets it
	}
	if len(list) == 0 {
		return []location{}
	}
	return []location{s.location(list[0].index, list[0].span)}
}

func (s *server) filePlace(v view, entry string) []location {
	path := s.entryPath(v.path, entry)
	if path == "" || !s.files.has(path) {
		return []location{}
	}
	return []location{{URI: s.uri(path)}}
}

// links answers the entries of extends as links.
func (s *server) links(_ context.Context, p *documentParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	list := []documentLink{}
	for _, r := range d.refs {
		if r.kind != toFile {
			continue
		}
		name := profile.Join(d.path, r.text, s.config.Home)
		if path := localPath(name); path != "" && !s.files.has(path) {
			continue
		}
		list = append(list, documentLink{s.extent(d.index, r.at), s.uri(name)})
	}
	return list, nil
}
