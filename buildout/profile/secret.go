package profile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Delete removes an option.
func (e *Evaluated) Delete(key string) {
	e.raw = maps.Clone(e.raw) // it may be that of the profile
	delete(e.raw, key)
	delete(e.cooked, key)
	delete(e.data, key)
	delete(e.set, key)
}

// Provide gives options that the section has not, when somebody reads one.
func (e *Evaluated) Provide(f func(key string) (value string, ok bool, err error)) { e.provide = f }

// provided asks for an option that the section has not.
func (e *Evaluated) provided(option string) (string, bool, error) {
	if e.provide == nil {
		return "", false, nil
	}
	v, ok, err := e.provide(option)
	if ok && err == nil {
		e.Set(option, v)
		e.Hide(option)
	}
	return v, ok, e.eval.located(err)
}

// Hide keeps an option out of what Saved returns.
func (e *Evaluated) Hide(key string) {
	if e.hidden == nil {
		e.hidden = map[string]bool{}
	}
	e.hidden[key] = true
}

// leastLine is the length of the lines of a secret that are secrets themselves.
const leastLine = 16

// Secret says that a text must not be shown or recorded. Of a text of several
// lines, such as a key, no long line is shown either.
func (ev *Evaluator) Secret(text string) {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if text == "" || slices.Contains(ev.secrets, text) {
		return
	}
	list := append(slices.Clone(ev.secrets), text)
	if strings.Contains(text, "\n") {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); len(line) >= leastLine && !strings.HasPrefix(line, "-----") && !slices.Contains(list, line) {
				list = append(list, line)
			}
		}
	}
	slices.SortFunc(list, longestFirst)
	ev.secrets = list
}

// longestFirst orders secrets, as one may be part of another.
func longestFirst(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }

// Secrets returns the texts that must not be shown or recorded, the longest
// first. The list is not to be changed; it only ever grows.
func (ev *Evaluator) Secrets() []string {
	ev.mu.RLock()
	defer ev.mu.RUnlock()
	return ev.secrets
}

// conceal takes what is hidden or secret out of the options of a record. A secret
// becomes the start of its SHA-256: enough to see that it has changed.
func (e *Evaluated) conceal(saved map[string]string) {
	for key := range e.hidden {
		delete(saved, key)
	}
	secrets := e.eval.Secrets()
	if len(secrets) == 0 {
		return
	}
	var pairs []string
	for _, s := range secrets {
		sum := sha256.Sum256([]byte(s))
		pairs = append(pairs, s, "(secret "+hex.EncodeToString(sum[:4])+")")
	}
	replace := strings.NewReplacer(pairs...)
	for key, value := range saved {
		saved[key] = replace.Replace(value)
	}
}
