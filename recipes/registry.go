package recipes

import (
	"strings"
	"sync"

	"gobuild/parts"
)

// Builtin returns the built-in recipes: the one table of them.
func Builtin() []parts.Spec {
	return []parts.Spec{
		cmmiSpec(),
		downloadSpec(),
		unpackedSpec(),
		templateSpec(),
		wrapperSpec(),
		mkdirectorySpec(),
		mkdirectoryBuildSpec(),
		symlinkSpec(),
		commandSpec(),
		gitcloneSpec(),
		collectivetemplateSpec(),
		hexagonCmmiSpec(),
		hexagondownloadSpec(),
		zcCmmiSpec(),
		debugSpec(),
		cronSpec(),
		cronEntrySpec(),
		logrotateSpec(),
		logrotateEntrySpec(),
		freeportSpec(),
		randomIntegerSpec(),
		randomTimeSpec(),
		randomMacSpec(),
		uuidSpec(),
		userinfoSpec(),
		urlparseSpec(),
		readlineSpec(),
		copyfilelistSpec(),
		jsondumpSpec(),
		equeueSpec(),
		passwordSpec(),
		jinjaSpec(),
	}
}

// byName is the table by the forms of all names, made when it is first needed.
var byName = sync.OnceValue(func() map[string]parts.Spec {
	specs := map[string]parts.Spec{}
	for _, spec := range Builtin() {
		for _, name := range spec.Names {
			specs[lookupForm(name)] = spec
		}
	}
	return specs
})

// Lookup returns the recipe of a name as a profile writes it: any of
// Spec.Names, with blanks around it or not. A name without an entry means the
// entry `default`, so `x` and `x:default` are the same.
func Lookup(name string) (parts.Spec, bool) {
	spec, ok := byName()[lookupForm(name)]
	return spec, ok
}

// lookupForm returns the form of a name in which all its spellings are equal.
func lookupForm(name string) string {
	return strings.TrimSuffix(strings.TrimSpace(name), ":default")
}
