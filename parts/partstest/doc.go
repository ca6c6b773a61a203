// Package partstest has stand-ins for the tests of recipes: a Runner that
// records commands, a Fetcher over a map, a Sink that keeps events, Options in
// memory, and a Kit that joins them to a parts.Work.
//
// A test of a recipe reads like this:
//
//	k := partstest.New(t)
//	k.Fetcher.Files["http://a/zlib.tgz"] = "-- zlib-1/configure --\n"
//	o := k.Options("zlib", map[string]map[string]string{"zlib": {"url": "http://a/zlib.tgz"}})
//	a, err := recipe.Prepare(t.Context(), o)
//	...
//	err = a.Run(t.Context(), k.Work)
//	got := k.Runner.Lines()
package partstest
