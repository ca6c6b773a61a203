//go:build !linux

package buildout

import "os"

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }
