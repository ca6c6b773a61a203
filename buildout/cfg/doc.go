// Package cfg turns the text of a profile file into a tree without loss and
// back. It knows the lexical rules of buildout (SPEC-engine 1) and no meaning:
// what extends, macros or substitutions do is for package profile.
//
// A file is a sequence of physical lines, each of one kind. Two readings are
// built on it: File keeps every line for tools that print (formatter, editor
// server), and Sections is what the engine sees once the conditions of
// section headers are decided.
package cfg
