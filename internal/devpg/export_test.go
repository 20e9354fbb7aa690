package devpg

// FindIn is Find with other usual folders.
func FindIn(environ, globs []string) (Programs, error) { return findIn(environ, globs) }

// OwnedByUs is the check of folders that hold data or programs.
func OwnedByUs(dir string) error { return ownedByUs(dir) }
