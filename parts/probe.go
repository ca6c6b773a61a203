package parts

// Prober is an Options through which Prepare looks at the world: it reads a
// template by its URL or asks a repository for its head. The engine's Options
// is one. What is done through it changes nothing on disk but caches of
// downloads.
type Prober interface {
	// Probe returns what serves the Prepare of one section. Output of processes
	// goes to the log of the part.
	Probe() (Runner, Fetcher)
}
