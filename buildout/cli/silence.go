package cli

import (
	"cmp"
	"slices"

	"gobuild/buildout/diag"
)

// warningCodes returns the codes that may be silenced: those of warnings and
// those of lint rules, sorted.
func warningCodes() []string {
	codes := diag.Codes(diag.Classes(), func(c diag.Class) bool { return c.Severity != diag.Error })
	codes = append(codes, ruleCodes()...)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// checkSilence tells why a code cannot be silenced, or returns nil.
func checkSilence(code string) *diag.Diagnostic {
	warnings := warningCodes()
	if slices.Contains(warnings, code) {
		return nil
	}
	isError := func(c diag.Class) bool { return c.Code == code }
	if len(diag.Codes(diag.Classes(), isError)) > 0 {
		return diag.At(diag.Span{}, "silence", "%q is the code of an error: errors cannot be silenced", code)
	}
	return diag.At(diag.Span{}, "silence", "there is no warning with the code %q", code).
		WithHint("%s", cmp.Or(diag.DidYouMean(code, warnings), "a warning ends with its code in brackets; `gobuild lint --list` shows the codes of lint"))
}

// checkSilenced checks the codes of --silence.
func (a *app) checkSilenced() error {
	var errs diag.List
	for _, code := range a.flags.silence {
		if d := checkSilence(code); d != nil {
			errs.Add(d)
		}
	}
	return withStatus(StatusUsage, errs.Err())
}

// silenced reports whether warnings with a code are not shown.
func (a *app) silenced(code string) bool {
	return slices.Contains(a.flags.silence, code) || a.read != nil && slices.Contains(a.read.Silence, code)
}
