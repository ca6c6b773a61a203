package profile

import "gobuild/buildout/diag"

// A few lines can stand for more text than any memory holds: `+=` in a file
// that many paths lead to, or a value that holds another twice, again and
// again. These are the limits.
const (
	maxText  = 16 << 20  // bytes of one value
	maxSpent = 512 << 20 // bytes that all references stand for
)

func tooLarge(at diag.Span) *diag.Diagnostic {
	return diag.At(at, "value-too-large", "the value is longer than %d MiB, or all values than %d MiB", maxText>>20, maxSpent>>20)
}

// checkSizes reports values that are too long to be kept.
func (l *loader) checkSizes(all sections) {
	for name, s := range all {
		for key, v := range s.Options {
			if v.huge {
				l.errs.Add(tooLarge(v.KeyAt()).WithPath(name, key).
					WithHint("its += counts once for each path that leads to the file; set the option with = in that file first"))
			}
		}
	}
}
