//go:build !linux

// Command instances needs Linux: it reads /proc.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "instances: only for Linux")
	os.Exit(2)
}
