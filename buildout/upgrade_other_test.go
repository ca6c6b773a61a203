//go:build !linux

package buildout

func namespacesWork() bool { return false }
