package store

// Complete reports whether there is nothing to install: the location is a
// shared one that is complete.
func (f Frame) Complete() bool { return f.Location.Shared() && isComplete(f.Location.Path) }
