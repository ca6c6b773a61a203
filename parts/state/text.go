package state

import (
	"maps"
	"slices"
	"strings"

	"gobuild/parts"
)

// Names of the options that .installed.cfg adds to those of a part.
const (
	installedKey = "__buildout_installed__"
	signatureKey = "__buildout_signature__"
	developKey   = "installed_develop_eggs"
)

// spaces are the characters of white space that a value cannot hold as they
// are, with the text that stands for them (zc.buildout's format).
var spaces = []struct{ char, text string }{
	{" ", "%(__buildout_space__)s"},
	{"\n", "%(__buildout_space_n__)s"},
	{"\r", "%(__buildout_space_r__)s"},
	{"\f", "%(__buildout_space_f__)s"},
	{"\v", "%(__buildout_space_v__)s"},
}

const blank = " \t\r\f\v\n"

var (
	encoder = newReplacer(false)
	decoder = newReplacer(true)
)

func newReplacer(decode bool) *strings.Replacer {
	var pairs []string
	for _, s := range spaces {
		if decode {
			pairs = append(pairs, s.text, s.char)
		} else {
			pairs = append(pairs, s.char, s.text)
		}
	}
	return strings.NewReplacer(pairs...)
}

// encode writes a value so that a profile reader gives it back: white space at
// the ends and around line ends is spelt out. A carriage return is spelt out
// everywhere, because readers take it for a line end.
func encode(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); {
		n := len(value[i:]) - len(strings.TrimLeft(value[i:], blank))
		if n == 0 {
			next := strings.IndexAny(value[i:], blank)
			if next < 0 {
				next = len(value) - i
			}
			b.WriteString(value[i : i+next])
			i += next
			continue
		}
		b.WriteString(encodeRun(value[i:i+n], i == 0, i+n == len(value)))
		i += n
	}
	text := b.String()
	if rest, ok := strings.CutPrefix(text, "\n\t"); ok {
		text = spaces[1].text + rest
	}
	if rest, ok := strings.CutSuffix(text, "\n\t"); ok {
		text = rest + spaces[1].text
	}
	return text
}

// encodeRun writes one run of white space.
func encodeRun(run string, first, last bool) string {
	before, after, lines := strings.Cut(run, "\n")
	switch {
	case lines:
		return encoder.Replace(before) + "\n\t" + encoder.Replace(after)
	case first || last:
		return encoder.Replace(run)
	}
	return strings.ReplaceAll(run, "\r", spaces[2].text)
}

// decode is the reverse of encode, for a value as a profile reader gives it.
func decode(value string) string {
	if !strings.Contains(value, "%(") {
		return value
	}
	return decoder.Replace(value)
}

// block is the text of one section.
func block(name string, options map[string]string) string {
	var b strings.Builder
	b.WriteString("[" + name + "]\n")
	for _, key := range slices.Sorted(maps.Keys(options)) {
		b.WriteString(key + " = " + encode(options[key]) + "\n")
	}
	return b.String()
}

// partBlock is the text of a part.
func partBlock(r parts.Record) string {
	options := maps.Clone(r.Options)
	if options == nil {
		options = map[string]string{}
	}
	options[installedKey] = strings.Join(r.Paths, "\n")
	options[signatureKey] = r.Signature
	return block(r.Part, options)
}

// record is the reverse of partBlock.
func record(name string, options map[string]string) parts.Record {
	r := parts.Record{Part: name, Options: map[string]string{}, Signature: options[signatureKey]}
	for k, v := range options {
		if k != installedKey && k != signatureKey {
			r.Options[k] = v
		}
	}
	if paths := options[installedKey]; paths != "" {
		r.Paths = strings.Split(paths, "\n")
	}
	return r
}
