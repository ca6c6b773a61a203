package parts

// Spec describes a recipe: the names that profiles use for it, its text for
// people, and its options. It feeds `gobuild recipe`, docs/recipes/, and the
// checks of options.
type Spec struct {
	Names   []string // the first is gobuild's own short name
	Doc     string   // a sentence, then paragraphs
	Options []OptionSpec
	// Open says that the section may hold any option (user data is expected).
	Open bool
	// Builds says that parts are compiled: they depend on the compiler, and on
	// what is in the parts that they refer to, not on their options alone.
	Builds bool
	// InOrder says that nobody can know what a part does and needs, as it runs
	// any command: it runs after all parts before it and before all behind it.
	InOrder bool
	// Feeds and After name something that parts share beside what their options
	// say: a part with After waits for the parts before it with Feeds of the same
	// text.
	Feeds, After string
	// Mountable says that Run makes the directory at option location where it
	// stands: it may be a mount point, which store.Remove empties.
	Mountable bool
	// Plain says that Run writes a file from options and local files alone, and runs
	// nothing, so that it can be rehearsed.
	Plain bool
	// Version counts changes of behaviour that must reinstall parts.
	Version int
	Recipe  Recipe
}

// OptionSpec describes one option of a recipe.
type OptionSpec struct {
	Name     string
	Default  string
	Doc      string
	Required bool
	Computed bool // set by the recipe
}
