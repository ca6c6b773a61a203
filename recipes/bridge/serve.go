package bridge

import (
	"context"
	"debug/elf"
	"errors"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// answer answers a question of the process. Its error is that of the
// conversation: what is refused is an answer.
func (b *Bridge) answer(ctx context.Context, f *frame, p *process, m *incoming) error {
	result, err := b.serve(ctx, f, &m.question, m.Text)
	if b.process != p {
		return cmpErr(err, errEnded)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r := reply{ID: m.ID, Result: result}
	if err != nil {
		r.Error = &problem{Kind: kindOf(err), Text: textOf(err), Number: len(b.refused)}
		b.refused = append(b.refused, err)
	}
	return p.send(r)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// kindOf tells the process which exception an error is.
func kindOf(err error) string {
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		return ""
	}
	switch d.Code {
	case "unknown-section":
		return "section"
	case "unknown-option", "missing-option":
		return "option"
	case "section-exists":
		return "exists"
	case "fetch-checksum":
		return "checksum"
	}
	return ""
}

func textOf(err error) string {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return d.Msg
	}
	return err.Error()
}

// errLate says that something can only be done while the profile is read.
var errLate = errors.New("sections can only be added while the profile is read, not while parts are installed")

// serve does what a question asks for.
func (b *Bridge) serve(ctx context.Context, f *frame, q *question, text string) (any, error) {
	if f.host == nil {
		return nil, errors.New("there is no profile")
	}
	switch q.Ask {
	case "section":
		return nil, b.depend(ctx, f, q.Section)
	case "has":
		return f.host.Has(q.Section), nil
	case "sections":
		return f.host.SectionNames(), nil
	case "fetch":
		return b.fetch(ctx, f, q)
	case "unpack":
		return nil, f.fetch.Unpack(ctx, q.Archive, q.Dest, parts.StripNever)
	case "elf":
		return dynamic(q.Path)
	case "egg", "develop", "build-egg":
		return b.eggs(ctx, f, q, text)
	case "parse", "define":
		if f.work != nil {
			return nil, errLate
		}
		if q.Ask == "define" {
			text = profileText(q.Sections)
		}
		return nil, f.host.Define(ctx, text)
	}
	if !f.host.Has(q.Section) {
		return nil, nil
	}
	s, err := f.section(ctx, q.Section)
	if err != nil {
		return nil, err
	}
	return optionAnswer(ctx, s, q, text)
}

// depend makes the part depend on a section, and reads it.
func (b *Bridge) depend(ctx context.Context, f *frame, name string) error {
	if name == f.part {
		return nil
	}
	if f.work != nil {
		_, err := f.section(ctx, name)
		return err
	}
	_, err := f.host.Section(ctx, name)
	return err
}

// optionAnswer answers a question about the options of a section.
func optionAnswer(ctx context.Context, s parts.Host, q *question, text string) (any, error) {
	switch q.Ask {
	case "get":
		value, ok, err := s.Get(ctx, q.Key)
		if err != nil || !ok {
			return nil, err
		}
		return value, nil
	case "set":
		s.Set(q.Key, q.Value)
		return nil, nil
	case "delete":
		if !slices.Contains(s.Keys(), q.Key) {
			return false, nil
		}
		s.Delete(q.Key)
		return true, nil
	case "keys":
		return s.Keys(), nil
	case "items":
		return allOptions(ctx, s)
	case "substitute":
		return s.Substitute(ctx, text, s.Header())
	}
	return nil, errors.New("gobuild does not know the question " + q.Ask)
}

func allOptions(ctx context.Context, s parts.Host) (map[string]string, error) {
	values := map[string]string{}
	for _, key := range s.Keys() {
		value, _, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		values[key] = value
	}
	return values, nil
}

// fetched is the answer to a fetch.
type fetched struct {
	Path  string `json:"path"`
	Temp  bool   `json:"temp"`
	Local bool   `json:"local"`
}

// fetch gets a file by the caches, mirrors and rules of gobuild.
func (b *Bridge) fetch(ctx context.Context, f *frame, q *question) (any, error) {
	r := parts.FetchRequest{URL: q.URL, Alternates: q.Alternates, Offline: &q.Offline, Directory: true, CacheFolder: q.Folder, At: f.host.Header()}
	if _, at, ok := f.host.Lookup("url"); ok {
		r.At = at.Find(q.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(q.Sums)) {
		r.Sums = append(r.Sums, parts.Checksum{Algorithm: name, Hex: strings.ToLower(strings.TrimSpace(q.Sums[name])), At: r.At})
	}
	got, err := f.fetch.Fetch(ctx, r)
	return fetched{got.Path, got.Temp, got.Local}, err
}

// dynamic tells which libraries a file needs, and where they are looked for.
func dynamic(path string) (any, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	told := map[string][]string{"needed": {}, "rpath": {}}
	needed, err := file.DynString(elf.DT_NEEDED)
	if err != nil {
		return nil, err
	}
	told["needed"] = append(told["needed"], needed...)
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		if paths, err := file.DynString(tag); err == nil && len(paths) > 0 {
			told["rpath"] = strings.Split(strings.Join(paths, ":"), ":")
			break
		}
	}
	return told, nil
}

// profileText is sections in the language of profiles.
func profileText(sections map[string]map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		text.WriteString("[" + name + "]\n")
		for _, key := range slices.Sorted(maps.Keys(sections[name])) {
			value := sections[name][key]
			if strings.Contains(value, "\n") {
				value = "\n  " + strings.ReplaceAll(value, "\n", "\n  ")
			}
			text.WriteString(key + " = " + value + "\n")
		}
	}
	return text.String()
}
