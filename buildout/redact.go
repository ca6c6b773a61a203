package buildout

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts/run"
)

// leastNamed is the length from which the value of an option that is named like
// a secret is looked for in other text.
const leastNamed = 8

// hiding is what must not be shown, as it was when it was last asked for.
type hiding struct {
	mu    sync.Mutex
	count int      // of those of the evaluator that the following is made of
	told  []string // by recipes, and the forms of that
	all   []string // told, and named
	named []string // values of options that are named so, and their forms
	found bool     // named is complete
}

// Secrets returns what recipes have called secret, in all forms in which a text
// may show it, the longest first.
func (e *Engine) Secrets() []string {
	e.hiding.mu.Lock()
	defer e.hiding.mu.Unlock()
	e.hide()
	return e.hiding.told
}

// secrets are what no log, event or message may show: Secrets, and the values of
// options that are named like secrets.
func (e *Engine) secrets() []string {
	e.hiding.mu.Lock()
	defer e.hiding.mu.Unlock()
	e.hide()
	return e.hiding.all
}

// hide looks what is secret by now.
func (e *Engine) hide() {
	h := &e.hiding
	if e.eval == nil {
		return
	}
	list := e.eval.Secrets()
	if h.found && len(list) == h.count {
		return
	}
	if !h.found && e.SecretName != nil {
		h.named = e.namedSecrets()
	}
	h.count, h.found, h.told = len(list), true, nil
	for _, s := range list {
		h.told = append(h.told, forms(s)...)
	}
	h.told = longestFirst(h.told)
	h.all = longestFirst(slices.Concat(h.told, h.named))
}

// namedSecrets are the values that stand in the profile under the name of a
// secret.
func (e *Engine) namedSecrets() []string {
	var list []string
	known := map[string]bool{} // most names occur often
	for _, section := range e.Profile.Sections {
		for name, value := range section.Options {
			secret, ok := known[name]
			if !ok {
				secret = e.SecretName(strings.TrimRight(name, " +-"))
				known[name] = secret
			}
			if text := strings.TrimSpace(value.Text); secret && len(text) >= leastNamed && !strings.ContainsAny(text, "$\n") {
				list = append(list, forms(text)...)
			}
		}
	}
	return longestFirst(list)
}

// forms are a secret and what becomes of it in JSON, HTML, URLs and shell words.
func forms(secret string) []string {
	list := []string{secret, html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(run.Quote(secret), "'")}
	if text, err := json.Marshal(secret); err == nil {
		list = append(list, strings.Trim(string(text), `"`))
	}
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if e.Encode(secret) == nil {
		list = append(list, strings.Trim(plain.String(), "\"\n"))
	}
	return slices.DeleteFunc(list, func(form string) bool { return form == "" })
}

// longestFirst sorts secrets, as one may be part of another, and leaves out what
// there is twice.
func longestFirst(list []string) []string {
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(list)
}

// Conceal takes out of a text what may not be shown.
func (e *Engine) Conceal(text string) string { return redact(e.secrets(), text) }

// Conceals returns how many texts Conceal takes out.
func (e *Engine) Conceals() int { return len(e.secrets()) }

// concealing is a sink that takes secrets out of all events.
type concealing struct {
	engine *Engine
	to     event.Sink
}

func (s concealing) Emit(e event.Event) { s.to.Emit(redactEvent(s.engine.secrets(), e)) }

// concealed stands in logs and messages for a secret.
const concealed = "********"

// redactor takes secrets out of a stream, also those that are written in pieces.
type redactor struct {
	secrets []string
	held    []byte // what may be the beginning of a secret
}

// pass returns what of the stream may be shown once p has come. The rest is held
// back until more comes.
func (r *redactor) pass(p []byte) []byte {
	if len(r.secrets) == 0 {
		return p
	}
	text := append(r.held, p...)
	for _, s := range r.secrets {
		text = bytes.ReplaceAll(text, []byte(s), []byte(concealed))
	}
	keep := 0
	for _, s := range r.secrets {
		for n := min(len(s)-1, len(text)); n > keep; n-- {
			if bytes.HasSuffix(text, []byte(s[:n])) {
				keep = n
			}
		}
	}
	shown := len(text) - keep
	r.held = bytes.Clone(text[shown:])
	return text[:shown]
}

// rest returns what is held back: the stream has ended.
func (r *redactor) rest() []byte {
	held := r.held
	r.held = nil
	return held
}

// redact takes secrets out of a text.
func redact(secrets []string, text string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, concealed)
	}
	return text
}

// redactDiagnostic takes secrets out of what a diagnostic shows.
func redactDiagnostic(secrets []string, d *diag.Diagnostic) {
	if len(secrets) > 0 {
		d.Msg, d.Hint, d.Excerpt = redact(secrets, d.Msg), redact(secrets, d.Hint), redact(secrets, d.Excerpt)
	}
}

// redactEvent takes secrets out of what an event shows.
func redactEvent(secrets []string, e event.Event) event.Event {
	if len(secrets) > 0 {
		if e.Error == "" && e.Err != nil {
			e.Error = e.Err.Error()
		}
		e.Text, e.Error = redact(secrets, e.Text), redact(secrets, e.Error)
	}
	return e
}
