// Package eggs finds Python distributions and installs those that are missing:
// eggs in the sense of zc.buildout, each in a directory of its own, so that a
// script names exactly the ones that it uses.
//
// The directories are those of zc.buildout: EGGS-DIRECTORY/NAME-VERSION-pyX.Y.egg,
// with the platform in the name where something was compiled. What zc.buildout
// has installed is used as it is, and the other way round. Downloads and builds
// are done by pip, or by uv where it is there, one distribution at a time into a
// directory beside its place, to which it is renamed: an egg is there as a whole
// or not at all, whoever else installs it at the same time. What is needed is
// decided here, from the metadata of what is there and the pins of the profile.
package eggs
