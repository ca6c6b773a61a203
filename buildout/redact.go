package buildout

import (
	"bytes"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// secrets are what no log or message may show.
func (e *Engine) secrets() []string {
	if e.eval == nil {
		return nil
	}
	return e.eval.Secrets()
}

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
		e.Text, e.Error = redact(secrets, e.Text), redact(secrets, e.Error)
	}
	return e
}
