package profile

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// Get returns the final value of an option, with $${ unescaped in the SlapOS
// dialect. ok is false when the section has no such option.
func (e *Evaluated) Get(ctx context.Context, option string) (value string, ok bool, err error) {
	value, ok, err = e.Text(ctx, option)
	return e.eval.Unescape(value), ok, err
}

// Unescape replaces $${ by ${ in the SlapOS dialect.
func (ev *Evaluator) Unescape(value string) string {
	if ev.Profile.Dialect == SlapOS && strings.Contains(value, "$${") {
		return strings.ReplaceAll(value, "$${", "${")
	}
	return value
}

// Text returns the value of an option as substitution sees it: escaped.
func (e *Evaluated) Text(ctx context.Context, option string) (value string, ok bool, err error) {
	return e.get(ctx, option, newChain(nil))
}

// get is the reference's Options.get: a value that still holds a reference
// after the first pass is substituted again.
func (e *Evaluated) get(ctx context.Context, option string, c *chain) (string, bool, error) {
	if v, ok := e.final(option); ok {
		return v, true, nil
	}
	if err := e.failed[option]; err != nil {
		return "", true, err
	}
	v, cooked := e.cooked[option]
	if !cooked {
		raw := e.raw[option]
		if raw == nil {
			return e.provided(option)
		}
		v = raw.Text
	}
	if strings.Contains(v, "${") {
		var err error
		if v, err = e.within(ctx, option, v, c); err != nil {
			return "", true, err
		}
	}
	e.eval.mu.Lock()
	e.data[option] = v
	e.eval.mu.Unlock()
	return v, true, nil
}

// final returns a value that was worked out, or set, before.
func (e *Evaluated) final(option string) (string, bool) {
	e.eval.mu.RLock()
	defer e.eval.mu.RUnlock()
	v, ok := e.data[option]
	return v, ok
}

// within substitutes v as the value of option, guarding against circles.
func (e *Evaluated) within(ctx context.Context, option, v string, c *chain) (string, error) {
	defer e.eval.Doing("Getting option %s:%s.", e.Name, option)()
	key := e.Name + ":" + option
	if c.open.has(key) {
		return "", e.eval.fail(e.circular(option, key, c))
	}
	c.open.push(key)
	defer c.open.pop()
	inner := &chain{c.open, func(ref string) diag.Span { return e.place(option, ref) }}
	text, err := e.pieces(ctx, v, inner)
	if err != nil {
		return "", e.fails(option, err)
	}
	return text, nil
}

// substituteOptions substitutes all options once.
func (e *Evaluated) substituteOptions(ctx context.Context) error {
	var failed error
	for _, key := range slices.Sorted(maps.Keys(e.raw)) {
		if text := e.raw[key].Text; strings.Contains(text, "${") && ctx.Err() == nil {
			failed = e.eval.collect(failed, e.substituteOption(ctx, key, text))
		}
	}
	return failed
}

func (e *Evaluated) substituteOption(ctx context.Context, option, text string) error {
	if err := e.failed[option]; err != nil {
		return err
	}
	v, err := e.within(ctx, option, text, newChain(nil))
	if err == nil {
		e.cooked[option] = v
	}
	return err
}

// pieces substitutes between `$$`, which protects what follows it.
func (e *Evaluated) pieces(ctx context.Context, v string, c *chain) (string, error) {
	parts := strings.Split(v, "$$")
	var failed error
	for i, p := range parts {
		text, err := e.references(ctx, p, c)
		parts[i], failed = text, e.eval.collect(failed, err)
	}
	return strings.Join(parts, "$$"), failed
}

