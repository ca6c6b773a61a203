package recipes

import (
	"slices"
	"strings"
	"sync"

	"gobuild/parts"
)

// Builtin returns the built-in recipes: the one table of them.
func Builtin() []parts.Spec { return slices.Concat(softwareSpecs(), instanceSpecs(), slapSpecs()) }

// softwareSpecs are the recipes that build software.
func softwareSpecs() []parts.Spec {
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
		buildSpec(),
		collectivetemplateSpec(),
		hexagonCmmiSpec(),
		hexagondownloadSpec(),
		zcCmmiSpec(),
		debugSpec(),
	}
}

// instanceSpecs are those that make instances of it.
func instanceSpecs() []parts.Spec {
	return []parts.Spec{
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
		eggSpec(),
		eggEggsSpec(),
		eggCustomSpec(),
		eggDevelopSpec(),
		checkPortSpec(),
		checkURLSpec(),
		checkParameterSpec(),
		checkPageSpec(),
		promiseSpec(),
		certificateAuthoritySpec(),
		certificateRequestSpec(),
		simplehttpSpec(),
		simplelogSpec(),
		postgresSpec(),
		redisSpec(),
		mysqlUpdateSpec(),
		mariadbSpec(),
		socketPathSpec(),
		kumofsSpec(),
		ipv6to4Spec(),
		ipv4to6Spec(),
		shellSpec(),
		zeroknowledgeReadSpec(),
		zeroknowledgeWriteSpec(),
		sshkeysSpec(),
		sshkeysRequestSpec(),
		dropbearSpec(),
		dropbearClientSpec(),
		dropbearKeySpec(),
		notifierSpec(),
		notifierCallbackSpec(),
		notifierNotifySpec(),
		cmdSpec(),
		cnssymlinkSpec(),
	}
}

// slapSpecs are those of instances that talk to their master.
func slapSpecs() []parts.Spec {
	return []parts.Spec{
		publishSpec(),
		publishSerialisedSpec(),
		publishFailsafeSpec(),
		publishSerialisedFailsafeSpec(),
		publishEarlySpec(),
		publishURLSpec(),
		requestSpec(),
		requestSerialisedSpec(),
		requestOptionalSpec(),
		requestOptionalSerialisedSpec(),
		requestEdgeSpec(),
		slapConfigurationSpec(),
		slapConfigurationSerialisedSpec(),
		slapConfigurationJsondumpSpec(),
		slapJsonschemaSpec(),
		switchSpec(),
		switchNoopSpec(),
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
