package recipes

import "gobuild/parts"

// Sources returns the file, unless a shared part holds it already.
func (a *downloadAction) Sources() []parts.FetchRequest {
	if a.frame.Complete() {
		return nil
	}
	return []parts.FetchRequest{a.request}
}
