package parts

// Environer is an Action that can tell what its steps run with, for a shell
// in their place.
type Environer interface {
	// Environ returns the environment that the steps get when base is that of
	// the run, and the directory that they run in. Relative to the buildout
	// directory, it may not exist. It has no effect on disk.
	Environ(base []string) (env []string, dir string, err error)
}
