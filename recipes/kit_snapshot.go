package recipes

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/jobs"
)

// Codes of the diagnostics of recipes that build from source.
const (
	codeBadPercent  = "bad-percent"  // a text that cannot be %-formatted
	codeBadLocation = "bad-location" // a location or prefix that cannot be
)

// optionSnapshot is a copy of the options of a part, taken at the end of
// Prepare. An action works with it: the parts.Options belong to the planner.
type optionSnapshot struct {
	part   string
	header diag.Span
	values map[string]string
	spans  map[string]diag.Span
}

// snapshotOptions copies the options of a section.
func snapshotOptions(o parts.Options) optionSnapshot {
	s := optionSnapshot{o.Name(), o.Header(), map[string]string{}, map[string]diag.Span{}}
	for _, key := range o.Keys() {
		if value, at, ok := o.Lookup(key); ok {
			s.values[key], s.spans[key] = value, at
		}
	}
	return s
}

// inBudget returns options whose make-options have no number of jobs, which
// would take make out of the budget, when w has a jobserver. With a make-binary
// that need not be GNU make, or that is asked for one job, nothing changes.
func (s optionSnapshot) inBudget(w *parts.Work) optionSnapshot {
	rest, n := jobs.WithoutOwnJobs(s.text("make-binary", "make"), s.words("make-options", ""))
	if !w.Jobserver || n == 0 {
		return s
	}
	s.values = maps.Clone(s.values)
	s.values["make-options"] = rest
	return s
}

// text returns a value without blanks around it, or missing when the option
// does not exist. An option that exists and is blank is "".
func (s optionSnapshot) text(key, missing string) string {
	value, ok := s.values[key]
	if !ok {
		return missing
	}
	return strings.TrimSpace(value)
}

// words returns the words of a value with one space between them.
func (s optionSnapshot) words(key, missing string) string {
	return strings.Join(strings.Fields(s.text(key, missing)), " ")
}

// place returns the place of an option, or of the header when the option is
// missing or computed.
func (s optionSnapshot) place(key string) place {
	at := s.spans[key]
	if !at.IsValid() {
		at = s.header
	}
	return place{at, []string{s.part, key}}
}

// firstPlace returns the place of the first option of keys that holds
// something, or that of the header.
func (s optionSnapshot) firstPlace(keys ...string) place {
	for _, key := range keys {
		if s.text(key, "") != "" {
			return s.place(key)
		}
	}
	return place{s.header, []string{s.part}}
}

// format formats text, which the option key holds, with the options of the
// part: %(option)s is the value of that option.
func (s optionSnapshot) format(key, text string) (string, error) {
	formatted, err := formatPercent(text, func(name string) (string, error) {
		if value, ok := s.values[name]; ok {
			return value, nil
		}
		d := s.place(key).fail(codeMissingOption, "Missing option: %s:%s", s.part, name)
		d.Hint = diag.DidYouMean(name, slices.Sorted(maps.Keys(s.values)))
		return "", d
	})
	return formatted, s.place(key).percent(err)
}

// percent returns a percentError as a diagnostic at p, and other errors as
// they are.
func (p place) percent(err error) error {
	if bad := percentError(""); errors.As(err, &bad) {
		return p.fail(codeBadPercent, "%s", bad).
			WithHint("the text is formatted with %%(name)s; a percent sign is written as %%%%")
	}
	return err
}
