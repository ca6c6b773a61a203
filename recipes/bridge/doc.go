// Package bridge runs recipes that are programs of their own: recipes of
// zc.buildout, which are Python, and the scripts of slapos.recipe.build. The
// protocol is described in docs/bridge.md.
//
// One process serves a run. It is started when the first recipe needs it, and
// again after it has ended: a recipe that kills it fails its own part and no
// other. gobuild asks it to do something for a part, and while it works the
// process asks for values, files and sections; reading a section may prepare
// another part, so that both directions nest.
//
//	gobuild  do init a            process
//	         <- ask section b                 a recipe reads buildout['b']
//	         do init b ->                     which is prepared by Python too
//	         <- answer of init b
//	         answer of section b ->
//	         <- answer of init a
package bridge
