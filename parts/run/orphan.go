package run

// Orphan identifies a command whose processes may outlive gobuild: when gobuild
// is killed the kernel ends the first process of a command, but not those that
// it has started.
type Orphan struct {
	// Session is the number of its session, which is not given away while
	// there are processes in it.
	Session int
	// Start is when its first process started: the time since the start of the
	// machine, and what tells one start of the machine from the next. It is
	// empty where that is not known.
	Start string
}
