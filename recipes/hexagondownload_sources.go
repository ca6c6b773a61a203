package recipes

import "gobuild/parts"

// Sources returns the package.
func (a *hexagondownloadAction) Sources() []parts.FetchRequest {
	return []parts.FetchRequest{a.request}
}
