package profile

// Join returns the path or URL that an entry of `extends` in the file called
// file stands for.
func Join(file, entry, home string) string { return linearName(baseOf(file), entry, home) }
