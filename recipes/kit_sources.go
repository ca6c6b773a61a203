package recipes

import (
	"net/url"

	"gobuild/parts"
)

// patchSources returns the requests that withFile makes for files with a URL.
// The others are in the sources, or on this machine.
func patchSources(files ...sourceFile) []parts.FetchRequest {
	var all []parts.FetchRequest
	for _, f := range files {
		if u, err := url.Parse(f.url); err == nil && u.Scheme != "" {
			all = append(all, f.request(f.url))
		}
	}
	return all
}

// request asks for the file; ref is its URL, or its path once that is known.
func (f sourceFile) request(ref string) parts.FetchRequest {
	return parts.FetchRequest{URL: ref, Sums: f.sums, At: f.place.at, CacheFolder: f.folder}
}
