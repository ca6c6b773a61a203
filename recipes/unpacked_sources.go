package recipes

import "gobuild/parts"

// Sources returns the archive, unless a shared part holds its content already.
func (a *unpackedAction) Sources() []parts.FetchRequest {
	if a.frame.Complete() {
		return nil
	}
	return []parts.FetchRequest{a.request}
}
