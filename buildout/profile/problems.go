package profile

import "gobuild/buildout/diag"

// maxFurther bounds how many errors are looked for beside those that are
// returned.
const maxFurther = 1000

// collect returns the first of two errors and keeps the other for Further, so
// that evaluation goes on after an error.
func (ev *Evaluator) collect(first, err error) error {
	switch {
	case err == nil:
		return first
	case first == nil:
		return err
	case len(ev.further) < maxFurther:
		ev.further = append(ev.further, diag.All(err)...)
	}
	return first
}

// Further returns the errors that were found beside those that were returned:
// in other options of a section, and in other references of a value.
func (ev *Evaluator) Further() diag.List { return ev.further }

// full reports whether enough errors were found.
func (ev *Evaluator) full() bool { return len(ev.further) >= maxFurther }

// fails notes that an option has no value. Whoever asks again gets the same
// error: it is reported once, and never worked out twice.
func (e *Evaluated) fails(option string, err error) error {
	if e.failed == nil {
		e.failed = map[string]error{}
	}
	e.failed[option] = err
	return err
}

// Broken reports whether some options of e cannot be substituted.
func (e *Evaluated) Broken() bool { return len(e.failed) > 0 }
