package recipes

import "gobuild/parts"

// Sources returns the archive and the patches that have a URL. A complete
// shared part needs none.
func (a *cmmiAction) Sources() []parts.FetchRequest {
	if a.frame.Complete() {
		return nil
	}
	var all []parts.FetchRequest
	if a.archive != nil {
		all = append(all, a.archive.request)
	}
	return append(all, patchSources(a.patches...)...)
}
