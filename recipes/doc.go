// Package recipes holds the built-in recipes, a file each; registry.go is the
// one table of them. A recipe reads and checks its options in Prepare, which
// has no effect on disk, and does its work in the Action that Prepare returns.
//
// The rules of the package: the identifiers of a recipe start with its name,
// what several recipes share lives in kit_*.go, and a recipe never opens a
// socket or starts a process by itself: it asks the parts.Work that it is
// given. Words: an option is one line of a section, a part is a section that
// is installed, a recipe is the kind of a part, an action is prepared work.
package recipes
