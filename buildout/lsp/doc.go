// Package lsp is the editor server: it answers an editor that speaks the
// Language Server Protocol over a pair of streams, from the same scanner,
// merge and evaluation as every other command.
//
// One goroutine owns all state (server); another one only reads frames and
// notes what is cancelled. A request looks at the documents as they are in the
// editor: files are read through an overlay (store), a changed file is indexed
// anew (index), and a profile is merged anew (snapshot) when one of its files
// has changed. Nothing is installed, no process is started, and the network is
// asked only where the user allows it.
package lsp
