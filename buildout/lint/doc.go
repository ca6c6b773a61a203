// Package lint finds what is legal in a profile and yet most likely wrong:
// rules on the files as they are written and on the profile that they make.
// Each rule has a file of its own and a line in the table of rules.go.
//
// A rule reports findings; a finding may carry a fix, a set of edits that
// leave the meaning of the profile as it is. Nothing is evaluated: no recipe
// runs, and references are followed by name.
package lint
