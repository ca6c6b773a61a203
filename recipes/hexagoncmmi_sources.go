package recipes

import "gobuild/parts"

// Sources returns the archive. Patches are read by the shell.
func (a *hexagoncmmiAction) Sources() []parts.FetchRequest {
	if a.archive == nil {
		return nil
	}
	return a.archive.Sources()
}