// references replaces each ${section:option} of text. After an error it goes
// on, to find others.
func (e *Evaluated) references(ctx context.Context, text string, c *chain) (string, error) {
	var b strings.Builder
	var failed error
	for failed == nil || !e.eval.full() {
		start := strings.Index(text, "${")
		if start < 0 {
			break
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			break
		}
		ref := text[start : start+end+1]
		v, err := e.reference(ctx, ref, c)
		failed = e.eval.collect(failed, err)
		b.WriteString(text[:start])
		b.WriteString(v)
		if e.eval.spent += len(v); b.Len() > maxText || e.eval.spent > maxSpent {
			return "", e.eval.fail(tooLarge(c.at(ref)).WithPath(splitKey(c)...))
		}
		text = text[start+end+1:]
	}
	if b.Len() == 0 {
		return text, failed
	}
	b.WriteString(text)
	return b.String(), failed
}

// reference returns the value that ref, a text ${section:option}, stands for.
func (e *Evaluated) reference(ctx context.Context, ref string, c *chain) (string, error) {
	section, option, d := splitReference(ref, c.at)
	if d != nil {
		return "", e.eval.fail(e.blame(d, c))
	}
	if section == "" {
		section = e.Name
	}
	var at diag.Span
	if e.frozen || e.eval.Profile.Sections[section] == nil {
		at = c.at(ref) // to find it takes time, and only an error needs it
	}
	s, err := e.read(ctx, section, at)
	if err != nil {
		if s == nil {
			for _, d := range diag.All(err) {
				e.blame(d, c)
			}
		}
		return "", err
	}
	v, ok, err := s.get(ctx, option, c)
	switch {
	case err != nil || ok:
		s.refer(option)
		return v, err
	case (e.eval.Lenient || s.hollow) && s.raw["recipe"] != nil && option != "_buildout_section_name_":
		return s.hole(option), nil
	case option == "_buildout_section_name_":
		return e.Name, nil // the section that holds the reference, as the reference engine does
	}
	return "", e.eval.fail(e.blame(s.missingReference(option, ref, c), c))
}

// refer notes that a reference names an option.
func (e *Evaluated) refer(option string) {
	if e.referred == nil {
		e.referred = map[string]bool{}
	}
	e.referred[option] = true
}

// IsReferred reports whether a reference that was evaluated names an option.
func (e *Evaluated) IsReferred(option string) bool { return e.referred[option] }

func (e *Evaluated) hole(option string) string {
	if e.eval.holes == nil {
		e.eval.holes = map[string]bool{}
	}
	e.eval.holes[e.Name+":"+option] = true
	return "@{" + e.Name + ":" + option + "}"
}

// splitReference checks the form of ${section:option} in the order of the
// reference's messages.
func splitReference(ref string, at func(string) diag.Span) (section, option string, d *diag.Diagnostic) {
	inner := ref[2 : len(ref)-1]
	fail := func(what, fault, hint string) (string, string, *diag.Diagnostic) {
		return "", "", diag.At(at(ref), "bad-reference", "%s, %s,\n%s", what, ref, fault).WithHint("%s", hint)
	}
	switch strings.Count(inner, ":") {
	case 0:
		return fail("The substitution", "doesn't contain a colon.", "write ${section:option}, ${:option} for an option of the same section, or $${ for the plain text")
	case 1:
	default:
		return fail("The substitution", "has too many colons.", "write ${section:option}")
	}
	section, option, _ = strings.Cut(inner, ":")
	const allowed = "letters, digits, blanks and - . _ are allowed; write $${ for the plain text"
	switch {
	case !isSimple(section) && (section != "" || !isSimple(option)):
		return fail("The section name in substitution", "has invalid characters.", allowed)
	case !isSimple(option):
		return fail("The option name in substitution", "has invalid characters.", allowed)
	}
	return section, option, nil
}

// isSimple reports whether name has only characters that a reference may hold.
func isSimple(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && !strings.ContainsRune("- ._", rune(c)) {
				return false
			}
		}
	}
	return name != ""
}

// Substitute replaces the references of a text from outside the profile, as
// if it stood in section e. at is the place to blame; when it holds the text of
// a reference, that is.
func (e *Evaluated) Substitute(ctx context.Context, text string, at diag.Span) (string, error) {
	return e.references(ctx, text, newChain(at.Find))
}
