//go:build !linux || !amd64

// Command reliability needs Linux on amd64: it reads /proc, makes mount
// namespaces, and reads the registers of the process that it traces.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "reliability: only for Linux on amd64")
	os.Exit(2)
}
