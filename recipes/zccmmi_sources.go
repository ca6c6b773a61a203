package recipes

import "gobuild/parts"

// Sources returns the archive, and the patch if it has a URL. A shared part
// that is finished needs none.
func (a *zccmmiAction) Sources() []parts.FetchRequest {
	location := a.options.values["location"]
	if a.shared && isMissing(zccmmiUnfinished(location)) && !isMissing(location) {
		return nil
	}
	all := []parts.FetchRequest{a.request}
	if a.patch != nil {
		all = append(all, patchSources(*a.patch)...)
	}
	return all
}
