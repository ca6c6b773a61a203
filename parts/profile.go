package parts

// Profile is an Options through which a recipe reaches beyond the options of its
// own section. The engine's Options is one.
type Profile interface {
	// SectionNames returns the names of all sections, sorted. Nothing is
	// evaluated.
	SectionNames() []string
	// Recorded returns what an earlier run has recorded of a part, which may be
	// that of the section itself.
	Recorded(part string) (Record, bool)
	// Claim reserves something for the section, such as a port, and reports
	// whether no other section has claimed the same text in this run.
	Claim(what string) bool
	// Delete removes an option of the section.
	Delete(key string)
	// Provide gives options that the section has not: the function is asked when
	// somebody reads one. What it gives is not recorded.
	Provide(func(key string) (value string, ok bool, err error))
	// Hide keeps an option of the section out of the record of the part; others
	// see it as before.
	Hide(key string)
	// Secret says that a text is secret: it appears in no record, log or message
	// of this run, whatever section refers to it.
	Secret(text string)
}

// Overrider is a Profile that can give options to sections which nobody has read
// yet.
type Overrider interface {
	// Override gives options of another section values before its recipe sees
	// them. It reports whether that is still possible.
	Override(section string, values map[string]string) bool
}

// Concealer is a Profile that knows what is secret.
type Concealer interface {
	// Conceals reports whether a text holds one that Secret was told of.
	Conceals(text string) bool
}
